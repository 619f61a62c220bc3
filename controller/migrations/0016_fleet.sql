-- Runners that get nothing new until an operator lets them in again: by name, so that it holds for whoever comes under it.
CREATE TABLE drains (
    name TEXT NOT NULL PRIMARY KEY,
    drained_by TEXT NOT NULL,
    at BIGINT NOT NULL
);
