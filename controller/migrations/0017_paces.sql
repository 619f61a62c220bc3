-- How long jobs take, in milliseconds: an average in which the newest count most.
CREATE TABLE paces (
    project TEXT NOT NULL,
    job TEXT NOT NULL,
    ms BIGINT NOT NULL,
    PRIMARY KEY (project, job)
);
