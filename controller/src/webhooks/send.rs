//! One delivery, sent once: signed, bounded in time, never led elsewhere by an answer.

use super::Target;
use super::reach::Reach;
use super::sign::signature;
use crate::store::webhooks::StoredDelivery;
use anyhow::Context;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use sidings_proto::Timestamp;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// From the first byte that is sent to the last one that is read.
const WITHIN: Duration = Duration::from_secs(10);
/// So much of an answer is kept, in bytes.
const ANSWER: usize = 1024;

/// What is sent by.
pub(super) struct Sender {
    client: Client,
    reach: Reach,
}

/// What a receiver answered, or why it did not.
pub(super) struct Sent {
    pub(super) status: Option<u16>,
    pub(super) answer: String,
}

impl Sent {
    /// Whether the receiver took it.
    pub(super) fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether the receiver says that it will never take anything again.
    pub(super) fn is_gone(&self) -> bool {
        self.status == Some(410)
    }
}

impl Sender {
    pub(super) fn new(reach: Reach) -> anyhow::Result<Self> {
        let client = Client::builder()
            .timeout(WITHIN)
            .redirect(Policy::none())
            .dns_resolver(Arc::new(reach))
            // A proxy would resolve names itself, and nobody would check what they mean.
            .no_proxy()
            .user_agent(concat!("sidings/", env!("CARGO_PKG_VERSION")));
        Ok(Self { client: client.build().context("making the client of webhooks")?, reach })
    }

    /// Sends it; `now` is what the signature says.
    pub(super) async fn send(&self, to: &Target, delivery: &StoredDelivery, now: Timestamp) -> Sent {
        let sent = self.try_to_send(to, delivery, now).await;
        sent.unwrap_or_else(|why| Sent { status: None, answer: why })
    }

    async fn try_to_send(&self, to: &Target, delivery: &StoredDelivery, now: Timestamp) -> Result<Sent, String> {
        let url = to.url.expose();
        self.reach.host(url)?;
        let (body, kind) = delivery.body.clone().unwrap_or_default();
        let request = self.client.post(url).header(CONTENT_TYPE, kind);
        let request = request.header("Sidings-Event", delivery.event.as_str());
        let request = request.header("Sidings-Delivery", delivery.id.to_string());
        let request = request.header("Sidings-Signature", signature(&to.key, now, &body));
        let mut answer = request.body(body).send().await.map_err(why)?;
        let (status, mut text) = (answer.status().as_u16(), Vec::new());
        while text.len() < ANSWER
            && let Some(more) = answer.chunk().await.map_err(why)?
        {
            text.extend_from_slice(&more);
        }
        text.truncate(ANSWER);
        Ok(Sent { status: Some(status), answer: readable(&text) })
    }
}

/// The innermost reason, and never the address: that may be a secret.
fn why(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", WITHIN.as_secs());
    }
    let error = error.without_url();
    let mut reason: &dyn Error = &error;
    while let Some(deeper) = reason.source() {
        reason = deeper;
    }
    reason.to_string().chars().take(ANSWER / 4).collect()
}

/// What a receiver said, without what a terminal or a page would take for more than text.
fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|char| if char.is_control() && char != '\n' { ' ' } else { char }).collect()
}
