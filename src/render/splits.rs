//! Jobs whose tests are split: how far they are, what they came to, and what is red.

use super::duration::span;
use super::style::{BAD, BUSY, DIM, NAME, paint};
use sidings_proto::api::RunView;
use sidings_proto::split::SplitSum;
use std::time::Duration;

/// All of a run, with a head; empty when there are none.
pub(crate) fn of_run(run: &RunView) -> String {
    let lines: String = run.splits.iter().flat_map(lines).map(|line| format!("{line}\n")).collect();
    if lines.is_empty() { lines } else { format!("{}\n{lines}", paint(DIM, "split tests")) }
}

fn lines(sum: &SplitSum) -> Vec<String> {
    let head = match sum.passed {
        None => format!("{}: {}", paint(NAME, &sum.suite), under_way(sum)),
        Some(_) => format!("{}: {}", paint(NAME, &sum.suite), sum.told),
    };
    let reasons = sum.reasons.iter().flat_map(|reason| reason.lines()).map(|line| format!("  {}", paint(BAD, line)));
    let flaky = match sum.flaky.as_slice() {
        [] => None,
        some => Some(format!("  {}", paint(BUSY, format!("flaky: {}", some.join(", "))))),
    };
    let one_batch = sum.one_batch.iter().map(|why| format!("  {}", paint(DIM, why)));
    std::iter::once(head).chain(reasons).chain(flaky).chain(one_batch).collect()
}

/// `340 of 1,000 done, 25 under way, 4 workers, about 35s of work left`.
fn under_way(sum: &SplitSum) -> String {
    let workers = if sum.workers == 1 { "1 worker".to_owned() } else { format!("{} workers", sum.workers) };
    let left = span(Duration::from_millis(sum.left_ms));
    let leaving = if sum.leaving > 0 { format!(" ({} will give a runner back)", sum.leaving) } else { String::new() };
    let (done, all, out) = (sum.settled, sum.total, sum.out);
    format!("{done} of {all} done, {out} under way, {workers}{leaving}, about {left} of work waiting")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{plain, run_of};
    use expect_test::expect;

    #[test]
    fn what_is_red_is_named_and_what_goes_on_is_counted() {
        let green = SplitSum {
            suite: "unit".to_owned(),
            told: "1,000 of 1,000 ran once".to_owned(),
            passed: Some(true),
            one_batch: Some("one batch has all tests: they take about 40ms".to_owned()),
            ..SplitSum::default()
        };
        let red = SplitSum {
            suite: "web".to_owned(),
            told: "1 of 3 ran once, 1 failed, 1 not run".to_owned(),
            passed: Some(false),
            reasons: vec!["1 not run:\n  c".to_owned(), "1 failed:\n  b".to_owned()],
            flaky: vec!["a".to_owned()],
            ..SplitSum::default()
        };
        let open = SplitSum {
            suite: "slow".to_owned(),
            total: 9,
            settled: 3,
            out: 2,
            workers: 2,
            leaving: 1,
            left_ms: 35_000,
            ..SplitSum::default()
        };
        let run = RunView { splits: vec![green, red, open], ..run_of(Vec::new()) };
        let text = plain(&of_run(&run));
        expect![[r#"
            split tests
            unit: 1,000 of 1,000 ran once
              one batch has all tests: they take about 40ms
            web: 1 of 3 ran once, 1 failed, 1 not run
              1 not run:
                c
              1 failed:
                b
              flaky: a
            slow: 3 of 9 done, 2 under way, 2 workers (1 will give a runner back), about 35.0s of work waiting
        "#]]
        .assert_eq(&text);
        assert_eq!(of_run(&run_of(Vec::new())), "");
    }
}
