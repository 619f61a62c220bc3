//! What attempts keep of their files: rows from an accepted end to their expiry.

use super::rows::{blob, number, signed, time};
use crate::store::CommitError;
use crate::store::stored::{StoredArtifacts, StoredJob};
use sidings_proto::artifact::KeptArtifacts;
use sidings_proto::{AttemptId, BlobId, RunId, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row, query};

/// What an attempt keeps; a repeat changes nothing.
pub(super) async fn keep(
    db: &mut AnyConnection,
    attempt: AttemptId,
    at: Timestamp,
    artifacts: &[KeptArtifacts],
) -> Result<(), CommitError> {
    let select = query("SELECT 1 FROM artifacts WHERE job = $1 AND fence = $2 LIMIT 1");
    let known = select.bind(blob(attempt.job.0)).bind(signed(attempt.fence)).fetch_optional(&mut *db).await;
    if known.map_err(CommitError::store)?.is_some() {
        return Ok(());
    }
    for (place, kept) in (0i64..).zip(artifacts) {
        let StoredArtifacts { manifest, entries, bytes, expires } = StoredArtifacts::of(kept, at);
        let sql = "INSERT INTO artifacts (job, fence, place, manifest, entries, bytes, expires) \
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let insert = query(sql).bind(blob(attempt.job.0)).bind(signed(attempt.fence)).bind(place);
        let insert = insert.bind(manifest.as_str().to_owned()).bind(signed(entries)).bind(signed(bytes));
        insert.bind(expires.0).execute(&mut *db).await.map_err(CommitError::store)?;
    }
    Ok(())
}

/// Of all attempts of a run.
pub(super) async fn of_run(db: &mut AnyConnection, run: RunId, jobs: &mut [StoredJob]) -> anyhow::Result<()> {
    let sql = "SELECT k.manifest, k.entries, k.bytes, k.expires, j.place, k.fence FROM artifacts k \
        JOIN jobs j ON j.id = k.job WHERE j.run = $1 ORDER BY j.place, k.fence, k.place";
    for row in query(sql).bind(blob(run.0)).fetch_all(db).await? {
        let (place, fence) = (usize::try_from(number(&row, 4)?)?, number(&row, 5)?);
        let attempts = jobs.get_mut(place).map(|job| &mut job.attempts);
        if let Some(attempt) = attempts.and_then(|all| all.iter_mut().find(|attempt| attempt.fence == fence)) {
            attempt.artifacts.push(artifacts(&row)?);
        }
    }
    Ok(())
}

fn artifacts(row: &AnyRow) -> anyhow::Result<StoredArtifacts> {
    let manifest: String = row.try_get(0)?;
    Ok(StoredArtifacts {
        manifest: manifest.try_into()?,
        entries: number(row, 1)?,
        bytes: number(row, 2)?,
        expires: time(row, 3)?,
    })
}

/// Removes what is kept no longer; gives how many.
pub(super) async fn expire(db: &mut AnyConnection, now: Timestamp) -> anyhow::Result<u64> {
    let deleted = query("DELETE FROM artifacts WHERE expires <= $1").bind(now.0).execute(db).await?;
    Ok(deleted.rows_affected())
}

/// The manifests of all that is kept.
pub(super) async fn manifests(db: &mut AnyConnection) -> anyhow::Result<Vec<BlobId>> {
    let rows = query("SELECT DISTINCT manifest FROM artifacts ORDER BY manifest").fetch_all(db).await?;
    rows.iter().map(|row| Ok(row.try_get::<String, _>(0)?.try_into()?)).collect()
}
