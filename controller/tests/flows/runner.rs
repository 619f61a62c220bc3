//! The runner protocol, from registering to the run's end.

use crate::rig::{PIPELINE, Rig, TWO_JOBS, frames, json, refused, rig, rig_in};
use reqwest::StatusCode;
use sidings_controller::StoreKind;
use sidings_proto::api::{RunView, Runners, State};
use sidings_proto::runner::{Beat, Beaten, Order, Phase, Progress, ProgressReport, Retire};
use sidings_proto::{FailureClass, LifeId, RequestId, StepNo, Timestamp, Verdict};

async fn whole_way(rig: &Rig) {
    let runner = rig.runner().await;
    let run = rig.run(PIPELINE).await;
    assert_eq!((run.summary.state, run.summary.number), (State::Queued, 1));

    let work = runner.lease(rig).await;
    let assigned = &work.assignment;
    assert_eq!((&*assigned.job_name, assigned.run.number, assigned.attempt.fence), ("test", 1, 1));

    let events = vec![
        Progress::Phase { phase: Phase::Steps, at: Timestamp(1) },
        Progress::StepStarted { step: StepNo(1), at: Timestamp(2) },
    ];
    let answer = work.post(rig, "progress", &ProgressReport { events }).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let job = rig.view(&run).await.jobs.remove(0);
    assert_eq!((job.state, job.phase, job.steps[0].state), (State::Running, Some(Phase::Steps), State::Running));
    assert_eq!(job.attempts[0].runner_name, "r1");

    let log = frames("ok\n");
    let ack: serde_json::Value = json(work.log(rig, 1, 0, &log).await, StatusCode::OK).await;
    assert_eq!(ack["bytes"], log.len());
    assert_eq!(work.finish(rig, &work.passed(&log)).await["answer"], "accepted");
    assert_eq!(work.finish(rig, &work.passed(&log)).await["answer"], "already");

    let ended = rig.view(&run).await;
    assert_eq!((ended.summary.state, ended.summary.verdict), (State::Ended, Some(Verdict::Passed)));
    let step = &ended.jobs[0].steps[0];
    assert_eq!((step.state, step.code, step.log.as_ref().unwrap().bytes), (State::Ended, Some(0), log.len() as u64));
}

#[tokio::test]
async fn a_run_goes_its_way() {
    whole_way(&rig().await).await;
}

#[tokio::test]
async fn a_run_goes_its_way_in_memory() {
    whole_way(&rig_in(tempfile::tempdir().unwrap(), StoreKind::Memory).await).await;
}

#[tokio::test]
async fn a_lease_that_waits_is_answered_when_work_appears() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let (work, run) = tokio::join!(runner.lease(&rig), rig.run(PIPELINE));
    assert_eq!(work.assignment.run.id, run.summary.id);
}

#[tokio::test]
async fn a_lease_request_that_is_repeated_gets_the_same_attempts() {
    let rig = rig().await;
    let runner = rig.runner().await;
    rig.run(PIPELINE).await;
    let request = RequestId::new();
    let first = runner.lease_as(&rig, request).await;
    assert_eq!(first.len(), 1);
    assert_eq!(runner.lease_as(&rig, request).await, first);
}

#[tokio::test]
async fn a_stale_attempt_changes_nothing() {
    let rig = rig().await;
    let mut runner = rig.runner().await;
    let run = rig.run(PIPELINE).await;
    let old = runner.lease(&rig).await;
    // The runner's next life takes over: what the old one held goes back.
    runner.life = LifeId::new();
    runner.hello(&rig).await;
    let new = runner.lease(&rig).await;
    assert_eq!(new.assignment.attempt.fence, 2);

    let events = vec![Progress::StepStarted { step: StepNo(1), at: Timestamp(2) }];
    for answer in [
        old.post(&rig, "progress", &ProgressReport { events }).await,
        old.log(&rig, 1, 0, &frames("late\n")).await,
        old.post(&rig, "finish", &old.passed(b"")).await,
    ] {
        assert_eq!(refused(answer, StatusCode::CONFLICT).await, "stale_attempt");
    }
    let job = rig.view(&run).await.jobs.remove(0);
    assert_eq!((job.state, job.steps[0].state, job.attempts.len()), (State::Running, State::Waiting, 2));
    assert!(!rig.data.path().join("logs").exists());
    new.pass(&rig).await;
    assert_eq!(rig.view(&run).await.summary.verdict, Some(Verdict::Passed));
}

#[tokio::test]
async fn jobs_come_in_the_order_of_their_needs() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(TWO_JOBS).await;
    assert_eq!(run.jobs.iter().map(|job| job.state).collect::<Vec<_>>(), [State::Queued, State::Waiting]);
    for name in ["build", "test"] {
        let work = runner.lease(&rig).await;
        assert_eq!(work.assignment.job_name, name);
        work.pass(&rig).await;
    }
    assert_eq!(rig.view(&run).await.summary.verdict, Some(Verdict::Passed));
}

