-- What jobs may ask for by name. `sealed` opens with the key file only, and only as what it was sealed as.
CREATE TABLE secrets (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    rules TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (scope, name)
);
