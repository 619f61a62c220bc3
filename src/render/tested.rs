//! Single tests, as people read them: what failed first, with its reason and the last of what it wrote.

use super::duration::{ago, span};
use super::safe::{flat, line};
use super::style::{BAD, BUSY, DIM, GOOD, NAME, paint};
use super::table::table;
use sidings_proto::api::RunView;
use sidings_proto::tested::{JobTests, PastTest, RunTests, TestHistory, TestSeries, TestSum};
use sidings_proto::{TestCase, TestCounts, TestOutcome, TestReport, Timestamp};
use std::time::Duration;

/// Lines of a failed test's message, and of the end of what it wrote.
const MESSAGE_LINES: usize = 12;
const OUTPUT_LINES: usize = 20;
/// Remarks on reports that are shown of each job.
const REMARKS: usize = 10;

/// What of a run's tests is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The bad ones with their reasons, then the slowest.
    All,
    /// The bad ones alone.
    Bad,
    /// The slowest alone.
    Slowest,
}

/// `sidings tests`: of each job the bad ones, and the slowest of all.
pub(crate) fn tests(run: &RunView, bad: &RunTests, slowest: &RunTests, part: Part) -> String {
    let name = format!("{}@{}", run.summary.project, run.summary.number);
    if bad.jobs.is_empty() && slowest.jobs.is_empty() {
        return format!("no tests were told of in {name}: `reports: {{ junit: FILE }}` in a job tells of them\n");
    }
    let of_job = |tests: &JobTests| {
        let slowest = slowest.jobs.iter().find(|job| job.job == tests.job);
        let parts = [
            format!("{}: {}\n", paint(NAME, &tests.name), counts(tests.counts)),
            if part == Part::Slowest { String::new() } else { bad_ones(tests) },
            if part == Part::Bad {
                String::new()
            } else {
                slowest.map(|job| slow_ones(&job.cases)).unwrap_or_default()
            },
            remarks(&tests.reports),
        ];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
    };
    let jobs = if part == Part::Slowest { &slowest.jobs } else { &bad.jobs };
    jobs.iter().map(of_job).collect::<Vec<_>>().join("\n")
}

fn bad_ones(tests: &JobTests) -> String {
    let shown: Vec<String> = tests.cases.iter().map(bad_one).collect();
    let more = tests.counts.bad().saturating_sub(tests.cases.len() as u64);
    let more = if more > 0 { paint(DIM, format!("  and {more} more that failed\n")) } else { String::new() };
    shown.join("\n") + &more
}

fn bad_one(case: &TestCase) -> String {
    let file = case.file.as_deref().map(|file| paint(DIM, format!("  {}", flat(file.as_bytes())))).unwrap_or_default();
    let head = format!("  {} {}  {}{file}\n", mark(case.outcome), paint(NAME, full_name(case)), took(case.took_ms));
    let message = case.message.lines().take(MESSAGE_LINES).map(|text| format!("      {}\n", line(text.as_bytes())));
    let output: Vec<&str> = case.output.lines().collect();
    let last = &output[output.len().saturating_sub(OUTPUT_LINES)..];
    let output = last.iter().map(|text| format!("      {} {}\n", paint(DIM, "│"), line(text.as_bytes())));
    std::iter::once(head).chain(message).chain(output).collect()
}

/// Those of some that took a time, as they stand.
pub(crate) fn slow_ones(cases: &[TestCase]) -> String {
    let timed = cases.iter().filter(|case| case.took_ms.is_some());
    let row = |case: &TestCase| [format!("{:>8}", took(case.took_ms)), mark(case.outcome), full_name(case)];
    let rows: Vec<_> = timed.map(row).collect();
    if rows.is_empty() { String::new() } else { indented(&table(["slowest", "", "test"], &rows)) }
}

