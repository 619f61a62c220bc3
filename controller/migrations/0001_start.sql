-- What the controller remembers. Identifiers are 16-byte blobs, times are milliseconds since the Unix epoch,
-- yes and no are 1 and 0, and what no statement looks into is JSON.

CREATE TABLE projects (
    name TEXT NOT NULL PRIMARY KEY,
    repo_url TEXT NOT NULL,
    default_branch TEXT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE runs (
    id BLOB NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    number BIGINT NOT NULL,
    head TEXT NOT NULL,
    content TEXT NOT NULL,
    accepted BIGINT NOT NULL,
    cancelling INTEGER NOT NULL,
    ended BIGINT,
    verdict TEXT,
    UNIQUE (project, number)
);

CREATE INDEX runs_not_ended ON runs (id) WHERE ended IS NULL;
CREATE INDEX runs_of_project ON runs (project, id);

CREATE TABLE jobs (
    id BLOB NOT NULL PRIMARY KEY,
    run BLOB NOT NULL REFERENCES runs (id),
    place BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    since BIGINT,
    not_before BIGINT
);

CREATE UNIQUE INDEX jobs_of_run ON jobs (run, place);

-- One row for ever: the primary key is what makes a second outcome impossible.
CREATE TABLE outcomes (
    job BLOB NOT NULL PRIMARY KEY REFERENCES jobs (id),
    at BIGINT NOT NULL,
    verdict TEXT NOT NULL
);

CREATE TABLE attempts (
    job BLOB NOT NULL REFERENCES jobs (id),
    fence BIGINT NOT NULL,
    runner BLOB NOT NULL,
    life BLOB NOT NULL,
    request BLOB NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT,
    verdict TEXT,
    steps TEXT,
    images TEXT,
    PRIMARY KEY (job, fence)
);

-- What an attempt said of itself while it ran; gone once its end says the same for good.
CREATE TABLE progress (
    job BLOB NOT NULL,
    fence BIGINT NOT NULL,
    about TEXT NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (job, fence, about)
);

CREATE TABLE runners (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created BIGINT NOT NULL,
    hello TEXT,
    seen BIGINT NOT NULL
);

CREATE TABLE tokens (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    project TEXT,
    runner BLOB,
    hash BLOB NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    expires BIGINT,
    single_use INTEGER NOT NULL
);
