-- What passed jobs left in their cached folders: never changed but for when it was used, which tells what goes first.
CREATE TABLE caches (
    project TEXT NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    blob TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    created BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (project, scope, key)
);
