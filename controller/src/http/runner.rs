//! The runner protocol, but for logs and the attempt's end.

use super::auth::{AttemptCaller, RegistrationCaller, RunnerCaller};
use super::error::HttpError;
use super::parts::Json;
use super::{App, AppState};
use crate::audit;
use crate::core::event::{Answer, Event, Lease, RunContent};
use crate::store::view::Names;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::ExposeSecret;
use sidings_proto::PlannedJob;
use sidings_proto::api::ErrorBody;
use sidings_proto::runner::{
    AssignedRun, Assignment, AttemptOrder, Beat, Beaten, Hello, Hinted, LeaseRequest, Leased, ProgressReport, Register,
    Registered, Retire, Welcome,
};

/// The longest name of a runner in bytes.
const NAME_MAX: usize = 200;

#[utoipa::path(post, path = "/runner/v1/register", tag = "runner", request_body = Register,
    responses((status = 200, body = Registered), (status = "4XX", body = ErrorBody)), security(("registration" = [])))]
pub(super) async fn register(
    RegistrationCaller(token): RegistrationCaller,
    State(app): AppState,
    Json(register): Json<Register>,
) -> Result<axum::Json<Registered>, HttpError> {
    let name = &register.name;
    audit::about(name);
    if name.is_empty() || name.len() > NAME_MAX || name.contains(|c: char| c.is_control() || reorders(c)) {
        return Err(HttpError::bad_request(format!("a runner's name is one line of at most {NAME_MAX} bytes")));
    }
    let enrolled = app.tokens.enrol(&token, &register.name, app.shell.now()).await?;
    let used_up = || HttpError::unauthorized("this token was used already");
    let (runner, secret) = enrolled.ok_or_else(used_up)?;
    tracing::info!(%runner, name = register.name, "a runner was enrolled");
    app.names.add(runner, register.name);
    Ok(axum::Json(Registered { runner, token: secret.expose_secret().to_owned() }))
}

/// Characters that make a line look like another one, or like two.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}' | '\u{2029}')
}

#[utoipa::path(post, path = "/runner/v1/hello", tag = "runner", request_body = Hello,
    responses((status = 200, body = Welcome), (status = "4XX", body = ErrorBody)), security(("runner" = [])))]
pub(super) async fn hello(
    RunnerCaller(runner): RunnerCaller,
    State(app): AppState,
    Json(hello): Json<Hello>,
) -> Result<axum::Json<Welcome>, HttpError> {
    if hello.slots == 0 {
        return Err(HttpError::bad_request("a runner has at least one slot"));
    }
    app.store.put_hello(runner, &hello, app.shell.now()).await?;
    let name = app.names.runner(runner);
    app.shell.ask(|ask| Event::RunnerUp { ask, runner, name, hello }).await?;
    Ok(axum::Json(Welcome { runner }))
}

#[utoipa::path(post, path = "/runner/v1/lease", tag = "runner", request_body = LeaseRequest,
    responses((status = 200, body = Leased), (status = "4XX", body = ErrorBody)), security(("runner" = [])))]
pub(super) async fn lease(
    RunnerCaller(runner): RunnerCaller,
    State(app): AppState,
    Json(request): Json<LeaseRequest>,
) -> Result<axum::Json<Leased>, HttpError> {
    if request.slots == 0 {
        return Err(HttpError::bad_request("a lease request is for at least one slot"));
    }
    let leases = app.shell.lease(runner, request).await?.ok_or_else(HttpError::unknown_life)?;
    let assignments = leases.iter().filter_map(|lease| assignment(&app, lease)).collect();
    Ok(axum::Json(Leased { assignments }))
}

fn assignment(app: &App, lease: &Lease) -> Option<Assignment> {
    let (PlannedJob { name, spec, .. }, plan) = match &lease.run.content {
        RunContent::Plan { plan, .. } => (plan.jobs.get(lease.index)?, plan),
        RunContent::Invalid { .. } => return None,
    };
    let run = &*lease.run;
    Some(Assignment {
        attempt: lease.attempt,
        token: app.tokens.of_attempt(lease.attempt),
        job_name: name.clone(),
        job_url: app.names.job_url(run.id, lease.attempt.job),
        run: AssignedRun {
            id: run.id,
            number: run.number,
            project: run.project.clone(),
            repo_url: run.repo_url.clone(),
            default_branch: run.default_branch.clone(),
            url: app.names.run_url(run.id),
            trigger: run.trigger,
            commit: run.commit.clone(),
            source: run.source.clone(),
            inputs: plan.inputs.clone(),
            locked: plan.locked.clone(),
            flaws_judged: !plan.flaw_limits.is_empty(),
        },
        spec: spec.clone(),
    })
}

#[utoipa::path(post, path = "/runner/v1/beat", tag = "runner", request_body = Beat,
    responses((status = 200, body = Beaten), (status = "4XX", body = ErrorBody)), security(("runner" = [])))]
pub(super) async fn beat(
    RunnerCaller(runner): RunnerCaller,
    State(app): AppState,
    Json(Beat { life, attempts, draining, low_disk, machine }): Json<Beat>,
) -> Result<axum::Json<Beaten>, HttpError> {
    match app.shell.ask(|ask| Event::Beat { ask, runner, life, attempts, draining, low_disk, machine }).await? {
        Answer::Orders(orders) => {
            let orders = orders.into_iter().map(|(attempt, order)| AttemptOrder { attempt, order }).collect();
            Ok(axum::Json(Beaten { orders }))
        }
        Answer::UnknownLife | Answer::Done | Answer::Leased(_) | Answer::Accepted | Answer::Already | Answer::Stale => {
            Err(HttpError::unknown_life())
        }
    }
}

#[utoipa::path(post, path = "/runner/v1/hint", tag = "runner",
    responses((status = 200, body = Hinted), (status = "4XX", body = ErrorBody)), security(("runner" = [])))]
pub(super) async fn hint(RunnerCaller(runner): RunnerCaller, State(app): AppState) -> axum::Json<Hinted> {
    axum::Json(Hinted { beat: app.shell.hinted(runner).await })
}

#[utoipa::path(post, path = "/runner/v1/retire", tag = "runner", request_body = Retire,
    responses((status = 204), (status = "4XX", body = ErrorBody)), security(("runner" = [])))]
pub(super) async fn retire(
    RunnerCaller(runner): RunnerCaller,
    State(app): AppState,
    Json(Retire { life }): Json<Retire>,
) -> Result<StatusCode, HttpError> {
    app.shell.ask(|ask| Event::RunnerRetired { ask, runner, life }).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/runner/v1/attempts/{job}/{fence}/progress", tag = "runner",
    params(("job" = String, Path), ("fence" = u64, Path)), request_body = ProgressReport,
    responses((status = 204), (status = "4XX", body = ErrorBody)), security(("attempt" = [])))]
pub(super) async fn progress(
    AttemptCaller(attempt): AttemptCaller,
    State(app): AppState,
    Json(ProgressReport { events }): Json<ProgressReport>,
) -> Result<StatusCode, HttpError> {
    match app.shell.ask(|ask| Event::Progressed { ask, attempt, events }).await? {
        Answer::Done => Ok(StatusCode::NO_CONTENT),
        Answer::Stale
        | Answer::UnknownLife
        | Answer::Leased(_)
        | Answer::Orders(_)
        | Answer::Accepted
        | Answer::Already => Err(HttpError::stale()),
    }
}
