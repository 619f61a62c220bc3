//! Rows of runs into the domain's values.

use super::kept;
use super::rows::{Head, blob, end, id, json, json_maybe, number, signed, spec, time, time_maybe};
use crate::store::RunFilter;
use crate::store::stored::{AttemptEnd, StoredAttempt, StoredJob, StoredRun, StoredSummary};
use sidings_proto::api::RunStage;
use sidings_proto::{JobId, LifeId, RequestId, RunId, RunnerId, StopReason};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row, query};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

pub(super) async fn active_ids(db: &mut AnyConnection) -> anyhow::Result<Vec<RunId>> {
    let rows = query("SELECT id FROM runs WHERE ended IS NULL ORDER BY id").fetch_all(db).await?;
    rows.iter().map(|row| id(row, 0).map(RunId)).collect()
}

pub(super) async fn last_number(db: &mut AnyConnection, project: &str) -> anyhow::Result<u64> {
    let row = query("SELECT coalesce(max(number), 0) FROM runs WHERE project = $1").bind(project).fetch_one(db).await?;
    number(&row, 0)
}

pub(super) async fn run_at(db: &mut AnyConnection, project: &str, at: u64) -> anyhow::Result<Option<RunId>> {
    let select = query("SELECT id FROM runs WHERE project = $1 AND number = $2").bind(project).bind(signed(at));
    select.fetch_optional(db).await?.map(|row| id(&row, 0).map(RunId)).transpose()
}

pub(super) async fn run_of_job(db: &mut AnyConnection, job: JobId) -> anyhow::Result<Option<RunId>> {
    let select = query("SELECT run FROM jobs WHERE id = $1").bind(blob(job.0));
    select.fetch_optional(db).await?.map(|row| id(&row, 0).map(RunId)).transpose()
}

pub(super) async fn runs(db: &mut AnyConnection, filter: &RunFilter) -> anyhow::Result<Vec<StoredSummary>> {
    let (wanted, texts) = wanted(filter);
    let sql = format!(
        "SELECT id, project, number, head, accepted, \
        (SELECT min(a.started) FROM jobs j JOIN attempts a ON a.job = j.id WHERE j.run = runs.id), ended, verdict \
        FROM runs WHERE id < $1{wanted} ORDER BY id DESC LIMIT $2"
    );
    let before = filter.before.map_or(Uuid::max(), |run| run.0);
    let mut select = query(AssertSqlSafe(sql)).bind(blob(before)).bind(i64::try_from(filter.limit)?);
    for text in texts {
        select = select.bind(text);
    }
    select.fetch_all(db).await?.iter().map(summary).collect()
}

/// The conditions that are asked for, and no others, so that each finds its index; and the texts they compare with.
fn wanted(filter: &RunFilter) -> (String, Vec<String>) {
    let (mut sql, mut texts) = (String::new(), Vec::new());
    let equals = [("project", &filter.project), ("reference", &filter.reference)];
    for (column, wanted) in equals {
        if let Some(wanted) = wanted {
            texts.push(wanted.clone());
            sql += &format!(" AND {column} = ${}", texts.len() + 2);
        }
    }
    if let Some(author) = &filter.author {
        texts.push(author.clone());
        sql += &format!(" AND author >= ${0} AND substr(author, 1, length(${0})) = ${0}", texts.len() + 2);
    }
    if let Some(key) = &filter.image {
        // What comes behind all keys that begin so: no hex digit is a `g`.
        texts.extend([key.clone(), format!("{key}g")]);
        let from = texts.len() + 1;
        sql += &format!(" AND id IN (SELECT run FROM runs_of_images WHERE key >= ${from} AND key < ${})", from + 1);
    }
    let tried = "EXISTS (SELECT 1 FROM jobs j JOIN attempts a ON a.job = j.id WHERE j.run = runs.id)";
    match filter.stage {
        None => {}
        Some(RunStage::Queued) => sql += &format!(" AND ended IS NULL AND NOT {tried}"),
        Some(RunStage::Running) => sql += &format!(" AND ended IS NULL AND {tried}"),
        Some(RunStage::Passed) => sql += " AND outcome = 'passed'",
        Some(RunStage::Failed) => sql += " AND outcome = 'failed'",
        Some(RunStage::Cancelled) => sql += " AND outcome = 'cancelled'",
        Some(RunStage::Skipped) => sql += " AND outcome = 'skipped'",
    }
    (sql, texts)
}

