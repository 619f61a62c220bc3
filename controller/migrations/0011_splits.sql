-- Split jobs: what each is about (its tests, what was known of their durations, its settings), and, when every test has
-- its verdict, what they came to.
CREATE TABLE splits (
    run BLOB NOT NULL REFERENCES runs (id),
    suite TEXT NOT NULL,
    project TEXT NOT NULL,
    setup TEXT NOT NULL,
    sum TEXT,
    PRIMARY KEY (run, suite)
);

CREATE INDEX splits_open ON splits (run) WHERE sum IS NULL;

-- What happened to a split, in order: all that its state is made of. Each row is what one event had saved.
CREATE TABLE split_records (
    run BLOB NOT NULL,
    suite TEXT NOT NULL,
    no BIGINT NOT NULL,
    records TEXT NOT NULL,
    PRIMARY KEY (run, suite, no),
    FOREIGN KEY (run, suite) REFERENCES splits (run, suite)
);

-- How long the last passing runs of each test took, oldest first, and how the last run of it ended.
CREATE TABLE split_history (
    project TEXT NOT NULL,
    suite TEXT NOT NULL,
    test TEXT NOT NULL,
    passed_ms TEXT NOT NULL,
    failed BIGINT NOT NULL,
    PRIMARY KEY (project, suite, test)
);
