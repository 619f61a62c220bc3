//! Services on a real engine: a real PostgreSQL and a real Redis, and every way in which one may end.

use super::{submit, verdicts};
use crate::support::{Fleet, Runner, job_of, tree};
use expect_test::expect;
use sidings_proto::api::{JobView, RunView};
use sidings_proto::{AttemptId, Verdict};
use std::path::{Path, PathBuf};
use std::process::Command;

/// PostgreSQL says itself when it is healthy; Redis only exposes its port.
const POSTGRES: &str = "\
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends postgresql && rm -rf /var/lib/apt/lists/* \\
    && echo 'host all all all trust' > /etc/postgresql/15/main/pg_hba.conf
USER postgres
EXPOSE 5432
HEALTHCHECK CMD /usr/lib/postgresql/15/bin/pg_isready -h 127.0.0.1
CMD [\"/usr/lib/postgresql/15/bin/postgres\", \"-D\", \"/var/lib/postgresql/15/main\", \\
     \"-c\", \"config_file=/etc/postgresql/15/main/postgresql.conf\", \"-c\", \"listen_addresses=*\"]
";
const REDIS: &str = "\
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*
USER redis
WORKDIR /var/lib/redis
EXPOSE 6379
CMD [\"redis-server\", \"--protected-mode\", \"no\", \"--save\", \"\"]
";

/// A project whose steps run in one of the two images, which hold the clients as well.
fn project(fleet: &Fleet, name: &str, pipeline: &str) -> PathBuf {
    let files = [(".sidings.yml", pipeline), ("postgres/Dockerfile", POSTGRES), ("redis/Dockerfile", REDIS)];
    tree(fleet.path(name), &files)
}

async fn ended(fleet: &Fleet, pipeline: &str) -> RunView {
    let tree = project(fleet, "tree", pipeline);
    fleet.client.until_ended(submit(fleet, &tree)).await
}

/// A step says by a file in its workspace how far it is.
async fn until_there(file: &Path) {
    for _ in 0..6000 {
        if file.exists() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{} never came", file.display());
}

/// `name: verdict` of each service.
fn services(job: &JobView) -> String {
    let word = |verdict: &Option<Verdict>| match verdict {
        Some(Verdict::Failed(failure)) => format!("{}: {}", failure.class, failure.message),
        Some(other) => other.word().to_owned(),
        None => "none".to_owned(),
    };
    job.services.iter().map(|service| format!("{}: {}\n", service.name, word(&service.verdict))).collect()
}

impl Runner {
    /// The networks of attempts that the engine still has.
    fn networks(&self) -> Vec<String> {
        let identity = std::fs::read_to_string(self.data.join("identity.json")).unwrap();
        let identity: serde_json::Value = serde_json::from_str(&identity).unwrap();
        let label = format!("label=dev.sidings.runner={}", identity["runner"].as_str().unwrap());
        let mut command = Command::new("docker");
        command.args(["network", "ls", "--filter", &label, "--filter", "label=dev.sidings.attempt", "-q"]);
        crate::support::run(command).1.lines().map(str::to_owned).collect()
    }

    /// Waits until containers and networks of attempts are gone.
    async fn until_nothing_is_left(&self) {
        self.until_tidy().await;
        for _ in 0..600 {
            if self.networks().is_empty() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("networks are left: {:?}", self.networks());
    }
}

#[tokio::test]
async fn a_database_and_two_caches_on_one_port_are_reached_by_their_names() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 1).await;
    let pipeline = "\
build: redis
jobs:
  test:
    services:
      postgres: { build: postgres }
      one: { build: redis }
      two: { build: redis, healthcheck: { test: redis-cli ping } }
    steps:
      - { name: caches, run: 'redis-cli -h one set a 1 && redis-cli -h two get a && redis-cli -h one get a' }
      - name: database
        build: postgres
        run: psql -h postgres -d postgres -Atc 'select 6 * 7'
      - parallel:
          - { name: sibling, run: redis-cli -h two ping }
          - { name: another, run: redis-cli -h one get a }
";
    let view = ended(&fleet, pipeline).await;
    let job = job_of(&view, "test");
    let setup = fleet.client.log(job, 0).await;
    assert_eq!(view.summary.verdict, Some(Verdict::Passed), "{setup}");
    assert_eq!(services(job), "postgres: passed\none: passed\ntwo: passed\n");
    assert_eq!(fleet.client.log(job, 1).await, "OK\n\n1\n", "two caches, each with its own data");
    assert_eq!(fleet.client.log(job, 2).await, "42\n");
    assert_eq!(fleet.client.log(job, 4).await, "1\n");
    for said in ["waiting for postgres: `/usr/lib", "waiting for one: port 6379", "two is ready after"] {
        assert!(setup.contains(said), "{said} is not in {setup}");
    }
    let log = fleet.client.log(job, 10_001).await;
    assert!(log.contains("database system is ready to accept connections"), "{log}");
    let read = fleet.sidings(&fleet.path("tree"), &["logs", "test@1", "test", "postgres"]);
    assert_eq!(read, (0, log, String::new()));
    runner.until_nothing_is_left().await;
}

#[tokio::test]
async fn two_jobs_at_once_do_not_see_each_others_services() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 2).await;
    // Each says which address its cache has, waits until it knows the other's, and finds only its own.
    let steps = "    services: { cache: { build: redis } }
    steps:
      - name: meet
        run: |
          redis-cli -h cache set who \"$CI_JOB_NAME\"
          getent hosts cache | cut -d' ' -f1 > said && mv said address
          until [ -e other ]; do sleep 0.05; done
          redis-cli -h cache get who
          redis-cli -h \"$(cat address)\" get who
          ! timeout 2 redis-cli -h \"$(cat other)\" get who
";
    let pipeline = format!("build: redis\njobs:\n  left:\n{steps}  right:\n{steps}");
    let run = submit(&fleet, &project(&fleet, "tree", &pipeline));
    let mut workspaces = Vec::new();
    for job in ["left", "right"] {
        workspaces.push(runner.workspace(fleet.client.until_running(run, job, 1).await));
    }
    for (own, other) in [(0, 1), (1, 0)] {
        let address = workspaces[own].join("address");
        until_there(&address).await;
        std::fs::copy(&address, workspaces[other].join("came")).unwrap();
        std::fs::rename(workspaces[other].join("came"), workspaces[other].join("other")).unwrap();
    }
    let view = fleet.client.until_ended(run).await;
    for name in ["left", "right"] {
        let log = fleet.client.log(job_of(&view, name), 1).await;
        assert!(log.starts_with(&format!("OK\n{name}\n{name}\n")), "{log}");
    }
    assert_eq!(view.summary.verdict, Some(Verdict::Passed), "{}", verdicts(&view));
    runner.until_nothing_is_left().await;
}

