//! Sends what is due: of each webhook one delivery at a time, the oldest first, and of all webhooks beside each other,
//! so that a slow receiver delays nobody but itself. One that is tried again makes way for those that are due before.

use super::due::wait;
use super::{Waiting, body, open};
use crate::http::App;
use crate::store::webhooks::{StoredDelivery, StoredWebhook};
use sidings_proto::Timestamp;
use sidings_proto::webhook::DeliveryState;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Looked again at the latest after that, in case a bell was not heard.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);

/// Sends until it is told to end. What is on its way then is sent again in the next life, under the same id.
pub(crate) async fn run(app: Arc<App>, closing: CancellationToken) -> anyhow::Result<()> {
    closing.run_until_cancelled(rounds(app)).await.unwrap_or(Ok(()))
}

async fn rounds(app: Arc<App>) -> anyhow::Result<()> {
    let (mut busy, mut sending) = (BTreeSet::new(), JoinSet::new());
    loop {
        let now = app.shell.now();
        let waiting = app.store.waiting_deliveries().await?;
        let free: Waiting = waiting.into_iter().filter(|(name, _)| !busy.contains(name)).collect();
        let next = free.values().map(|(_, first)| *first).filter(|first| *first > now).min();
        for (name, _) in free.into_iter().filter(|(_, (_, first))| *first <= now) {
            busy.insert(name.clone());
            sending.spawn(one(app.clone(), name));
        }
        tokio::select! {
            Some(sent) = sending.join_next() => { busy.remove(&sent??); }
            () = app.webhooks.book.bell.notified() => {}
            () = tokio::time::sleep(next.map_or(LOOK_AGAIN, |next| next.since(now))) => {}
        }
    }
}

/// Tries the oldest delivery of a webhook that is due; gives the webhook back.
async fn one(app: Arc<App>, name: String) -> anyhow::Result<String> {
    let now = app.shell.now();
    if let Some(webhook) = app.webhooks.book.named(&name)
        && let Some(due) = app.store.due_delivery(&name, now).await?
    {
        let tried = tried(&app, &webhook, due, now).await?;
        app.metrics.tried_webhook(tried.state);
        app.store.put_delivery(&tried).await?;
        app.webhooks.tried.send_modify(|count| *count = count.wrapping_add(1));
    }
    Ok(name)
}

async fn tried(
    app: &App,
    webhook: &StoredWebhook,
    mut delivery: StoredDelivery,
    now: Timestamp,
) -> anyhow::Result<StoredDelivery> {
    if delivery.body.is_none() {
        match body::of(app, webhook, &delivery).await? {
            Ok(made) => delivery.body = Some(made),
            Err(why) => return Ok(given_up(delivery, why)),
        }
        // Before it is sent: another try, in another life, sends the same.
        app.store.put_delivery(&delivery).await?;
    }
    let sent = app.webhooks.sender.send(&open(&app.secrets, webhook)?, &delivery, now).await;
    let (taken, gone) = (sent.is_taken(), sent.is_gone());
    delivery.tries = delivery.tries.saturating_add(1);
    delivery.tried = Some(now);
    (delivery.status, delivery.answer) = (sent.status, sent.answer);
    let mut chance = [0];
    getrandom::fill(&mut chance)?;
    let next = app.shell.now() + wait(delivery.tries, chance[0]);
    if taken {
        (delivery.state, delivery.next) = (DeliveryState::Delivered, None);
    } else if gone || next > delivery.until {
        let answer = std::mem::take(&mut delivery.answer);
        delivery = given_up(delivery, answer);
    } else {
        delivery.next = Some(next);
    }
    Ok(delivery)
}

fn given_up(delivery: StoredDelivery, answer: String) -> StoredDelivery {
    let StoredDelivery { webhook, id, status, .. } = &delivery;
    tracing::warn!(webhook, delivery = %id, status, "a delivery was given up");
    StoredDelivery { state: DeliveryState::GivenUp, next: None, answer, ..delivery }
}
