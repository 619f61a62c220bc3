//! What is shown of a job's services.

use sidings_proto::Verdict;
use sidings_proto::api::{JobView, ServiceView, State};

/// What a job is at that waits for its services.
pub(super) fn awaited(job: &JobView) -> String {
    let missing = job.services.iter().filter(|service| service.ready.is_none() && service.state != State::Ended);
    let names: Vec<&str> = missing.map(|service| service.name.as_str()).collect();
    if names.is_empty() { "starts its steps".to_owned() } else { format!("waits for {}", names.join(", ")) }
}

/// What a service is at, and whether that is bad.
pub(super) fn at(service: &ServiceView) -> (&str, bool) {
    match (&service.verdict, service.state, service.ready) {
        (Some(Verdict::Failed(failure)), _, _) => (super::first_line(&failure.message), true),
        (Some(Verdict::Skipped { .. } | Verdict::Passed | Verdict::Cancelled), _, _) | (None, State::Ended, _) => {
            ("", false)
        }
        (None, _, Some(_)) => ("is ready", false),
        (None, State::Running, None) => ("is not ready yet", false),
        (None, State::Waiting | State::Queued, None) => ("", false),
    }
}
