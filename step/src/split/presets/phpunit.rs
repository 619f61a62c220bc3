//! PHPUnit: tests as `--list-tests` calls them, `Class::method` and behind it `"name"` or `#0` of a data set, told by
//! its log for TeamCity, which says when a test begins.

use super::follow::{Stream, follow};
use super::told::Events;
use super::{Runner, code, program, unstarted};
use sidings_proto::split::SplitOutcome;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// In full names, before that of a data set.
const DATA_SET: &str = " with data set ";
/// What an expression for names may have, in bytes: libraries refuse long ones.
const EXPRESSION_MAX: usize = 16 * 1024;

pub(super) struct Phpunit;

impl Runner for Phpunit {
    fn list(&self, arguments: &[&str]) -> io::Result<Result<Vec<String>, u8>> {
        let mut command = phpunit();
        let printed =
            command.args(arguments).arg("--list-tests").stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let printed = printed.map_err(|error| unstarted(&command, &error))?;
        let text = String::from_utf8_lossy(&printed.stdout);
        if !printed.status.success() {
            io::stderr().write_all(text.as_bytes())?;
            return Ok(Err(code(printed.status)));
        }
        Ok(Ok(text.lines().filter_map(|line| line.strip_prefix(" - ")).map(str::to_owned).collect()))
    }

    fn run(&self, arguments: &[&str], tests: &[String], events: &mut Events) -> io::Result<u8> {
        let mut last = 0;
        for expression in expressions(tests) {
            let mut command = phpunit();
            command.args(arguments).arg(format!("--filter={expression}")).arg("--log-teamcity=php://stderr");
            let code = run_and_tell(command, events)?;
            last = if code == 0 { last } else { code };
        }
        Ok(last)
    }
}

/// Expressions that fit these tests and no others.
fn expressions(tests: &[String]) -> Vec<String> {
    let (mut all, mut names) = (Vec::new(), String::new());
    for test in tests {
        if names.len() > EXPRESSION_MAX {
            all.push(format!("/^(?:{})$/D", std::mem::take(&mut names)));
        }
        names += if names.is_empty() { "" } else { "|" };
        names += &quoted(&full(test));
    }
    if !names.is_empty() {
        all.push(format!("/^(?:{names})$/D"));
    }
    all
}

/// `Class::method"name"` is `Class::method with data set "name"` in full.
fn full(test: &str) -> String {
    let at = test.find(['"', '#']);
    at.map_or_else(|| test.to_owned(), |at| format!("{}{DATA_SET}{}", &test[..at], &test[at..]))
}

fn quoted(name: &str) -> String {
    let quote =
        |letter: char| (letter.is_ascii_punctuation() && letter != '_').then_some('\\').into_iter().chain([letter]);
    name.chars().flat_map(quote).collect()
}

/// What its log does not say is for people.
fn run_and_tell(command: Command, events: &mut Events) -> io::Result<u8> {
    let mut current: Option<(String, SplitOutcome)> = None;
    let status = follow(command, Stream::Errors, |line| {
        match message(line) {
            Some(("testStarted", text)) => {
                current = attribute(text, "locationHint")
                    .and_then(|place| test_at(&place))
                    .map(|test| (test, SplitOutcome::Passed));
                current.iter().try_for_each(|(test, _)| events.started(test))?;
            }
            Some(("testFailed", _)) => current.iter_mut().for_each(|(_, outcome)| *outcome = SplitOutcome::Failed),
            // It would have run in another company: it has no result here.
            Some(("testIgnored", text)) if has_missed_another(text) => current = None,
            Some(("testIgnored", _)) => current.iter_mut().for_each(|(_, outcome)| *outcome = SplitOutcome::Skipped),
            Some(("testFinished", text)) => {
                let ms = attribute(text, "duration").and_then(|ms| ms.parse().ok()).unwrap_or_default();
                let ended = current.take();
                ended.iter().try_for_each(|(test, outcome)| events.ended(test, *outcome, Duration::from_millis(ms)))?;
            }
            Some(_) => {}
            None if line.is_empty() => {}
            None => writeln!(io::stderr(), "{line}")?,
        }
        Ok(())
    })?;
    Ok(code(status))
}

/// A test that others come before (`@depends`), which were in another batch.
fn has_missed_another(text: &str) -> bool {
    attribute(text, "message").is_some_and(|message| message.starts_with("This test depends on "))
}

/// That of the project, where it has one.
fn phpunit() -> Command {
    let own = Path::new("vendor/bin/phpunit");
    program(if own.is_file() { own } else { Path::new("phpunit") })
}

/// `##teamcity[testStarted name='…']`.
fn message(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("##teamcity[")?.strip_suffix(']')?.split_once(' ')
}

/// An attribute's text; `|` stands before what would end it.
fn attribute(text: &str, name: &str) -> Option<String> {
    let begin = format!("{name}='");
    let mut letters = text[text.find(&begin)? + begin.len()..].chars();
    let mut value = String::new();
    loop {
        match letters.next()? {
            '\'' => return Some(value),
            '|' => value.push(match letters.next()? {
                'n' => '\n',
                'r' => '\r',
                other => other,
            }),
            letter => value.push(letter),
        }
    }
}

/// `php_qn:///w/a.php::\Class::method with data set #0`.
fn test_at(place: &str) -> Option<String> {
    let (_, name) = place.split_once("::\\")?;
    Some(name.replacen(DATA_SET, "", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_found_again_by_its_full_name() {
        let line = "##teamcity[testStarted name='x' locationHint='php_qn:///w/T.php::\\A\\T::x with data set \"it|'s a||b\"' flowId='8']";
        let (kind, text) = message(line).unwrap();
        assert_eq!(kind, "testStarted");
        let test = attribute(text, "locationHint").and_then(|place| test_at(&place)).unwrap();
        assert_eq!(test, "A\\T::x\"it's a|b\"");
        assert_eq!(full(&test), "A\\T::x with data set \"it's a|b\"");
        assert_eq!(full("T::y#0"), "T::y with data set #0");
        assert_eq!(full("T::z"), "T::z");
    }

    #[test]
    fn a_test_that_missed_another_one_was_not_skipped() {
        let text = |why: &str| format!("name='x' message='{why}' details='' duration='0'");
        assert!(has_missed_another(&text("This test depends on \"A::y\" to pass.")));
        assert!(!has_missed_another(&text("no network here")));
    }

    #[test]
    fn an_expression_fits_nothing_else_and_is_not_too_long() {
        assert_eq!(expressions(&["T::a/b".to_owned(), "T::c".to_owned()]), [r"/^(?:T\:\:a\/b|T\:\:c)$/D"]);
        let many: Vec<String> = (0..4000).map(|no| format!("Test::test_{no}")).collect();
        let all = expressions(&many);
        assert!(all.len() > 1 && all.iter().all(|one| one.len() < 2 * EXPRESSION_MAX));
        assert_eq!(all.iter().map(|one| one.matches('|').count() + 1).sum::<usize>(), 4000);
    }
}
