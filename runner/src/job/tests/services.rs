use super::bench::{Bench, Fault, in_order, of_stages, step};
use expect_test::expect;
use sidings_proto::runner::Assignment;
use sidings_proto::{Environment, Healthcheck, Service, Stage, StepNo};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// A service that has to say `ready`.
fn service(no: u32, name: &str, script: &str) -> Service {
    let test = vec!["check".to_owned()];
    Service {
        no: StepNo(StepNo::FIRST_SERVICE.0 + no),
        name: name.to_owned(),
        image: Environment::Image { reference: format!("{name}:1") },
        entrypoint: Some(["sh", "-e", "-c"].map(str::to_owned).to_vec()),
        command: Some(vec![script.to_owned()]),
        environment: BTreeMap::new(),
        secrets: BTreeMap::new(),
        healthcheck: Some(Healthcheck { test, interval_ms: 1, timeout_ms: 1, start_period_ms: 1, retries: 1 }),
    }
}

fn with(services: impl Into<Vec<Service>>, mut job: Assignment) -> Assignment {
    job.spec.services = services.into();
    job
}

/// Services that end together end in any order.
fn without_ends(dialogue: &str) -> String {
    let is_end = |line: &&str| line.starts_with("step 1000") && line.contains(", log ");
    dialogue.split_inclusive('\n').filter(|line| !is_end(line)).collect()
}

/// The kernel says when a file came, in its own time.
fn without_times(log: &str) -> String {
    log.lines().map(|line| format!("{}\n", line.split(" after ").next().unwrap())).collect()
}

