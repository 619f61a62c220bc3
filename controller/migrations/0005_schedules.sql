-- When each project's default branch wants a run without being asked: entries as JSON, and since when they count.
CREATE TABLE schedules (
    project TEXT NOT NULL PRIMARY KEY REFERENCES projects (name),
    entries TEXT NOT NULL,
    since BIGINT NOT NULL
);
