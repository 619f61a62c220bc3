-- Who changed what: lines that are added and, after a while, forgotten; never changed.
CREATE TABLE audit (
    no BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    by_whom TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT NOT NULL,
    outcome TEXT NOT NULL
);

CREATE INDEX audit_by_time ON audit (at);

-- When a token was last used, as it was written down last: at most once an hour.
ALTER TABLE tokens ADD COLUMN used BIGINT;
