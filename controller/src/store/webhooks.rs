//! Webhooks and their deliveries as a store keeps them, and both remembered without a disk.

use super::Sealed;
use sidings_proto::webhook::{DeliveryState, WebhookEvent, WebhookFormat, WebhookRules};
use sidings_proto::{DeliveryId, JobId, RunId, Timestamp};
use std::collections::BTreeMap;

/// Deliveries that are kept of each webhook once they are over.
pub(crate) const KEPT: usize = 200;

/// A webhook, its address and key sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredWebhook {
    pub(crate) name: String,
    /// Only of this project.
    pub(crate) project: Option<String>,
    /// What may be shown of the address.
    pub(crate) host: String,
    pub(crate) rules: WebhookRules,
    pub(crate) format: WebhookFormat,
    pub(crate) sealed: Sealed,
    pub(crate) created: Timestamp,
}

/// One event, told to one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredDelivery {
    pub(crate) id: DeliveryId,
    pub(crate) webhook: String,
    pub(crate) event: WebhookEvent,
    pub(crate) run: Option<RunId>,
    /// The job that is told of, where it is about one.
    pub(crate) job: Option<JobId>,
    pub(crate) at: Timestamp,
    /// What is sent and its content type; none until it is sent first, and the same ever after.
    pub(crate) body: Option<(String, String)>,
    pub(crate) state: DeliveryState,
    pub(crate) tries: u32,
    pub(crate) tried: Option<Timestamp>,
    /// When it is to be tried; none when it is over.
    pub(crate) next: Option<Timestamp>,
    /// It is given up when it would be tried later than that.
    pub(crate) until: Timestamp,
    pub(crate) status: Option<u16>,
    pub(crate) answer: String,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RememberedWebhooks {
    webhooks: BTreeMap<String, StoredWebhook>,
    deliveries: BTreeMap<DeliveryId, StoredDelivery>,
}

impl RememberedWebhooks {
    /// Keeps a webhook, in place of an earlier one, since when there is one.
    pub(crate) fn put(&mut self, webhook: &StoredWebhook) {
        let created = self.webhooks.get(&webhook.name).map_or(webhook.created, |known| known.created);
        self.webhooks.insert(webhook.name.clone(), StoredWebhook { created, ..webhook.clone() });
    }

    /// Forgets a webhook and its deliveries.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.deliveries.retain(|_, delivery| delivery.webhook != name);
        self.webhooks.remove(name).is_some()
    }

    /// All webhooks, by name.
    pub(crate) fn all(&self) -> Vec<StoredWebhook> {
        self.webhooks.values().cloned().collect()
    }

    /// Adds what is to be told; one that is there stays, one of a webhook that is not is left out.
    pub(crate) fn add(&mut self, deliveries: &[StoredDelivery]) {
        for delivery in deliveries.iter().filter(|delivery| self.webhooks.contains_key(&delivery.webhook)) {
            self.deliveries.entry(delivery.id).or_insert_with(|| delivery.clone());
        }
    }

    /// Keeps what became of one, and lets go of old ones.
    pub(crate) fn put_delivery(&mut self, delivery: &StoredDelivery) {
        if let Some(known) = self.deliveries.get_mut(&delivery.id) {
            known.clone_from(delivery);
        }
        let over: Vec<_> = self.newest_of(&delivery.webhook).filter(|it| it.next.is_none()).map(|it| it.id).collect();
        for id in over.into_iter().skip(KEPT) {
            self.deliveries.remove(&id);
        }
    }

    /// The newest of a webhook.
    pub(crate) fn deliveries(&self, webhook: &str, limit: usize) -> Vec<StoredDelivery> {
        self.newest_of(webhook).take(limit).cloned().collect()
    }

    /// One of them.
    pub(crate) fn delivery(&self, id: DeliveryId) -> Option<StoredDelivery> {
        self.deliveries.get(&id).cloned()
    }

    /// For each webhook that has something to be told: how much, and when the first of it is to be tried.
    pub(crate) fn waiting(&self) -> BTreeMap<String, (u64, Timestamp)> {
        let mut waiting: BTreeMap<String, (u64, Timestamp)> = BTreeMap::new();
        for delivery in self.deliveries.values() {
            let Some(next) = delivery.next else { continue };
            let (count, first) = waiting.entry(delivery.webhook.clone()).or_insert((0, next));
            *count += 1;
            *first = next.min(*first);
        }
        waiting
    }

    /// The oldest of a webhook that is to be tried by now.
    pub(crate) fn due(&self, webhook: &str, now: Timestamp) -> Option<StoredDelivery> {
        let is_due = |it: &&StoredDelivery| it.webhook == webhook && it.next.is_some_and(|next| next <= now);
        self.deliveries.values().find(is_due).cloned()
    }

    fn newest_of(&self, webhook: &str) -> impl Iterator<Item = &StoredDelivery> {
        self.deliveries.values().rev().filter(move |delivery| delivery.webhook == webhook)
    }
}
