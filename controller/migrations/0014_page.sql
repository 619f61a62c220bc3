-- What the holder of an API token may do; those from before may do everything.
ALTER TABLE tokens ADD COLUMN role TEXT;

-- Who is signed in at the page. A session is over with its token.
CREATE TABLE sessions (
    hash BLOB NOT NULL PRIMARY KEY,
    token BLOB NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);

-- What lists of runs are narrowed by; `outcome` is the verdict's word.
ALTER TABLE runs ADD COLUMN reference TEXT;
ALTER TABLE runs ADD COLUMN author TEXT;
ALTER TABLE runs ADD COLUMN outcome TEXT;

UPDATE runs SET
    reference = json_extract(head, '$.commit.ref'),
    author = json_extract(head, '$.commit.author'),
    outcome = json_extract(verdict, '$.verdict');

CREATE INDEX runs_of_reference ON runs (reference, id);
CREATE INDEX runs_of_author ON runs (author, id);
CREATE INDEX runs_of_outcome ON runs (outcome, id);
