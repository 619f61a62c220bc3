//! That something changed, as it happens: server-sent events without content. The script in the page loads the page
//! again and takes over what differs, so there is one way to make it.

use super::caller::Visitor;
use super::error::PageError;
use crate::http::App;
use crate::shell::changes::Follower;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream;
use sidings_proto::RunId;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// Changes that come closer together than this count as one: those who look on must not slow down those who work.
const REST: Duration = Duration::from_millis(900);

/// While jobs wait, what they wait for may change without any doing of their run.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// A run changed; tells when it has ended.
pub(super) async fn of_run(
    _: Visitor,
    State(app): State<Arc<App>>,
    Path(run): Path<RunId>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, PageError> {
    let follower = app.shell.changes().follow(run);
    let following = Following { app, run, follower, over: false };
    Ok(Sse::new(stream::unfold(following, run_changed)).keep_alive(KeepAlive::default()))
}

struct Following {
    app: Arc<App>,
    run: RunId,
    follower: Follower,
    over: bool,
}

async fn run_changed(mut following: Following) -> Option<(Result<Event, Infallible>, Following)> {
    let stop = following.app.stop.clone();
    if following.over {
        return None;
    }
    let living = following.app.shell.live().has_run(following.run);
    if living {
        let changed = tokio::time::timeout(LOOK_AGAIN, following.follower.changed());
        let _changed_or_not = stop.run_until_cancelled(changed).await?;
    }
    following.over = !following.app.shell.live().has_run(following.run);
    if !following.over {
        stop.run_until_cancelled(tokio::time::sleep(REST)).await?;
    }
    let event = Event::default().event(if following.over { "ended" } else { "changed" }).data("now");
    Some((Ok(event), following))
}

/// Any run changed.
pub(super) async fn all(
    _: Visitor,
    State(app): State<Arc<App>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, PageError> {
    let follower = app.shell.changes().follow_all();
    Ok(Sse::new(stream::unfold((app, follower), changed)).keep_alive(KeepAlive::default()))
}

async fn changed(
    (app, mut follower): (Arc<App>, Follower),
) -> Option<(Result<Event, Infallible>, (Arc<App>, Follower))> {
    app.stop.run_until_cancelled(follower.changed()).await?;
    app.stop.run_until_cancelled(tokio::time::sleep(REST)).await?;
    Some((Ok(Event::default().event("changed").data("now")), (app, follower)))
}