fn summary(row: &AnyRow) -> anyhow::Result<StoredSummary> {
    let head: Head = json(row, 3)?;
    Ok(StoredSummary {
        id: RunId(id(row, 0)?),
        project: row.try_get(1)?,
        number: number(row, 2)?,
        pipeline: head.choice.pipeline,
        trigger: head.trigger,
        commit: head.commit,
        accepted: time(row, 4)?,
        started: time_maybe(row, 5)?,
        ended: end(row, 6, 7)?,
    })
}

/// A run, whole; in a transaction, so that its parts are of one moment.
pub(super) async fn run(db: &mut AnyConnection, run: RunId) -> anyhow::Result<Option<StoredRun>> {
    let sql = "SELECT id, project, number, head, content, accepted, cancelling, ended, verdict, stopping \
        FROM runs WHERE id = $1";
    let Some(row) = query(sql).bind(blob(run.0)).fetch_optional(&mut *db).await? else { return Ok(None) };
    let mut jobs = jobs(db, run).await?;
    attempts(db, run, &mut jobs).await?;
    progress(db, run, &mut jobs).await?;
    kept::of_run(db, run, &mut jobs).await?;
    Ok(Some(StoredRun {
        spec: Arc::new(spec(&row)?),
        accepted: time(&row, 5)?,
        stopping: stopping(&row)?,
        ended: end(&row, 7, 8)?,
        jobs,
    }))
}

/// What was stopped before reasons were kept was stopped by somebody.
fn stopping(row: &AnyRow) -> anyhow::Result<Option<StopReason>> {
    match number(row, 6)? {
        0 => Ok(None),
        _ => Ok(Some(json_maybe(row, 9)?.unwrap_or(StopReason::Asked))),
    }
}

async fn jobs(db: &mut AnyConnection, run: RunId) -> anyhow::Result<Vec<StoredJob>> {
    let sql = "SELECT j.fence, j.since, j.not_before, o.at, o.verdict, j.stopping, j.approved FROM jobs j \
        LEFT JOIN outcomes o ON o.job = j.id WHERE j.run = $1 ORDER BY j.place";
    let rows = query(sql).bind(blob(run.0)).fetch_all(db).await?;
    rows.iter().map(job).collect()
}

fn job(row: &AnyRow) -> anyhow::Result<StoredJob> {
    Ok(StoredJob {
        fence: number(row, 0)?,
        queued: time_maybe(row, 1)?.zip(time_maybe(row, 2)?),
        attempts: Vec::new(),
        outcome: end(row, 3, 4)?,
        stopping: json_maybe(row, 5)?,
        approved: json_maybe(row, 6)?,
    })
}

async fn attempts(db: &mut AnyConnection, run: RunId, jobs: &mut [StoredJob]) -> anyhow::Result<()> {
    let sql = "SELECT j.place, a.fence, a.runner, a.life, a.request, a.started, a.ended, a.verdict, a.steps, a.images \
        FROM attempts a JOIN jobs j ON j.id = a.job WHERE j.run = $1 ORDER BY j.place, a.fence";
    for row in query(sql).bind(blob(run.0)).fetch_all(db).await? {
        if let Some(job) = jobs.get_mut(usize::try_from(number(&row, 0)?)?) {
            job.attempts.push(attempt(&row)?);
        }
    }
    Ok(())
}

fn attempt(row: &AnyRow) -> anyhow::Result<StoredAttempt> {
    let ended = match end(row, 6, 7)? {
        Some((at, verdict)) => Some(AttemptEnd { at, verdict, steps: json(row, 8)?, images: json(row, 9)? }),
        None => None,
    };
    Ok(StoredAttempt {
        fence: number(row, 1)?,
        runner: RunnerId(id(row, 2)?),
        life: LifeId(id(row, 3)?),
        request: RequestId(id(row, 4)?),
        started: time(row, 5)?,
        progress: BTreeMap::new(),
        ended,
        artifacts: Vec::new(),
    })
}

async fn progress(db: &mut AnyConnection, run: RunId, jobs: &mut [StoredJob]) -> anyhow::Result<()> {
    let sql = "SELECT j.place, p.fence, p.about, p.event FROM progress p JOIN jobs j ON j.id = p.job WHERE j.run = $1";
    for row in query(sql).bind(blob(run.0)).fetch_all(db).await? {
        let (place, fence) = (usize::try_from(number(&row, 0)?)?, number(&row, 1)?);
        let attempts = jobs.get_mut(place).map(|job| &mut job.attempts);
        if let Some(attempt) = attempts.and_then(|all| all.iter_mut().find(|attempt| attempt.fence == fence)) {
            attempt.progress.insert(row.try_get(2)?, json(&row, 3)?);
        }
    }
    Ok(())
}
