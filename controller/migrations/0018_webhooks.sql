-- Who is told of events. `sealed` holds the address and the signing key, and opens with the key file only.
CREATE TABLE webhooks (
    name TEXT NOT NULL PRIMARY KEY,
    project TEXT,
    host TEXT NOT NULL,
    rules TEXT NOT NULL,
    format TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created BIGINT NOT NULL
);

-- What is told to whom, written with the change of the run that it tells of. `next` is set while it is to be tried.
CREATE TABLE deliveries (
    id BLOB NOT NULL PRIMARY KEY,
    webhook TEXT NOT NULL REFERENCES webhooks (name) ON DELETE CASCADE,
    event TEXT NOT NULL,
    run BLOB,
    job BLOB,
    at BIGINT NOT NULL,
    body TEXT,
    kind TEXT,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    tried BIGINT,
    next BIGINT,
    until BIGINT NOT NULL,
    status BIGINT,
    answer TEXT NOT NULL
);

CREATE INDEX deliveries_of_webhook ON deliveries (webhook, id);
CREATE INDEX deliveries_to_try ON deliveries (webhook, next) WHERE next IS NOT NULL;
