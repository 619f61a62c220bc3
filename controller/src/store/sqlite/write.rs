//! Records into rows. Every statement is conditional on what it must not break, so that a repeat changes nothing.

use super::rows::{blob, id_maybe, json, signed, spec_to_columns, to_json};
use crate::core::event::{Record, RunContent, RunSpec};
use crate::store::CommitError;
use crate::store::stored::{StoredCache, about, end_says_all};
use sidings_proto::api::ApprovedView;
use sidings_proto::runner::{ImageUse, Progress, StepResult};
use sidings_proto::{AttemptId, JobId, RequestId, RunId, StopReason, Timestamp, Verdict};
use sqlx::any::AnyQueryResult;
use sqlx::{AnyConnection, query};

type Written = Result<(), CommitError>;

pub(super) async fn record(db: &mut AnyConnection, record: &Record) -> Written {
    match record {
        Record::RunAccepted { run, at } => run_accepted(db, run, *at).await,
        Record::JobQueued { job, since, not_before } => job_queued(db, *job, *since, *not_before).await,
        Record::AttemptStarted { attempt, runner, life, request, at } => {
            attempt_started(db, *attempt, [blob(runner.0), blob(life.0)], *request, *at).await
        }
        Record::AttemptProgressed { attempt, event } => attempt_progressed(db, *attempt, event).await,
        Record::AttemptEnded { attempt, at, verdict, steps, images } => {
            attempt_ended(db, *attempt, *at, verdict, steps, images).await
        }
        Record::ArtifactsKept { attempt, at, artifacts } => {
            attempt_known(db, *attempt).await?;
            super::kept::keep(db, *attempt, *at, artifacts).await
        }
        Record::CachesSaved { at, project, scope, caches } => {
            super::caches::save(db, &StoredCache::of(*at, project, scope, caches)).await
        }
        Record::JobEnded { job, at, verdict } => job_ended(db, *job, *at, verdict).await,
        Record::RunCancelling { run, reason } => run_cancelling(db, *run, reason).await,
        Record::JobStopping { job, reason } => {
            let reason = to_json(reason).map_err(CommitError::store)?;
            job_noted(db, *job, "UPDATE jobs SET stopping = coalesce(stopping, $2) WHERE id = $1", reason).await
        }
        Record::JobApproved { job, by, at } => {
            let approved = to_json(&ApprovedView { by: by.clone(), at: *at }).map_err(CommitError::store)?;
            job_noted(db, *job, "UPDATE jobs SET approved = coalesce(approved, $2) WHERE id = $1", approved).await
        }
        Record::RunnersDrained { name, by, at } => super::enrolment::drain(db, name, by, *at).await,
        Record::RunnersResumed { name } => super::enrolment::resume(db, name).await,
        Record::PaceLearnt { project, job, ms } => super::paces::put(db, project, job, *ms).await,
        Record::RunEnded { run, at, verdict } => run_ended(db, *run, *at, verdict).await,
    }
}

async fn run_accepted(db: &mut AnyConnection, run: &RunSpec, at: Timestamp) -> Written {
    let (head, content) = spec_to_columns(run).map_err(CommitError::store)?;
    let sql = "INSERT INTO runs (id, project, number, head, content, accepted, cancelling, reference, author) \
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8) ON CONFLICT (id) DO NOTHING";
    let insert = query(sql).bind(blob(run.id.0)).bind(run.project.as_str()).bind(signed(run.number));
    let insert = insert.bind(head).bind(content).bind(at.0);
    let insert = insert.bind(run.commit.reference.as_str()).bind(run.commit.author.as_str());
    let inserted = insert.execute(&mut *db).await.map_err(CommitError::store)?;
    let (1, RunContent::Plan { job_ids, .. }) = (inserted.rows_affected(), &run.content) else { return Ok(()) };
    for (place, job) in (0i64..).zip(job_ids) {
        let insert = query("INSERT INTO jobs (id, run, place, fence) VALUES ($1, $2, $3, 0)");
        insert
            .bind(blob(job.0))
            .bind(blob(run.id.0))
            .bind(place)
            .execute(&mut *db)
            .await
            .map_err(CommitError::store)?;
    }
    Ok(())
}

