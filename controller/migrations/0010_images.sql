-- Who builds the image of a key for all, or where the built one is to be had. `claim` is JSON; a scope is of those whose
-- runs trust each other's images.
CREATE TABLE images (
    project TEXT NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    claim TEXT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (project, scope, key)
);
