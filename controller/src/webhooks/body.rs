//! What a delivery says: the run, and where it failed the cause before anything else.

use super::template;
use crate::http::App;
use crate::store::view::run_view;
use crate::store::webhooks::{StoredDelivery, StoredWebhook};
use anyhow::Context;
use sidings_proto::Verdict;
use sidings_proto::api::{JobView, RunView};
use sidings_proto::webhook::{BODY_VERSION, WebhookBody, WebhookCause, WebhookEvent, WebhookFormat, WebhookJob};

/// Failed jobs that are told.
const CAUSES: usize = 10;
const JSON: &str = "application/json";

/// A delivery's body and content type. The inner error says why there is none, for who made the webhook.
pub(super) async fn of(
    app: &App,
    webhook: &StoredWebhook,
    delivery: &StoredDelivery,
) -> anyhow::Result<Result<(String, String), String>> {
    let run = match delivery.run {
        Some(run) => app.store.run(run).await?.map(|stored| run_view(&stored, Vec::new(), &app.names)),
        None => None,
    };
    let body = told(delivery, run, app.names.base());
    Ok(match &webhook.format {
        WebhookFormat::Json => Ok((serde_json::to_string(&body).context("writing a body")?, JSON.to_owned())),
        WebhookFormat::Chat => Ok((chat(&body), JSON.to_owned())),
        WebhookFormat::Template { text, content_type } => {
            template::fill_in(text, &body).map(|made| (made, content_type.clone()))
        }
    })
}

/// What is told of a run. `base`: where people reach the controller.
pub(super) fn told(delivery: &StoredDelivery, run: Option<RunView>, base: &str) -> WebhookBody {
    let job = run.as_ref().and_then(|run| run.jobs.iter().find(|job| Some(job.id) == delivery.job));
    let job = job.map(|job| WebhookJob { id: job.id, name: job.name.clone() });
    let ended = delivery.event == WebhookEvent::RunEnded;
    let causes: Vec<_> = run.iter().filter(|_| ended).flat_map(|run| causes(run, base)).collect();
    WebhookBody {
        version: BODY_VERSION,
        event: delivery.event,
        delivery: delivery.id,
        at: delivery.at,
        text: text(delivery.event, run.as_ref(), job.as_ref(), &causes),
        url: run.as_ref().map(|run| run.url.clone()),
        run: run.map(|run| run.summary),
        job,
        causes,
    }
}

fn causes(run: &RunView, base: &str) -> Vec<WebhookCause> {
    let failed = run.jobs.iter().filter(|job| !job.allow_failure);
    failed.filter_map(|job| cause(job, base)).take(CAUSES).collect()
}

fn cause(job: &JobView, base: &str) -> Option<WebhookCause> {
    let Some(Verdict::Failed(failure)) = &job.verdict else { return None };
    let is_bad = |verdict: &Option<Verdict>| verdict.as_ref().is_some_and(Verdict::is_failed);
    let step = job.steps.iter().find(|step| !step.allow_failure && is_bad(&step.verdict));
    let no = step.map_or(sidings_proto::StepNo::SETUP, |step| step.no);
    Some(WebhookCause {
        job: job.name.clone(),
        step: step.map(|step| step.name.clone()),
        class: failure.class,
        message: failure.message.clone(),
        log: format!("{base}/jobs/{}/logs/{no}", job.id),
    })
}

/// All of it in one line.
fn text(event: WebhookEvent, run: Option<&RunView>, job: Option<&WebhookJob>, causes: &[WebhookCause]) -> String {
    let Some(RunView { summary, url, diagnostics, .. }) = run else {
        return "Sidings: this is a test, and it arrived".to_owned();
    };
    let name = format!("{}@{}", summary.project, summary.number);
    let what = match (event, &summary.verdict) {
        (WebhookEvent::RunQueued, _) => format!("{name} is queued"),
        (WebhookEvent::RunStarted, _) => format!("{name} has started"),
        (WebhookEvent::ApprovalNeeded, _) => {
            format!("{name} waits: job \"{}\" needs approval", job.map_or("?", |job| &job.name))
        }
        (WebhookEvent::RunEnded | WebhookEvent::Test, Some(verdict)) => format!("{name} {}", verdict.word()),
        (WebhookEvent::RunEnded | WebhookEvent::Test, None) => format!("{name} has ended"),
    };
    let why = match causes {
        [] if event == WebhookEvent::RunEnded && diagnostics.is_some() => ": the pipeline is wrong".to_owned(),
        [] => String::new(),
        [first, rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(", and {} more", jobs(rest.len())) };
            format!(": job \"{}\": {}{more}", first.job, first.message)
        }
    };
    let commit = &summary.commit;
    let of = commit.branch().or(commit.tag()).unwrap_or(&commit.reference);
    let subject = commit.message.lines().next().unwrap_or_default();
    let about = [of, subject].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    let about = if about.is_empty() { String::new() } else { format!(" ({about})") };
    format!("{what}{why}{about} {url}")
}

fn jobs(count: usize) -> String {
    if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") }
}

/// As chats take it; what means something to them is written so that it does not.
fn chat(body: &WebhookBody) -> String {
    let text = body.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    serde_json::json!({ "text": text }).to_string()
}
