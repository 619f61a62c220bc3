//! A split whose tests nobody has listed: what its copies wait for, or why they ended before they did it.

use crate::render::duration::now;
use crate::render::safe::flat;
use sidings_proto::Verdict;
use sidings_proto::api::{JobView, RunView, State};
use sidings_proto::runner::Phase;

/// Copies that are told of each by itself.
const TOLD: usize = 3;

/// ``the tests of `unit` are not listed yet: unit 1/2 waits: no runner with gpu=true``
pub(crate) fn told(run: &RunView, suite: &str) -> String {
    let head = match run.summary.ended {
        None => format!("the tests of `{suite}` are not listed yet"),
        Some(_) => format!("the tests of `{suite}` were never listed"),
    };
    let copies: Vec<&JobView> = run.jobs.iter().filter(|job| job.suite.as_deref() == Some(suite)).collect();
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for copy in &copies {
        let how = how(copy);
        match told.iter_mut().find(|(same, _)| *same == how) {
            Some((_, names)) => names.push(&copy.name),
            None => told.push((how, vec![&copy.name])),
        }
    }
    let more = told.len().saturating_sub(TOLD);
    let of_some = |(how, names): &(String, Vec<&str>)| match names.as_slice() {
        all if all.len() > TOLD => format!("{} copies: {how}", all.len()),
        some => format!("{}: {how}", some.join(", ")),
    };
    let told = told.iter().take(TOLD).map(of_some);
    let told: Vec<String> = told.chain((more > 0).then(|| format!("and {more} more"))).collect();
    flat(format!("{head} ({})", told.join("; ")).replace('\n', " ").as_bytes())
}

/// Where a copy is, or how it ended.
fn how(copy: &JobView) -> String {
    let waits = |job: &JobView| job.wait.as_ref().map(|wait| format!("waits: {}", wait.told(now())));
    match (copy.state, &copy.verdict) {
        (_, Some(Verdict::Failed(failure))) => format!("failed: {}", failure.message),
        (_, Some(Verdict::Skipped { reason, .. })) => format!("skipped: {reason}"),
        (_, Some(Verdict::Cancelled)) => "cancelled".to_owned(),
        (_, Some(Verdict::Passed)) => "passed".to_owned(),
        (State::Waiting, None) if !copy.needs.is_empty() => {
            waits(copy).unwrap_or_else(|| format!("waits for {}", copy.needs.join(", ")))
        }
        (State::Waiting | State::Queued, None) => waits(copy).unwrap_or_else(|| "waits for a runner".to_owned()),
        (State::Running | State::Ended, None) => match copy.phase {
            None | Some(Phase::Steps) => "lists them".to_owned(),
            Some(Phase::Source) => "fetches the sources".to_owned(),
            Some(Phase::Image) => "gets its image".to_owned(),
            Some(Phase::Services) => "waits for its services".to_owned(),
            Some(Phase::Teardown) => "ends".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{failed, job, run_of};
    use sidings_proto::api::{WaitFor, WaitView};
    use sidings_proto::{FailureClass, Timestamp};

    fn copy(number: u128, copy: JobView) -> JobView {
        JobView { name: format!("unit {number}/2"), suite: Some("unit".to_owned()), ..copy }
    }

    #[test]
    fn before_there_is_a_list_it_is_told_what_each_copy_waits_for() {
        let wait = WaitView { kind: WaitFor::Labels, message: "no runner with gpu=true".to_owned(), starts: None };
        let first = JobView { state: State::Queued, wait: Some(wait), ..job(1, "", &[], vec![]) };
        let second = JobView { state: State::Running, phase: Some(Phase::Image), ..job(2, "", &[], vec![]) };
        let run = run_of(vec![copy(1, first), copy(2, second), job(3, "lint", &[], vec![])]);
        assert_eq!(
            told(&run, "unit"),
            "the tests of `unit` are not listed yet (unit 1/2: waits: no runner with gpu=true; unit 2/2: gets its image)"
        );
    }

    #[test]
    fn after_the_run_it_is_told_why_there_never_was_one() {
        let verdict = failed(FailureClass::StepFailed, "the tests could not be listed: Error: no\u{1b}[2J x");
        let ended = |number| {
            let job = job(number, "", &["build"], vec![]);
            copy(number, JobView { state: State::Ended, verdict: Some(verdict.clone()), ..job })
        };
        let mut run = run_of(vec![ended(1), ended(2)]);
        run.summary.ended = Some(Timestamp(9));
        let why = "failed: the tests could not be listed: Error: no x";
        assert_eq!(told(&run, "unit"), format!("the tests of `unit` were never listed (unit 1/2, unit 2/2: {why})"));
    }
}
