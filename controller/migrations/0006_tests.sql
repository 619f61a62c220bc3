-- Single tests. One is known by its project, its job's name, its suite and its own name; the id is made from these.
CREATE TABLE tests (
    id BLOB NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    job TEXT NOT NULL,
    suite TEXT NOT NULL,
    name TEXT NOT NULL
);

CREATE INDEX tests_by_name ON tests (project, name);
CREATE INDEX tests_of_job ON tests (project, job);

-- Attempts that told of tests. Until the reports are there, more of its results are to come, and none counts.
CREATE TABLE tested_attempts (
    job BLOB NOT NULL,
    fence BIGINT NOT NULL,
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    at BIGINT NOT NULL,
    reports TEXT,
    PRIMARY KEY (job, fence)
);

CREATE INDEX tested_attempts_of_job ON tested_attempts (project, name, at);

-- What came of a test in an attempt. Outcomes are numbers so that the bad ones come first.
CREATE TABLE test_results (
    job BLOB NOT NULL,
    fence BIGINT NOT NULL,
    no BIGINT NOT NULL,
    test BLOB NOT NULL REFERENCES tests (id),
    file TEXT,
    outcome BIGINT NOT NULL,
    took_ms BIGINT,
    message TEXT NOT NULL,
    output TEXT NOT NULL,
    PRIMARY KEY (job, fence, no)
);

CREATE INDEX test_results_of_test ON test_results (test);
