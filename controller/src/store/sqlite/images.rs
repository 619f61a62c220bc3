//! Images that are built once for all: a row for each key of a project.

use super::rows::{json, time, to_json};
use crate::images::Name;
use crate::store::stored::StoredImage;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row, query};

/// Keeps what is known of an image, in place of what was.
pub(super) async fn put(db: &mut AnyConnection, image: &StoredImage) -> anyhow::Result<()> {
    let sql = "INSERT INTO images (project, scope, key, claim, used) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (project, scope, key) DO UPDATE SET claim = excluded.claim, used = excluded.used";
    let Name { project, scope, key } = &image.name;
    let insert = query(sql).bind(project.as_str()).bind(scope.as_str()).bind(key.as_str());
    insert.bind(to_json(&image.claim)?).bind(image.used.0).execute(db).await?;
    Ok(())
}

/// All of them, in the order of their names.
pub(super) async fn all(db: &mut AnyConnection) -> anyhow::Result<Vec<StoredImage>> {
    let sql = "SELECT project, scope, key, claim, used FROM images ORDER BY project, scope, key";
    query(sql).fetch_all(db).await?.iter().map(image).collect()
}

fn image(row: &AnyRow) -> anyhow::Result<StoredImage> {
    let name = Name { project: row.try_get(0)?, scope: row.try_get(1)?, key: row.try_get(2)? };
    Ok(StoredImage { name, claim: json(row, 3)?, used: time(row, 4)? })
}

/// Forgets one.
pub(super) async fn remove(db: &mut AnyConnection, name: &Name) -> anyhow::Result<()> {
    let delete = query("DELETE FROM images WHERE project = $1 AND scope = $2 AND key = $3");
    delete.bind(name.project.as_str()).bind(name.scope.as_str()).bind(name.key.as_str()).execute(db).await?;
    Ok(())
}
