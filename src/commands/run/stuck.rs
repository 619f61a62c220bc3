//! Jobs that can never begin here: on this machine nobody agrees to a job, and no other runner comes. A run of which
//! nothing else is left is ended, with the reasons.

use crate::client::Client;
use crate::follow::needs_somebody;
use sidings_proto::RunId;
use sidings_proto::api::{JobView, RunView, State, WaitFor};
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Waits until nothing of the run can go on, and gives the reasons; for ever where something can.
pub(super) async fn until_stuck(client: &Client, run: RunId) -> Vec<String> {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        // Whoever follows the run is told when it cannot be reached.
        let Ok(view) = client.run(&run.to_string()).await else { continue };
        let reasons = stuck(&view);
        if !reasons.is_empty() {
            return reasons;
        }
    }
}

/// Why nothing of the run goes on; empty when something does.
fn stuck(run: &RunView) -> Vec<String> {
    let waiting = || run.jobs.iter().filter(|job| job.state != State::Ended);
    if !waiting().all(is_idle) {
        return Vec::new();
    }
    let reason = |job: &JobView| {
        let wait = job.wait.as_ref().filter(|wait| needs_somebody(wait.kind))?;
        Some(format!("job `{}` cannot begin on this machine: {}", job.name, wait.message))
    };
    waiting().filter_map(reason).collect()
}

fn is_idle(job: &JobView) -> bool {
    let idle = job.wait.as_ref().is_some_and(|wait| needs_somebody(wait.kind) || wait.kind == WaitFor::Needs);
    job.state != State::Running && idle
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{begun, job, over, run_of};
    use sidings_proto::Verdict;
    use sidings_proto::api::WaitView;
    use sidings_proto::runner::Phase;

    fn waits(job: JobView, kind: WaitFor) -> JobView {
        JobView { wait: Some(WaitView { kind, message: "no runner with gpu=true".to_owned(), starts: None }), ..job }
    }

    #[test]
    fn a_run_is_stuck_when_all_that_is_left_waits_for_somebody() {
        let done = || over(job(1, "lint", &[], vec![]), Verdict::Passed);
        let train = || waits(job(2, "train", &[], vec![]), WaitFor::Labels);
        let ship = || waits(job(3, "ship", &["train"], vec![]), WaitFor::Needs);
        let reason = "job `train` cannot begin on this machine: no runner with gpu=true";
        assert_eq!(stuck(&run_of(vec![done(), train(), ship()])), [reason]);
        assert_eq!(stuck(&run_of(vec![done()])), [""; 0]);
        let goes_on =
            [begun(job(4, "unit", &[], vec![]), Phase::Steps), waits(job(4, "unit", &[], vec![]), WaitFor::Turn)];
        for other in goes_on {
            assert_eq!(stuck(&run_of(vec![train(), other])), [""; 0]);
        }
    }
}
