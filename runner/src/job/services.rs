//! The services of a job: started all at once, awaited until each is ready, ended when the steps are over.
//!
//! A service is carried out as a step is, by the helper in its container, so its log is bounded, whole and its own. That
//! it ends while the steps run is said, in the job's log and with its result, and is no verdict: the steps have that.

use super::course::{Course, Halt, Images, ours, seconds};
use super::readiness;
use super::script::service_argv;
use super::step::{LOG_TAIL, container_ended};
use super::verdict::failed;
use crate::engine::{ContainerId, ImageFacts, Limits, Network, Signal, StepContainer};
use crate::setup_log::now;
use crate::spool::{Spooled, Tail, last_lines, read_exit_record, read_ready_record};
use anyhow::Context;
use futures::future::{join_all, try_join_all};
use sidings_proto::runner::{LogDigest, Phase, Progress, StepResult};
use sidings_proto::service::{Readiness, ReadyRecord};
use sidings_proto::step::{EXIT_FILE, READY_FILE, SPEC_FILE, StepSpec};
use sidings_proto::{Failure, FailureClass, Service, Timestamp, Verdict};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// A service is thrown away with its data: this is for its last words, not for its work.
const GRACE: Duration = Duration::from_secs(1);
/// For the helper to write its record after that.
const PATIENCE: Duration = Duration::from_secs(3);
/// Where the kernel does not say that a file came, it is looked for this often.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Told of the end of the log of a service that is not ready.
const LAST_LINES: usize = 8;

/// Where a service runs, and its address there.
pub(super) type ServiceNetwork = (Network, IpAddr);

/// How a service's part in the job ended.
enum End {
    /// The steps are over, or the job is; whether it had been ready.
    Stopped { ready: bool },
    /// Its program ended by itself.
    Died { ready: bool },
    /// It was awaited in vain, for this reason.
    NotReady(String),
    /// The engine failed.
    Lost(anyhow::Error),
}

/// Tells those who wait for a service that it is ready, or why it will not be.
type Herald = oneshot::Sender<Result<(), Failure>>;

/// A service that is about to run.
struct Prepared<'a> {
    service: &'a Service,
    image: &'a ImageFacts,
    network: Network,
    folder: PathBuf,
    readiness: Option<Readiness>,
    started: Timestamp,
}

