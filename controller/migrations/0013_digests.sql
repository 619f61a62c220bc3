-- Which images the references of a run mean: what the first job said counts for all of them.
CREATE TABLE digests (
    run BLOB NOT NULL REFERENCES runs (id),
    reference TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (run, reference)
);
