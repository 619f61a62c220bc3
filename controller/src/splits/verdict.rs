//! What a queue says of the end of an attempt that worked for it. Pure.
//!
//! A copy passes when all tests of the queue have a verdict and none of those that gate is red: what the step's exit
//! code says is never enough. A red queue is told of as what it is, with the tests.

use sidings_proto::split::SplitSum;
use sidings_proto::{Failure, FailureClass, Verdict};

/// Characters of a reason in a verdict, which people read in one line.
const REASON_MAX: usize = 1_500;

/// The verdict, in the light of the queue; none when there never was one.
pub(super) fn judged(verdict: Verdict, sum: Option<&SplitSum>) -> Verdict {
    match (verdict, sum) {
        (Verdict::Passed, Some(SplitSum { passed: Some(true), .. })) => Verdict::Passed,
        (Verdict::Passed, Some(sum)) if sum.passed.is_none() => {
            incomplete(format!("it ended before every test had run: {}", sum.told))
        }
        (Verdict::Passed, None) => incomplete("it ended before its tests were listed".to_owned()),
        (Verdict::Passed, Some(sum)) => red(sum),
        (Verdict::Failed(failure), Some(sum)) if sum.passed == Some(false) && is_of_tests(failure.class) => red(sum),
        (verdict @ (Verdict::Failed(_) | Verdict::Cancelled | Verdict::Skipped { .. }), _) => verdict,
    }
}

/// Failures that the queue knows more about.
fn is_of_tests(class: FailureClass) -> bool {
    matches!(class, FailureClass::StepFailed | FailureClass::TestsFailed)
}

fn incomplete(message: String) -> Verdict {
    Verdict::Failed(Failure { class: FailureClass::SplitIncomplete, message })
}

fn red(sum: &SplitSum) -> Verdict {
    let class = if sum.incomplete { FailureClass::SplitIncomplete } else { FailureClass::TestsFailed };
    let message = sum.reasons.iter().map(|reason| in_one_line(reason)).collect::<Vec<_>>().join("; ");
    Verdict::Failed(Failure { class, message })
}

/// `2 failed: a, b`, out of a list of lines.
fn in_one_line(reason: &str) -> String {
    let line = reason.replace(":\n  ", ": ").replace("\n  ", ", ").replace('\n', ", ");
    match line.char_indices().nth(REASON_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(class: FailureClass, message: &str) -> Verdict {
        Verdict::Failed(Failure { class, message: message.to_owned() })
    }

    fn sum(passed: Option<bool>, reasons: &[&str], incomplete: bool) -> SplitSum {
        let reasons = reasons.iter().map(|reason| (*reason).to_owned()).collect();
        SplitSum { passed, reasons, incomplete, told: "1 of 3 ran once".to_owned(), ..SplitSum::default() }
    }

    #[test]
    fn only_a_green_queue_lets_a_copy_pass() {
        assert_eq!(judged(Verdict::Passed, Some(&sum(Some(true), &[], false))), Verdict::Passed);
        let open = judged(Verdict::Passed, Some(&sum(None, &[], false)));
        let message = "it ended before every test had run: 1 of 3 ran once";
        assert_eq!(open, failed(FailureClass::SplitIncomplete, message));
        let message = "it ended before its tests were listed";
        assert_eq!(judged(Verdict::Passed, None), failed(FailureClass::SplitIncomplete, message));
        let red = judged(Verdict::Passed, Some(&sum(Some(false), &["2 failed:\n  a\n  b"], false)));
        assert_eq!(red, failed(FailureClass::TestsFailed, "2 failed: a, b"));
    }

    #[test]
    fn a_red_queue_says_why_a_copy_failed() {
        let exited = failed(FailureClass::StepFailed, "step \"tests\" exited with code 1");
        let reasons = ["1 not run:\n  c", "1 failed:\n  a"];
        let red = judged(exited.clone(), Some(&sum(Some(false), &reasons, true)));
        assert_eq!(red, failed(FailureClass::SplitIncomplete, "1 not run: c; 1 failed: a"));
        assert_eq!(judged(exited.clone(), Some(&sum(Some(true), &[], false))), exited);
        assert_eq!(judged(exited.clone(), None), exited);
    }

    #[test]
    fn what_is_not_of_its_tests_stays_as_it_is() {
        let lost = failed(FailureClass::EngineFailed, "the engine failed");
        assert_eq!(judged(lost.clone(), Some(&sum(Some(false), &["1 failed:\n  a"], false))), lost);
        assert_eq!(judged(Verdict::Cancelled, Some(&sum(None, &[], false))), Verdict::Cancelled);
    }
}
