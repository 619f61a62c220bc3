//! Split jobs: what copies are told of the queue they share, and what becomes of those that say they passed.

use crate::page::Browser;
use crate::rig::{Rig, Work, frames, json, refused, rig, rig_in};
use reqwest::StatusCode;
use secrecy::ExposeSecret;
use sidings_controller::StoreKind;
use sidings_proto::api::RunView;
use sidings_proto::fleet::QueueView;
use sidings_proto::runner::Finish;
use sidings_proto::split::{
    SplitBeat, SplitEnd, SplitLease, SplitList, SplitListed, SplitOrders, SplitOutcome, SplitOver, SplitPull,
    SplitPulled, SplitReport, SplitResult, SplitTaken, SplitTest,
};
use sidings_proto::tested::{RunTests, SplitTests, TestHistory};
use sidings_proto::{Failure, FailureClass, RequestId, Role, TestOutcome, Trigger, Verdict};

const SPLIT: &str = "image: debian:bookworm-slim\n\
    jobs:\n  unit:\n    parallelism: 2\n    tests: { discover: ls tests, run: make test, max_flaky_retries: 0 }\n";

fn list(ids: &[&str]) -> SplitList {
    let test = |id: &&str| SplitTest { id: (*id).to_owned(), ..SplitTest::default() };
    SplitList { tests: ids.iter().map(test).collect() }
}

async fn listed(rig: &Rig, work: &Work, ids: &[&str]) -> SplitListed {
    json(work.post(rig, "split/list", &list(ids)).await, StatusCode::OK).await
}

async fn pulled(rig: &Rig, work: &Work, request: RequestId) -> SplitPulled {
    json(work.post(rig, "split/pull", &SplitPull { request }).await, StatusCode::OK).await
}

async fn leased(rig: &Rig, work: &Work, request: RequestId) -> SplitLease {
    match pulled(rig, work, request).await {
        SplitPulled::Leased(lease) => lease,
        other @ (SplitPulled::Wait | SplitPulled::Over(_) | SplitPulled::Yield) => panic!("no tests but {other:?}"),
    }
}

/// All of a lease with one outcome, and the end of its batch.
fn all(lease: &SplitLease, outcome: SplitOutcome) -> SplitReport {
    let results = lease.tests.iter().map(|test| SplitResult { no: test.no, outcome, ms: 5 });
    let end = Some(SplitEnd { code: Some(0), boot_ms: None });
    SplitReport { lease: lease.lease, started: Vec::new(), results: results.collect(), end }
}

async fn report(rig: &Rig, work: &Work, report: &SplitReport) -> SplitTaken {
    json(work.post(rig, "split/report", report).await, StatusCode::OK).await
}

async fn over(rig: &Rig, work: &Work) -> SplitOver {
    match pulled(rig, work, RequestId::new()).await {
        SplitPulled::Over(over) => over,
        other @ (SplitPulled::Wait | SplitPulled::Leased(_) | SplitPulled::Yield) => panic!("not over but {other:?}"),
    }
}

/// Works off all that one copy is given; how many tests that were.
async fn work_off(rig: &Rig, work: &Work, outcome: SplitOutcome) -> usize {
    let mut tests = 0;
    while let SplitPulled::Leased(lease) = pulled(rig, work, RequestId::new()).await {
        tests += report(rig, work, &all(&lease, outcome)).await.counted;
    }
    tests
}

async fn verdicts(rig: &Rig, run: &RunView) -> Vec<Option<Verdict>> {
    rig.view(run).await.jobs.into_iter().map(|job| job.verdict).collect()
}

fn failed(class: FailureClass, message: &str) -> Verdict {
    Verdict::Failed(Failure { class, message: message.to_owned() })
}

