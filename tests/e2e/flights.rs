//! One build for a whole fleet: several engines that share nothing but the controller, and a registry where one is told.

mod registry;
mod twice;

use crate::support::{Fleet, Hosts, Runner, host_address, job_of, tree};
use sidings_proto::api::{JobView, RunView};
use sidings_proto::runner::ImageUse;
use sidings_proto::{AttemptId, RunId, Verdict};
use std::path::{Path, PathBuf};
use tokio::net::{TcpListener, TcpSocket};

/// Every build of it leaves another trace in the image; a part of it is large enough to be noticed on its way.
pub(super) const ONCE: &str = "FROM debian:bookworm-slim\nCOPY tools /tools\n\
    RUN head -c 4000000 /dev/urandom >/noise && head -c 16 /dev/urandom | od -An -tx1 >/trace\nCOPY last /last\n";

/// So many jobs that need the image, each on an engine with room for it.
pub(super) fn pipeline(jobs: usize) -> String {
    let job = |n| format!("  j{n}: {{ steps: [{{ run: 'cat /trace' }}] }}\n");
    format!("build: .\njobs:\n{}", (1..=jobs).map(job).collect::<String>())
}

pub(super) fn project(fleet: &Fleet, dockerfile: &str, jobs: usize) -> PathBuf {
    let pipeline = pipeline(jobs);
    let files =
        [(".sidings.yml", pipeline.as_str()), ("Dockerfile", dockerfile), ("tools", "one\n"), ("last", "one\n")];
    tree(fleet.path("work"), &files)
}