async fn job_queued(db: &mut AnyConnection, job: JobId, since: Timestamp, not_before: Timestamp) -> Written {
    let update = query("UPDATE jobs SET since = $1, not_before = $2 WHERE id = $3");
    let updated =
        update.bind(since.0).bind(not_before.0).bind(blob(job.0)).execute(db).await.map_err(CommitError::store)?;
    known(&updated, || format!("job {job}"))
}

async fn attempt_started(
    db: &mut AnyConnection,
    attempt: AttemptId,
    [runner, life]: [Vec<u8>; 2],
    request: RequestId,
    at: Timestamp,
) -> Written {
    let raise = query("UPDATE jobs SET fence = $1, since = NULL, not_before = NULL WHERE id = $2 AND fence < $1");
    let raised = raise.bind(signed(attempt.fence)).bind(blob(attempt.job.0)).execute(&mut *db).await;
    if raised.map_err(CommitError::store)?.rows_affected() == 0 {
        return started_before(db, attempt, request).await;
    }
    let sql = "INSERT INTO attempts (job, fence, runner, life, request, started) VALUES ($1, $2, $3, $4, $5, $6)";
    let insert = query(sql).bind(blob(attempt.job.0)).bind(signed(attempt.fence)).bind(runner).bind(life);
    insert.bind(blob(request.0)).bind(at.0).execute(db).await.map_err(CommitError::store)?;
    Ok(())
}

/// Whether this is a repeat: the fence is not above the highest one, which is right only for the same attempt.
async fn started_before(db: &mut AnyConnection, attempt: AttemptId, request: RequestId) -> Written {
    let sql =
        "SELECT j.fence, a.request FROM jobs j LEFT JOIN attempts a ON a.job = j.id AND a.fence = $2 WHERE j.id = $1";
    let select = query(sql).bind(blob(attempt.job.0)).bind(signed(attempt.fence));
    let Some(row) = select.fetch_optional(&mut *db).await.map_err(CommitError::store)? else {
        return Err(CommitError::Unknown(format!("job {}", attempt.job)));
    };
    if id_maybe(&row, 1).map_err(CommitError::store)? != Some(request.0) {
        return Err(CommitError::StaleFence(attempt.job, attempt.fence));
    }
    let update = query("UPDATE jobs SET since = NULL, not_before = NULL WHERE id = $1 AND fence = $2");
    update.bind(blob(attempt.job.0)).bind(signed(attempt.fence)).execute(db).await.map_err(CommitError::store)?;
    Ok(())
}

async fn attempt_progressed(db: &mut AnyConnection, attempt: AttemptId, event: &Progress) -> Written {
    let sql = "INSERT INTO progress (job, fence, about, event) \
        SELECT job, fence, $3, $4 FROM attempts WHERE job = $1 AND fence = $2 AND ended IS NULL \
        ON CONFLICT (job, fence, about) DO UPDATE SET event = excluded.event";
    let insert = query(sql).bind(blob(attempt.job.0)).bind(signed(attempt.fence)).bind(about(event));
    let inserted =
        insert.bind(to_json(event).map_err(CommitError::store)?).execute(&mut *db).await.map_err(CommitError::store)?;
    if inserted.rows_affected() == 0 {
        return attempt_known(db, attempt).await;
    }
    match event {
        Progress::ImageReady(image) => ran_in(db, attempt.job, image).await,
        Progress::Phase { .. }
        | Progress::StepStarted { .. }
        | Progress::StepEnded(_)
        | Progress::ServiceReady { .. } => Ok(()),
    }
}

async fn ran_in(db: &mut AnyConnection, job: JobId, image: &ImageUse) -> Written {
    let Some(key) = &image.key else { return Ok(()) };
    let sql = "INSERT INTO runs_of_images (key, run) SELECT $1, run FROM jobs WHERE id = $2 ON CONFLICT DO NOTHING";
    query(sql).bind(key.as_str()).bind(blob(job.0)).execute(db).await.map_err(CommitError::store)?;
    Ok(())
}

