//! The webhooks that there are, at hand for the loop, and the bell that tells of something to send.

use crate::store::Store;
use crate::store::webhooks::StoredWebhook;
use sidings_proto::pattern::Pattern;
use sidings_proto::webhook::WebhookEvent;
use sidings_proto::{Commit, Verdict};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Notify;

/// All webhooks.
#[derive(Default)]
pub(crate) struct Book {
    webhooks: RwLock<Arc<Vec<StoredWebhook>>>,
    /// Rung when there is something to send.
    pub(crate) bell: Notify,
}

impl Book {
    /// What the store has.
    pub(crate) async fn open(store: &dyn Store) -> anyhow::Result<Self> {
        let book = Self::default();
        book.read(store).await?;
        Ok(book)
    }

    /// Reads the store again.
    pub(super) async fn read(&self, store: &dyn Store) -> anyhow::Result<()> {
        let webhooks = Arc::new(store.webhooks().await?);
        *self.webhooks.write().unwrap_or_else(PoisonError::into_inner) = webhooks;
        Ok(())
    }

    /// All of them, by name.
    pub(super) fn all(&self) -> Arc<Vec<StoredWebhook>> {
        self.webhooks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One of them.
    pub(super) fn named(&self, name: &str) -> Option<StoredWebhook> {
        self.all().iter().find(|webhook| webhook.name == name).cloned()
    }

    /// The names of those that an event is told to.
    pub(super) fn told(
        &self,
        event: WebhookEvent,
        project: &str,
        commit: &Commit,
        verdict: Option<&Verdict>,
    ) -> Vec<String> {
        let matches = |pattern: &str, branch: &str| Pattern::parse(pattern).is_ok_and(|it| it.matches(branch));
        let of_project = |webhook: &StoredWebhook| webhook.project.as_ref().is_none_or(|of| of == project);
        let all = self.all();
        let told = all.iter().filter(|it| of_project(it) && it.rules.wants(event, verdict, commit, matches));
        told.map(|webhook| webhook.name.clone()).collect()
    }

    #[cfg(test)]
    pub(super) fn of(webhooks: Vec<StoredWebhook>) -> Self {
        Self { webhooks: RwLock::new(Arc::new(webhooks)), bell: Notify::new() }
    }
}
