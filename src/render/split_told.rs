//! A split in full: who worked and when, and how long each test was thought to take.

use super::duration::span;
use super::safe::flat;
use super::style::{BAD, DIM, NAME, paint};
use super::table::table;
use console::truncate_str;
use sidings_proto::Timestamp;
use sidings_proto::split::told::{SplitTold, ToldBatch, ToldTest, ToldWorker};
use std::time::Duration;

/// Columns of a worker's time.
const COLUMNS: usize = 40;
/// Tests that a plan shows.
const SHOWN: usize = 50;

/// `sidings split status`.
pub(crate) fn status(told: &SplitTold, now: Timestamp) -> String {
    let workers = told.workers.iter().enumerate().map(|(no, worker)| worker_row(told, no, worker, now));
    let batches = told.batches.iter().map(|batch| batch_row(told, batch, now));
    [
        head(told),
        table(["worker", "results", "batches", "", "time"], &workers.collect::<Vec<_>>()),
        table(["batch", "worker", "tests", "results", "took", ""], &batches.collect::<Vec<_>>()),
    ]
    .into_iter()
    .collect::<Vec<_>>()
    .join("\n")
}

/// The same while it goes on, in so many columns and rows: who works, and on what.
pub(crate) fn live(told: &SplitTold, now: Timestamp, (columns, rows): (usize, usize)) -> Vec<String> {
    let workers = told.workers.iter().enumerate().map(|(no, worker)| worker_row(told, no, worker, now));
    let under_way = told.batches.iter().filter(|batch| batch.until.is_none());
    let batches: Vec<_> = under_way.map(|batch| batch_row(told, batch, now)).collect();
    let text = [
        head(told),
        table(["worker", "results", "batches", "", "time"], &workers.collect::<Vec<_>>()),
        table(["batch", "worker", "tests", "results", "took", ""], &batches),
    ];
    let text = text.join("\n");
    let (columns, rows) = (columns.saturating_sub(1).max(1), rows.saturating_sub(2).max(2));
    let more = text.lines().count().saturating_sub(rows);
    let shown = text.lines().take(if more > 0 { rows - 1 } else { rows });
    let lines = shown.map(|line| truncate_str(line, columns, "…").into_owned());
    lines.chain((more > 0).then(|| paint(DIM, format!("and {} more lines", more + 1)))).collect()
}

/// `unit: 340 of 1,000 done, 25 under way; about 35s to the end`.
pub(crate) fn head(told: &SplitTold) -> String {
    let sum = &told.sum;
    let name = paint(NAME, flat(sum.suite.as_bytes()));
    if sum.passed.is_some() {
        return format!("{name}: {}\n", sum.told);
    }
    let unsettled = told.tests.iter().filter(|test| test.verdict.is_none()).map(|test| test.estimate_ms);
    let left: u64 = unsettled.sum();
    let end = span(Duration::from_millis(left / sum.workers.max(1)));
    format!("{name}: {} of {} done, {} under way; about {end} to the end\n", sum.settled, sum.total, sum.out)
}

fn worker_row(told: &SplitTold, no: usize, worker: &ToldWorker, now: Timestamp) -> [String; 5] {
    let batches: Vec<&ToldBatch> = told.batches.iter().filter(|batch| batch.worker == no).collect();
    let attempt = if worker.attempt > 1 { format!(" (attempt {})", worker.attempt) } else { String::new() };
    [
        format!("{}{attempt}", flat(worker.job.as_bytes())),
        worker.results.to_string(),
        batches.len().to_string(),
        worker.gone.clone().unwrap_or_else(|| if told.sum.passed.is_some() { "done" } else { "works" }.to_owned()),
        line(told, &batches, now),
    ]
}

/// When it had a batch, of all the time that there was.
fn line(told: &SplitTold, batches: &[&ToldBatch], now: Timestamp) -> String {
    let open = told.sum.passed.is_none();
    let until = |batch: &ToldBatch| batch.until.unwrap_or(if open { now } else { batch.from });
    let first = told.batches.iter().map(|batch| batch.from.0).min().unwrap_or_default();
    let last = told.batches.iter().map(|batch| until(batch).0).max().unwrap_or(first);
    let whole = (last - first).max(1);
    let column = |at: Timestamp| ((at.0 - first) * COLUMNS as i64 / whole).clamp(0, COLUMNS as i64 - 1);
    let is_busy = |place: i64| batches.iter().any(|batch| (column(batch.from)..=column(until(batch))).contains(&place));
    (0..COLUMNS as i64).map(|place| if is_busy(place) { '█' } else { '·' }).collect()
}

fn batch_row(told: &SplitTold, batch: &ToldBatch, now: Timestamp) -> [String; 6] {
    let end = match (batch.until, batch.code) {
        (None, _) if told.sum.passed.is_none() => "under way".to_owned(),
        (None, _) => paint(DIM, "no end was told"),
        (Some(_), Some(0)) => String::new(),
        (Some(_), Some(code)) => paint(BAD, format!("code {code}")),
        (Some(_), None) => paint(BAD, "killed"),
    };
    let until = batch.until.or(told.sum.passed.is_none().then_some(now));
    [
        batch.number.to_string(),
        told.workers.get(batch.worker).map(|worker| flat(worker.job.as_bytes())).unwrap_or_default(),
        batch.tests.len().to_string(),
        batch.results.to_string(),
        until.map(|until| span(until.since(batch.from))).unwrap_or_default(),
        end,
    ]
}