impl Course<'_> {
    /// The job's network, and one for each service; all of them reach one another where there are services.
    pub(super) async fn networks(
        &self,
        of_steps: impl Future<Output = anyhow::Result<Network>>,
    ) -> Result<(Network, Vec<ServiceNetwork>), Halt> {
        let (engine, attempt) = (&self.tools.engine, self.assignment.attempt);
        let of_services = try_join_all(self.services().iter().map(async |service| {
            let network = engine.take_network(attempt).await?;
            let address = engine.connect(attempt, &network, Some(&service.name)).await?;
            anyhow::Ok((network, address))
        }));
        let of_steps = async {
            let network = of_steps.await?;
            self.reach_services(&network).await?;
            anyhow::Ok(network)
        };
        tokio::try_join!(of_steps, of_services).map_err(|error| ours("make the job's network", &error))
    }

    /// Lets what runs in a network reach the job's services.
    pub(super) async fn reach_services(&self, network: &Network) -> anyhow::Result<()> {
        if !self.services().is_empty() {
            self.tools.engine.connect(self.assignment.attempt, network, None).await?;
        }
        Ok(())
    }

    /// Does the work of the steps once all services are ready, and ends the services after it, whatever came of it.
    pub(super) async fn with_services(
        &self,
        networks: Vec<ServiceNetwork>,
        images: &Images,
        steps: impl Future<Output = Result<(), Halt>>,
    ) -> Result<(), Halt> {
        let over = CancellationToken::new();
        let (heralds, ready): (Vec<_>, Vec<_>) = self.services().iter().map(|_| oneshot::channel()).unzip();
        let running = self.services().iter().zip(networks).zip(heralds);
        let beside = join_all(
            running.map(|((service, network), herald)| self.run_service(service, network, images, herald, &over)),
        );
        let work = async {
            let _over = over.clone().drop_guard();
            self.until_ready(ready).await?;
            steps.await
        };
        let (outcome, _) = tokio::join!(work, beside);
        outcome
    }

    fn services(&self) -> &[Service] {
        &self.assignment.spec.services
    }

    async fn until_ready(&self, ready: Vec<oneshot::Receiver<Result<(), Failure>>>) -> Result<(), Halt> {
        if ready.is_empty() {
            return Ok(());
        }
        self.phase(Phase::Services);
        let each = ready.into_iter().map(async |ready| match ready.await {
            Ok(outcome) => outcome.map_err(Halt::Failed),
            Err(_) => Err(ours("start the services", &anyhow::anyhow!("one of them was given up"))),
        });
        self.stops.unless(try_join_all(each)).await?.map(drop)
    }

    async fn run_service(
        &self,
        service: &Service,
        network: ServiceNetwork,
        images: &Images,
        herald: Herald,
        over: &CancellationToken,
    ) {
        let mut herald = Some(herald);
        let result = match self.prepare_service(service, network, images) {
            Ok(prepared) => self.run_prepared_service(&prepared, &mut herald, over).await,
            Err(failure) => result(service, Verdict::Failed(failure), None, None, LogDigest::default()),
        };
        let result = self.shown_result(result);
        self.channel.telling.progress(Progress::StepEnded(result.clone()));
        if let (Some(herald), Verdict::Failed(failure)) = (herald, &result.verdict) {
            // Nobody may wait any more: another service was given up first.
            let _ = herald.send(Err(failure.clone()));
        }
        self.account.ended(result);
    }

    fn prepare_service<'s>(
        &self,
        service: &'s Service,
        (network, address): ServiceNetwork,
        images: &'s Images,
    ) -> Result<Prepared<'s>, Failure> {
        let engine_failed = |error: anyhow::Error| Failure {
            class: FailureClass::EngineFailed,
            message: format!("service \"{}\": {error:#}", service.name),
        };
        let image = images.get(&service.image).context("every environment was made ready").map_err(engine_failed)?;
        let argv = service_argv(service, image);
        if argv.is_empty() {
            let message = format!("service \"{}\" has nothing to run: its image has no command", service.name);
            return Err(Failure { class: FailureClass::ServiceNotReady, message });
        }
        let readiness = readiness::of(service, image, address);
        let directory = if image.working_directory.is_empty() { "/" } else { &image.working_directory };
        let spec = StepSpec {
            argv,
            working_directory: directory.to_owned(),
            user: image.user.clone(),
            chown: None,
            hand_over: Vec::new(),
            log_limit: self.tools.log_limit,
            log_tail: LOG_TAIL.min(self.tools.log_limit),
            grace_ms: u64::try_from(GRACE.as_millis()).unwrap_or(0),
            readiness: readiness.clone(),
            input: self.secrets.get().is_some(),
            hold: false,
        };
        let written = self.folder.make_step(service.no).and_then(|folder| {
            std::fs::write(folder.join(SPEC_FILE), serde_json::to_vec(&spec)?).context("write a service's spec")?;
            Ok(folder)
        });
        let folder = written.map_err(engine_failed)?;
        Ok(Prepared { service, image, network, folder, readiness, started: now() })
    }

    async fn run_prepared_service(
        &self,
        prepared: &Prepared<'_>,
        herald: &mut Option<Herald>,
        over: &CancellationToken,
    ) -> StepResult {
        let Prepared { service, folder, started, .. } = prepared;
        self.channel.telling.progress(Progress::StepStarted { step: service.no, at: *started });
        let limit = self.tools.log_limit + LOG_TAIL;
        let tail = Tail::new(folder, service.no, limit, self.channel.telling.news());
        let spooled = tail.spooled();
        self.channel.telling.log(spooled.clone());
        let writer_gone = CancellationToken::new();
        let following = tail.follow(writer_gone.clone());
        let living = async {
            let end = self.live(prepared, herald, over).await;
            writer_gone.cancel();
            end
        };
        let (end, tail) = tokio::join!(living, following);
        let code = read_exit_record(folder).ok().flatten().map(|record| record.code);
        let verdict = self.judge_service(service, end, code, &spooled);
        result(service, verdict, code, Some(*started), tail.digest())
    }

    /// From the start of its container until it is over or no longer needed.
    async fn live(&self, prepared: &Prepared<'_>, herald: &mut Option<Herald>, over: &CancellationToken) -> End {
        let container = StepContainer {
            attempt: self.assignment.attempt,
            step: prepared.service.no,
            image: prepared.image.id.clone(),
            network: prepared.network.clone(),
            env: self.tools.with_authorities(prepared.service.environment.clone(), prepared.image),
            workspace: None,
            layer: None,
            step_dir: prepared.folder.clone(),
            cached: Vec::new(),
            limits: Limits::default(),
            input: self.input(&prepared.service.secrets),
        };
        let name = &prepared.service.name;
        self.setup.note(&format!("waiting for {name}: {}", readiness::said(prepared.readiness.as_ref())));
        let began = Instant::now();
        // Not given up half-way, whatever the orders are: teardown has to see the container.
        let container = match self.tools.engine.start(container).await.context("start the container") {
            Ok(container) => container,
            Err(error) => return End::Lost(error),
        };
        let mut ended = std::pin::pin!(container_ended(self.tools.engine.clone(), container.clone()));
        if prepared.readiness.is_some()
            && let Err(end) = self.get_ready(prepared, &container, ended.as_mut(), over).await
        {
            return end;
        }
        self.setup.note(&format!("{name} is ready after {}", seconds(began.elapsed())));
        self.channel.telling.progress(Progress::ServiceReady { service: prepared.service.no, at: now() });
        if let Some(herald) = herald.take() {
            // Nobody may wait any more: another service was given up.
            let _ = herald.send(Ok(()));
        }
        tokio::select! {
            biased;
            () = over.cancelled() => self.stopped(prepared, &container, true).await,
            ended = ended => ended.map_or_else(End::Lost, |_| End::Died { ready: true }),
            () = self.tools.exits.appears(&prepared.folder, &[EXIT_FILE]) => End::Died { ready: true },
        }
    }

    async fn get_ready(
        &self,
        prepared: &Prepared<'_>,
        container: &ContainerId,
        mut ended: impl Future<Output = anyhow::Result<Option<i64>>> + Unpin,
        over: &CancellationToken,
    ) -> Result<(), End> {
        let folder = &prepared.folder;
        loop {
            tokio::select! {
                biased;
                () = over.cancelled() => return Err(self.stopped(prepared, container, false).await),
                ended = &mut ended => return Err(ended.map_or_else(End::Lost, |_| End::Died { ready: false })),
                () = self.tools.exits.appears(folder, &[READY_FILE, EXIT_FILE]) => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let why = match read_ready_record(folder) {
                Ok(Some(ReadyRecord { error: None, .. })) => return Ok(()),
                Ok(Some(ReadyRecord { error: Some(why), .. })) => why,
                Ok(None) if folder.join(EXIT_FILE).exists() => return Err(End::Died { ready: false }),
                Ok(None) => continue,
                Err(hostile) => hostile.to_string(),
            };
            self.end_service(container, folder).await;
            return Err(End::NotReady(why));
        }
    }

    async fn stopped(&self, prepared: &Prepared<'_>, container: &ContainerId, ready: bool) -> End {
        self.end_service(container, &prepared.folder).await;
        End::Stopped { ready }
    }

    /// Ends it and waits for its record. What is no longer ours is not worth the time: teardown ends it.
    async fn end_service(&self, container: &ContainerId, folder: &Path) {
        for (signal, time) in [(Signal::Terminate, GRACE + PATIENCE), (Signal::Kill, PATIENCE)] {
            if self.channel.orders.drop.is_cancelled() {
                return;
            }
            if let Err(error) = self.tools.engine.signal(container, signal).await {
                tracing::warn!(error = format!("{error:#}"), "a service could not be signalled");
            }
            tokio::select! {
                biased;
                () = self.channel.orders.drop.cancelled() => return,
                () = self.tools.exits.appears(folder, &[EXIT_FILE]) => return,
                Ok(_) = self.tools.engine.wait(container) => return,
                () = tokio::time::sleep(time) => {}
            }
        }
    }

    fn judge_service(&self, service: &Service, end: End, code: Option<i32>, log: &Spooled) -> Verdict {
        let (name, ended) = (&service.name, code.map_or("ended".to_owned(), |code| format!("exited with code {code}")));
        let verdict = match end {
            End::Stopped { ready: true } => return Verdict::Passed,
            End::Stopped { ready: false } => return Verdict::Cancelled,
            End::Died { ready: true } => {
                let message = format!("service \"{name}\" {ended} while the steps ran");
                self.account.died(message.clone());
                failed(FailureClass::StepFailed, message)
            }
            End::Died { ready: false } => {
                let message = format!("service \"{name}\" {ended} before it was ready");
                failed(FailureClass::ServiceNotReady, message + &told(&last_lines(log, LAST_LINES)))
            }
            End::NotReady(why) => {
                let message = format!("service \"{name}\" was not ready in time: {why}");
                failed(FailureClass::ServiceNotReady, message + &told(&last_lines(log, LAST_LINES)))
            }
            End::Lost(error) => failed(FailureClass::EngineFailed, format!("service \"{name}\" was lost: {error:#}")),
        };
        if let Verdict::Failed(failure) = &verdict {
            self.setup.note(&failure.message);
        }
        verdict
    }
}

/// A service that never ran.
pub(super) fn unused(service: &Service, reason: &str) -> StepResult {
    let verdict = Verdict::Skipped { reason: reason.to_owned(), blocked: true };
    result(service, verdict, None, None, LogDigest::default())
}

fn result(
    service: &Service,
    verdict: Verdict,
    code: Option<i32>,
    started: Option<Timestamp>,
    log: LogDigest,
) -> StepResult {
    StepResult { step: service.no, verdict, code, started, ended: now(), log }
}

fn told(lines: &[String]) -> String {
    if lines.is_empty() {
        return "\nit wrote nothing".to_owned();
    }
    format!("\nthe end of what it wrote:\n  {}", lines.join("\n  "))
}
