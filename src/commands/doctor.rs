//! `sidings doctor`: looks at what a run needs on this machine, a line each, and says what to do about the rest.

mod checks;
mod network;

use super::output::print;
use crate::args::DoctorArgs;
use crate::client::pretty;
use crate::exit::Exit;
use crate::render::style::{BAD, BUSY, DIM, GOOD, paint};
use serde::Serialize;

/// How good something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Grade {
    /// As it should be.
    Ok,
    /// It works, but not for all, or not for long.
    Warn,
    /// Runs will fail.
    Fail,
}

/// What was found of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) grade: Grade,
    /// What was looked at.
    what: &'static str,
    /// What was found.
    found: String,
    /// What to do about it.
    advice: Option<String>,
}

impl Finding {
    pub(super) fn ok(what: &'static str, found: impl Into<String>) -> Finding {
        Finding { grade: Grade::Ok, what, found: found.into(), advice: None }
    }

    pub(super) fn warn(what: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding { grade: Grade::Warn, what, found: found.into(), advice: Some(advice.into()) }
    }

    pub(super) fn fail(what: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding { grade: Grade::Fail, what, found: found.into(), advice: Some(advice.into()) }
    }
}

pub(super) async fn doctor(args: DoctorArgs) -> anyhow::Result<Exit> {
    told(&checks::all(&args).await, args.json)
}

/// Prints what was found; the exit code says whether all of it is well enough.
pub(super) fn told(findings: &[Finding], json: bool) -> anyhow::Result<Exit> {
    let text = if json { pretty(findings)? } else { findings.iter().map(shown).collect() };
    print(&text)?;
    let fails = findings.iter().any(|finding| finding.grade == Grade::Fail);
    Ok(if fails { Exit::Failed } else { Exit::Passed })
}

pub(super) fn shown(finding: &Finding) -> String {
    let grade = match finding.grade {
        Grade::Ok => paint(GOOD, "ok  "),
        Grade::Warn => paint(BUSY, "warn"),
        Grade::Fail => paint(BAD, "fail"),
    };
    let advice = finding.advice.as_ref().map(|advice| format!("                   {}\n", paint(DIM, advice)));
    format!("{grade}  {:<11}  {}\n{}", finding.what, finding.found, advice.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::plain;

    fn findings() -> [Finding; 3] {
        [
            Finding::ok("git", "git version 2.39.5"),
            Finding::warn("disk", "3.1 GB free", "free some"),
            Finding::fail("engine", "nothing answers", "start it"),
        ]
    }

    #[test]
    fn programs_are_told_the_same() {
        expect_test::expect![[r#"
            [
              {
                "grade": "ok",
                "what": "git",
                "found": "git version 2.39.5",
                "advice": null
              },
              {
                "grade": "warn",
                "what": "disk",
                "found": "3.1 GB free",
                "advice": "free some"
              },
              {
                "grade": "fail",
                "what": "engine",
                "found": "nothing answers",
                "advice": "start it"
              }
            ]
        "#]]
        .assert_eq(&pretty(&findings()[..]).unwrap());
    }

    #[test]
    fn each_finding_is_a_line_and_advice_stands_below() {
        insta::assert_snapshot!(plain(&findings().iter().map(shown).collect::<String>()), @r#"
        ok    git          git version 2.39.5
        warn  disk         3.1 GB free
                           free some
        fail  engine       nothing answers
                           start it
        "#);
    }
}
