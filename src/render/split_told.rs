//! A split in full: who worked and when, and how long each test was thought to take.

use super::duration::span;
use super::safe::flat;
use super::style::{BAD, DIM, NAME, paint};
use super::table::table;
use console::truncate_str;
use sidings_proto::Timestamp;
use sidings_proto::split::told::{SplitTold, ToldBatch, ToldTest, ToldWorker};
use std::collections::BTreeSet;
use std::time::Duration;

/// Columns of a worker's time.
const COLUMNS: usize = 40;
/// Tests that a plan shows.
const SHOWN: usize = 50;

/// `sidings split status`.
pub(crate) fn status(told: &SplitTold, now: Timestamp) -> String {
    let head = head(told, now) + &one_batch(told);
    let workers = told.workers.iter().enumerate().map(|(no, worker)| worker_row(told, no, worker, now));
    let batches = told.batches.iter().map(|batch| batch_row(told, batch, now));
    [
        head,
        table(["worker", "results", "batches", "", &scale(told, now)], &workers.collect::<Vec<_>>()),
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
        head(told, now) + &one_batch(told),
        table(["worker", "results", "batches", "", &scale(told, now)], &workers.collect::<Vec<_>>()),
        table(["batch", "worker", "tests", "results", "took", ""], &batches),
    ];
    let text = text.join("\n");
    let (columns, rows) = (columns.saturating_sub(1).max(1), rows.saturating_sub(2).max(2));
    let more = text.lines().count().saturating_sub(rows);
    let shown = text.lines().take(if more > 0 { rows - 1 } else { rows });
    let lines = shown.map(|line| truncate_str(line, columns, "…").into_owned());
    lines.chain((more > 0).then(|| paint(DIM, format!("and {} more lines", more + 1)))).collect()
}

/// `unit: 340 of 1,000 done, 25 under way; about 35.0s to the end`
pub(crate) fn head(told: &SplitTold, now: Timestamp) -> String {
    let sum = &told.sum;
    let name = paint(NAME, flat(sum.suite.as_bytes()));
    if sum.passed.is_some() {
        return format!("{name}: {}\n", sum.told);
    }
    let end = match (left_ms(told, now), sum.boot_ms) {
        (0, _) => "it takes longer than was thought".to_owned(),
        (left, Some(_)) => format!("about {} to the end", millis(left)),
        // Nobody has seen a batch start: that comes on top.
        (left, None) => format!("about {} of tests to the end", millis(left)),
    };
    format!("{name}: {} of {} done, {} under way; {end}\n", sum.settled, sum.total, sum.out)
}

/// How long it goes on, in milliseconds: what is left of batches under way, each with its start, and what nobody has,
/// with a start of at least one batch more; all that shared by the workers, and never less than the longest batch.
fn left_ms(told: &SplitTold, now: Timestamp) -> u64 {
    let boot_ms = told.sum.boot_ms.unwrap_or(0);
    let open: Vec<&ToldBatch> = told.batches.iter().filter(|batch| batch.until.is_none()).collect();
    let test = |no: &u32| told.tests.get(*no as usize);
    let of_batch = |batch: &&ToldBatch| {
        let whole: u64 = batch.tests.iter().filter_map(test).map(|test| test.estimate_ms).sum();
        let gone = u64::try_from(now.since(batch.from).as_millis()).unwrap_or(u64::MAX);
        let unsettled = batch.tests.iter().filter_map(test).filter(|test| test.verdict.is_none());
        let unsettled: u64 = unsettled.map(|test| test.estimate_ms).sum();
        (whole + boot_ms).saturating_sub(gone).min(unsettled + boot_ms)
    };
    let out: Vec<u64> = open.iter().map(of_batch).collect();
    let held: BTreeSet<u32> = open.iter().flat_map(|batch| batch.tests.iter().copied()).collect();
    let waiting = (0..).zip(&told.tests).filter(|(no, test)| test.verdict.is_none() && !held.contains(no));
    let waiting: Vec<u64> = waiting.map(|(_, test)| test.estimate_ms).collect();
    let workers = told.sum.workers.max(1);
    let starts = boot_ms * workers.min(waiting.len() as u64);
    let all = out.iter().sum::<u64>() + waiting.iter().sum::<u64>() + starts;
    (all / workers).max(out.into_iter().max().unwrap_or(0))
}

