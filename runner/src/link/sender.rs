//! Sends what one attempt tells: progress in order, logs from the spool until they are acknowledged, the finish until
//! it is answered. Nothing is kept in memory that the spool has.

use super::back_off::BackOff;
use super::client::{AttemptKey, CallError, Client};
use crate::attempt::{Orders, Telling};
use crate::spool::Spooled;
use sidings_proto::runner::{Finish, Finished, LOG_CHUNK_MAX, LogDigest, Progress, ProgressReport};
use sidings_proto::{Failure, FailureClass, StepNo, Verdict};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// News wait this long for more of them; a job that is over meanwhile says all in its finish.
const GATHER: Duration = Duration::from_millis(30);
/// A controller that keeps asking for a log that it was sent is not going to have it.
const ROUNDS: u32 = 20;

/// Sends what one attempt tells.
pub(super) struct Sender<'a> {
    client: &'a Client,
    key: AttemptKey,
    telling: &'a Telling,
    orders: &'a Orders,
    news: Arc<Notify>,
    progress: Vec<Progress>,
    logs: Vec<SentLog>,
    back_off: BackOff,
}

struct SentLog {
    spooled: Arc<Spooled>,
    acknowledged: u64,
    /// Of what was sent first, and how far: a digest of what the controller has if the spool turns out to be lost.
    hasher: blake3::Hasher,
    hashed: u64,
    lost: bool,
}

/// The attempt is no longer ours, or nothing more can be done for it.
struct GivenUp;

