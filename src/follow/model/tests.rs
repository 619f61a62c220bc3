use super::*;
use crate::render::sample::{attempt, begun, ended, ended_run, failed, job, job_id, over, run_of, running, step};
use sidings_proto::FailureClass;
use sidings_proto::Timestamp;
use sidings_proto::log::Stream;
use sidings_proto::runner::Phase;

fn log(step: u32) -> LogId {
    LogId { job: job_id(1), fence: 1, step: StepNo(step) }
}

fn line(text: &str) -> Line {
    Line { stream: Stream::Stdout, at: Timestamp(0), bytes: text.as_bytes().to_vec() }
}

fn waiting() -> RunView {
    run_of(vec![job(1, "unit", &[], vec![step(1, "compile"), step(2, "pytest")])])
}

fn second_step_runs() -> RunView {
    run_of(vec![begun(job(1, "unit", &[], vec![ended(1, "compile", 0, 10), running(2, "pytest", 5)]), Phase::Steps)])
}

fn all_over() -> RunView {
    let steps = vec![ended(1, "compile", 0, 10), ended(2, "pytest", 0, 10)];
    ended_run(vec![over(job(1, "unit", &[], steps), Verdict::Passed)], Verdict::Passed)
}

#[test]
fn a_job_that_waits_has_no_logs_and_nothing_to_tell() {
    let mut following = Following::new(waiting(), Scope::default());
    assert_eq!((following.see(waiting()), following.due()), (vec![], vec![]));
}

#[test]
fn a_job_that_waits_for_somebody_says_so_once() {
    let wait = |kind| sidings_proto::api::WaitView { kind, message: "why".to_owned(), starts: None };
    let waits = |kind| {
        let mut run = waiting();
        run.jobs[0].wait = Some(wait(kind));
        run
    };
    let mut following = Following::new(waiting(), Scope::default());
    following.see(waits(WaitFor::Turn));
    assert_eq!(following.due(), []);
    following.see(waits(WaitFor::Approval));
    assert_eq!((following.due(), following.due()), (vec![Notice::Waits(job_id(1), WaitFor::Approval)], vec![]));
}

#[test]
fn each_log_is_opened_once_as_soon_as_it_is_begun() {
    let mut following = Following::new(waiting(), Scope::default());
    assert_eq!(following.see(second_step_runs()), [log(0), log(1), log(2)]);
    assert_eq!(following.see(second_step_runs()), []);
    assert_eq!(following.see(all_over()), []);
}

#[test]
fn the_end_of_a_step_is_told_after_its_last_line() {
    let mut following = Following::new(waiting(), Scope::default());
    following.see(second_step_runs());
    let started = [Notice::AttemptStarted(job_id(1), 1), Notice::StepStarted(log(1)), Notice::StepStarted(log(2))];
    assert_eq!(following.due(), started);
    following.take(log(1), &[line("compiled")]);
    assert_eq!(following.due(), []);
    following.log_ended(log(1));
    assert_eq!(following.due(), [Notice::StepEnded(log(1))]);
    assert_eq!(following.due(), []);
}

#[test]
fn the_end_of_a_job_is_told_after_all_its_logs() {
    let mut following = Following::new(waiting(), Scope::default());
    following.see(all_over());
    following.due();
    following.log_ended(log(2));
    following.log_ended(log(1));
    assert!(!following.is_complete());
    assert_eq!(following.due(), [Notice::StepEnded(log(1)), Notice::StepEnded(log(2))]);
    following.log_ended(log(0));
    assert_eq!(following.due(), [Notice::JobEnded(job_id(1))]);
    assert!(following.is_complete());
}

#[test]
fn a_run_that_ends_at_once_tells_all_the_same() {
    let mut following = Following::new(waiting(), Scope::default());
    for log in following.see(all_over()) {
        following.log_ended(log);
    }
    assert_eq!(following.due().len(), 6);
    assert!(following.is_complete());
}