pub(super) fn submit(fleet: &Fleet, work: &Path, project: &str) -> RunId {
    let (code, stdout, stderr) = fleet.sidings(work, &["submit", "--project", project, "--json"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    serde_json::from_str::<RunView>(&stdout).unwrap().summary.id
}

/// A project of this test alone, so that no engine has its images.
pub(super) fn unique() -> String {
    format!("f{}", RunId::new().0.simple())
}

/// What attempts did for their images.
pub(super) async fn passed(fleet: &Fleet, run: RunId) -> (RunView, Vec<ImageUse>) {
    let view = fleet.client.until_ended(run).await;
    let mut images = Vec::new();
    for job in &view.jobs {
        assert_eq!(job.verdict, Some(Verdict::Passed), "{}", fleet.client.log_if_any(job, 0).await);
        images.push(used(job).clone());
    }
    (view, images)
}

pub(super) fn used(job: &JobView) -> &ImageUse {
    job.attempts.last().unwrap().images.first().unwrap()
}

/// What the jobs found in their images.
pub(super) async fn traces(fleet: &Fleet, view: &RunView) -> Vec<String> {
    let mut traces = Vec::new();
    for job in &view.jobs {
        traces.push(fleet.client.log(job, 1).await);
    }
    traces.sort_unstable();
    traces.dedup();
    traces
}

fn built(images: &[ImageUse]) -> usize {
    images.iter().filter(|image| image.built).count()
}

fn layers(images: &[ImageUse]) -> Vec<u64> {
    images.iter().filter_map(|image| image.fetched.as_ref()?.layers).collect()
}

fn bytes(images: &[ImageUse]) -> u64 {
    images.iter().filter_map(|image| image.fetched.as_ref()?.bytes).sum()
}

async fn three(fleet: &Fleet) -> Vec<Runner> {
    let mut runners = Vec::new();
    for host in 1..=3 {
        runners.push(fleet.runner_on(host, 3, &[]).await);
    }
    runners
}

#[tokio::test]
async fn eight_jobs_on_three_engines_build_once_and_the_next_commit_transfers_nothing() {
    let fleet = Fleet::start().await;
    let name = unique();
    let hosts = Hosts::of(&name, 1..=3);
    let _runners = three(&fleet).await;
    let work = project(&fleet, ONCE, 8);

    let (view, images) = passed(&fleet, submit(&fleet, &work, &name)).await;
    assert_eq!(traces(&fleet, &view).await.len(), 1, "all saw the same build");
    assert_eq!(built(&images), 1, "{images:?}");
    let ids: std::collections::BTreeSet<_> = images.iter().map(|image| &image.id).collect();
    assert_eq!(ids.len(), 1, "it is the same image everywhere");
    assert!(!layers(&images).is_empty() && layers(&images).iter().all(|layers| *layers == 4), "{images:?}");
    let fetched = view.jobs.iter().find(|job| used(job).fetched.is_some()).unwrap();
    let log = fleet.client.log(fetched, 0).await;
    assert!(log.contains("'s build, 4 layers, ") && log.contains("waits for runner on-"), "{log}");

    // What no instruction sees is in no key.
    tree(work.clone(), &[(".dockerignore", ".sidings.yml\nREADME\n"), ("README", "two\n")]);
    let (again, images) = passed(&fleet, submit(&fleet, &work, &name)).await;
    assert_eq!((built(&images), layers(&images).len()), (0, 0), "{images:?}");
    assert_eq!(traces(&fleet, &again).await, traces(&fleet, &view).await);

    // A host that lost the image gets it again, and nothing is sent for that.
    hosts.forget(1);
    hosts.forget(2);
    hosts.forget(3);
    let (again, images) = passed(&fleet, submit(&fleet, &work, &name)).await;
    assert_eq!((built(&images), layers(&images).is_empty()), (0, false), "{images:?}");
    assert_eq!(traces(&fleet, &again).await, traces(&fleet, &view).await);
}

#[tokio::test]
async fn the_next_image_transfers_only_the_layers_that_changed() {
    let fleet = Fleet::start().await;
    let name = unique();
    let _hosts = Hosts::of(&name, 1..=2);
    let _runners = (fleet.runner_on(1, 1, &[]).await, fleet.runner_on(2, 1, &[]).await);
    let work = project(&fleet, "FROM debian:bookworm-slim\nCOPY tools /trace\nCOPY last /last\n", 2);
    std::fs::write(
        work.join("tools"),
        (0..1_000_000u32).flat_map(|n| n.wrapping_mul(n).wrapping_mul(2_654_435_761).to_le_bytes()).collect::<Vec<_>>(),
    )
    .unwrap();
    let (_, images) = passed(&fleet, submit(&fleet, &work, &name)).await;
    assert_eq!((built(&images), layers(&images)), (1, vec![3]), "{images:?}");
    assert!(bytes(&images) > 1_000_000, "{images:?}");

    tree(work.clone(), &[("last", "two\n")]);
    let (view, images) = passed(&fleet, submit(&fleet, &work, &name)).await;
    assert_eq!((built(&images), layers(&images)), (1, vec![2]), "{images:?}");
    assert!(bytes(&images) < 100_000, "{images:?}");
    let builder = view.jobs.iter().find(|job| used(job).built).unwrap();
    let log = fleet.client.log(builder, 0).await;
    assert!(log.contains(" kB in ") || log.contains(" B in "), "only what is new is sent: {log}");
}

#[tokio::test]
async fn a_failed_build_fails_everybody_who_waited_once() {
    let fleet = Fleet::start().await;
    let name = unique();
    let _hosts = Hosts::of(&name, 1..=3);
    let _runners = three(&fleet).await;
    let gate = Gate::new();
    let work = project(&fleet, &gate.dockerfile("RUN echo so it goes >&2 && false\n"), 8);
    let run = submit(&fleet, &work, &name);
    until_waits(&fleet, run, 7).await;
    let open = gate.open();
    let view = fleet.client.until_ended(run).await;
    drop(open);
    let mut built = 0;
    for job in &view.jobs {
        let Some(Verdict::Failed(failure)) = &job.verdict else { panic!("{:?}", job.verdict) };
        assert_eq!(failure.class.as_str(), "image_build_failed");
        assert!(failure.message.contains("so it goes"), "{}", failure.message);
        built += usize::from(fleet.client.log(job, 0).await.contains("building sidings/"));
    }
    assert_eq!(built, 1);
}

/// Each of two jobs builds an image that the other one waits for: what is built is shared before the other is there.
#[tokio::test]
async fn jobs_that_build_for_each_other_do_not_wait_for_ever() {
    let fleet = Fleet::start().await;
    let name = unique();
    let _hosts = Hosts::of(&name, 1..=2);
    let _runners = (fleet.runner_on(1, 1, &[]).await, fleet.runner_on(2, 1, &[]).await);
    let step = |n| format!("{{ run: cat /trace, build: {{ dockerfile: Dockerfile.{n} }} }}");
    let job = |n, one, other| format!("  j{n}:\n    steps:\n      - {}\n      - {}\n", step(one), step(other));
    let pipeline = format!("jobs:\n{}{}", job(1, "a", "b"), job(2, "b", "a"));
    let of = |n: &str| format!("FROM debian:bookworm-slim\nRUN head -c 16 /dev/urandom | od -An -tx1 >/trace # {n}\n");
    let (a, b) = (of("a"), of("b"));
    let files = [(".sidings.yml", pipeline.as_str()), ("Dockerfile.a", a.as_str()), ("Dockerfile.b", b.as_str())];
    let work = tree(fleet.path("work"), &files);
    let view = fleet.client.until_ended(submit(&fleet, &work, &name)).await;
    let images: Vec<_> = view.jobs.iter().flat_map(|job| job.attempts.last().unwrap().images.clone()).collect();
    assert_eq!((view.summary.verdict.as_ref(), images.len()), (Some(&Verdict::Passed), 4), "{view:#?}");
    assert_eq!(built(&images), 2, "{images:?}");
}

#[tokio::test]
async fn when_the_builders_runner_is_killed_another_one_takes_over() {
    let fleet = Fleet::start().await;
    let name = unique();
    let hosts = Hosts::of(&name, 1..=2);
    let first = fleet.runner_on(1, 1, &[]).await;
    let label = first.label();
    let gate = Gate::new();
    let work = project(&fleet, &gate.dockerfile("RUN head -c 16 /dev/urandom >/trace\n"), 2);
    let run = submit(&fleet, &work, &name);
    until_builds(&fleet, run).await;
    let _second = fleet.runner_on(2, 2, &[]).await;
    until_waits(&fleet, run, 1).await;
    first.process.kill();
    let _open = gate.open();
    let (view, images) = passed(&fleet, run).await;
    assert_eq!(built(&images), 1, "{images:?}");
    assert_eq!(traces(&fleet, &view).await.len(), 1);
    let attempts: usize = view.jobs.iter().map(|job| job.attempts.len()).sum();
    assert_eq!(attempts, 3, "the job of the dead runner ran again");
    hosts.clear(1, &label);
}

/// A build that does not go on before it is let go.
struct Gate {
    /// It has its port from the start, so nobody else answers there; until it is opened, nobody does.
    socket: TcpSocket,
    address: String,
}

impl Gate {
    fn new() -> Gate {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{}:0", host_address()).parse().unwrap()).unwrap();
        Gate { address: socket.local_addr().unwrap().to_string(), socket }
    }

    fn dockerfile(&self, then: &str) -> String {
        let (host, port) = self.address.rsplit_once(':').unwrap();
        let wait = format!("until (exec 3<>/dev/tcp/{host}/{port}) 2>/dev/null; do sleep 0.1; done");
        format!("FROM debian:bookworm-slim\nRUN [\"bash\", \"-c\", \"{wait}\"]\n{then}")
    }

    /// Whatever knocks from now on goes on.
    fn open(self) -> TcpListener {
        self.socket.listen(1024).unwrap()
    }
}

/// Waits until a job of the run is at its build.
async fn until_builds(fleet: &Fleet, run: RunId) -> AttemptId {
    until_logs(fleet, run, "building sidings/", 1).await;
    let view = fleet.client.run(run).await;
    let job = view.jobs.iter().find(|job| !job.attempts.is_empty()).unwrap();
    AttemptId { job: job.id, fence: job.attempts.last().unwrap().fence }
}

/// Waits until so many jobs say that they wait for another one's build, on their host or elsewhere.
async fn until_waits(fleet: &Fleet, run: RunId, jobs: usize) {
    until_logs(fleet, run, "wait", jobs).await;
}

async fn until_logs(fleet: &Fleet, run: RunId, text: &str, jobs: usize) {
    for _ in 0..3000 {
        let view = fleet.client.run(run).await;
        let mut said = 0;
        for job in &view.jobs {
            said += usize::from(fleet.client.log_if_any(job_of(&view, &job.name), 0).await.contains(text));
        }
        if said >= jobs {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let view = fleet.client.run(run).await;
    let mut logs = String::new();
    for job in &view.jobs {
        logs += &fleet.client.log_if_any(job, 0).await;
    }
    panic!("{jobs} jobs did not say {text:?} but:\n{logs}\n{view:#?}");
}
