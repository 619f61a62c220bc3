//! A run as it goes on: server-sent events, each a whole view, the last one of the ended run.

use super::auth::ApiCaller;
use super::error::HttpError;
use super::parts::Path;
use super::{App, AppState, runs};
use crate::shell::changes::Follower;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream;
use sidings_proto::RunId;
use sidings_proto::api::{ErrorBody, RunView, State as RunState};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// After a view that took a while to make, whoever follows waits this many times as long for the next: a run of many
/// jobs changes all the time, and those who look on must not slow down those who work.
const REST: u32 = 5;
/// The longest wait between two views of a run that goes on changing.
const REST_MAX: Duration = Duration::from_secs(1);
/// While jobs wait, what they wait for may change without any doing of their run.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// One who follows a run.
struct Following {
    app: Arc<App>,
    run: RunId,
    follower: Follower,
    /// What is to be sent before anything is waited for.
    first: Option<RunView>,
    /// The next view is not made before this.
    rested: Instant,
    ended: bool,
    /// What was sent last, while a job of it waits.
    waiting: Option<RunView>,
}

#[utoipa::path(get, path = "/api/v1/runs/{run}/events", tag = "api", params(("run" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = RunView), (status = "4XX", body = ErrorBody)),
    security(("api" = [])))]
pub(super) async fn follow(
    _: ApiCaller,
    State(app): AppState,
    Path(run): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, axum::Error>>>, HttpError> {
    let run = runs::find(&app, &run).await?;
    // Followed before it is read, so that no change falls in between.
    let follower = app.shell.changes().follow(run);
    let first = Some(runs::view(&app, run).await?);
    let following = Following { app, run, follower, first, rested: Instant::now(), ended: false, waiting: None };
    Ok(Sse::new(stream::unfold(following, next)).keep_alive(KeepAlive::default()))
}

/// The next view. Changes that come while one is read and sent count as one.
async fn next(mut following: Following) -> Option<(Result<Event, axum::Error>, Following)> {
    if following.ended {
        return None;
    }
    let view = match following.first.take() {
        Some(view) => view,
        None => following.wait().await?,
    };
    following.ended = view.summary.state == RunState::Ended;
    following.waiting = view.jobs.iter().any(|job| job.wait.is_some()).then(|| view.clone());
    Some((Event::default().event("run").json_data(&view), following))
}

impl Following {
    /// Ends the stream when the controller goes down or cannot read: whoever follows connects again.
    async fn wait(&mut self) -> Option<RunView> {
        let stop = self.app.stop.clone();
        loop {
            stop.run_until_cancelled(self.changed()).await?;
            let begun = Instant::now();
            let view = runs::view(&self.app, self.run).await.ok()?;
            self.rested = Instant::now() + (begun.elapsed() * REST).min(REST_MAX);
            if self.waiting.as_ref() != Some(&view) {
                return Some(view);
            }
        }
    }

    async fn changed(&mut self) {
        let look_again = tokio::time::sleep(LOOK_AGAIN);
        tokio::select! {
            () = self.follower.changed() => {}
            () = look_again, if self.waiting.is_some() => {}
        }
        tokio::time::sleep_until(self.rested.into()).await;
    }
}
