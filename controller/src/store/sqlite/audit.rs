//! Lines of the audit log: added, read, and forgotten by age; never changed.

use super::rows::{number, signed, time};
use anyhow::Context;
use sidings_proto::Timestamp;
use sidings_proto::audit::{AuditEntry, Outcome};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row, query};

pub(super) async fn add(db: &mut AnyConnection, entry: &AuditEntry) -> anyhow::Result<()> {
    let sql = "INSERT INTO audit (no, at, by_whom, what, about, outcome) \
        SELECT coalesce(max(no), 0) + 1, $1, $2, $3, $4, $5 FROM audit";
    let insert = query(sql).bind(entry.at.0).bind(entry.by.as_str()).bind(entry.what.as_str());
    insert.bind(entry.about.as_str()).bind(entry.outcome.as_str()).execute(db).await?;
    Ok(())
}

pub(super) async fn read(
    db: &mut AnyConnection,
    before: Option<u64>,
    since: Option<Timestamp>,
    limit: usize,
) -> anyhow::Result<Vec<AuditEntry>> {
    let sql = "SELECT no, at, by_whom, what, about, outcome FROM audit WHERE no < $1 AND at >= $2 \
        ORDER BY no DESC LIMIT $3";
    let select = query(sql).bind(before.map_or(i64::MAX, signed)).bind(since.map_or(i64::MIN, |since| since.0));
    select.bind(i64::try_from(limit)?).fetch_all(db).await?.iter().map(entry).collect()
}

fn entry(row: &AnyRow) -> anyhow::Result<AuditEntry> {
    let word: String = row.try_get(5)?;
    let outcome = Outcome::from_word(&word).with_context(|| format!("the unknown outcome {word}"))?;
    let (by, what, about) = (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
    Ok(AuditEntry { no: number(row, 0)?, at: time(row, 1)?, by, what, about, outcome })
}

pub(super) async fn expire(db: &mut AnyConnection, before: Timestamp) -> anyhow::Result<u64> {
    Ok(query("DELETE FROM audit WHERE at < $1").bind(before.0).execute(db).await?.rows_affected())
}
