//! Webhooks, sealed, and what is told to them.

use super::rows::{blob, id, id_maybe, json, number, time, time_maybe, to_json};
use crate::store::Sealed;
use crate::store::webhooks::{KEPT, StoredDelivery, StoredWebhook};
use anyhow::Context;
use sidings_proto::{DeliveryId, JobId, RunId, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row, query};
use std::collections::BTreeMap;

const DELIVERY: &str = "SELECT id, webhook, event, run, job, at, body, kind, state, tries, tried, next, until, status, answer FROM deliveries";

pub(super) async fn put(db: &mut AnyConnection, webhook: &StoredWebhook) -> anyhow::Result<()> {
    let sql = "INSERT INTO webhooks (name, project, host, rules, format, sealed, created) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO UPDATE SET project = excluded.project, \
        host = excluded.host, rules = excluded.rules, format = excluded.format, sealed = excluded.sealed";
    let insert = query(sql).bind(webhook.name.as_str()).bind(webhook.project.clone()).bind(webhook.host.as_str());
    let insert = insert.bind(to_json(&webhook.rules)?).bind(to_json(&webhook.format)?);
    insert.bind(webhook.sealed.0.clone()).bind(webhook.created.0).execute(db).await?;
    Ok(())
}

pub(super) async fn remove(db: &mut AnyConnection, name: &str) -> anyhow::Result<bool> {
    query("DELETE FROM deliveries WHERE webhook = $1").bind(name).execute(&mut *db).await?;
    let delete = query("DELETE FROM webhooks WHERE name = $1").bind(name);
    Ok(delete.execute(db).await?.rows_affected() == 1)
}

pub(super) async fn all(db: &mut AnyConnection) -> anyhow::Result<Vec<StoredWebhook>> {
    let sql = "SELECT name, project, host, rules, format, sealed, created FROM webhooks ORDER BY name";
    query(sql).fetch_all(db).await?.iter().map(webhook).collect()
}

fn webhook(row: &AnyRow) -> anyhow::Result<StoredWebhook> {
    Ok(StoredWebhook {
        name: row.try_get(0)?,
        project: row.try_get(1)?,
        host: row.try_get(2)?,
        rules: json(row, 3)?,
        format: json(row, 4)?,
        sealed: Sealed(row.try_get(5)?),
        created: time(row, 6)?,
    })
}

/// Adds what is to be told; one that is there stays, one of a webhook that is not is left out.
pub(super) async fn add(db: &mut AnyConnection, deliveries: &[StoredDelivery]) -> anyhow::Result<()> {
    let sql = "INSERT INTO deliveries (id, webhook, event, run, job, at, body, kind, state, tries, tried, next, until, \
        status, answer) SELECT $1, name, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 FROM webhooks \
        WHERE name = $2 ON CONFLICT (id) DO NOTHING";
    for delivery in deliveries {
        let insert = query(sql).bind(blob(delivery.id.0)).bind(delivery.webhook.as_str());
        let insert = insert.bind(to_json(&delivery.event)?).bind(delivery.run.map(|run| blob(run.0)));
        let insert = insert.bind(delivery.job.map(|job| blob(job.0))).bind(delivery.at.0);
        let (body, kind) = delivery.body.clone().unzip();
        let insert = insert.bind(body).bind(kind).bind(to_json(&delivery.state)?).bind(i64::from(delivery.tries));
        let insert = insert.bind(delivery.tried.map(|at| at.0)).bind(delivery.next.map(|at| at.0));
        let insert = insert.bind(delivery.until.0).bind(delivery.status.map(i64::from)).bind(delivery.answer.as_str());
        insert.execute(&mut *db).await?;
    }
    Ok(())
}

