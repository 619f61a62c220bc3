//! When projects want runs without being asked.

use super::rows::{json, time, to_json};
use crate::store::StoredSchedule;
use sidings_proto::Timestamp;
use sqlx::{AnyConnection, Row, query};

pub(super) async fn put(db: &mut AnyConnection, project: &str, schedule: &StoredSchedule) -> anyhow::Result<()> {
    let sql = "INSERT INTO schedules (project, entries, since) VALUES ($1, $2, $3) \
        ON CONFLICT (project) DO UPDATE SET entries = excluded.entries, since = excluded.since";
    let insert = query(sql).bind(project).bind(to_json(&schedule.entries)?).bind(schedule.since.0);
    insert.execute(db).await?;
    Ok(())
}

pub(super) async fn handled(
    db: &mut AnyConnection,
    project: &str,
    handled: &StoredSchedule,
    now: Timestamp,
) -> anyhow::Result<()> {
    let sql = "UPDATE schedules SET since = $1 WHERE project = $2 AND entries = $3 AND since = $4";
    let update = query(sql).bind(now.0).bind(project).bind(to_json(&handled.entries)?).bind(handled.since.0);
    update.execute(db).await?;
    Ok(())
}

pub(super) async fn all(db: &mut AnyConnection) -> anyhow::Result<Vec<(String, StoredSchedule)>> {
    let rows = query("SELECT project, entries, since FROM schedules ORDER BY project").fetch_all(db).await?;
    let read = |row| Ok((Row::try_get(row, 0)?, StoredSchedule { entries: json(row, 1)?, since: time(row, 2)? }));
    rows.iter().map(read).collect()
}