#[tokio::test]
async fn copies_share_a_queue_and_pass_with_it() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(SPLIT).await;
    let (one, two) = (runner.lease(&rig).await, runner.lease(&rig).await);
    let answer = one.post(&rig, "split/pull", &SplitPull { request: RequestId::new() }).await;
    refused(answer, StatusCode::BAD_REQUEST).await;
    let tests = ["a", "b", "c", "d", "e", "f", "g", "h"];
    assert_eq!(listed(&rig, &one, &tests).await, SplitListed::Noted);
    assert_eq!(listed(&rig, &two, &tests).await, SplitListed::Noted);

    let request = RequestId::new();
    let lease = leased(&rig, &one, request).await;
    assert_eq!(leased(&rig, &one, request).await, lease, "a repeated request gets the same");
    let beat = |holds: Vec<u64>| SplitBeat { holds };
    let orders: SplitOrders = json(two.post(&rig, "split/beat", &beat(vec![lease.lease])).await, StatusCode::OK).await;
    assert_eq!(orders.drop, [lease.lease], "it is the other's");
    let foreign = report(&rig, &two, &all(&lease, SplitOutcome::Failed)).await;
    assert_eq!(foreign, SplitTaken { foreign: lease.tests.len(), ..SplitTaken::default() });
    let passed = all(&lease, SplitOutcome::Passed);
    assert_eq!(report(&rig, &one, &passed).await, SplitTaken { counted: lease.tests.len(), ..SplitTaken::default() });
    assert_eq!(report(&rig, &one, &passed).await, SplitTaken { already: lease.tests.len(), ..SplitTaken::default() });

    let sum = rig.view(&run).await.splits.remove(0);
    assert_eq!((sum.suite.as_str(), sum.total, sum.settled, sum.passed), ("unit", 8, lease.tests.len() as u64, None));
    let rest = work_off(&rig, &two, SplitOutcome::Passed).await;
    assert_eq!(lease.tests.len() + rest, 8);
    for work in [&one, &two] {
        assert_eq!(over(&rig, work).await, SplitOver { passed: true, text: "8 of 8 ran once".to_owned() });
        work.pass(&rig).await;
    }
    assert_eq!(verdicts(&rig, &run).await, [Some(Verdict::Passed), Some(Verdict::Passed)]);
    let answer = one.post(&rig, "split/pull", &SplitPull { request }).await;
    assert_eq!(refused(answer, StatusCode::CONFLICT).await, "stale_attempt");
}

#[tokio::test]
async fn a_copy_that_is_not_needed_is_no_worker_for_a_sign_of_life() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let pipeline = SPLIT.replace("parallelism: 2", "parallelism: { max: 2, target: 1h }");
    // How long the tests take is known after the first run alone: all copies work in that.
    rig.run(&pipeline).await;
    let (one, two) = (runner.lease(&rig).await, runner.lease(&rig).await);
    for work in [&one, &two] {
        assert_eq!(listed(&rig, work, &["a", "b"]).await, SplitListed::Noted);
    }
    assert_eq!(work_off(&rig, &one, SplitOutcome::Passed).await, 2);
    for work in [&one, &two] {
        work.pass(&rig).await;
    }

    rig.run(&pipeline).await;
    let one = runner.lease(&rig).await;
    assert_eq!(listed(&rig, &one, &["a", "b"]).await, SplitListed::Noted);
    let two = runner.lease(&rig).await;
    let beat = two.post(&rig, "split/beat", &SplitBeat { holds: vec![] }).await;
    let orders: SplitOrders = json(beat, StatusCode::OK).await;
    assert!(orders.drop.is_empty());
    let SplitListed::Over(spared) = listed(&rig, &two, &["a", "b"]).await else { panic!("one is enough") };
    assert!(spared.passed, "{}", spared.text);
    two.pass(&rig).await;
    assert_eq!(work_off(&rig, &one, SplitOutcome::Passed).await, 2);
}

