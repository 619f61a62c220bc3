//! Webhooks: which events are told to whom, each saved with the change of the run that it tells of, and sent until the
//! receiver took it.
//!
//! `watch` sees in the loop what is to be told, `post` sends it, `body` says what it looks like, `sign` and `reach` keep
//! it safe, `due` says when it is tried again. An address and a key leave this room only for the receiver itself.

mod body;
mod book;
mod due;
mod post;
mod reach;
mod send;
mod sign;
mod template;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use book::Book;
pub(crate) use post::run;
pub(crate) use watch::Watch;

use crate::secrets::Vault;
use crate::store::Store;
use crate::store::webhooks::{StoredDelivery, StoredWebhook};
use anyhow::Context;
use reach::Reach;
use send::Sender;
use serde::{Deserialize, Serialize};
use sidings_proto::pattern::Pattern;
use sidings_proto::webhook::{
    DeliveryState, DeliveryView, MadeWebhook, PutWebhook, WebhookEvent, WebhookFormat, WebhookView,
};
use sidings_proto::{DeliveryId, Secret, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch as channel;

/// Webhooks at once: each may hold one connection.
const AT_MOST: usize = 64;
/// The shortest signing key in bytes.
const KEY_MIN: usize = 16;
/// The longest address.
const URL_MAX: usize = 2048;
/// How long somebody who tests a webhook waits for what becomes of it.
const TESTED_WITHIN: Duration = Duration::from_secs(15);

/// All webhooks.
pub(crate) struct Webhooks {
    store: Arc<dyn Store>,
    book: Arc<Book>,
    sender: Sender,
    reach: Reach,
    /// Ticks whenever something became of a delivery.
    tried: channel::Sender<u64>,
}

/// Why a webhook is not kept, for who wanted it to be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(String);

/// What is sealed of a webhook.
#[derive(Serialize, Deserialize)]
struct Target {
    url: Secret,
    key: Secret,
}

/// What the sealed part belongs to: under another name it does not open.
pub(crate) fn bound_to(name: &str) -> Vec<u8> {
    format!("webhook {name}").into_bytes()
}

impl Webhooks {
    /// `private`: receivers may be in the operator's own network.
    pub(crate) fn new(store: Arc<dyn Store>, book: Arc<Book>, private: bool) -> anyhow::Result<Self> {
        let reach = Reach { private };
        Ok(Self { store, book, sender: Sender::new(reach)?, reach, tried: channel::Sender::default() })
    }

    /// Keeps a webhook.
    pub(crate) async fn put(
        &self,
        vault: &Vault,
        new: PutWebhook,
        now: Timestamp,
    ) -> anyhow::Result<Result<MadeWebhook, Refused>> {
        let known = self.book.named(&new.name);
        if known.is_none() && self.book.all().len() >= AT_MOST {
            return Ok(Err(Refused(format!("there are {AT_MOST} webhooks, and no more than that"))));
        }
        let host = match self.checked(&new) {
            Ok(host) => host,
            Err(why) => return Ok(Err(Refused(why))),
        };
        let earlier = known.as_ref().map(|known| open(vault, known)).transpose()?.map(|target| target.key);
        let made = if new.key.is_none() && earlier.is_none() { Some(make_key()?) } else { None };
        let key = new.key.or(earlier).or_else(|| made.clone()).context("a key is there or made")?;
        let sealed = Secret::new(serde_json::to_string(&Target { url: new.url, key })?);
        let webhook = StoredWebhook {
            sealed: vault.seal(&bound_to(&new.name), &sealed)?,
            name: new.name,
            project: new.project,
            host,
            rules: new.rules,
            format: new.format,
            created: known.map_or(now, |known| known.created),
        };
        self.store.put_webhook(&webhook).await?;
        self.book.read(&*self.store).await?;
        Ok(Ok(MadeWebhook { webhook: self.view(webhook, 0).await?, key: made }))
    }

    /// All webhooks, without what is sealed.
    pub(crate) async fn list(&self) -> anyhow::Result<Vec<WebhookView>> {
        let waiting = self.store.waiting_deliveries().await?;
        let mut views = Vec::new();
        for webhook in self.book.all().iter() {
            let waits = waiting.get(&webhook.name).map_or(0, |(count, _)| *count);
            views.push(self.view(webhook.clone(), waits).await?);
        }
        Ok(views)
    }

    /// Forgets a webhook, and what it was to be told; false when there was none.
    pub(crate) async fn remove(&self, name: &str) -> anyhow::Result<bool> {
        let removed = self.store.remove_webhook(name).await?;
        self.book.read(&*self.store).await?;
        Ok(removed)
    }

    /// The newest deliveries of a webhook; none when there is no such webhook.
    pub(crate) async fn deliveries(&self, name: &str, limit: usize) -> anyhow::Result<Option<Vec<DeliveryView>>> {
        if self.book.named(name).is_none() {
            return Ok(None);
        }
        Ok(Some(self.store.deliveries(name, limit).await?.into_iter().map(view).collect()))
    }

    /// Sends something that tells of nothing, once, and waits for what becomes of it.
    pub(crate) async fn test(&self, name: &str, now: Timestamp) -> anyhow::Result<Option<DeliveryView>> {
        if self.book.named(name).is_none() {
            return Ok(None);
        }
        let delivery = StoredDelivery { until: now, ..watch::new(name, WebhookEvent::Test, now) };
        let mut tried = self.tried.subscribe();
        self.store.commit_telling(&[], std::slice::from_ref(&delivery)).await?;
        self.book.bell.notify_one();
        let over = async {
            loop {
                let known = self.store.delivery(delivery.id).await?;
                if known.as_ref().is_none_or(|known| known.next.is_none()) || tried.changed().await.is_err() {
                    return anyhow::Ok(known);
                }
            }
        };
        let known = match tokio::time::timeout(TESTED_WITHIN, over).await {
            Ok(known) => known?,
            Err(_) => Some(delivery),
        };
        Ok(known.map(view))
    }

    /// Tries a delivery again, from now on; none when it is not known.
    pub(crate) async fn redeliver(&self, id: DeliveryId, now: Timestamp) -> anyhow::Result<Option<DeliveryView>> {
        let Some(known) = self.store.delivery(id).await? else { return Ok(None) };
        let (state, until) = (DeliveryState::Waiting, now + due::PATIENCE);
        let again = StoredDelivery { state, until, tries: 0, next: Some(now), ..known };
        self.store.put_delivery(&again).await?;
        self.book.bell.notify_one();
        Ok(Some(view(again)))
    }

    async fn view(&self, webhook: StoredWebhook, waiting: u64) -> anyhow::Result<WebhookView> {
        let last = self.store.deliveries(&webhook.name, 1).await?.pop().map(view);
        let StoredWebhook { name, project, host, rules, format, created, .. } = webhook;
        Ok(WebhookView { name, project, host, rules, format, created, waiting, last })
    }

    /// What may be shown of its address, or why it is refused.
    fn checked(&self, new: &PutWebhook) -> Result<String, String> {
        if !sidings_proto::secret::is_secret_name(&new.name) {
            return Err(
                "a webhook's name has letters, digits, `_`, `-` and `.`, begins with a letter or `_`, and has \
                at most 100 characters"
                    .to_owned(),
            );
        }
        if new.rules.events.contains(&WebhookEvent::Test) {
            return Err("`test` is sent by `sidings webhook test`, and cannot be asked for".to_owned());
        }
        if let Some(project) = new.project.as_ref().filter(|project| !crate::project_name::is_right(project)) {
            return Err(format!("`{project}` cannot be the name of a project"));
        }
        if let Some(pattern) = new.rules.branches.iter().find(|pattern| Pattern::parse(pattern).is_err()) {
            return Err(format!("`{pattern}` is no pattern for branches, such as `main` or `release/*`"));
        }
        if new.key.as_ref().is_some_and(|key| !(KEY_MIN..=URL_MAX).contains(&key.expose().len())) {
            return Err(format!("a signing key has {KEY_MIN} to {URL_MAX} bytes"));
        }
        if let WebhookFormat::Template { text, content_type } = &new.format {
            template::check(text, content_type)?;
        }
        if new.url.expose().len() > URL_MAX {
            return Err(format!("an address has at most {URL_MAX} bytes"));
        }
        self.reach.host(new.url.expose())
    }
}

/// The address and the key of a webhook.
fn open(vault: &Vault, webhook: &StoredWebhook) -> anyhow::Result<Target> {
    let opened = vault.open_sealed(&bound_to(&webhook.name), &webhook.sealed);
    let opened = opened.with_context(|| format!("opening what is sealed of the webhook {}", webhook.name))?;
    serde_json::from_str(opened.expose()).context("reading what was sealed of a webhook")
}

fn make_key() -> anyhow::Result<Secret> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("asking the system for random bytes")?;
    Ok(Secret::new(blake3::Hash::from_bytes(bytes).to_hex().as_str()))
}

fn view(delivery: StoredDelivery) -> DeliveryView {
    let StoredDelivery { id, webhook, event, run, at, state, tries, tried, next, status, answer, .. } = delivery;
    DeliveryView { id, webhook, event, run, at, state, tries, tried, next, status, answer }
}

/// How many deliveries each webhook waits with, and since when something is due.
type Waiting = BTreeMap<String, (u64, Timestamp)>;