fn remarks(reports: &[TestReport]) -> String {
    let all: Vec<String> = reports
        .iter()
        .flat_map(|report| report.remarks.iter().map(|remark| (&report.path, remark)))
        .map(|(path, remark)| format!("  {}: {remark}", if path.is_empty() { "reports" } else { path }))
        .map(|text| paint(BUSY, flat(text.as_bytes())) + "\n")
        .collect();
    let more = all.len().saturating_sub(REMARKS);
    let more = if more > 0 { paint(DIM, format!("  and {more} more remarks on its reports\n")) } else { String::new() };
    all.into_iter().take(REMARKS).collect::<String>() + &more
}

/// What a run's summary says of a job's tests that failed.
pub(crate) fn failed(sum: &TestSum) -> Vec<String> {
    let one = |case: &TestCase| {
        let why = flat(case.message.lines().next().unwrap_or_default().as_bytes());
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        format!("{} {}{}", mark(case.outcome), full_name(case), paint(DIM, why))
    };
    let more = sum.counts.bad().saturating_sub(sum.bad.len() as u64);
    let more = (more > 0).then(|| paint(DIM, format!("and {more} more")));
    sum.bad.iter().map(one).chain(more).collect()
}

/// `2 failed, 1 errored, 30 passed`.
pub(crate) fn counts(counts: TestCounts) -> String {
    let TestCounts { failed, errored, flaky, passed, skipped } = counts;
    let all = [
        (BAD, "failed", failed),
        (BAD, "errored", errored),
        (BUSY, "flaky", flaky),
        (GOOD, "passed", passed),
        (DIM, "skipped", skipped),
    ];
    let some = all.into_iter().filter(|(_, _, many)| *many > 0);
    let some: Vec<String> = some.map(|(style, word, many)| paint(style, format!("{many} {word}"))).collect();
    if some.is_empty() { "no tests".to_owned() } else { some.join(", ") }
}

/// `sidings tests --history`.
pub(crate) fn history(project: &str, name: &str, history: &TestHistory, now: Timestamp) -> String {
    if history.tests.is_empty() {
        let name = flat(name.as_bytes());
        return format!("project `{project}` has no test `{name}` in the runs that are remembered\n");
    }
    let of_series = |series: &TestSeries| {
        let name = paint(NAME, flat(joined(&series.suite, &series.name).as_bytes()));
        let rows: Vec<_> = series.past.iter().map(|past| past_row(project, past, now)).collect();
        let head = format!("{name} {}\n", paint(DIM, format!("in job {}", series.job)));
        head + &indented(&table(["run", "outcome", "took", "when", "message"], &rows))
    };
    history.tests.iter().map(of_series).collect::<Vec<_>>().join("\n")
}

fn past_row(project: &str, past: &PastTest, now: Timestamp) -> [String; 5] {
    let message = flat(past.message.lines().next().unwrap_or_default().as_bytes());
    [
        format!("{project}@{}", past.number),
        format!("{} {}", mark(past.outcome), past.outcome.as_str()),
        format!("{:>8}", took(past.took_ms)),
        ago(past.at, now),
        paint(DIM, console::truncate_str(&message, 80, "…")),
    ]
}

fn mark(outcome: TestOutcome) -> String {
    match outcome {
        TestOutcome::Failed | TestOutcome::Errored => paint(BAD, '✗'),
        TestOutcome::Flaky => paint(BUSY, '~'),
        TestOutcome::Passed => paint(GOOD, '✓'),
        TestOutcome::Skipped => paint(DIM, '⊘'),
    }
}

fn full_name(case: &TestCase) -> String {
    flat(joined(&case.suite, &case.name).as_bytes())
}

/// As `--history` takes it. Some tools repeat the one in the other.
fn joined(suite: &str, name: &str) -> String {
    if suite.is_empty() || suite == name { name.to_owned() } else { format!("{suite}::{name}") }
}