#[tokio::test]
async fn a_copy_gives_its_runner_to_another_project_and_comes_again() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(&SPLIT.replace("parallelism: 2", "parallelism: 4")).await;
    let tests = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    let mut copies = Vec::new();
    for _ in 0..4 {
        let copy = runner.lease(&rig).await;
        assert_eq!(listed(&rig, &copy, &tests).await, SplitListed::Noted);
        let lease = leased(&rig, &copy, RequestId::new()).await;
        copies.push((copy, lease));
    }
    let small = rig
        .run_in_project(
            ("site", Trigger::Api),
            "image: debian:bookworm-slim\njobs:\n  s:\n    steps: [{ run: make }]\n",
        )
        .await;
    let (last, lease) = copies.pop().unwrap();
    report(&rig, &last, &all(&lease, SplitOutcome::Passed)).await;
    // It is told to wait until it is known that somebody does.
    let request = RequestId::new();
    while pulled(&rig, &last, request).await != SplitPulled::Yield {}
    let wait = rig.view(&small).await.jobs[0].wait.clone().unwrap();
    assert!(wait.message.contains("; unit of web gives a runner back"), "{}", wait.message);
    let queue: QueueView = rig.get("/api/v1/queue").await;
    let waiting: Vec<_> = queue.waiting.iter().map(|job| (job.project.as_str(), job.name.as_str())).collect();
    assert_eq!((waiting, queue.more), (vec![("site", "s")], false));
    last.pass(&rig).await;
    assert_eq!(pulled_late(&rig, &last).await, "stale_attempt");
    let verdicts = rig.view(&run).await.jobs.into_iter().map(|job| (job.verdict, job.attempts.len()));
    assert_eq!(verdicts.collect::<Vec<_>>(), [(None, 1), (None, 1), (None, 1), (None, 1)]);
    let other = runner.lease(&rig).await;
    assert_eq!(other.assignment.attempt.job, rig.view(&small).await.jobs[0].id);
    other.pass(&rig).await;

    let again = runner.lease(&rig).await;
    assert_eq!((again.assignment.attempt.job, again.assignment.attempt.fence), (last.assignment.attempt.job, 2));
    for (copy, lease) in &copies {
        report(&rig, copy, &all(lease, SplitOutcome::Passed)).await;
    }
    for copy in copies.iter().map(|(copy, _)| copy).chain([&again]) {
        assert_eq!(over(&rig, copy).await.text, "12 of 12 ran once");
        copy.pass(&rig).await;
    }
    assert_eq!(rig.view(&run).await.summary.verdict, Some(Verdict::Passed));
}

async fn pulled_late(rig: &Rig, work: &Work) -> String {
    let answer = work.post(rig, "split/pull", &SplitPull { request: RequestId::new() }).await;
    refused(answer, StatusCode::CONFLICT).await
}

#[tokio::test]
async fn no_copy_passes_with_a_queue_that_is_not_green() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(SPLIT).await;
    let (one, two) = (runner.lease(&rig).await, runner.lease(&rig).await);
    assert_eq!(listed(&rig, &one, &["a", "b"]).await, SplitListed::Noted);
    one.pass(&rig).await;
    assert_eq!(listed(&rig, &two, &["b", "a"]).await, SplitListed::Noted, "another order is the same list");
    assert_eq!(work_off(&rig, &two, SplitOutcome::Failed).await, 2);
    let text = "2 of 2 ran once, 2 failed\n2 failed:\n  a\n  b".to_owned();
    assert_eq!(over(&rig, &two).await, SplitOver { passed: false, text });
    two.pass(&rig).await;
    let early = "it ended before every test had run: 0 of 2 ran once, 2 left";
    let expected =
        [Some(failed(FailureClass::SplitIncomplete, early)), Some(failed(FailureClass::TestsFailed, "2 failed: a, b"))];
    assert_eq!(verdicts(&rig, &run).await, expected);
}

