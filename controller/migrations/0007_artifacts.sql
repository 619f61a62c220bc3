-- What attempts kept of their files: the blob with the list of them, and until when it counts.
CREATE TABLE artifacts (
    job BLOB NOT NULL,
    fence BIGINT NOT NULL,
    place BIGINT NOT NULL,
    manifest TEXT NOT NULL,
    entries BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (job, fence, place)
);

CREATE INDEX artifacts_by_expiry ON artifacts (expires);
