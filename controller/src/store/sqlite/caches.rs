//! Caches: rows by project, scope and key, which are never changed but for when they were used.

use super::rows::{blob_name, number, signed, time};
use crate::store::CommitError;
use crate::store::stored::StoredCache;
use sidings_proto::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row, query};

/// Adds caches; one that is there under its key stays.
pub(super) async fn save(db: &mut AnyConnection, caches: &[StoredCache]) -> Result<(), CommitError> {
    for cache in caches {
        let sql = "INSERT INTO caches (project, scope, key, blob, bytes, created, used) \
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (project, scope, key) DO NOTHING";
        let insert = query(sql).bind(cache.project.as_str()).bind(cache.scope.as_str()).bind(cache.key.as_str());
        let insert = insert.bind(cache.blob.as_str()).bind(signed(cache.bytes)).bind(cache.created.0);
        insert.bind(cache.used.0).execute(&mut *db).await.map_err(CommitError::store)?;
    }
    Ok(())
}

/// All caches, or those of a project, in the order of their names.
pub(super) async fn all(db: &mut AnyConnection, project: Option<&str>) -> anyhow::Result<Vec<StoredCache>> {
    let sql = "SELECT project, scope, key, blob, bytes, created, used FROM caches \
        WHERE $1 = '' OR project = $1 ORDER BY project, scope, key";
    let rows = query(sql).bind(project.unwrap_or("")).fetch_all(db).await?;
    rows.iter().map(cache).collect()
}

fn cache(row: &AnyRow) -> anyhow::Result<StoredCache> {
    Ok(StoredCache {
        project: row.try_get(0)?,
        scope: row.try_get(1)?,
        key: row.try_get(2)?,
        blob: blob_name(row, 3)?,
        bytes: number(row, 4)?,
        created: time(row, 5)?,
        used: time(row, 6)?,
    })
}

/// A cache was asked for.
pub(super) async fn used(db: &mut AnyConnection, cache: &StoredCache, at: Timestamp) -> anyhow::Result<()> {
    let update = query("UPDATE caches SET used = $4 WHERE project = $1 AND scope = $2 AND key = $3");
    let update = update.bind(cache.project.as_str()).bind(cache.scope.as_str()).bind(cache.key.as_str());
    update.bind(at.0).execute(db).await?;
    Ok(())
}

/// Forgets a cache.
pub(super) async fn remove(db: &mut AnyConnection, cache: &StoredCache) -> anyhow::Result<()> {
    let delete = query("DELETE FROM caches WHERE project = $1 AND scope = $2 AND key = $3");
    delete.bind(cache.project.as_str()).bind(cache.scope.as_str()).bind(cache.key.as_str()).execute(db).await?;
    Ok(())
}
