//! Runs that nobody asks for: reads what each project's default branch wants, and asks for them when they are due.
//!
//! What became due while the controller was away is made up for once. It decides nothing about running: a scheduled
//! run goes the way of every other.

mod due;
#[cfg(test)]
mod tests;

pub(crate) use due::next;

use crate::http::App;
use crate::intake::IntakeError;
use crate::store::StoredSchedule;
use due::due;
use sidings_proto::Timestamp;
use sidings_proto::api::ProjectView;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Default branches are read so often; of a repository with our hook also at each push.
const READ_AGAIN: Duration = Duration::from_secs(3600);
/// A run that could not be made is tried again so much later.
const AGAIN: Duration = Duration::from_secs(60);

/// Keeps the times, until it is told to end.
pub(crate) async fn run(app: Arc<App>, closing: CancellationToken) -> anyhow::Result<()> {
    let rounds = async {
        let mut read = None;
        loop {
            let now = app.shell.now();
            // First what was due by the times that were known: new ones count from when they are read.
            let mut next = make_what_is_due(&app).await?;
            if read.is_none_or(|last: Timestamp| now.since(last) >= READ_AGAIN) {
                read_all(&app).await?;
                read = Some(now);
                next = make_what_is_due(&app).await?;
            }
            let wait = next.map_or(READ_AGAIN, |next| next.since(app.shell.now()).min(READ_AGAIN));
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = app.intake.schedules_changed.notified() => {}
            }
        }
    };
    closing.run_until_cancelled(rounds).await.unwrap_or(Ok(()))
}

async fn read_all(app: &App) -> anyhow::Result<()> {
    for project in app.store.projects().await?.iter().filter(|project| !project.repo_url.is_empty()) {
        if let Err(error) = app.intake.read_schedule(project).await {
            tracing::warn!(project = project.name, "the schedule could not be read: {error:#}");
        }
    }
    Ok(())
}

/// Makes the runs that are due now. Gives when to look again; never where there is no schedule.
async fn make_what_is_due(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let mut soonest: Option<Timestamp> = None;
    for (project, schedule) in app.store.schedules().await? {
        let Some(project) = app.store.project(&project).await? else { continue };
        let look_again = make_of_project(app, &project, schedule).await?;
        soonest = soonest.into_iter().chain(look_again).min();
    }
    Ok(soonest)
}

async fn make_of_project(
    app: &App,
    project: &ProjectView,
    schedule: StoredSchedule,
) -> anyhow::Result<Option<Timestamp>> {
    let now = app.shell.now();
    let due = due(&schedule, now);
    if due.is_empty() {
        return Ok(next(&schedule));
    }
    let (mut made, mut again) = (false, false);
    for entry in due {
        match app.intake.scheduled(project, entry).await {
            Ok(_) => made = true,
            Err(error) => {
                // Nobody can mend these by waiting.
                again |= !matches!(error, IntakeError::Bad(_) | IntakeError::NoRun(_));
                tracing::warn!(project = project.name, cron = entry.cron, "no scheduled run: {error:#}");
            }
        }
    }
    // What was made is not made once more for another entry's sake.
    if again && !made {
        return Ok(Some(now + AGAIN));
    }
    // Only now: a run too many after a crash is better than none.
    app.store.schedule_handled(&project.name, &schedule, now).await?;
    Ok(next(&StoredSchedule { since: now, ..schedule }))
}