#[tokio::test]
async fn a_service_that_does_not_get_ready_fails_the_job_with_its_last_lines() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 1).await;
    let pipeline = "\
image: debian:bookworm-slim
jobs:
  test:
    services:
      slow:
        image: debian:bookworm-slim
        command: sh -c 'echo no disk to write to; sleep 1000'
        healthcheck: { test: 'echo no answer; exit 2', start_period: 0s, interval: 10ms, retries: 2 }
    steps: [{ name: never, run: echo never }]
";
    let view = ended(&fleet, pipeline).await;
    expect![[r#"
        run: failed (service_not_ready)
        test: failed (service_not_ready), attempts 1
          never: skipped
    "#]]
    .assert_eq(&verdicts(&view));
    let job = job_of(&view, "test");
    expect![[r#"
        slow: service_not_ready: service "slow" was not ready in time: its check ended with code 2: no answer
        the end of what it wrote:
          no disk to write to
    "#]]
    .assert_eq(&services(job));
    assert_eq!(fleet.client.log(job, 10_001).await, "no disk to write to\n");
    runner.until_nothing_is_left().await;
}

#[tokio::test]
async fn a_service_that_dies_is_told_and_the_steps_decide() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let pipeline = "\
build: redis
jobs:
  passes:
    services: { cache: { build: redis } }
    steps:
      - { name: kill, run: 'redis-cli -h cache shutdown nosave || true' }
      - { name: gone, run: 'until ! redis-cli -h cache ping; do sleep 0.05; done' }
  fails:
    services: { cache: { build: redis } }
    steps:
      - { name: kill, run: 'redis-cli -h cache shutdown nosave; until ! redis-cli -h cache ping; do sleep 0.05; done' }
      - { name: use, run: sleep 1; redis-cli -h cache set a 1 }
";
    let view = ended(&fleet, pipeline).await;
    let (passes, fails) = (job_of(&view, "passes"), job_of(&view, "fails"));
    assert_eq!(passes.verdict, Some(Verdict::Passed));
    let died = "service \"cache\" exited with code 0 while the steps ran";
    assert_eq!(services(passes), format!("cache: step_failed: {died}\n"));
    let setup = fleet.client.log(passes, 0).await;
    assert!(setup.contains(died), "{setup}");
    let Some(Verdict::Failed(failure)) = &fails.verdict else { panic!("{}", verdicts(&view)) };
    assert_eq!(failure.message, format!("step \"use\" exited with code 1; {died}"));
}

#[tokio::test]
async fn a_cancel_and_a_killed_runner_leave_no_service_behind() {
    let fleet = Fleet::start().await;
    let first = fleet.runner("a", 1).await;
    let pipeline = "\
build: redis
jobs:
  patient:
    services: { cache: { build: redis } }
    steps: [{ name: wait, run: 'redis-cli -h cache ping && touch there; sleep 1000' }]
";
    let run = submit(&fleet, &project(&fleet, "tree", pipeline));
    let attempt = fleet.client.until_running(run, "patient", 1).await;
    until_there(&first.workspace(attempt).join("there")).await;
    assert_eq!((first.step_containers().len(), first.networks().len()), (2, 1));
    let before = first.networks();
    first.process.kill();

    let second = fleet.runner("a", 1).await;
    let again = |view: &RunView| {
        let job = job_of(view, "patient");
        let running = job.steps[0].started.is_some() && job.attempts.last()?.fence == 2;
        running.then_some(AttemptId { job: job.id, fence: 2 })
    };
    let attempt = fleet.client.until(run, "attempt 2", again).await;
    until_there(&second.workspace(attempt).join("there")).await;
    let now = second.networks();
    assert!(now.len() == 1 && now != before, "the first life's network is gone: {before:?}, {now:?}");
    assert_eq!(second.step_containers().len(), 2);
    fleet.client.cancel(run).await;
    let view = fleet.client.until_ended(run).await;
    assert_eq!(view.summary.verdict, Some(Verdict::Cancelled));
    second.until_nothing_is_left().await;
}
