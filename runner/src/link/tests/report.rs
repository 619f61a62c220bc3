use super::fake::{Fake, Fault, Runner};
use sidings_proto::runner::{Finished, LogDigest, Order};
use sidings_proto::{AttemptId, StepNo, Verdict};

/// The controller has every byte that the finish speaks of.
fn logs_are_whole(fake: &Fake, attempt: AttemptId) {
    fake.change(|heard| {
        let (_, finish) = heard.finishes.iter().rfind(|(of, _)| *of == attempt).unwrap();
        let steps = finish.steps.iter().map(|result| (result.step, &result.log));
        for (step, LogDigest { bytes, hash }) in steps.chain([(StepNo::SETUP, &finish.setup_log)]) {
            let log = heard.logs.get(&(attempt, step)).cloned().unwrap_or_default();
            assert_eq!((log.len() as u64, blake3::hash(&log).to_hex().as_str()), (*bytes, hash.as_str()), "{step}");
        }
    });
}

async fn carried_out(fake: &Fake, address: &str, script: &str) -> (AttemptId, Verdict) {
    let runner = Runner::start(address);
    let attempt = fake.queue(script);
    fake.until(|heard| heard.finishes.iter().any(|(of, _)| *of == attempt)).await;
    runner.shutdown.drain.cancel();
    runner.gone().await.unwrap();
    (attempt, fake.change(|heard| heard.finishes.last().unwrap().1.verdict.clone()))
}

