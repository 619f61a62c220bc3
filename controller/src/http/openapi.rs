//! The description of both interfaces, made from the handlers and types themselves.

use super::{
    approvals, artifacts, audited, blobs, compared, digests, enrolment, events, flaws, images, inventories, logs,
    projects, queue, runner, runner_kept, runner_logs, runners, runs, schedules, secrets, split, split_told,
    tests_told, webhooks,
};
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "Sidings controller", description = "What clients and runners say to a controller."),
    paths(
        projects::add, projects::list, projects::push, schedules::list, blobs::put, blobs::head, runs::submit, runs::list, runs::show,
        compared::of_run, events::follow, runs::cancel, runs::retry, approvals::approve, logs::read, queue::show, runners::list, runners::drain, runners::resume, enrolment::make_token,
        enrolment::tokens, enrolment::revoke_token, runner::register, runner::hello, runner::lease, runner::beat,
        runner::hint, runner::retire, runner::progress, tests_told::tell, split_told::of_run, tests_told::of_run, tests_told::history, runner_logs::append, runner_logs::finish, blobs::source,
        artifacts::list, artifacts::file, artifacts::all, runner_kept::missing, runner_kept::put, runner_kept::input,
        runner_kept::find_cache, runner_kept::cache, digests::agree, images::ask, images::told, images::part,
        flaws::judge, inventories::want, inventories::tell, inventories::list, inventories::find, inventories::show,
        split::list, split::pull, split::report, split::beat,
        audited::list, secrets::put, secrets::list, secrets::remove, secrets::of_attempt,
        webhooks::put, webhooks::list, webhooks::remove, webhooks::test, webhooks::deliveries, webhooks::redeliver,
    ),
    modifiers(&Tokens),
)]
struct Document;

/// The kinds of tokens, each sent as `Authorization: Bearer …`.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (kind, about) in [
            ("api", "an API token"),
            ("push", "the push token of the project"),
            ("registration", "a registration token"),
            ("runner", "a runner's own token"),
            ("attempt", "the token of one attempt"),
        ] {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(about)).build();
            components.add_security_scheme(kind, SecurityScheme::Http(scheme));
        }
    }
}

/// The document as pretty JSON.
pub(crate) fn document() -> String {
    let mut text = Document::openapi().to_pretty_json().expect("a document of strings and maps is JSON");
    text.push('\n');
    text
}

pub(super) async fn serve() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document())
}
