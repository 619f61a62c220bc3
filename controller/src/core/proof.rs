//! Whether a passed job is proven: no `passed` without a positive exit record of every step (I6).

use sidings_proto::runner::StepResult;
use sidings_proto::{JobSpec, RunsOn, Step, StepNo, Verdict};

/// What is missing to believe that the job passed; none when it is proven. A job without steps proves nothing, and
/// neither do steps that run only after others failed. How its services ended is no matter.
pub(super) fn missing(spec: &JobSpec, results: &[StepResult]) -> Option<String> {
    let planned = spec.steps().count();
    let reported = results.iter().filter(|result| result.step < StepNo::FIRST_SERVICE).count();
    let proves = spec.steps().any(|step| step.runs_on != RunsOn::Failure);
    if !proves || planned != reported {
        return Some(format!("it reports {reported} of {planned} steps"));
    }
    let unproven = spec.steps().zip(results).find(|(step, result)| !is_proven(step, result));
    unproven.map(|(step, _)| format!("step \"{}\" has no positive exit record", step.name))
}

/// A step that may fail must have failed with a code: unknown is never green. One that runs after a failure did not.
fn is_proven(step: &Step, result: &StepResult) -> bool {
    if step.no != result.step {
        return false;
    }
    match &result.verdict {
        Verdict::Passed => result.code == Some(0),
        Verdict::Failed(_) => step.allow_failure && result.code.is_some(),
        Verdict::Skipped { blocked, .. } => step.runs_on == RunsOn::Failure && !blocked,
        Verdict::Cancelled => false,
    }
}
