//! What the controller counts, in the OpenMetrics text format.

use crate::core::Counts;
use crate::core::event::Record;
use crate::shell::live::Live;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use sidings_proto::fleet::PoolView;
use sidings_proto::webhook::DeliveryState;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByVerdict {
    verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByState {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByStatus {
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOutcome {
    outcome: &'static str,
}

/// A pool by the labels of its runners: `arch=arm64,gpu=t4`, each pair by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByPool {
    labels: String,
}

/// All of them.
pub(crate) struct Metrics {
    registry: Registry,
    runs_ended: Family<ByVerdict, Counter>,
    jobs_ended: Family<ByVerdict, Counter>,
    attempts: Counter,
    active_runs: Gauge,
    jobs: Family<ByState, Gauge>,
    runners: Family<ByState, Gauge>,
    wanted: Family<ByPool, Gauge>,
    queue_seconds: Histogram,
    requests: Family<ByStatus, Counter>,
    log_bytes: Counter,
    webhook_tries: Family<ByOutcome, Counter>,
}

impl Metrics {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("sidings"),
            runs_ended: Family::default(),
            jobs_ended: Family::default(),
            attempts: Counter::default(),
            active_runs: Gauge::default(),
            jobs: Family::default(),
            runners: Family::default(),
            wanted: Family::default(),
            queue_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 20)),
            requests: Family::default(),
            log_bytes: Counter::default(),
            webhook_tries: Family::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("runs_ended", "Runs that ended, by verdict", self.runs_ended.clone());
        registry.register("jobs_ended", "Jobs that ended, by verdict", self.jobs_ended.clone());
        registry.register("attempts", "Attempts handed to runners", self.attempts.clone());
        registry.register("active_runs", "Runs that have not ended", self.active_runs.clone());
        registry.register("jobs", "Jobs that have not ended, by state", self.jobs.clone());
        registry.register("runners", "Runners, by state", self.runners.clone());
        registry.register("wanted_slots", "Slots that runners of these labels should have", self.wanted.clone());
        registry.register("queue_seconds", "From queued to leased", self.queue_seconds.clone());
        registry.register("http_requests", "HTTP requests answered, by status", self.requests.clone());
        registry.register("log_bytes", "Bytes of logs taken", self.log_bytes.clone());
        let help = "Tries to send a webhook's delivery, by what became of it";
        registry.register("webhook_tries", help, self.webhook_tries.clone());
    }

    /// A record is durable; `live` does not know of it yet.
    pub(crate) fn saw(&self, record: &Record, live: &Live) {
        match record {
            Record::AttemptStarted { attempt, at, .. } => {
                self.attempts.inc();
                if let Some(since) = live.job(attempt.job).and_then(|job| job.since) {
                    self.queue_seconds.observe(at.since(since).as_secs_f64());
                }
            }
            Record::JobEnded { verdict, .. } => {
                self.jobs_ended.get_or_create(&ByVerdict { verdict: verdict.word() }).inc();
            }
            Record::RunEnded { verdict, .. } => {
                self.runs_ended.get_or_create(&ByVerdict { verdict: verdict.word() }).inc();
            }
            Record::RunAccepted { .. }
            | Record::JobQueued { .. }
            | Record::AttemptProgressed { .. }
            | Record::AttemptEnded { .. }
            | Record::ArtifactsKept { .. }
            | Record::CachesSaved { .. }
            | Record::RunCancelling { .. }
            | Record::JobStopping { .. }
            | Record::JobApproved { .. }
            | Record::RunnersDrained { .. }
            | Record::RunnersResumed { .. }
            | Record::PaceLearnt { .. } => {}
        }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, status: u16) {
        self.requests.get_or_create(&ByStatus { status }).inc();
    }

    /// A log grew.
    pub(crate) fn took_log(&self, bytes: u64) {
        self.log_bytes.inc_by(bytes);
    }

    /// A webhook's delivery was tried, and is so now.
    pub(crate) fn tried_webhook(&self, state: DeliveryState) {
        let outcome = match state {
            DeliveryState::Waiting => "to_try_again",
            DeliveryState::Delivered => "delivered",
            DeliveryState::GivenUp => "given_up",
        };
        self.webhook_tries.get_or_create(&ByOutcome { outcome }).inc();
    }

    /// The whole text, with these counts of the moment.
    pub(crate) fn text(&self, counts: &Counts, pools: &[PoolView]) -> anyhow::Result<String> {
        let set = |gauge: &Gauge, count: usize| gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        set(&self.active_runs, counts.runs);
        for (state, count) in [("waiting", counts.waiting), ("queued", counts.queued), ("running", counts.running)] {
            set(&self.jobs.get_or_create(&ByState { state }), count);
        }
        let runners =
            [("up", counts.runners_up), ("draining", counts.runners_draining), ("silent", counts.runners_silent)];
        for (state, count) in runners {
            set(&self.runners.get_or_create(&ByState { state }), count);
        }
        // Those that are gone are not told of.
        self.wanted.clear();
        for pool in pools {
            let labels: Vec<_> = pool.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            self.wanted.get_or_create(&ByPool { labels: labels.join(",") }).set(i64::from(pool.wanted));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
