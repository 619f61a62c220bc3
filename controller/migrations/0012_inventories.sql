-- What is in the images that were built: the whole of it as JSON in zstd, and its packages by name.
CREATE TABLE inventories (
    project TEXT NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    image TEXT NOT NULL,
    distribution TEXT,
    bytes BIGINT NOT NULL,
    packages BIGINT NOT NULL,
    built BIGINT NOT NULL,
    used BIGINT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (project, scope, key)
);

CREATE TABLE inventory_packages (
    project TEXT NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    no BIGINT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    version TEXT NOT NULL,
    layer BIGINT NOT NULL,
    line BIGINT,
    PRIMARY KEY (project, scope, key, no)
);

CREATE INDEX inventory_packages_by_name ON inventory_packages (name);
CREATE INDEX inventory_packages_by_source ON inventory_packages (source);