/// `sidings split plan`: the longest first.
pub(crate) fn plan(told: &SplitTold, explain: bool) -> String {
    let mut tests: Vec<&ToldTest> = told.tests.iter().collect();
    tests.sort_by_key(|test| std::cmp::Reverse(test.estimate_ms));
    let row = |test: &&ToldTest| {
        let why = if explain { why(test) } else { String::new() };
        [
            format!("{:>8}", millis(test.estimate_ms)),
            test.took_ms.map(millis).unwrap_or_default(),
            flat(test.id.as_bytes()),
            why,
        ]
    };
    let rows: Vec<_> = tests.iter().take(SHOWN).map(row).collect();
    let all: u64 = told.tests.iter().map(|test| test.estimate_ms).sum();
    let more = tests.len().saturating_sub(SHOWN);
    let more = if more > 0 { paint(DIM, format!("and {more} shorter ones\n")) } else { String::new() };
    let name = paint(NAME, flat(told.sum.suite.as_bytes()));
    let sum = format!("{name}: {} tests, {} one after the other\n", told.tests.len(), millis(all));
    let head = ["estimate", "took", "test", if explain { "why" } else { "" }];
    sum + &table(head, &rows) + &more
}

pub(super) fn millis(ms: u64) -> String {
    span(Duration::from_millis(ms))
}

/// Where an estimate comes from.
fn why(test: &ToldTest) -> String {
    let from = match (test.runs, test.file_bytes) {
        (0, Some(bytes)) => format!("never seen: its file has {bytes} bytes"),
        (0, None) => "never seen".to_owned(),
        (1, _) => "the last run in which it passed".to_owned(),
        (runs, _) => format!("the last {runs} runs in which it passed"),
    };
    let failed = if test.failed_last { "; it failed the last time, so it goes early" } else { "" };
    let kept = if test.quarantine.is_some() { "; in quarantine" } else { "" };
    format!("{from}{failed}{kept}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::plain;
    use expect_test::expect;
    use sidings_proto::split::SplitSum;

    fn sample() -> SplitTold {
        let sum =
            SplitSum { suite: "unit".to_owned(), total: 3, settled: 2, out: 1, workers: 2, ..SplitSum::default() };
        let worker = |job: &str| ToldWorker { job: job.to_owned(), attempt: 1, results: 1, ..ToldWorker::default() };
        let batch = |number, worker, tests: &[u32], until: Option<i64>| ToldBatch {
            number,
            worker,
            tests: tests.to_vec(),
            until: until.map(Timestamp),
            code: until.map(|_| 0),
            results: 1,
            ..ToldBatch::default()
        };
        let test = |id: &str, estimate_ms, runs, verdict: Option<&str>| ToldTest {
            id: id.to_owned(),
            estimate_ms,
            runs,
            verdict: verdict.map(str::to_owned),
            ..ToldTest::default()
        };
        SplitTold {
            sum,
            workers: vec![worker("unit 1/2"), worker("unit 2/2")],
            batches: vec![batch(1, 0, &[0, 2], None), batch(2, 1, &[1], Some(2_000))],
            tests: vec![
                test("a", 500, 3, Some("passed")),
                ToldTest { file_bytes: Some(90), failed_last: true, ..test("b", 9_000, 0, Some("failed")) },
                test("c", 4_000, 1, None),
            ],
            ..SplitTold::default()
        }
    }

    #[test]
    fn a_split_that_goes_on_says_who_works_and_for_how_long() {
        expect![[r#"
            unit: 2 of 3 done, 1 under way; about 2.0s to the end

            worker    results  batches         time
            unit 1/2  1        1        works  ████████████████████████████████████████
            unit 2/2  1        1        works  █████████████████████···················

            batch  worker    tests  results  took
            1      unit 1/2  2      1        4.0s  under way
            2      unit 2/2  1      1        2.0s
        "#]]
        .assert_eq(&plain(&status(&sample(), Timestamp(4_000))));
    }

    #[test]
    fn of_one_that_is_over_nobody_works_and_no_time_goes_by() {
        let mut over = sample();
        (over.sum.passed, over.sum.told) = (Some(true), "3 of 3 ran once".to_owned());
        over.workers[1].gone = Some("gave its runner back".to_owned());
        expect![[r#"
            unit: 3 of 3 ran once

            worker    results  batches                        time
            unit 1/2  1        1        done                  █·······································
            unit 2/2  1        1        gave its runner back  ████████████████████████████████████████

            batch  worker    tests  results  took
            1      unit 1/2  2      1              no end was told
            2      unit 2/2  1      1        2.0s
        "#]]
        .assert_eq(&plain(&status(&over, Timestamp(4_000))));
    }

    #[test]
    fn while_it_goes_on_what_is_under_way_is_shown_as_far_as_there_is_room() {
        let of = |size| plain(&live(&sample(), Timestamp(4_000), size).join("\n"));
        expect![[r#"
            unit: 2 of 3 done, 1 under way; about 2.0s to the end

            worker    results  batches         time
            unit 1/2  1        1        works  ███████████████████████…
            unit 2/2  1        1        works  █████████████████████··…

            batch  worker    tests  results  took
            1      unit 1/2  2      1        4.0s  under way"#]]
        .assert_eq(&of((60, 24)));
        expect![[r#"
            unit: 2 of 3 done, 1 u…

            worker    results  bat…
            and 5 more lines"#]]
        .assert_eq(&of((24, 6)));
    }

    #[test]
    fn a_plan_says_why_a_test_counts_as_long() {
        expect![[r#"
            unit: 3 tests, 13.5s one after the other
            estimate  took  test  why
                9.0s        b     never seen: its file has 90 bytes; it failed the last time, so it goes early
                4.0s        c     the last run in which it passed
                0.5s        a     the last 3 runs in which it passed
        "#]]
        .assert_eq(&plain(&plan(&sample(), true)));
    }
}
