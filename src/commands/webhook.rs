//! `sidings webhook`: who is told of which events, and what became of it.

use super::output::{print, print_as};
use crate::args::{FormatChoice, WebhookAdd, WebhookArgs, WebhookCommand, WebhookTest};
use crate::client::Client;
use crate::exit::{Exit, Refusal};
use crate::render::webhooks;
use jiff::tz::TimeZone;
use sidings_proto::Secret;
use sidings_proto::webhook::{DeliveryState, PutWebhook, WebhookFormat, WebhookRules};
use std::path::Path;

pub(super) async fn webhook(args: WebhookArgs) -> anyhow::Result<Exit> {
    match args.command {
        WebhookCommand::Add(args) => add(args).await,
        WebhookCommand::List(args) => {
            let all = Client::new(&args.remote)?.webhooks().await?;
            print_as(args.json, &all, webhooks::list)
        }
        WebhookCommand::Remove(args) => {
            Client::new(&args.remote)?.remove_webhook(&args.name).await?;
            print(&format!("webhook {} is gone, and what it was still to be told\n", args.name))?;
            Ok(Exit::Passed)
        }
        WebhookCommand::Deliveries(args) => {
            let all = Client::new(&args.remote)?.deliveries(&args.name, args.limit).await?;
            print_as(args.json, &all, |all| webhooks::deliveries(all, &TimeZone::system()))
        }
        WebhookCommand::Redeliver(args) => {
            let again = Client::new(&args.remote)?.redeliver(args.id).await?;
            print_as(args.json, &again, |again| {
                let name = &again.webhook;
                format!("{} is sent again; `sidings webhook deliveries {name}` tells what came of it\n", again.id)
            })
        }
        WebhookCommand::Test(args) => test(args).await,
    }
}

async fn add(args: WebhookAdd) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let format = match (&args.template, args.format) {
        (Some(file), _) => WebhookFormat::Template { text: read(file)?, content_type: args.content_type },
        (None, FormatChoice::Json) => WebhookFormat::Json,
        (None, FormatChoice::Chat) => WebhookFormat::Chat,
    };
    let key = args.key_file.as_deref().map(read).transpose()?;
    let webhook = PutWebhook {
        name: args.name,
        project: args.project,
        url: args.url,
        rules: WebhookRules { events: args.events, verdicts: args.verdicts, branches: args.branches },
        format,
        key: key.map(|key| Secret::new(key.trim_end_matches(['\r', '\n']))),
    };
    let made = client.put_webhook(&webhook).await?;
    // The key alone goes to stdout, so that a script can take it.
    if !args.json {
        let (name, host) = (&made.webhook.name, &made.webhook.host);
        let key = if made.key.is_some() { "; the key that signs what it is told is shown this once" } else { "" };
        anstream::eprintln!("webhook {name} tells {host}{key}");
    }
    print_as(args.json, &made, |made| made.key.as_ref().map(|key| format!("{}\n", key.expose())).unwrap_or_default())
}

/// Fails unless the receiver took it.
async fn test(args: WebhookTest) -> anyhow::Result<Exit> {
    let tested = Client::new(&args.remote)?.test_webhook(&args.name).await?;
    print_as(args.json, &tested, webhooks::tested)?;
    Ok(match tested.state {
        DeliveryState::Delivered => Exit::Passed,
        DeliveryState::Waiting | DeliveryState::GivenUp => Exit::Failed,
    })
}

fn read(file: &Path) -> anyhow::Result<String> {
    let unread = |error| Refusal::usage(format!("{} cannot be read: {error}", file.display()));
    std::fs::read_to_string(file).map_err(unread)
}