#[tokio::test]
async fn a_list_that_cannot_be_run_or_is_another_ends_the_queue() {
    let rig = rig().await;
    let runner = rig.runner().await;
    for (first, second, told) in [
        (&[][..], &["a"][..], "discovery found no test"),
        (&["a", "b"], &["a", "c"], "two workers discovered different tests: it lacks 1 and has 1 others\n- b\n+ c"),
        (&["a", "b"], &[], "given up: a worker's discovery found no test"),
    ] {
        let run = rig.run(SPLIT).await;
        let (one, two) = (runner.lease(&rig).await, runner.lease(&rig).await);
        listed(&rig, &one, first).await;
        let SplitListed::Over(over) = listed(&rig, &two, second).await else { panic!("{told} is no end") };
        assert!(!over.passed && over.text.contains(told), "{}", over.text);
        for work in [&one, &two] {
            work.finish(&rig, &work.failed(FailureClass::StepFailed)).await;
        }
        let classes = verdicts(&rig, &run).await.into_iter().map(|verdict| match verdict {
            Some(Verdict::Failed(failure)) => failure.class,
            other => panic!("{other:?}"),
        });
        assert_eq!(classes.collect::<Vec<_>>(), [FailureClass::SplitIncomplete; 2]);
    }
}

#[tokio::test]
async fn a_restarted_controller_goes_on_with_the_queue() {
    let mut rig = rig_in(tempfile::tempdir().unwrap(), StoreKind::Sqlite).await;
    let runner = rig.runner().await;
    let run = rig.run(SPLIT).await;
    let (one, two) = (runner.lease(&rig).await, runner.lease(&rig).await);
    listed(&rig, &one, &["a", "b", "c", "d", "e", "f"]).await;
    let request = RequestId::new();
    let lease = leased(&rig, &one, request).await;
    rig = rig.restart().await;
    runner.hello(&rig).await;
    assert_eq!(leased(&rig, &one, request).await, lease);
    assert_eq!(report(&rig, &one, &all(&lease, SplitOutcome::Passed)).await.counted, lease.tests.len());
    rig = rig.restart().await;
    runner.hello(&rig).await;
    let rest = work_off(&rig, &two, SplitOutcome::Passed).await;
    assert_eq!(lease.tests.len() + rest, 6);
    rig = rig.restart().await;
    runner.hello(&rig).await;
    for work in [&one, &two] {
        assert!(over(&rig, work).await.passed);
        work.pass(&rig).await;
    }
    assert_eq!(rig.view(&run).await.splits[0].told, "6 of 6 ran once");
    assert_eq!(verdicts(&rig, &run).await, [Some(Verdict::Passed), Some(Verdict::Passed)]);
}

#[tokio::test]
async fn tests_of_a_run_that_ended_before_them_did_not_run() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(SPLIT).await;
    let one = runner.lease(&rig).await;
    listed(&rig, &one, &["a", "b"]).await;
    let lease = leased(&rig, &one, RequestId::new()).await;
    report(&rig, &one, &SplitReport { end: None, ..all(&lease, SplitOutcome::Passed) }).await;
    rig.post(&format!("/api/v1/runs/{}/cancel", run.summary.id), &()).await;
    one.finish(&rig, &one.cancelled()).await;
    let sum = rig.view(&run).await.splits.remove(0);
    assert_eq!(sum.passed, Some(false));
    assert!(sum.reasons.iter().any(|reason| reason.contains("the run ended before every test had run")), "{sum:?}");
}