/// Why there is no second one, where somebody may look for it.
fn one_batch(told: &SplitTold) -> String {
    told.sum.one_batch.as_ref().map(|why| format!("{}\n", paint(DIM, flat(why.as_bytes())))).unwrap_or_default()
}

fn worker_row(told: &SplitTold, no: usize, worker: &ToldWorker, now: Timestamp) -> [String; 5] {
    let batches: Vec<&ToldBatch> = told.batches.iter().filter(|batch| batch.worker == no).collect();
    let attempt = if worker.attempt > 1 { format!(" (attempt {})", worker.attempt) } else { String::new() };
    [
        format!("{}{attempt}", flat(worker.job.as_bytes())),
        worker.results.to_string(),
        batches.len().to_string(),
        does(told, worker, &batches),
        line(told, &batches, now),
    ]
}

/// What a worker is at, or how it went.
fn does(told: &SplitTold, worker: &ToldWorker, batches: &[&ToldBatch]) -> String {
    let is_over = told.sum.passed.is_some();
    match (&worker.gone, batches) {
        (None, []) if is_over => "had nothing to do".to_owned(),
        (Some(gone), []) if gone == "left" => "had nothing to do".to_owned(),
        (Some(gone), _) => gone.clone(),
        (None, []) => "has nothing to do".to_owned(),
        (None, _) if is_over => "done".to_owned(),
        (None, _) => "works".to_owned(),
    }
}

/// `0s` at the one end of the lines of time, and how long they are at the other.
fn scale(told: &SplitTold, now: Timestamp) -> String {
    if told.batches.is_empty() {
        return "time".to_owned();
    }
    let (first, last) = time(told, now);
    format!("0s{:>width$}", span(last.since(first)), width = COLUMNS - 2)
}

/// When it had a batch, of all the time that there was.
fn line(told: &SplitTold, batches: &[&ToldBatch], now: Timestamp) -> String {
    let (first, last) = time(told, now);
    let whole = (last.0 - first.0).max(1);
    let column = |at: Timestamp| ((at.0 - first.0) * COLUMNS as i64 / whole).clamp(0, COLUMNS as i64 - 1);
    let is_busy = |place: i64| {
        batches.iter().any(|batch| (column(batch.from)..=column(until(told, batch, now))).contains(&place))
    };
    (0..COLUMNS as i64).map(|place| if is_busy(place) { '█' } else { '·' }).collect()
}

/// From the first batch to the end of the last, or to now.
fn time(told: &SplitTold, now: Timestamp) -> (Timestamp, Timestamp) {
    let first = told.batches.iter().map(|batch| batch.from).min().unwrap_or(Timestamp(0));
    let last = told.batches.iter().map(|batch| until(told, batch, now)).max().unwrap_or(first);
    (first, last)
}

fn until(told: &SplitTold, batch: &ToldBatch, now: Timestamp) -> Timestamp {
    batch.until.unwrap_or(if told.sum.passed.is_none() { now } else { batch.from })
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
    let sum = if explain { sum + &starts(told) + &one_batch(told) } else { sum };
    let head = ["estimate", "took", "test", if explain { "why" } else { "" }];
    sum + &table(head, &rows) + &more
}

/// What comes on top of the tests.
fn starts(told: &SplitTold) -> String {
    told.sum.boot_ms.map(|boot| format!("starting a batch takes {} more\n", millis(boot))).unwrap_or_default()
}

/// As a span; less than a tenth of a second in milliseconds.
pub(super) fn millis(ms: u64) -> String {
    if (1..100).contains(&ms) { format!("{ms}ms") } else { span(Duration::from_millis(ms)) }
}

