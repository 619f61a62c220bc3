//! The fleet: who is there, what it is busy with, and who waits for what.

use super::caller::{Change, Visitor};
use super::error::{PageError, shown};
use super::shell::Shell;
use super::size::sized;
use super::state::Mark;
use super::when::{When, lasting};
use crate::core::event::RunSpec;
use crate::http::{App, queue, runners, waited};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use sidings_proto::api::{RunnerState, RunnerView};
use sidings_proto::fleet::{Drained, Machine, PoolView, ProjectWaits, QueueView, WaitingJob};
use sidings_proto::{JobId, RunnerId, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "fleet.html")]
struct FleetPage {
    shell: Shell,
    runners: Vec<RunnerRow>,
    slots: u32,
    busy: u32,
    waiting: Vec<Waiting>,
    more: bool,
    waited: Vec<Waited>,
    pools: Vec<PoolRow>,
    may_drain: bool,
}

struct RunnerRow {
    id: RunnerId,
    name: String,
    mark: Mark,
    busy: u32,
    slots: u32,
    labels: Vec<String>,
    version: String,
    /// Why it takes nothing.
    disk: Option<String>,
    machine: Option<MachineCell>,
    seen: When,
    runs: Vec<JobOf>,
    drained: Option<DrainedBy>,
    /// Where its forms go.
    address: String,
}

/// What a machine has, as a row says it.
struct MachineCell {
    free: String,
    all: String,
    /// Of a hundred.
    used: u64,
    images: String,
}

/// Runners with the same labels.
struct PoolRow {
    labels: Vec<String>,
    runners: u32,
    busy: u32,
    slots: u32,
    queued: u32,
    owed: String,
    wanted: u32,
}

/// How long a project's runs waited.
struct Waited {
    project: String,
    runs: u32,
    /// Half of them, 95 and 99 of a hundred, waited no longer.
    within: [String; 3],
}

/// Who took a runner out, and when.
struct DrainedBy {
    by: String,
    at: When,
}

/// A job, and where it is shown.
struct JobOf {
    job: JobId,
    name: String,
    run: String,
    title: String,
}

/// A job that waits for more than others of its run.
struct Waiting {
    job: JobOf,
    why: String,
}

pub(super) async fn show(visitor: Visitor, State(app): State<Arc<App>>) -> Result<Response, PageError> {
    let now = app.shell.now();
    let runners = runners::all_runners(&app).await?;
    let up = || runners.iter().filter(|runner| runner.state != RunnerState::Silent);
    let (slots, busy) = (up().map(|runner| runner.slots).sum(), up().map(|runner| runner.busy).sum());
    let mut held = held(&app);
    let rows = runners.iter().map(|runner| row(runner, held.remove(&runner.id).unwrap_or_default(), now)).collect();
    let QueueView { waiting, more } = queue::queue(&app).await?;
    let waiting = waiting.into_iter().map(|job| waiting_row(job, now)).collect();
    let waited = waited::waits(&app).await?.into_iter().map(waited_row).collect();
    let pools = app.shell.look(move |core| core.pools(now)).await?.into_iter().map(pool_row).collect();
    let (shell, may_drain) = (Shell::of(&visitor, "fleet"), visitor.may("/runners/{name}/drain"));
    Ok(shown(&FleetPage { shell, runners: rows, slots, busy, waiting, more, waited, pools, may_drain })?
        .into_response())
}

/// Takes a runner out: it finishes what it has.
pub(super) async fn drain(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    change: Change,
) -> Result<Redirect, PageError> {
    runners::drain_as(&app, change.visitor.name, name).await?;
    Ok(Redirect::to("/fleet"))
}

/// Lets it in again.
pub(super) async fn resume(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    _: Change,
) -> Result<Redirect, PageError> {
    runners::resume_runners(&app, name).await?;
    Ok(Redirect::to("/fleet"))
}

fn row(runner: &RunnerView, runs: Vec<JobOf>, now: Timestamp) -> RunnerRow {
    RunnerRow {
        id: runner.id,
        name: runner.name.clone(),
        mark: mark(runner),
        busy: runner.busy,
        slots: runner.slots,
        labels: runner.labels.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        version: runner.version.clone(),
        disk: runner.low_disk.map(|disk| disk.to_string()),
        seen: When::of(runner.seen, now),
        machine: runner.machine.map(machine_cell),
        runs,
        drained: runner.drained.as_ref().map(|Drained { by, at }| DrainedBy { by: by.clone(), at: When::of(*at, now) }),
        address: format!("/runners/{}", super::escaped(&runner.name)),
    }
}

fn machine_cell(machine: Machine) -> MachineCell {
    let Machine { disk_free, disk_all, images, image_bytes } = machine;
    let used = u128::from(disk_all.saturating_sub(disk_free)) * 100 / u128::from(disk_all.max(1));
    let plural = if images == 1 { "image" } else { "images" };
    MachineCell {
        free: sized(disk_free),
        all: sized(disk_all),
        used: u64::try_from(used).unwrap_or(100),
        images: format!("{images} {plural}, {}", sized(image_bytes)),
    }
}

fn pool_row(pool: PoolView) -> PoolRow {
    let PoolView { labels, runners, slots, busy, queued, owed_ms, unknown, wanted } = pool;
    let known = lasting(i64::try_from(owed_ms).unwrap_or(i64::MAX));
    let owed = match (queued, unknown) {
        (0, _) => "nothing".to_owned(),
        (_, 0) => known,
        (queued, unknown) if queued == unknown => "unknown".to_owned(),
        (_, 1) => format!("{known} and 1 job that never passed"),
        (_, unknown) => format!("{known} and {unknown} jobs that never passed"),
    };
    let labels = labels.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    PoolRow { labels, runners, busy, slots, queued, owed, wanted }
}

fn waited_row(waits: ProjectWaits) -> Waited {
    let ProjectWaits { project, runs, p50_ms, p95_ms, p99_ms } = waits;
    let within = [p50_ms, p95_ms, p99_ms].map(|ms| lasting(i64::try_from(ms).unwrap_or(i64::MAX)));
    Waited { project, runs, within }
}

fn mark(runner: &RunnerView) -> Mark {
    match (runner.state, runner.low_disk) {
        (RunnerState::Up, None) => Mark::of_runner("✓", "up"),
        (RunnerState::Up, Some(_)) => Mark::of_runner("!", "full"),
        (RunnerState::Draining, _) if runner.drained.is_some() && runner.busy == 0 => Mark::of_runner("■", "drained"),
        (RunnerState::Draining, _) => Mark::of_runner("◌", "draining"),
        (RunnerState::Silent, _) => Mark::of_runner("✗", "silent"),
    }
}

/// What is with each runner.
fn held(app: &App) -> BTreeMap<RunnerId, Vec<JobOf>> {
    let mut held: BTreeMap<RunnerId, Vec<JobOf>> = BTreeMap::new();
    for (attempt, runner, job) in app.shell.live().all_attempts() {
        let name = job.planned().map(|planned| planned.name.clone()).unwrap_or_default();
        held.entry(runner).or_default().push(job_of(&job.run, attempt.job, name));
    }
    held
}

fn job_of(run: &RunSpec, job: JobId, name: String) -> JobOf {
    JobOf { job, name, run: run.id.to_string(), title: format!("{} #{}", run.project, run.number) }
}

fn waiting_row(job: WaitingJob, now: Timestamp) -> Waiting {
    let WaitingJob { id, name, run, project, number, wait } = job;
    Waiting {
        job: JobOf { job: id, name, run: run.to_string(), title: format!("{project} #{number}") },
        why: wait.told(now),
    }
}
