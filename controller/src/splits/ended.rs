//! What became of each test, in the words of every source that tells of tests. Pure.

use crate::store::splits::{EndedTest, Ran};
use sidings_proto::{TestCase, TestOutcome};
use sidings_split::record::Outcome;
use sidings_split::{AtomNo, Split, Verdict};

/// Those that have a verdict; what nobody ran to its end came to nothing.
pub(super) fn tests(split: &Split) -> Vec<EndedTest> {
    split.manifest().numbers().filter_map(|atom| test(split, atom)).collect()
}

fn test(split: &Split, atom: AtomNo) -> Option<EndedTest> {
    let verdict = split.verdict(atom)?;
    let (outcome, message) = outcome(verdict)?;
    let last = split.counted(atom).last().map(|(_, result)| result);
    let ran = match verdict {
        Verdict::Passed => last.filter(|last| last.outcome == Outcome::Passed).map(|last| Ran::Passed(last.ms)),
        Verdict::Flaky | Verdict::Failed | Verdict::Crashed | Verdict::TimedOut | Verdict::Quarantined { .. } => {
            Some(Ran::Failed)
        }
        Verdict::Skipped | Verdict::NotRun { .. } => None,
    };
    let case = TestCase {
        name: split.manifest().id(atom).to_owned(),
        outcome,
        took_ms: last.filter(|_| outcome != TestOutcome::Skipped).map(|last| last.ms),
        message: message.to_owned(),
        ..TestCase::default()
    };
    Some(EndedTest { case, ran })
}

/// Why is said where the word for the outcome does not.
fn outcome(verdict: &Verdict) -> Option<(TestOutcome, &'static str)> {
    Some(match verdict {
        Verdict::Passed => (TestOutcome::Passed, ""),
        Verdict::Flaky => (TestOutcome::Flaky, ""),
        Verdict::Failed => (TestOutcome::Failed, ""),
        Verdict::Skipped => (TestOutcome::Skipped, ""),
        Verdict::Quarantined { instead_of } => (outcome(instead_of)?.0, "in quarantine"),
        Verdict::Crashed => (TestOutcome::Errored, "it ended what it ran in"),
        Verdict::TimedOut => (TestOutcome::Errored, "it was still at it when its time was over"),
        Verdict::NotRun { .. } => return None,
    })
}
