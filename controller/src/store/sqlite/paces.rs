//! How long jobs take, and how long runs waited.

use super::rows::{number, signed, time};
use crate::store::CommitError;
use sidings_proto::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row, query};

pub(super) async fn put(db: &mut AnyConnection, project: &str, job: &str, ms: u64) -> Result<(), CommitError> {
    let sql = "INSERT INTO paces (project, job, ms) VALUES ($1, $2, $3) \
        ON CONFLICT (project, job) DO UPDATE SET ms = excluded.ms";
    query(sql).bind(project).bind(job).bind(signed(ms)).execute(db).await.map_err(CommitError::store)?;
    Ok(())
}

pub(super) async fn all(db: &mut AnyConnection) -> anyhow::Result<Vec<(String, String, u64)>> {
    let rows = query("SELECT project, job, ms FROM paces ORDER BY project, job").fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, number(row, 2)?))).collect()
}

/// Nothing of what runs hold is read for it: a page asks again and again.
pub(super) async fn begun(
    db: &mut AnyConnection,
    newest: usize,
) -> anyhow::Result<Vec<(String, Timestamp, Timestamp)>> {
    let sql = "SELECT r.project, r.accepted, \
        (SELECT min(a.started) FROM jobs j JOIN attempts a ON a.job = j.id WHERE j.run = r.id) AS began \
        FROM (SELECT id, project, accepted FROM runs ORDER BY id DESC LIMIT $1) r";
    let rows = query(sql).bind(i64::try_from(newest)?).fetch_all(db).await?;
    let began = |row: &&AnyRow| matches!(row.try_get::<Option<i64>, _>(2), Ok(Some(_)));
    rows.iter().filter(began).map(|row| Ok((row.try_get(0)?, time(row, 1)?, time(row, 2)?))).collect()
}
