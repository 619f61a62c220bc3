use super::bench::{Bench, in_order, step};
use crate::job::reports::judged;
use crate::job::verdict::failed;
use expect_test::expect;
use sidings_proto::runner::Assignment;
use sidings_proto::{FailureClass, Reports, Step, TestCounts, Verdict};

const TWO: &str =
    "<testsuite tests='2'><testcase name='a'/><testcase name='b'><failure>no</failure></testcase></testsuite>";

fn telling(steps: impl IntoIterator<Item = Step>, required: bool) -> Assignment {
    let mut job = in_order(steps);
    job.spec.reports = Reports { junit: vec!["report.xml".to_owned(), "absent/*.xml".to_owned()], required };
    job
}

#[tokio::test]
async fn tests_that_failed_say_why_the_job_did() {
    let mut bench = Bench::new();
    let job = telling([step(1, &format!("write report.xml {TWO}\nexit 1")), step(2, "true")], false);
    expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 step_failed, code 1, log ""
        phase Teardown
        finish: tests_failed: 1 of 2 tests failed; step "s1" exited with code 1
          step 1: step_failed: step "s1" exited with code 1
          step 2: skipped: 1 of 2 tests failed; step "s1" exited with code 1
    "#]]
    .assert_eq(&bench.dialogue(&job).await);
    assert_eq!(bench.log(0), "tests: 1 failed, 1 passed\nno report was found at absent/*.xml\n");
    let tests = bench.channel.telling.take_tests().unwrap();
    let batches: Vec<_> = tests.batches().unwrap().map(Result::unwrap).collect();
    assert_eq!(batches[0].cases[1].output, "");
    assert_eq!((batches[0].cases[1].name.as_str(), batches[0].cases[1].message.as_str()), ("b", "no"));
}

#[tokio::test]
async fn exit_codes_decide_whatever_the_tests_say() {
    let mut bench = Bench::new();
    let told = bench.dialogue(&telling([step(1, &format!("write report.xml {TWO}"))], true)).await;
    assert!(told.contains("finish: passed\n"), "{told}");
    assert!(bench.channel.telling.take_tests().is_some());
}

#[tokio::test]
async fn a_report_that_is_required_must_be_there() {
    let mut bench = Bench::new();
    let told = bench.dialogue(&telling([step(1, "true")], true)).await;
    assert!(told.contains("finish: tests_failed: its reports are required, and there is no test in them\n"), "{told}");
    let log = "tests: none\nno report was found at report.xml\nno report was found at absent/*.xml\n";
    assert_eq!(bench.log(0), log);
    let told = Bench::new().dialogue(&telling([step(1, "true")], false)).await;
    assert!(told.contains("finish: passed\n"), "{told}");
}

#[tokio::test]
async fn a_job_that_asks_for_none_has_no_tests() {
    let mut bench = Bench::new();
    bench.dialogue(&in_order([step(1, &format!("write report.xml {TWO}\nexit 1"))])).await;
    assert!(bench.channel.telling.take_tests().is_none());
    assert_eq!(bench.log(0), "");
}

#[test]
fn only_a_failed_step_is_blamed_on_tests() {
    let counts = TestCounts { errored: 1, ..TestCounts::default() };
    let kept = [
        Verdict::Passed,
        Verdict::Cancelled,
        failed(FailureClass::TimedOut, "the job took longer than 1 min"),
        failed(FailureClass::EngineFailed, "the disk is full"),
    ];
    for verdict in kept {
        assert_eq!(judged(verdict.clone(), counts, true), verdict);
    }
    let of_step = failed(FailureClass::StepFailed, "step \"s1\" exited with code 1");
    let of_tests = failed(FailureClass::TestsFailed, "1 of 1 test failed; step \"s1\" exited with code 1");
    assert_eq!(judged(of_step.clone(), counts, false), of_tests);
    assert_eq!(judged(of_step.clone(), TestCounts::default(), true), of_step);
}
