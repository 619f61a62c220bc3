//! Webhooks and their deliveries as people read them on a terminal.

use super::duration::minute;
use super::safe::flat;
use super::style::{BAD, DIM, GOOD, NAME, paint};
use super::table::table;
use jiff::tz::TimeZone;
use sidings_proto::webhook::{Deliveries, DeliveryState, DeliveryView, WebhookView, Webhooks};

/// `sidings webhook list`.
pub(crate) fn list(webhooks: &Webhooks) -> String {
    if webhooks.webhooks.is_empty() {
        return "no webhooks yet: `sidings webhook add NAME --url URL` makes one\n".to_owned();
    }
    let row = |webhook: &WebhookView| {
        let said = |words: Vec<&str>, unsaid: &str| if words.is_empty() { paint(DIM, unsaid) } else { words.join(" ") };
        let rules = &webhook.rules;
        [
            paint(NAME, &webhook.name),
            webhook.project.clone().unwrap_or_else(|| paint(DIM, "all")),
            webhook.host.clone(),
            said(rules.events.iter().map(|event| event.as_str()).collect(), "run.ended approval.needed"),
            said(rules.verdicts.iter().map(|verdict| verdict.as_str()).collect(), "any"),
            said(rules.branches.iter().map(String::as_str).collect(), "any"),
            webhook.format.as_str().to_owned(),
            webhook.last.as_ref().map_or_else(|| paint(DIM, "nothing yet"), became),
        ]
    };
    let head = ["name", "project", "to", "events", "verdicts", "branches", "body", "last"];
    table(head, &webhooks.webhooks.iter().map(row).collect::<Vec<_>>())
}

/// `sidings webhook deliveries`.
pub(crate) fn deliveries(deliveries: &Deliveries, zone: &TimeZone) -> String {
    if deliveries.deliveries.is_empty() {
        return "nothing was told yet: `sidings webhook test NAME` sends something that tells of nothing\n".to_owned();
    }
    let row = |delivery: &DeliveryView| {
        [
            delivery.id.to_string(),
            delivery.event.as_str().to_owned(),
            minute(delivery.at, zone),
            became(delivery),
            delivery.tries.to_string(),
            delivery.next.map(|next| minute(next, zone)).unwrap_or_default(),
            short(&delivery.answer),
        ]
    };
    let head = ["id", "event", "when", "what became of it", "tries", "next", "answer"];
    table(head, &deliveries.deliveries.iter().map(row).collect::<Vec<_>>())
}

/// `sidings webhook test`.
pub(crate) fn tested(delivery: &DeliveryView) -> String {
    let answer = if delivery.answer.is_empty() { String::new() } else { format!(": {}", short(&delivery.answer)) };
    format!("{}{answer}\n", became(delivery))
}

fn became(delivery: &DeliveryView) -> String {
    let style = match delivery.state {
        DeliveryState::Delivered => GOOD,
        DeliveryState::GivenUp => BAD,
        DeliveryState::Waiting => DIM,
    };
    let status = delivery.status.map(|status| format!(" ({status})")).unwrap_or_default();
    paint(style, format!("{}{status}", delivery.state.as_str()))
}

/// The beginning of an answer, which anybody may have written.
fn short(answer: &str) -> String {
    let begins: String = answer.chars().map(|char| if char == '\n' { ' ' } else { char }).take(60).collect();
    flat(begins.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::plain;
    use insta::assert_snapshot;
    use sidings_proto::webhook::{WebhookEvent, WebhookFormat, WebhookRules, WebhookVerdict};
    use sidings_proto::{DeliveryId, Timestamp};
    use uuid::Uuid;

    fn delivery(state: DeliveryState) -> DeliveryView {
        DeliveryView {
            id: DeliveryId(Uuid::nil()),
            webhook: "ops".to_owned(),
            event: WebhookEvent::RunEnded,
            run: None,
            at: Timestamp(1_700_000_000_000),
            state,
            tries: 2,
            tried: Some(Timestamp(1_700_000_002_000)),
            next: (state == DeliveryState::Waiting).then_some(Timestamp(1_700_000_060_000)),
            status: Some(503),
            answer: "try\u{1b}[31m later\nplease".to_owned(),
        }
    }

    #[test]
    fn webhooks_are_listed_with_what_they_want_and_what_became_of_the_last() {
        let webhook = WebhookView {
            name: "ops".to_owned(),
            project: None,
            host: "https://hooks.example.com".to_owned(),
            rules: WebhookRules {
                verdicts: vec![WebhookVerdict::Failed],
                branches: vec!["main".to_owned(), "release/*".to_owned()],
                ..WebhookRules::default()
            },
            format: WebhookFormat::Chat,
            created: Timestamp(0),
            waiting: 1,
            last: Some(delivery(DeliveryState::GivenUp)),
        };
        let other =
            WebhookView { name: "x".to_owned(), project: Some("api".to_owned()), last: None, ..webhook.clone() };
        assert_snapshot!(plain(&list(&Webhooks { webhooks: vec![webhook, other] })), @"
        name  project  to                         events                     verdicts  branches        body  last
        ops   all      https://hooks.example.com  run.ended approval.needed  failed    main release/*  chat  given up (503)
        x     api      https://hooks.example.com  run.ended approval.needed  failed    main release/*  chat  nothing yet
        ");
    }

    #[test]
    fn deliveries_are_listed_and_an_answer_cannot_move_the_terminal() {
        let all = Deliveries { deliveries: vec![delivery(DeliveryState::Waiting), delivery(DeliveryState::Delivered)] };
        assert_snapshot!(plain(&deliveries(&all, &TimeZone::UTC)), @"
        id                                    event      when              what became of it  tries  next              answer
        00000000-0000-0000-0000-000000000000  run.ended  2023-11-14 22:13  waiting (503)      2      2023-11-14 22:14  try later please
        00000000-0000-0000-0000-000000000000  run.ended  2023-11-14 22:13  delivered (503)    2                        try later please
        ");
        assert_snapshot!(plain(&tested(&delivery(DeliveryState::GivenUp))), @"given up (503): try later please");
    }
}
