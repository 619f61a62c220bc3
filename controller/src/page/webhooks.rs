//! Webhooks for administrators: who is told of what, and what became of each delivery. Keys and addresses are nowhere in
//! it: an address is shown as far as its host.

use super::caller::{Change, Visitor};
use super::error::{PageError, shown};
use super::escaped;
use super::shell::Shell;
use super::when::When;
use crate::http::App;
use crate::http::error::HttpError;
use crate::http::webhooks::again;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use sidings_proto::webhook::{DeliveryState, DeliveryView, WebhookEvent, WebhookRules, WebhookView};
use sidings_proto::{DeliveryId, Timestamp};
use std::sync::Arc;

/// Deliveries that are shown of a webhook.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "webhooks.html")]
struct ListPage {
    shell: Shell,
    webhooks: Vec<Row>,
}

struct Row {
    own: String,
    name: String,
    of: String,
    host: String,
    rules: String,
    format: &'static str,
    waiting: u64,
    last: Option<Delivery>,
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct OnePage {
    shell: Shell,
    name: String,
    deliveries: Vec<Delivery>,
}

struct Delivery {
    id: String,
    event: &'static str,
    run: Option<String>,
    at: When,
    state: DeliveryState,
    tries: u32,
    status: Option<u16>,
    answer: String,
    next: Option<When>,
}

pub(super) async fn list(visitor: Visitor, State(app): State<Arc<App>>) -> Result<Response, PageError> {
    let now = app.shell.now();
    let webhooks = app.webhooks.list().await?.into_iter().map(|webhook| row(webhook, now)).collect();
    Ok(shown(&ListPage { shell: Shell::of(&visitor, "projects"), webhooks })?.into_response())
}

pub(super) async fn show(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Response, PageError> {
    let now = app.shell.now();
    let unknown = || HttpError::not_found(format!("there is no webhook `{name}`"));
    let deliveries = app.webhooks.deliveries(&name, SHOWN).await?.ok_or_else(unknown)?;
    let deliveries = deliveries.into_iter().map(|delivery| told(delivery, now)).collect();
    Ok(shown(&OnePage { shell: Shell::of(&visitor, "projects"), name, deliveries })?.into_response())
}

pub(super) async fn redeliver(
    State(app): State<Arc<App>>,
    Path(id): Path<DeliveryId>,
    change: Change,
) -> Result<Redirect, PageError> {
    let again = again(&app, id, &change.visitor.name).await?;
    Ok(Redirect::to(&format!("/webhooks/{}", escaped(&again.webhook))))
}

fn row(webhook: WebhookView, now: Timestamp) -> Row {
    Row {
        own: format!("/webhooks/{}", escaped(&webhook.name)),
        of: webhook.project.unwrap_or_else(|| "all projects".to_owned()),
        rules: rules(&webhook.rules),
        format: webhook.format.as_str(),
        name: webhook.name,
        host: webhook.host,
        waiting: webhook.waiting,
        last: webhook.last.map(|delivery| told(delivery, now)),
    }
}

/// In words: `run.ended (failed), approval.needed; main`.
fn rules(rules: &WebhookRules) -> String {
    let usual = [WebhookEvent::RunEnded, WebhookEvent::ApprovalNeeded];
    let events = if rules.events.is_empty() { &usual[..] } else { &rules.events };
    let verdicts: Vec<_> = rules.verdicts.iter().map(|verdict| verdict.as_str()).collect();
    let event = |event: &WebhookEvent| match (event, verdicts.is_empty()) {
        (WebhookEvent::RunEnded, false) => format!("{} ({})", event.as_str(), verdicts.join(", ")),
        (
            WebhookEvent::RunEnded
            | WebhookEvent::RunQueued
            | WebhookEvent::RunStarted
            | WebhookEvent::ApprovalNeeded
            | WebhookEvent::Test,
            _,
        ) => event.as_str().to_owned(),
    };
    let events = events.iter().map(event).collect::<Vec<_>>().join(", ");
    if rules.branches.is_empty() { events } else { format!("{events}; {}", rules.branches.join(", ")) }
}

fn told(delivery: DeliveryView, now: Timestamp) -> Delivery {
    Delivery {
        id: delivery.id.to_string(),
        event: delivery.event.as_str(),
        run: delivery.run.map(|run| format!("/runs/{run}")),
        at: When::of(delivery.at, now),
        state: delivery.state,
        tries: delivery.tries,
        status: delivery.status,
        answer: delivery.answer,
        next: delivery.next.map(|next| When::of(next, now)),
    }
}