/// Where an estimate comes from.
fn why(test: &ToldTest) -> String {
    let is_left_out = test.verdict.as_deref() == Some("skipped");
    let from = match (test.runs, test.file_bytes) {
        (0, _) if is_left_out => "never timed: it was left out".to_owned(),
        (0, Some(bytes)) => format!("never timed: its file has {bytes} bytes"),
        (0, None) => "never timed".to_owned(),
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
            unit: 2 of 3 done, 1 under way; about 0.5s of tests to the end

            worker    results  batches         0s                                  4.0s
            unit 1/2  1        1        works  ████████████████████████████████████████
            unit 2/2  1        1        works  █████████████████████···················

            batch  worker    tests  results  took
            1      unit 1/2  2      1        4.0s  under way
            2      unit 2/2  1      1        2.0s
        "#]]
        .assert_eq(&plain(&status(&sample(), Timestamp(4_000))));
    }

    #[test]
    fn the_end_is_as_far_as_tests_and_starts_of_batches_take() {
        let head = |told: &SplitTold, now| plain(&head(told, Timestamp(now))).split("; ").nth(1).unwrap().to_owned();
        let mut told = sample();
        told.sum.boot_ms = Some(8_000);
        assert_eq!(head(&told, 4_000), "about 8.5s to the end\n");
        assert_eq!(head(&told, 12_470), "about 30ms to the end\n");
        assert_eq!(head(&told, 13_000), "it takes longer than was thought\n");
        let waits = ToldTest { id: "d".to_owned(), estimate_ms: 20_000, ..ToldTest::default() };
        told.tests.push(waits);
        assert_eq!(head(&told, 4_000), "about 18.3s to the end\n", "8.5 s, 20 s and a start, for two");
    }

    #[test]
    fn one_batch_for_several_copies_is_told_with_its_reason() {
        let mut told = sample();
        told.sum.boot_ms = Some(8_000);
        told.sum.one_batch = Some("one batch has all tests: they take about 40ms".to_owned());
        let second = |text: String| text.lines().nth(1).unwrap_or_default().to_owned();
        let why = "one batch has all tests: they take about 40ms";
        assert_eq!(second(plain(&status(&told, Timestamp(4_000)))), why);
        let explained = plain(&plan(&told, true));
        assert!(explained.contains(&format!("starting a batch takes 8.0s more\n{why}\n")), "{explained}");
    }

    #[test]
    fn of_one_that_is_over_nobody_works_and_no_time_goes_by() {
        let mut over = sample();
        (over.sum.passed, over.sum.told) = (Some(true), "3 of 3 ran once".to_owned());
        over.workers[1].gone = Some("gave its runner back".to_owned());
        expect![[r#"
            unit: 3 of 3 ran once

            worker    results  batches                        0s                                  2.0s
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
            unit: 2 of 3 done, 1 under way; about 0.5s of tests to the…

            worker    results  batches         0s                     …
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
    fn a_copy_without_a_batch_had_nothing_to_do_and_a_test_left_out_was_never_timed() {
        let mut told = sample();
        told.workers.push(ToldWorker { job: "unit 3/3".to_owned(), attempt: 1, ..ToldWorker::default() });
        let of = |told: &SplitTold, words: &str| plain(&status(told, Timestamp(4_000))).contains(words);
        assert!(of(&told, "has nothing to do"));
        told.workers[2].gone = Some("left".to_owned());
        assert!(of(&told, "had nothing to do"));
        told.workers[2].gone = Some("lost".to_owned());
        assert!(of(&told, "lost"));
        told.tests[1].verdict = Some("skipped".to_owned());
        assert!(plain(&plan(&told, true)).contains("never timed: it was left out; it failed the last time"));
    }

    #[test]
    fn a_plan_says_why_a_test_counts_as_long() {
        expect![[r#"
            unit: 3 tests, 13.5s one after the other
            estimate  took  test  why
                9.0s        b     never timed: its file has 90 bytes; it failed the last time, so it goes early
                4.0s        c     the last run in which it passed
                0.5s        a     the last 3 runs in which it passed
        "#]]
        .assert_eq(&plain(&plan(&sample(), true)));
    }
}
