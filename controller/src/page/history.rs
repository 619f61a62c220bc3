//! One test, run after run: how it ended and how long it took, as a picture and in words.

use super::caller::Visitor;
use super::error::{PageError, shown};
use super::escaped;
use super::shell::Shell;
use super::state::Mark;
use super::when::{When, lasting};
use crate::http::App;
use crate::store::tested::meanings;
use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sidings_proto::tested::{PastTest, TestSeries};
use sidings_proto::{RunId, TestOutcome, Timestamp};
use std::sync::Arc;

/// Runs of each test.
const PAST: usize = 100;
/// Tests of one name that are shown.
const SERIES: usize = 20;
/// How high the picture is, and how wide each run in it.
const HIGH: u64 = 80;
const WIDE: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    project: String,
    #[serde(default)]
    name: String,
}

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    shell: Shell,
    project: String,
    name: String,
    project_runs: String,
    projects: Vec<String>,
    series: Vec<Series>,
    more: usize,
}

/// A test of one job.
struct Series {
    job: String,
    suite: String,
    name: String,
    counts: Vec<(Mark, usize)>,
    /// How long it takes, half of the times and at most.
    median: Option<String>,
    longest: Option<String>,
    width: usize,
    /// Oldest first.
    bars: Vec<Bar>,
    /// Newest first.
    past: Vec<Past>,
}

/// What became of it in one run.
struct Bar {
    x: usize,
    y: u64,
    high: u64,
    mark: Mark,
    run: RunId,
    told: String,
}

struct Past {
    run: RunId,
    number: u64,
    mark: Mark,
    took: Option<String>,
    when: When,
    message: String,
}

/// Where a test's history is.
pub(super) fn address(project: &str, suite: &str, name: &str) -> String {
    let whole = if suite.is_empty() { name.to_owned() } else { format!("{suite}::{name}") };
    format!("/tests?project={}&name={}", escaped(project), escaped(&whole))
}

pub(super) async fn show(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let now = app.shell.now();
    let mut series = Vec::new();
    for named in meanings(asked.name.trim()) {
        series.extend(app.store.test_history(asked.project.trim(), named, PAST).await?);
    }
    let more = series.len().saturating_sub(SERIES);
    let projects = app.store.projects().await?.into_iter().map(|project| project.name).collect();
    let page = HistoryPage {
        shell: Shell::of(&visitor, "runs"),
        project_runs: format!("/?project={}", escaped(&asked.project)),
        project: asked.project,
        name: asked.name,
        projects,
        series: series.into_iter().take(SERIES).map(|series| of(series, now)).collect(),
        more,
    };
    Ok(shown(&page)?.into_response())
}

fn of(series: TestSeries, now: Timestamp) -> Series {
    let TestSeries { job, suite, name, past } = series;
    let mut took: Vec<u64> = past.iter().filter_map(|past| past.took_ms).collect();
    took.sort_unstable();
    let longest = took.last().copied();
    Series {
        job,
        suite,
        name,
        counts: super::run::counts(past.iter().map(|past| mark(past.outcome))),
        median: took.get(took.len() / 2).copied().map(taken),
        longest: longest.map(taken),
        width: past.len() * WIDE,
        bars: past.iter().rev().enumerate().map(|(at, past)| bar(at, past, longest.unwrap_or(0).max(1))).collect(),
        past: past.into_iter().map(|past| row(past, now)).collect(),
    }
}

fn bar(at: usize, past: &PastTest, longest: u64) -> Bar {
    let mark = mark(past.outcome);
    let share = u128::from(past.took_ms.unwrap_or(0)) * u128::from(HIGH) / u128::from(longest);
    let high = u64::try_from(share).unwrap_or(HIGH).max(2);
    let took = past.took_ms.map(|ms| format!(" in {}", taken(ms))).unwrap_or_default();
    Bar {
        x: at * WIDE,
        y: HIGH - high,
        high,
        mark,
        run: past.run,
        told: format!("#{}: {}{took}", past.number, mark.word),
    }
}

fn row(past: PastTest, now: Timestamp) -> Past {
    Past {
        run: past.run,
        number: past.number,
        mark: mark(past.outcome),
        took: past.took_ms.map(taken),
        when: When::of(past.at, now),
        message: past.message,
    }
}

/// Tests are often done in less than a tenth of a second.
fn taken(ms: u64) -> String {
    if ms < 1_000 { format!("{ms} ms") } else { lasting(i64::try_from(ms).unwrap_or(i64::MAX)) }
}

fn mark(outcome: TestOutcome) -> Mark {
    match outcome {
        TestOutcome::Failed => Mark::of_test(0, "✗", "failed"),
        TestOutcome::Errored => Mark::of_test(1, "✗", "errored"),
        TestOutcome::Flaky => Mark::of_test(2, "~", "flaky"),
        TestOutcome::Passed => Mark::of_test(6, "✓", "passed"),
        TestOutcome::Skipped => Mark::of_test(7, "–", "skipped"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(number: u64, outcome: TestOutcome, took_ms: Option<u64>) -> PastTest {
        let run = RunId(uuid::Uuid::from_u128(u128::from(number)));
        PastTest { run, number, at: Timestamp(0), outcome, took_ms, message: String::new() }
    }

    #[test]
    fn the_picture_goes_from_the_oldest_to_the_newest() {
        let past = vec![
            past(3, TestOutcome::Passed, Some(1_000)),
            past(2, TestOutcome::Failed, Some(4_000)),
            past(1, TestOutcome::Skipped, None),
        ];
        let series = of(TestSeries { past, ..TestSeries::default() }, Timestamp(0));
        let drawn: Vec<_> = series.bars.iter().map(|bar| (bar.x, bar.y, bar.high, &*bar.told)).collect();
        assert_eq!(
            drawn,
            [(0, 78, 2, "#1: skipped"), (10, 0, 80, "#2: failed in 4.0 s"), (20, 60, 20, "#3: passed in 1.0 s")]
        );
        let counts: Vec<_> = series.counts.iter().map(|(mark, many)| (mark.word, *many)).collect();
        assert_eq!(counts, [("failed", 1), ("passed", 1), ("skipped", 1)], "bad ones first");
        assert_eq!((series.median.as_deref(), series.longest.as_deref()), (Some("4.0 s"), Some("4.0 s")));
    }

    #[test]
    fn a_name_is_found_again_as_it_is_told() {
        assert_eq!(address("a/b", "math", "adds & more"), "/tests?project=a%2Fb&name=math%3A%3Aadds%20%26%20more");
        assert_eq!(address("web", "", "x"), "/tests?project=web&name=x");
        assert_eq!([0, 999, 1_500].map(taken), ["0 ms", "999 ms", "1.5 s"]);
    }
}
