//! The tests of a job that were split, one run beside the run before: what went wrong, what is new or gone, and what might
//! be put into quarantine. It proposes; what the file says is for people to write.

use super::safe::{flat, quoted};
use super::split_told::millis;
use super::style::{BAD, BUSY, DIM, NAME, paint};
use jiff::ToSpan;
use jiff::civil::Date;
use sidings_proto::split::SplitSum;
use sidings_proto::split::told::{SplitTold, ToldTest};
use std::collections::BTreeSet;

/// Tests that are named of each kind.
const NAMED: usize = 20;
/// How long a proposal lasts.
const DAYS: i64 = 14;

/// What it came to, as the headline of all else.
pub(crate) fn head(sum: &SplitSum) -> String {
    format!("{}, split: {}\n", paint(NAME, flat(sum.suite.as_bytes())), sum.told)
}

/// What went wrong, so many of them.
pub(crate) fn bad_ones(told: &SplitTold, most: usize) -> String {
    let bad: Vec<&ToldTest> = told.tests.iter().filter(is_bad).collect();
    bad.iter().take(most).map(|test| bad_one(test)).collect::<String>() + &more(bad.len(), most)
}

/// Beside the run before, with what it is called.
pub(crate) fn of(told: &SplitTold, before: Option<(&str, &SplitTold)>, today: Date) -> String {
    let mut text = head(&told.sum) + &bad_ones(told, NAMED);
    if let Some((run, before)) = before {
        text += &named("new", &only_in(told, before));
        text += &named(&format!("gone since {run}"), &only_in(before, told));
    }
    text += &named("in quarantine, but no longer there", &told.gone.iter().map(String::as_str).collect::<Vec<_>>());
    text + &proposals(told, today)
}

fn is_bad(test: &&ToldTest) -> bool {
    !matches!(test.verdict.as_deref(), Some("passed" | "skipped") | None)
}

fn bad_one(test: &ToldTest) -> String {
    let verdict = test.verdict.as_deref().unwrap_or_default();
    let style = if matches!(verdict, "flaky" | "quarantined") { BUSY } else { BAD };
    let took = test.took_ms.map(millis).unwrap_or_default();
    format!("  {} {}  {took}\n", paint(style, verdict), flat(test.id.as_bytes())).replace("  \n", "\n")
}

fn only_in<'t>(one: &'t SplitTold, other: &SplitTold) -> Vec<&'t str> {
    let known: BTreeSet<&str> = other.tests.iter().map(|test| test.id.as_str()).collect();
    one.tests.iter().map(|test| test.id.as_str()).filter(|id| !known.contains(id)).collect()
}

fn named(what: &str, ids: &[&str]) -> String {
    if ids.is_empty() {
        return String::new();
    }
    let lines = ids.iter().take(NAMED).map(|id| format!("    {}\n", flat(id.as_bytes())));
    format!("  {what}: {}\n{}{}", ids.len(), lines.collect::<String>(), more(ids.len(), NAMED))
}

fn more(all: usize, named: usize) -> String {
    let more = all.saturating_sub(named);
    if more > 0 { paint(DIM, format!("    and {more} more\n")) } else { String::new() }
}

/// What failed and then passed is nobody's doing in this commit, most often.
fn proposals(told: &SplitTold, today: Date) -> String {
    let flaky = |test: &&ToldTest| test.verdict.as_deref() == Some("flaky") && test.quarantine.is_none();
    let expires = today.checked_add(DAYS.days()).unwrap_or(today);
    let line = |test: &ToldTest| {
        let id = quoted(&test.id);
        format!("    - {{ id: {id}, owner: WHO, since: {today}, expires: {expires} }}\n")
    };
    let lines: String = told.tests.iter().filter(flaky).take(NAMED).map(line).collect();
    if lines.is_empty() {
        lines
    } else {
        format!("  for .sidings/quarantine.yml, if somebody looks after it:\n{lines}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::plain;
    use expect_test::expect;

    fn told(tests: &[(&str, &str)]) -> SplitTold {
        let test = |(id, verdict): &(&str, &str)| ToldTest {
            id: (*id).to_owned(),
            verdict: Some((*verdict).to_owned()),
            took_ms: Some(1_500),
            ..ToldTest::default()
        };
        let sum = SplitSum { suite: "unit".to_owned(), told: "3 of 4 ran once".to_owned(), ..SplitSum::default() };
        SplitTold { sum, tests: tests.iter().map(test).collect(), gone: vec!["x".to_owned()], ..SplitTold::default() }
    }

    #[test]
    fn what_is_new_gone_or_shaky_is_told_and_nothing_is_written() {
        let before = told(&[("a", "passed"), ("old", "passed")]);
        let now = told(&[("a", "failed"), ("b \"c\"", "flaky"), ("d", "passed")]);
        let text = of(&now, Some(("demo@6", &before)), Date::constant(2026, 11, 23));
        expect![[r#"
            unit, split: 3 of 4 ran once
              failed a  1.5s
              flaky b "c"  1.5s
              new: 2
                b "c"
                d
              gone since demo@6: 1
                old
              in quarantine, but no longer there: 1
                x
              for .sidings/quarantine.yml, if somebody looks after it:
                - { id: "b \"c\"", owner: WHO, since: 2026-11-23, expires: 2026-12-07 }
        "#]]
        .assert_eq(&plain(&text));
        assert_eq!(plain(&bad_ones(&now, 1)), "  failed a  1.5s\n    and 1 more\n");
    }
}