/// Keeps what became of one, and lets go of old ones.
pub(super) async fn put_delivery(db: &mut AnyConnection, delivery: &StoredDelivery) -> anyhow::Result<()> {
    let sql = "UPDATE deliveries SET body = $2, kind = $3, state = $4, tries = $5, tried = $6, next = $7, until = $8, \
        status = $9, answer = $10 WHERE id = $1";
    let (body, kind) = delivery.body.clone().unzip();
    let update = query(sql).bind(blob(delivery.id.0)).bind(body).bind(kind).bind(to_json(&delivery.state)?);
    let update = update.bind(i64::from(delivery.tries)).bind(delivery.tried.map(|at| at.0));
    let update = update.bind(delivery.next.map(|at| at.0)).bind(delivery.until.0);
    let update = update.bind(delivery.status.map(i64::from)).bind(delivery.answer.as_str());
    update.execute(&mut *db).await?;
    let sql = "DELETE FROM deliveries WHERE webhook = $1 AND next IS NULL AND id NOT IN \
        (SELECT id FROM deliveries WHERE webhook = $1 AND next IS NULL ORDER BY id DESC LIMIT $2)";
    query(sql).bind(delivery.webhook.as_str()).bind(i64::try_from(KEPT)?).execute(db).await?;
    Ok(())
}

pub(super) async fn deliveries(
    db: &mut AnyConnection,
    webhook: &str,
    limit: usize,
) -> anyhow::Result<Vec<StoredDelivery>> {
    let select = format!("{DELIVERY} WHERE webhook = $1 ORDER BY id DESC LIMIT $2");
    let select = query(sqlx::AssertSqlSafe(select)).bind(webhook).bind(i64::try_from(limit)?);
    select.fetch_all(db).await?.iter().map(delivery).collect()
}

pub(super) async fn one(db: &mut AnyConnection, id: DeliveryId) -> anyhow::Result<Option<StoredDelivery>> {
    let select = query(sqlx::AssertSqlSafe(format!("{DELIVERY} WHERE id = $1"))).bind(blob(id.0));
    select.fetch_optional(db).await?.as_ref().map(delivery).transpose()
}

/// For each webhook that has something to be told: how much, and when the first of it is to be tried.
pub(super) async fn waiting(db: &mut AnyConnection) -> anyhow::Result<BTreeMap<String, (u64, Timestamp)>> {
    let sql = "SELECT webhook, COUNT(*), MIN(next) FROM deliveries WHERE next IS NOT NULL GROUP BY webhook";
    let rows = query(sql).fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, (number(row, 1)?, time(row, 2)?)))).collect()
}

/// The oldest of a webhook that is to be tried by now.
pub(super) async fn due(
    db: &mut AnyConnection,
    webhook: &str,
    now: Timestamp,
) -> anyhow::Result<Option<StoredDelivery>> {
    let select = format!("{DELIVERY} WHERE webhook = $1 AND next <= $2 ORDER BY id LIMIT 1");
    let select = query(sqlx::AssertSqlSafe(select)).bind(webhook).bind(now.0);
    select.fetch_optional(db).await?.as_ref().map(delivery).transpose()
}

fn delivery(row: &AnyRow) -> anyhow::Result<StoredDelivery> {
    let (body, kind): (Option<String>, Option<String>) = (row.try_get(6)?, row.try_get(7)?);
    let status: Option<i64> = row.try_get(13)?;
    Ok(StoredDelivery {
        id: DeliveryId(id(row, 0)?),
        webhook: row.try_get(1)?,
        event: json(row, 2)?,
        run: id_maybe(row, 3)?.map(RunId),
        job: id_maybe(row, 4)?.map(JobId),
        at: time(row, 5)?,
        body: body.zip(kind),
        state: json(row, 8)?,
        tries: u32::try_from(number(row, 9)?).context("reading a count of tries")?,
        tried: time_maybe(row, 10)?,
        next: time_maybe(row, 11)?,
        until: time(row, 12)?,
        status: status.map(u16::try_from).transpose().context("reading a status")?,
        answer: row.try_get(14)?,
    })
}
