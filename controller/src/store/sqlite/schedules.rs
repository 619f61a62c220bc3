//! When projects want runs without being asked.

use super::rows::{json, time, to_json};
use crate::store::StoredSchedule;
use sqlx::{AnyConnection, Row, query};

pub(super) async fn put(db: &mut AnyConnection, project: &str, schedule: &StoredSchedule) -> anyhow::Result<()> {
    let sql = "INSERT INTO schedules (project, entries, since) VALUES ($1, $2, $3) \
        ON CONFLICT (project) DO UPDATE SET entries = excluded.entries, since = excluded.since";
    let insert = query(sql).bind(project).bind(to_json(&schedule.entries)?).bind(schedule.since.0);
    insert.execute(db).await?;
    Ok(())
}

pub(super) async fn all(db: &mut AnyConnection) -> anyhow::Result<Vec<(String, StoredSchedule)>> {
    let rows = query("SELECT project, entries, since FROM schedules ORDER BY project").fetch_all(db).await?;
    let read = |row| Ok((Row::try_get(row, 0)?, StoredSchedule { entries: json(row, 1)?, since: time(row, 2)? }));
    rows.iter().map(read).collect()
}