async fn attempt_known(db: &mut AnyConnection, attempt: AttemptId) -> Written {
    let select = query("SELECT 1 FROM attempts WHERE job = $1 AND fence = $2");
    let row = select.bind(blob(attempt.job.0)).bind(signed(attempt.fence)).fetch_optional(db).await;
    match row.map_err(CommitError::store)? {
        Some(_) => Ok(()),
        None => Err(CommitError::Unknown(format!("attempt {attempt}"))),
    }
}

async fn attempt_ended(
    db: &mut AnyConnection,
    attempt: AttemptId,
    at: Timestamp,
    verdict: &Verdict,
    steps: &[StepResult],
    images: &[ImageUse],
) -> Written {
    let sql = "UPDATE attempts SET ended = $3, verdict = $4, steps = $5, images = $6 \
        WHERE job = $1 AND fence = $2 AND ended IS NULL";
    let update = query(sql).bind(blob(attempt.job.0)).bind(signed(attempt.fence)).bind(at.0);
    let update =
        update.bind(to_json(verdict).map_err(CommitError::store)?).bind(to_json(&steps).map_err(CommitError::store)?);
    let updated = update
        .bind(to_json(&images).map_err(CommitError::store)?)
        .execute(&mut *db)
        .await
        .map_err(CommitError::store)?;
    if updated.rows_affected() == 0 {
        return attempt_known(db, attempt).await;
    }
    for image in images {
        ran_in(db, attempt.job, image).await?;
    }
    if end_says_all(steps) {
        let delete = query("DELETE FROM progress WHERE job = $1 AND fence = $2");
        delete.bind(blob(attempt.job.0)).bind(signed(attempt.fence)).execute(db).await.map_err(CommitError::store)?;
    }
    Ok(())
}

async fn job_ended(db: &mut AnyConnection, job: JobId, at: Timestamp, verdict: &Verdict) -> Written {
    let sql = "INSERT INTO outcomes (job, at, verdict) SELECT id, $2, $3 FROM jobs WHERE id = $1 \
        ON CONFLICT (job) DO NOTHING";
    let insert = query(sql).bind(blob(job.0)).bind(at.0).bind(to_json(verdict).map_err(CommitError::store)?);
    if insert.execute(&mut *db).await.map_err(CommitError::store)?.rows_affected() == 1 {
        return Ok(());
    }
    let select = query("SELECT verdict FROM outcomes WHERE job = $1").bind(blob(job.0));
    let Some(row) = select.fetch_optional(db).await.map_err(CommitError::store)? else {
        return Err(CommitError::Unknown(format!("job {job}")));
    };
    let first: Verdict = json(&row, 0).map_err(CommitError::store)?;
    if first == *verdict { Ok(()) } else { Err(CommitError::SecondOutcome(job)) }
}

async fn run_cancelling(db: &mut AnyConnection, run: RunId, reason: &StopReason) -> Written {
    let update = query("UPDATE runs SET cancelling = 1, stopping = coalesce(stopping, $2) WHERE id = $1");
    let update = update.bind(blob(run.0)).bind(to_json(reason).map_err(CommitError::store)?);
    known(&update.execute(db).await.map_err(CommitError::store)?, || format!("run {run}"))
}

async fn job_noted(db: &mut AnyConnection, job: JobId, sql: &'static str, note: String) -> Written {
    let updated = query(sql).bind(blob(job.0)).bind(note).execute(db).await.map_err(CommitError::store)?;
    known(&updated, || format!("job {job}"))
}

async fn run_ended(db: &mut AnyConnection, run: RunId, at: Timestamp, verdict: &Verdict) -> Written {
    let sql = "UPDATE runs SET ended = coalesce(ended, $2), verdict = coalesce(verdict, $3), \
        outcome = coalesce(outcome, $4) WHERE id = $1";
    let update = query(sql).bind(blob(run.0)).bind(at.0).bind(to_json(verdict).map_err(CommitError::store)?);
    let update = update.bind(verdict.word());
    known(&update.execute(db).await.map_err(CommitError::store)?, || format!("run {run}"))
}

fn known(result: &AnyQueryResult, what: impl FnOnce() -> String) -> Written {
    if result.rows_affected() == 1 { Ok(()) } else { Err(CommitError::Unknown(what())) }
}
