//! The queue of an attempt's split job, over HTTP. A call that gets no answer is made again for as long as a runner
//! goes on without its controller, and results are kept until they are taken; a sign of life is not repeated.

use super::client::{AttemptKey, CallError, Client};
use super::depot::Repeats;
use crate::split::Queue;
use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sidings_proto::split::{
    SplitBeat, SplitList, SplitListed, SplitOrders, SplitPull, SplitPulled, SplitReport, SplitTaken,
};
use std::time::Duration;

/// A test waits for the controller, so it is asked more often than for other things.
const ASK_AGAIN_WITHIN: Duration = Duration::from_secs(1);

/// What one attempt asks of its queue.
pub(super) struct AttemptQueue {
    pub(super) client: Client,
    pub(super) key: AttemptKey,
}

impl AttemptQueue {
    async fn until_answered<T: DeserializeOwned>(&self, call: &str, body: &impl Serialize) -> anyhow::Result<T> {
        let mut repeats = Repeats::often(ASK_AGAIN_WITHIN);
        loop {
            let answer: Result<T, CallError> = self.client.split(&self.key, call, body).await;
            if let Some(answer) = repeats.answered(answer).await? {
                return Ok(answer);
            }
        }
    }
}

#[async_trait]
impl Queue for AttemptQueue {
    async fn list(&self, list: SplitList) -> anyhow::Result<SplitListed> {
        self.until_answered("list", &list).await
    }

    async fn pull(&self, pull: SplitPull) -> anyhow::Result<SplitPulled> {
        self.until_answered("pull", &pull).await
    }

    async fn report(&self, report: SplitReport) -> anyhow::Result<SplitTaken> {
        self.until_answered("report", &report).await
    }

    async fn beat(&self, beat: SplitBeat) -> anyhow::Result<SplitOrders> {
        Ok(self.client.split(&self.key, "beat", &beat).await?)
    }
}