#[tokio::test(start_paused = true)]
async fn steps_wait_until_every_service_is_ready_and_services_end_with_them() {
    let services =
        [service(0, "db", "echo starting\nsleep 3\nready\nsleep 100"), service(1, "cache", "ready\nsleep 100")];
    let job = with(services, in_order([step(1, "echo one"), step(2, "sleep 5")]));
    let mut bench = Bench::new();
    expect![[r#"
        phase Image
        image cache:1
        image db:1
        image debian:bookworm-slim
        phase Services
        step 10001 started
        step 10002 started
        service 10002 ready
        service 10001 ready
        phase Steps
        step 1 started
        step 1 passed, code 0, log "one\n"
        step 2 started
        step 2 passed, code 0, log ""
        phase Teardown
        finish: passed
          step 1: passed
          step 2: passed
          step 10001: passed
          step 10002: passed
    "#]]
    .assert_eq(&without_ends(&bench.dialogue(&job).await));
    assert_eq!(bench.log(10_001), "starting\n");
    // They are started at once, so either may come first.
    let log = without_times(&bench.log(0));
    let mut lines: Vec<_> = log.lines().collect();
    lines[..2].sort_unstable();
    let waits = ["waiting for cache: `check` is to pass", "waiting for db: `check` is to pass"];
    assert_eq!(lines, [waits[0], waits[1], "cache is ready", "db is ready"]);
    let names = bench.engine.connected.lock().unwrap().clone();
    assert_eq!(names.iter().flatten().collect::<Vec<_>>(), ["db", "cache"]);
    assert_eq!(names.len(), 3, "the steps' network is on the job's own one as well");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_not_ready_in_time_fails_the_job_with_its_last_lines() {
    let mut rest = service(1, "cache", "ready\nsleep 100");
    rest.image = Environment::Image { reference: "db:1".to_owned() };
    let services = [service(0, "db", "echo no disk\nsleep 2\nunready its check ended with code 1\nsleep 100"), rest];
    let job = with(services, in_order([step(1, "echo never")]));
    Bench::new()
        .check(
            &job,
            expect![[r#"
                phase Image
                image db:1
                image debian:bookworm-slim
                phase Services
                step 10001 started
                step 10002 started
                service 10002 ready
                step 10001 service_not_ready, code 143, log "no disk\n"
                step 10002 passed, code 143, log ""
                phase Teardown
                finish: service_not_ready: service "db" was not ready in time: its check ended with code 1
                the end of what it wrote:
                  no disk
                  step 1: skipped: service "db" was not ready in time: its check ended with code 1
                  step 10001: service_not_ready: service "db" was not ready in time: its check ended with code 1
                the end of what it wrote:
                  no disk
                  step 10002: passed
            "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_ends_before_it_is_ready_fails_the_job() {
    let job = with([service(0, "db", "exit 3")], in_order([step(1, "echo never")]));
    Bench::new()
        .check(
            &job,
            expect![[r#"
                phase Image
                image db:1
                image debian:bookworm-slim
                phase Services
                step 10001 started
                step 10001 service_not_ready, code 3, log ""
                phase Teardown
                finish: service_not_ready: service "db" exited with code 3 before it was ready
                it wrote nothing
                  step 1: skipped: service "db" exited with code 3 before it was ready
                  step 10001: service_not_ready: service "db" exited with code 3 before it was ready
                it wrote nothing
            "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_dies_is_told_and_the_verdict_is_the_steps() {
    let job = with([service(0, "db", "ready\nsleep 1\nexit 9")], in_order([step(1, "sleep 5")]));
    let mut bench = Bench::new();
    expect![[r#"
        phase Image
        image db:1
        image debian:bookworm-slim
        phase Services
        step 10001 started
        service 10001 ready
        phase Steps
        step 1 started
        step 10001 step_failed, code 9, log ""
        step 1 passed, code 0, log ""
        phase Teardown
        finish: passed
          step 1: passed
          step 10001: step_failed: service "db" exited with code 9 while the steps ran
    "#]]
    .assert_eq(&bench.dialogue(&job).await);
    expect![[r#"
        waiting for db: `check` is to pass
        db is ready
        service "db" exited with code 9 while the steps ran
    "#]]
    .assert_eq(&without_times(&bench.log(0)));
    let job = with([service(0, "db", "ready\nsleep 1\nexit 9")], in_order([step(1, "sleep 5\nfalse")]));
    let told = Bench::new().dialogue(&job).await;
    assert!(told.contains("step \"s1\" exited with code 1; service \"db\" exited with code 9 while the steps ran"));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_ends_the_services_too() {
    let job = with([service(0, "db", "sleep 100")], in_order([step(1, "true")]));
    let bench = Bench::new();
    bench.after(5, |orders| orders.cancel.cancel());
    bench
        .check(
            &job,
            expect![[r#"
                phase Image
                image db:1
                image debian:bookworm-slim
                phase Services
                step 10001 started
                step 10001 cancelled, code 143, log ""
                phase Teardown
                finish: cancelled
                  step 1: skipped: the job was cancelled
                  step 10001: cancelled
            "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_ours_is_not_awaited() {
    let job = with([service(0, "db", "ready\ndeaf\nsleep 100")], in_order([step(1, "sleep 100")]));
    let mut bench = Bench::new();
    bench.after(5, |orders| orders.drop.cancel());
    let began = tokio::time::Instant::now();
    assert!(bench.dialogue(&job).await.ends_with("nothing to report\n"));
    assert!(began.elapsed().as_secs() < 6, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_be_started_is_our_failure() {
    let job = with([service(0, "db", "ready")], in_order([step(1, "true")]));
    Bench::with(Fault::StartFails)
        .check(
            &job,
            expect![[r#"
                phase Image
                image db:1
                image debian:bookworm-slim
                phase Services
                step 10001 started
                step 10001 engine_failed, log ""
                phase Teardown
                finish: engine_failed: service "db" was lost: start the container: no space is left on the device
                  step 1: skipped: service "db" was lost: start the container: no space is left on the device
                  step 10001: engine_failed: service "db" was lost: start the container: no space is left on the device
            "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn siblings_reach_the_services_as_well() {
    let siblings =
        Stage { parallel: true, steps: vec![step(1, "true"), step(2, "true"), step(3, "true")], ..Stage::default() };
    let job = with([service(0, "db", "ready\nsleep 100")], of_stages(vec![siblings]));
    let mut bench = Bench::new();
    bench.dialogue(&job).await;
    assert_eq!(bench.engine.networks.load(Ordering::Relaxed), 4, "three siblings and a service");
    assert_eq!(bench.engine.connected.lock().unwrap().len(), 4);
}
