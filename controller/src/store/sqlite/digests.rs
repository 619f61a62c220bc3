//! The digests that a run's references have: a row for each.

use super::rows::blob;
use sidings_proto::RunId;
use sqlx::{AnyConnection, Connection, Row, query};
use std::collections::{BTreeMap, BTreeSet};

/// Keeps them, all or none; gives those that were not there.
pub(super) async fn put(
    db: &mut AnyConnection,
    run: RunId,
    found: &BTreeMap<String, String>,
) -> anyhow::Result<BTreeSet<String>> {
    let sql =
        "INSERT INTO digests (run, reference, digest) VALUES ($1, $2, $3) ON CONFLICT (run, reference) DO NOTHING";
    let (mut transaction, mut new) = (db.begin().await?, BTreeSet::new());
    for (reference, digest) in found {
        let insert = query(sql).bind(blob(run.0)).bind(reference.as_str()).bind(digest.as_str());
        if insert.execute(&mut *transaction).await?.rows_affected() > 0 {
            new.insert(reference.clone());
        }
    }
    transaction.commit().await?;
    Ok(new)
}

/// What was kept of a run.
pub(super) async fn of(db: &mut AnyConnection, run: RunId) -> anyhow::Result<BTreeMap<String, String>> {
    let rows = query("SELECT reference, digest FROM digests WHERE run = $1").bind(blob(run.0)).fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