fn took(ms: Option<u64>) -> String {
    match ms {
        Some(ms) if ms < 1_000 => format!("{ms}ms"),
        Some(ms) => span(Duration::from_millis(ms)),
        None => String::new(),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{NOW, before, half_way, job_id, plain};
    use insta::assert_snapshot;
    use sidings_proto::RunId;
    use uuid::Uuid;

    fn case(name: &str, outcome: TestOutcome, took_ms: Option<u64>) -> TestCase {
        let (suite, name) = ("tests.test_board".to_owned(), name.to_owned());
        TestCase { suite, name, outcome, took_ms, ..TestCase::default() }
    }

    fn bad() -> TestCase {
        let output: String = (1..=30).map(|n| format!("line {n}\n")).collect();
        TestCase {
            file: Some("tests/test_board.py".to_owned()),
            message: "assert '5 min' == '+5 min'\n  - +5 min\n\u{1b}[2J".to_owned(),
            output,
            ..case("test_delay", TestOutcome::Failed, Some(12))
        }
    }

    fn of(cases: Vec<TestCase>) -> RunTests {
        let counts = TestCounts { failed: 3, flaky: 1, passed: 30, ..TestCounts::default() };
        let remarks = vec!["suite `pytest` says 40 tests and has 34".to_owned()];
        let reports = vec![TestReport { path: "report.xml".to_owned(), counts, remarks }];
        RunTests {
            jobs: vec![JobTests { job: job_id(2), name: "unit".to_owned(), attempt: 1, counts, reports, cases }],
            splits: Vec::new(),
        }
    }

    #[test]
    fn what_failed_comes_first_then_the_slowest() {
        let slow = of(vec![case("test_all", TestOutcome::Passed, Some(61_000)), bad()]);
        let told = tests(&half_way(), &of(vec![bad()]), &slow, Part::All);
        assert_snapshot!(plain(&told), @"
        unit: 3 failed, 1 flaky, 30 passed

          ✗ tests.test_board::test_delay  12ms  tests/test_board.py
              assert '5 min' == '+5 min'
                - +5 min
              
              │ line 11
              │ line 12
              │ line 13
              │ line 14
              │ line 15
              │ line 16
              │ line 17
              │ line 18
              │ line 19
              │ line 20
              │ line 21
              │ line 22
              │ line 23
              │ line 24
              │ line 25
              │ line 26
              │ line 27
              │ line 28
              │ line 29
              │ line 30
          and 2 more that failed

          slowest      test
             1m01s  ✓  tests.test_board::test_all
              12ms  ✗  tests.test_board::test_delay

          report.xml: suite `pytest` says 40 tests and has 34
        ");
        let only = plain(&tests(&half_way(), &of(vec![bad()]), &RunTests::default(), Part::Bad));
        assert!(only.contains("test_delay") && !only.contains("slowest"), "{only}");
        let only = plain(&tests(&half_way(), &RunTests::default(), &slow, Part::Slowest));
        assert!(only.contains("test_all") && !only.contains("line 30"), "{only}");
    }

    #[test]
    fn a_run_without_tests_says_how_to_tell_of_them() {
        let none = tests(&half_way(), &RunTests::default(), &RunTests::default(), Part::All);
        assert_snapshot!(none.trim(), @"no tests were told of in demo@7: `reports: { junit: FILE }` in a job tells of them");
    }

    #[test]
    fn a_history_has_a_line_for_each_run() {
        let past = |number: u64, outcome, ms| PastTest {
            run: RunId(Uuid::nil()),
            number,
            at: before(ms),
            outcome,
            took_ms: Some(12),
            message: if outcome == TestOutcome::Passed { String::new() } else { "assert 5 == 6\nmore".to_owned() },
        };
        let past = vec![past(12, TestOutcome::Passed, 60_000), past(11, TestOutcome::Failed, 7_200_000)];
        let (job, suite, name) = ("unit".to_owned(), "tests.test_board".to_owned(), "test_delay".to_owned());
        let all = TestHistory { tests: vec![TestSeries { job, suite, name, past }] };
        assert_snapshot!(plain(&history("demo", "test_delay", &all, NOW)), @"
        tests.test_board::test_delay in job unit
          run      outcome   took      when       message
          demo@12  ✓ passed      12ms  1 min ago
          demo@11  ✗ failed      12ms  2 h ago    assert 5 == 6
        ");
        let none = history("demo", "test_dela", &TestHistory::default(), NOW);
        assert_eq!(none, "project `demo` has no test `test_dela` in the runs that are remembered\n");
    }
}
