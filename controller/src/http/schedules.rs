//! When projects want runs without being asked.

use super::AppState;
use super::auth::ApiCaller;
use super::error::HttpError;
use crate::store::StoredSchedule;
use axum::extract::State;
use sidings_proto::api::{ErrorBody, ScheduleView, Schedules};

#[utoipa::path(get, path = "/api/v1/schedules", tag = "api",
    responses((status = 200, body = Schedules), (status = "4XX", body = ErrorBody)), security(("api" = [])))]
pub(super) async fn list(_: ApiCaller, State(app): AppState) -> Result<axum::Json<Schedules>, HttpError> {
    let kept = app.store.schedules().await?;
    let mut schedules: Vec<ScheduleView> = kept.into_iter().flat_map(|(project, kept)| views(&project, kept)).collect();
    schedules.sort_by(|a, b| (a.next.is_none(), a.next, &a.project).cmp(&(b.next.is_none(), b.next, &b.project)));
    Ok(axum::Json(Schedules { schedules }))
}

fn views(project: &str, kept: StoredSchedule) -> Vec<ScheduleView> {
    let view = |entry| ScheduleView {
        project: project.to_owned(),
        next: sidings_pipeline::next_after(&entry, kept.since),
        entry,
    };
    kept.entries.into_iter().map(view).collect()
}
