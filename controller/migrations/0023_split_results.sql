-- What came of the tests of splits that are over, of the newest runs of each suite: what their history is made of. They are
-- named in `tests`, with the suite as the job.
CREATE TABLE split_results (
    test BLOB NOT NULL REFERENCES tests (id),
    run BLOB NOT NULL,
    outcome BIGINT NOT NULL,
    took_ms BIGINT,
    message TEXT NOT NULL,
    PRIMARY KEY (test, run)
) WITHOUT ROWID;

-- When it was over, as long as the results of its tests are kept.
ALTER TABLE splits ADD COLUMN told BIGINT;

CREATE INDEX splits_told ON splits (project, suite, run) WHERE told IS NOT NULL;