impl<'a> Sender<'a> {
    pub(super) fn new(client: &'a Client, key: AttemptKey, telling: &'a Telling, orders: &'a Orders) -> Sender<'a> {
        let news = telling.news();
        let (progress, logs, back_off) = (Vec::new(), Vec::new(), BackOff::default());
        Sender { client, key, telling, orders, news, progress, logs, back_off }
    }

    /// Sends what there is while the job is carried out.
    pub(super) async fn while_running<T>(&mut self, job: impl Future<Output = T>) -> T {
        tokio::pin!(job);
        loop {
            let news = self.news.clone();
            tokio::select! {
                biased;
                done = &mut job => return done,
                () = news.notified() => {}
            }
            tokio::select! {
                biased;
                done = &mut job => return done,
                () = tokio::time::sleep(GATHER) => {}
            }
            // The job goes on while its news are sent, and no call is cut off in the middle.
            let mut over = None;
            let sent = {
                let mut sending = std::pin::pin!(self.send_news());
                loop {
                    tokio::select! {
                        done = &mut job, if over.is_none() => over = Some(done),
                        sent = &mut sending => break sent,
                    }
                }
            };
            match (over, sent) {
                (Some(done), _) => return done,
                (None, Ok(())) => {}
                (None, Err(GivenUp)) => break,
            }
        }
        job.await
    }

    /// Sends the logs to their end and the finish; returns when there is nothing left to say.
    pub(super) async fn finish(&mut self, mut finish: Finish) {
        self.collect();
        if self.send_tests().await.is_err() {
            return;
        }
        for _ in 0..ROUNDS {
            if self.send_logs().await.is_err() {
                return;
            }
            self.amend(&mut finish);
            let answer = loop {
                let called = self.client.finish(&self.key, &finish).await;
                match self.retried(called).await {
                    Ok(Some(answer)) => break answer,
                    Ok(None) => {}
                    Err(GivenUp) => return,
                }
            };
            match answer {
                Finished::Accepted | Finished::Already => return,
                Finished::LogMissing { step, bytes } => self.resend(step, bytes),
                Finished::LogDiffers { step } => {
                    tracing::error!(attempt = %self.key.attempt, %step, "the controller has another log than was sent");
                    return;
                }
            }
        }
        tracing::error!(attempt = %self.key.attempt, "the controller keeps asking for a log that it was sent");
    }

    fn collect(&mut self) {
        self.progress.extend(self.telling.take_progress());
        let new = self.telling.take_logs().into_iter();
        self.logs.extend(new.map(|spooled| SentLog {
            spooled,
            acknowledged: 0,
            hasher: blake3::Hasher::new(),
            hashed: 0,
            lost: false,
        }));
    }

    async fn send_news(&mut self) -> Result<(), GivenUp> {
        self.collect();
        while !self.progress.is_empty() {
            let report = ProgressReport { events: self.progress.clone() };
            let called = self.client.progress(&self.key, &report).await;
            if self.retried(called).await?.is_some() {
                self.progress.clear();
            }
        }
        self.send_logs().await
    }

    async fn send_logs(&mut self) -> Result<(), GivenUp> {
        for n in 0..self.logs.len() {
            while !self.logs[n].is_whole() {
                self.send_chunk(n).await?;
            }
        }
        Ok(())
    }

    async fn send_chunk(&mut self, n: usize) -> Result<(), GivenUp> {
        let log = &mut self.logs[n];
        let (step, offset) = (log.spooled.step(), log.acknowledged);
        let frames = match log.spooled.read(offset, LOG_CHUNK_MAX) {
            Ok(frames) => frames,
            Err(error) => {
                tracing::error!(attempt = %self.key.attempt, %step, %error, "a spooled log is lost");
                log.lost = true;
                return Ok(());
            }
        };
        log.hash(offset, &frames);
        let called = self.client.log(&self.key, step, offset, frames).await;
        if let Some(ack) = self.retried(called).await? {
            self.logs[n].acknowledged = ack.bytes;
        }
        Ok(())
    }

    /// Tests that cannot be read back from the spool are missing; the job's end does not depend on them.
    async fn send_tests(&mut self) -> Result<(), GivenUp> {
        let Some(tests) = self.telling.take_tests() else { return Ok(()) };
        let batches = match tests.batches() {
            Ok(batches) => batches,
            Err(error) => {
                tracing::error!(attempt = %self.key.attempt, error = format!("{error:#}"), "spooled tests are lost");
                return Ok(());
            }
        };
        for batch in batches {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => {
                    tracing::error!(attempt = %self.key.attempt, error = format!("{error:#}"), "spooled tests are lost");
                    return Ok(());
                }
            };
            loop {
                let called = self.client.tests(&self.key, &batch).await;
                if self.retried(called).await?.is_some() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn resend(&mut self, step: StepNo, bytes: u64) {
        for log in self.logs.iter_mut().filter(|log| log.spooled.step() == step) {
            log.acknowledged = bytes;
        }
    }

    /// A log that was lost before it was sent makes the job our failure, with the part that the controller has.
    fn amend(&self, finish: &mut Finish) {
        for log in self.logs.iter().filter(|log| log.lost) {
            let step = log.spooled.step();
            let message = format!("the log of step {step} was changed on the runner before it was sent");
            finish.verdict = Verdict::Failed(Failure { class: FailureClass::EngineFailed, message });
            let digest = LogDigest { bytes: log.hashed, hash: log.hasher.finalize().to_hex().to_string() };
            match finish.steps.iter_mut().find(|result| result.step == step) {
                Some(result) => result.log = digest,
                None => finish.setup_log = digest,
            }
        }
    }

    /// What a call gave; `None`: it is to be made again, after a pause that was made here.
    async fn retried<T>(&mut self, called: Result<T, CallError>) -> Result<Option<T>, GivenUp> {
        match called {
            Ok(value) => {
                self.back_off.reset();
                return Ok(Some(value));
            }
            Err(CallError::Away(error)) => {
                tracing::debug!(attempt = %self.key.attempt, error = format!("{error:#}"), "a call is repeated");
            }
            Err(error) => {
                tracing::warn!(attempt = %self.key.attempt, %error, "an attempt is given up");
                self.orders.drop.cancel();
                return Err(GivenUp);
            }
        }
        tokio::select! {
            () = self.orders.drop.cancelled() => Err(GivenUp),
            () = tokio::time::sleep(self.back_off.next()) => Ok(None),
        }
    }
}

impl SentLog {
    fn is_whole(&self) -> bool {
        self.lost || self.acknowledged >= self.spooled.len()
    }

    fn hash(&mut self, offset: u64, frames: &[u8]) {
        let known = usize::try_from(self.hashed.saturating_sub(offset)).unwrap_or(usize::MAX);
        if let Some(new) = frames.get(known..)
            && self.hashed >= offset
        {
            self.hasher.update(new);
            self.hashed += new.len() as u64;
        }
    }
}
