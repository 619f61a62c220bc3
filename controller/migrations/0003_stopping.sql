-- Why a run is being stopped; of those of before it is known that somebody wanted it.
ALTER TABLE runs ADD COLUMN stopping TEXT;
