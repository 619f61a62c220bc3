//! `sidings webhook`.

use super::global::Remote;
use super::project::Listing;
use clap::{Args, Subcommand, ValueEnum};
use sidings_proto::webhook::{WebhookEvent, WebhookVerdict};
use sidings_proto::{DeliveryId, Secret};
use std::convert::Infallible;
use std::path::PathBuf;

/// `sidings webhook`.
#[derive(Debug, Args)]
pub(crate) struct WebhookArgs {
    #[command(subcommand)]
    pub(crate) command: WebhookCommand,
}

/// `sidings webhook …`.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Tell a receiver of events, by HTTP; a webhook of this name is replaced.
    Add(WebhookAdd),
    /// List the webhooks, without their keys and with their addresses as far as the host.
    List(Listing),
    /// Forget a webhook, and what it was still to be told.
    Remove(WebhookNamed),
    /// Show what became of the newest deliveries.
    Deliveries(WebhookDeliveries),
    /// Send a delivery again, under the same id.
    Redeliver(WebhookRedeliver),
    /// Send something that tells of nothing, once, and show what came of it.
    Test(WebhookTest),
}

/// `sidings webhook add`.
#[derive(Debug, Args)]
#[command(after_help = "\
Deliveries are signed. The key is made unless --key-file gives one, and printed this once: \
docs/operations.md has fifteen lines that check a signature. A webhook that is replaced keeps its key.")]
pub(crate) struct WebhookAdd {
    /// What people call it: letters, digits, `_`, `-` and `.`, a letter or `_` first.
    pub(crate) name: String,
    /// Where to send, https:// or http://; it is kept sealed.
    #[arg(long, env = "SIDINGS_WEBHOOK_URL", hide_env_values = true, value_parser = url, value_name = "URL")]
    pub(crate) url: Secret,
    /// Only of this project [default: of all]
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// Tell of this event; may be repeated [default: run.ended and approval.needed]
    #[arg(long = "event", value_parser = event, value_name = "EVENT")]
    pub(crate) events: Vec<WebhookEvent>,
    /// Of runs that ended only those that did so; may be repeated [default: all]
    #[arg(long = "verdict", value_parser = verdict, value_name = "VERDICT")]
    pub(crate) verdicts: Vec<WebhookVerdict>,
    /// Only of branches with this pattern, such as `main` or `release/*`; may be repeated.
    #[arg(long = "branch", value_name = "PATTERN")]
    pub(crate) branches: Vec<String>,
    /// What is sent.
    #[arg(long, value_enum, default_value_t = FormatChoice::Json, conflicts_with = "template")]
    pub(crate) format: FormatChoice,
    /// Send what this template makes of the JSON instead, in the language of Jinja.
    #[arg(long, value_name = "FILE")]
    pub(crate) template: Option<PathBuf>,
    /// What the template makes.
    #[arg(long, requires = "template", default_value = "application/json", value_name = "TYPE")]
    pub(crate) content_type: String,
    /// Sign with the key in this file, of at least 16 bytes.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings webhook remove`.
#[derive(Debug, Args)]
pub(crate) struct WebhookNamed {
    /// Its name.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings webhook test`.
#[derive(Debug, Args)]
pub(crate) struct WebhookTest {
    /// Its name.
    pub(crate) name: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings webhook deliveries`.
#[derive(Debug, Args)]
pub(crate) struct WebhookDeliveries {
    /// The webhook's name.
    pub(crate) name: String,
    /// How many, the newest first.
    #[arg(short = 'n', long, default_value_t = 20, value_name = "NUMBER")]
    pub(crate) limit: u32,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// `sidings webhook redeliver`.
#[derive(Debug, Args)]
pub(crate) struct WebhookRedeliver {
    /// The delivery's id, as `sidings webhook deliveries` shows it.
    #[arg(value_parser = delivery)]
    pub(crate) id: DeliveryId,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// What deliveries look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatChoice {
    /// Everything, as JSON.
    Json,
    /// One line, as Slack and Mattermost take it: `{"text": "…"}`.
    Chat,
}

/// Hidden from debug output: many receivers know their callers by the address alone.
fn url(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

fn event(text: &str) -> Result<WebhookEvent, String> {
    let found = WebhookEvent::ASKED.into_iter().find(|event| event.as_str() == text);
    found.ok_or_else(|| format!("expected {}", WebhookEvent::ASKED.map(WebhookEvent::as_str).join(", ")))
}

fn verdict(text: &str) -> Result<WebhookVerdict, String> {
    serde_json::from_value(text.into()).map_err(|_| "expected passed, failed, cancelled or skipped".to_owned())
}

fn delivery(text: &str) -> Result<DeliveryId, String> {
    text.parse().map_err(|_| "expected an id, as `sidings webhook deliveries` shows it first".to_owned())
}