#[tokio::test]
async fn tests_of_a_split_are_among_those_of_the_run_and_have_a_history() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let mut ids = Vec::new();
    for outcome in [SplitOutcome::Failed, SplitOutcome::Passed] {
        let run = rig.run(SPLIT).await;
        let (one, two) = (runner.lease(&rig).await, runner.lease(&rig).await);
        for work in [&one, &two] {
            listed(&rig, work, &["t.py::a", "t.py::b"]).await;
        }
        assert_eq!(work_off(&rig, &one, outcome).await + work_off(&rig, &two, outcome).await, 2);
        for work in [&one, &two] {
            work.pass(&rig).await;
        }
        ids.push(run.summary.id);
    }
    let tests: RunTests = rig.get(&format!("/api/v1/runs/{}/tests?bad=true&limit=1", ids[0])).await;
    assert_eq!((tests.jobs.len(), tests.splits.len()), (0, 1), "it has no reports");
    let SplitTests { suite, counts, cases } = &tests.splits[0];
    assert_eq!((suite.as_str(), counts.failed, counts.passed), ("unit", 2, 0));
    assert_eq!((cases.len(), cases[0].name.as_str(), cases[0].took_ms), (1, "t.py::a", Some(5)));
    for (job, many) in [("unit", 1), ("unit%202/2", 1), ("unity", 0)] {
        let tests: RunTests = rig.get(&format!("/api/v1/runs/{}/tests?job={job}", ids[1])).await;
        assert_eq!(tests.splits.len(), many, "{job}");
    }

    let history: TestHistory = rig.get("/api/v1/projects/web/tests?name=t.py::b").await;
    let [series] = &history.tests[..] else { panic!("{history:?}") };
    let past: Vec<_> = series.past.iter().map(|past| (past.run, past.outcome, past.took_ms)).collect();
    let expected = [(ids[1], TestOutcome::Passed, Some(5)), (ids[0], TestOutcome::Failed, Some(5))];
    assert_eq!((series.job.as_str(), past), ("unit", expected.to_vec()));

    let token = rig.controller.api_token_as("ada", Role::Viewer).await.unwrap();
    let browser = Browser::signed_in(&rig, token.expose_secret()).await;
    let of_run = browser.page(&format!("/runs/{}/tests", ids[0])).await;
    let address = "/tests?project=web&#38;name=t.py%3A%3Aa";
    assert!(of_run.contains("2 failed") && of_run.contains(address), "{of_run}");
    let of_test = browser.page("/tests?project=web&name=t.py%3A%3Ab").await;
    assert!(of_test.contains("2 runs") && of_test.contains("half of the times within 5 ms"), "{of_test}");
}

#[tokio::test]
async fn a_red_queue_is_told_of_once_by_the_copy_whose_log_has_the_test() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(SPLIT).await;
    let (one, two) = (runner.lease(&rig).await, runner.lease(&rig).await);
    for work in [&one, &two] {
        listed(&rig, work, &["t/a.py::test_b", "t/a.py::test_c"]).await;
    }
    let first = leased(&rig, &two, RequestId::new()).await;
    report(&rig, &two, &all(&first, SplitOutcome::Failed)).await;
    work_off(&rig, &one, SplitOutcome::Failed).await;
    let lines = |n: u32| (0..n).map(|no| format!("line {no}\n")).collect::<String>();
    let told = format!("{}FAILED t/a.py::test_b - assert 5 == 6\n{}", lines(50), lines(40));
    for (work, text) in [(&one, lines(99)), (&two, told)] {
        let log = frames(&text);
        work.log(&rig, 1, 0, &log).await;
        let failed = work.failed(FailureClass::StepFailed);
        let mut finish = Finish { verdict: failed.verdict, ..work.passed(&log) };
        (finish.steps[0].verdict, finish.steps[0].code) = (finish.verdict.clone(), Some(1));
        assert_eq!(work.finish(&rig, &finish).await["answer"], "accepted");
    }
    let token = rig.controller.api_token_as("ada", Role::Viewer).await.unwrap();
    let page = Browser::signed_in(&rig, token.expose_secret()).await.page(&format!("/runs/{}", run.summary.id)).await;
    assert_eq!(page.matches("class=\"cause\"").count(), 1, "{page}");
    let cause = &page[page.find("class=\"cause\"").unwrap()..page.find("<h2>Jobs</h2>").unwrap()];
    assert!(cause.contains(">unit 2/2</a>: ") && cause.contains("the same of unit 1/2"), "{cause}");
    assert!(cause.contains("assert 5 == 6") && cause.contains("line 46") && !cause.contains("line 45"), "{cause}");
}