#[tokio::test]
async fn a_job_is_leased_carried_out_and_reported() {
    let (fake, address) = Fake::serve().await;
    let runner = Runner::start(&address);
    let attempt = fake.queue("echo hello\nsleep 0.5\nfill 5000000");
    fake.until(|heard| heard.progress.iter().any(|event| event.contains("StepStarted"))).await;
    fake.until(|heard| heard.logs.contains_key(&(attempt, StepNo(1))) && heard.finishes.is_empty()).await;
    fake.until(|heard| heard.finishes.len() == 1).await;
    logs_are_whole(&fake, attempt);
    runner.shutdown.drain.cancel();
    let dir = runner.dir.clone();
    runner.gone().await.unwrap();
    assert_eq!(std::fs::read_dir(dir.path().join("attempts")).unwrap().count(), 0);
    assert_eq!(fake.count("/retire"), 1);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_the_job_runs_once() {
    let (fake, address) = Fake::serve().await;
    fake.lose_answer("/lease");
    fake.lose_answer("/finish");
    let (attempt, verdict) = carried_out(&fake, &address, "echo once").await;
    assert_eq!(verdict, Verdict::Passed);
    logs_are_whole(&fake, attempt);
    fake.change(|heard| {
        assert_eq!(heard.requests[0], heard.requests[1], "the same request is repeated");
        assert_eq!(heard.finishes.len(), 2, "the finish is repeated until it is answered");
        assert_eq!(heard.finishes[0], heard.finishes[1]);
    });
}

#[tokio::test]
async fn a_controller_that_is_away_gets_everything_later() {
    let (fake, address) = Fake::serve().await;
    for call in ["/register", "/hello", "/lease", "/progress", "/logs/1", "/logs/0", "/finish"] {
        fake.fail(call, Fault::Away, 2);
    }
    let (attempt, verdict) = carried_out(&fake, &address, "echo later\nsleep 0.2\nfill 3000000").await;
    assert_eq!(verdict, Verdict::Passed);
    logs_are_whole(&fake, attempt);
}

#[tokio::test]
async fn a_log_that_the_controller_lacks_is_sent_again_from_there() {
    let (fake, address) = Fake::serve().await;
    fake.change(|heard| heard.finish_answers.push_back(Finished::LogMissing { step: StepNo(1), bytes: 0 }));
    let (attempt, verdict) = carried_out(&fake, &address, "echo again\nfill 3000000").await;
    assert_eq!(verdict, Verdict::Passed);
    assert_eq!(fake.count("/finish"), 2);
    logs_are_whole(&fake, attempt);
}

#[tokio::test]
async fn a_stale_attempt_is_dropped_without_a_word() {
    let (fake, address) = Fake::serve().await;
    let runner = Runner::start(&address);
    fake.fail("/progress", Fault::Stale, 1);
    let stale = fake.queue("sleep 600");
    fake.until(|heard| heard.beaten.iter().any(|held| held.contains(&stale)) || heard.faults.is_empty()).await;
    let next = fake.queue("true");
    fake.until(|heard| heard.finishes.iter().any(|(of, _)| *of == next)).await;
    runner.shutdown.drain.cancel();
    runner.gone().await.unwrap();
    fake.change(|heard| assert!(heard.finishes.iter().all(|(of, _)| *of == next)));
}

#[tokio::test]
async fn a_stale_finish_is_not_repeated() {
    let (fake, address) = Fake::serve().await;
    let runner = Runner::start(&address);
    fake.fail("/finish", Fault::Stale, 1);
    fake.queue("true");
    fake.until(|heard| heard.faults.is_empty()).await;
    runner.shutdown.drain.cancel();
    runner.gone().await.unwrap();
    assert_eq!(fake.count("/finish"), 1);
}

/// Without the hints this many beats take longer than anybody waits here.
#[tokio::test]
async fn a_hint_makes_the_next_beat_come_at_once() {
    let (fake, address) = Fake::serve().await;
    let runner = Runner::start(&address);
    fake.change(|heard| heard.hints = 30);
    fake.until(|heard| heard.beaten.len() > 30).await;
    runner.shutdown.drain.cancel();
    runner.gone().await.unwrap();
}

#[tokio::test]
async fn orders_come_with_a_beat() {
    let (fake, address) = Fake::serve().await;
    let runner = Runner::start(&address);
    let (cancelled, dropped) = (fake.queue("sleep 600"), fake.queue("sleep 600"));
    fake.change(|heard| heard.orders.extend([(cancelled, Order::Cancel), (dropped, Order::Drop)]));
    fake.until(|heard| heard.finishes.len() == 1).await;
    runner.shutdown.drain.cancel();
    runner.gone().await.unwrap();
    fake.change(|heard| {
        assert_eq!(heard.finishes.len(), 1);
        let (attempt, finish) = &heard.finishes[0];
        assert_eq!((*attempt, &finish.verdict), (cancelled, &Verdict::Cancelled));
    });
}

const REPORT: &str = "write report.xml <testsuite><testcase name='a'/></testsuite>";

#[tokio::test]
async fn tests_are_told_until_they_are_taken_and_then_the_end() {
    let (fake, address) = Fake::serve().await;
    fake.fail("/tests", Fault::Away, 1);
    fake.lose_answer("/tests");
    let (attempt, verdict) = carried_out(&fake, &address, REPORT).await;
    assert_eq!(verdict, Verdict::Passed);
    fake.change(|heard| {
        let told: Vec<_> = heard.tests.iter().map(|(of, batch)| (*of, batch.first, batch.cases.len())).collect();
        assert_eq!(told, [(attempt, 0, 1), (attempt, 0, 1), (attempt, 1, 0)], "the lost one is repeated");
        assert_eq!(heard.tests[2].1.reports.as_ref().map(Vec::len), Some(1));
    });
}

#[tokio::test]
async fn an_attempt_whose_tests_are_stale_tells_no_end() {
    let (fake, address) = Fake::serve().await;
    let runner = Runner::start(&address);
    fake.fail("/tests", Fault::Stale, 1);
    fake.queue(REPORT);
    fake.until(|heard| heard.faults.is_empty()).await;
    runner.shutdown.drain.cancel();
    runner.gone().await.unwrap();
    assert_eq!((fake.count("/tests"), fake.count("/finish")), (1, 0));
}
