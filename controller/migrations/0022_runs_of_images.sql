-- Which runs ran in which image, by the image's key.
CREATE TABLE runs_of_images (
    key TEXT NOT NULL,
    run BLOB NOT NULL,
    PRIMARY KEY (key, run)
);

INSERT INTO runs_of_images (key, run)
SELECT DISTINCT json_extract(used.value, '$.key'), jobs.run
FROM attempts JOIN jobs ON jobs.id = attempts.job, json_each(attempts.images) AS used
WHERE json_extract(used.value, '$.key') IS NOT NULL;