#[test]
fn a_second_attempt_opens_logs_of_its_own() {
    let mut again = second_step_runs();
    let lost = failed(FailureClass::RunnerLost, "the runner fell silent");
    let first = AttemptView { ended: Some(Timestamp(1)), verdict: Some(lost), ..attempt(1) };
    again.jobs[0].attempts = vec![first, attempt(2)];
    again.jobs[0].steps = vec![running(1, "compile", 5), step(2, "pytest")];

    let mut following = Following::new(waiting(), Scope::default());
    following.see(second_step_runs());
    following.due();
    let second = |step| LogId { fence: 2, ..log(step) };
    assert_eq!(following.see(again), [second(0), second(1)]);
    assert_eq!(following.due(), [Notice::AttemptStarted(job_id(1), 2), Notice::StepStarted(second(1))]);
    (0..3).for_each(|step| following.log_ended(log(step)));
    assert_eq!(following.due(), [Notice::AttemptLost(job_id(1), 1)]);
}

#[test]
fn a_step_that_was_not_run_has_no_log() {
    let mut skipped = step(2, "pytest");
    skipped.state = State::Ended;
    skipped.verdict = Some(Verdict::Skipped { reason: "an earlier step failed".to_owned(), blocked: true });
    let failed = failed(FailureClass::StepFailed, "step \"compile\" exited with code 1");
    let run = run_of(vec![over(job(1, "unit", &[], vec![ended(1, "compile", 1, 10), skipped]), failed)]);
    let mut following = Following::new(waiting(), Scope::default());
    assert_eq!(following.see(run), [log(0), log(1)]);
}

#[test]
fn a_scope_follows_one_step_and_no_longer_than_it_goes() {
    let scope = Scope { jobs: vec![job_id(1)], step: Some(StepNo(1)), attempt: None };
    let mut following = Following::new(waiting(), scope);
    assert_eq!(following.see(second_step_runs()), [log(1)]);
    following.log_ended(log(1));
    assert!(following.is_complete());
}

#[test]
fn a_scope_follows_one_attempt_and_no_longer_than_it_goes() {
    let mut again = second_step_runs();
    let lost = failed(FailureClass::RunnerLost, "the runner fell silent");
    let first = AttemptView { ended: Some(Timestamp(1)), verdict: Some(lost), ..attempt(1) };
    again.jobs[0].attempts = vec![first, attempt(2)];

    let mut following = Following::new(again.clone(), Scope { attempt: Some(1), ..Scope::default() });
    assert_eq!(following.see(again.clone()), [log(0), log(1), log(2)]);
    (0..3).for_each(|step| following.log_ended(log(step)));
    assert_eq!(following.due(), [Notice::AttemptStarted(job_id(1), 1), Notice::AttemptLost(job_id(1), 1)]);
    assert!(!following.is_complete(), "a whole run is followed to its end");

    let scope = |step, fence| Scope { jobs: vec![job_id(1)], step, attempt: Some(fence) };
    let complete = |scope| {
        let mut following = Following::new(again.clone(), scope);
        following.see(again.clone()).into_iter().for_each(|log| following.log_ended(log));
        following.is_complete()
    };
    assert_eq!((complete(scope(None, 1)), complete(scope(None, 2))), (true, false));
    let step = |no| Some(StepNo(no));
    assert_eq!(
        (complete(scope(step(2), 1)), complete(scope(step(1), 2)), complete(scope(step(2), 2))),
        (true, true, false)
    );
}

#[test]
fn only_the_end_of_a_log_is_kept() {
    let mut following = Following::new(waiting(), Scope::default());
    let lines: Vec<Line> = (0..50).map(|n| line(&n.to_string())).collect();
    following.take(log(1), &lines[..15]);
    following.take(log(1), &lines[15..]);
    let tail = following.tail(log(1)).unwrap();
    assert_eq!((tail.count, tail.lines.len()), (50, TAIL));
    assert_eq!((&tail.lines[0], &tail.lines[TAIL - 1]), (&line("30"), &line("49")));
}

#[test]
fn a_log_goes_on_until_its_step_or_attempt_is_over() {
    assert_eq!(fate(&second_step_runs(), log(0)), Fate::Going);
    assert_eq!(fate(&second_step_runs(), log(1)), Fate::Ended { bytes: 10 });
    assert_eq!(fate(&second_step_runs(), log(2)), Fate::Going);
    assert_eq!(fate(&all_over(), log(2)), Fate::Over);
    assert_eq!(fate(&second_step_runs(), LogId { fence: 0, ..log(2) }), Fate::Over);
}
