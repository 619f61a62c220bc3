-- Why a single job is being stopped, and who agreed that it runs.
ALTER TABLE jobs ADD COLUMN stopping TEXT;
ALTER TABLE jobs ADD COLUMN approved TEXT;