#[tokio::test]
async fn the_next_life_of_the_controller_goes_on_with_what_runs() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(TWO_JOBS).await;
    let work = runner.lease(&rig).await;
    let (start, rest) = (frames("before\n"), frames("after\n"));
    work.log(&rig, 1, 0, &start).await.error_for_status().unwrap();

    let rig = rig.restart().await;
    let whole = [start.clone(), rest.clone()].concat();
    let missing = work.finish(&rig, &work.passed(&whole)).await;
    assert_eq!((&missing["answer"], &missing["bytes"]), (&"log_missing".into(), &start.len().into()));
    work.log(&rig, 1, start.len(), &rest).await.error_for_status().unwrap();
    assert_eq!(work.finish(&rig, &work.passed(&whole)).await["answer"], "accepted");

    let rig = rig.restart().await;
    assert_eq!(work.finish(&rig, &work.passed(&whole)).await["answer"], "already");
    runner.hello(&rig).await;
    runner.lease(&rig).await.pass(&rig).await;
    assert_eq!(rig.view(&run).await.summary.verdict, Some(Verdict::Passed));
    assert_eq!(rig.run(PIPELINE).await.summary.number, 2);
}

#[tokio::test]
async fn a_life_that_is_not_known_must_say_hello() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let rig = rig.restart().await;
    let beat = Beat { life: runner.life, attempts: Vec::new(), draining: false, low_disk: None, machine: None };
    let answer = runner.post(&rig, "/runner/v1/beat", &beat).await;
    assert_eq!(refused(answer, StatusCode::CONFLICT).await, "unknown_life");
    runner.hello(&rig).await;
    let answer = runner.post(&rig, "/runner/v1/beat", &beat).await;
    assert_eq!(json::<Beaten>(answer, StatusCode::OK).await.orders, []);
}

#[tokio::test]
async fn a_cancelled_run_is_told_with_the_next_beat_and_ends() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(TWO_JOBS).await;
    let work = runner.lease(&rig).await;
    let path = format!("/api/v1/runs/{}/cancel", run.summary.id);
    let view: RunView = json(rig.post(&path, &()).await, StatusCode::ACCEPTED).await;
    assert_eq!(view.jobs[1].verdict.as_ref().map(Verdict::word), Some("cancelled"));

    let beat = Beat {
        life: runner.life,
        attempts: vec![work.assignment.attempt],
        draining: false,
        low_disk: None,
        machine: None,
    };
    let orders = json::<Beaten>(runner.post(&rig, "/runner/v1/beat", &beat).await, StatusCode::OK).await.orders;
    assert_eq!(orders[0].order, Order::Cancel);

    let mut finish = work.passed(b"");
    finish.verdict = Verdict::Cancelled;
    finish.steps[0].verdict = Verdict::Cancelled;
    finish.steps[0].code = None;
    assert_eq!(work.finish(&rig, &finish).await["answer"], "accepted");
    assert_eq!(rig.view(&run).await.summary.verdict, Some(Verdict::Cancelled));
}

#[tokio::test]
async fn a_runner_that_retires_gives_its_work_back() {
    let rig = rig().await;
    let runner = rig.runner().await;
    rig.run(PIPELINE).await;
    let work = runner.lease(&rig).await;
    let answer = runner.post(&rig, "/runner/v1/retire", &Retire { life: runner.life }).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let other = rig.runner().await;
    assert_eq!(other.lease(&rig).await.assignment.attempt.job, work.assignment.attempt.job);
}

#[tokio::test]
async fn a_log_that_differs_is_our_failure() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(PIPELINE).await;
    let work = runner.lease(&rig).await;
    work.log(&rig, 1, 0, &frames("what came\n")).await.error_for_status().unwrap();
    assert_eq!(work.finish(&rig, &work.passed(&frames("what left\n"))).await["answer"], "log_differs");
    let Some(Verdict::Failed(failure)) = rig.view(&run).await.jobs[0].attempts[0].verdict.clone() else {
        panic!("the attempt did not fail")
    };
    assert_eq!(failure.class, FailureClass::EngineFailed);
}

#[tokio::test]
async fn runners_are_listed_with_what_they_do() {
    let rig = rig().await;
    let runner = rig.runner().await;
    rig.run(PIPELINE).await;
    runner.lease(&rig).await;
    let listed = rig.get::<Runners>("/api/v1/runners").await.runners.remove(0);
    assert_eq!((listed.id, &*listed.name, listed.slots, listed.busy), (runner.id, "r1", 4, 1));
}
