//! JUnit that a test runner leaves where it likes: the files that it wrote in this batch, and what they say of the
//! batch's tests.

use super::told::Events;
use sidings_proto::split::SplitOutcome;
use sidings_proto::{TestCase, TestOutcome};
use sidings_reports::Room;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Folders of others' code and of tools.
const NOT_SEARCHED: [&str; 2] = ["node_modules", "src"];

/// What tells a file from one that was written anew.
type Stamp = (SystemTime, u64);

/// All files there are, before the runner is started.
pub(super) struct Before {
    stamps: BTreeMap<PathBuf, Stamp>,
    /// Where a module of the project has its reports.
    place: &'static str,
}

impl Before {
    pub(super) fn look(place: &'static str) -> io::Result<Before> {
        Ok(Before { stamps: stamps(place)?, place })
    }

    /// Those that were written since.
    pub(super) fn written(&self) -> io::Result<Vec<PathBuf>> {
        let now = stamps(self.place)?;
        Ok(now.into_iter().filter(|(path, stamp)| self.stamps.get(path) != Some(stamp)).map(|(path, _)| path).collect())
    }
}

fn stamps(place: &str) -> io::Result<BTreeMap<PathBuf, Stamp>> {
    let mut stamps = BTreeMap::new();
    for folder in folders(place)? {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_file() && entry.path().extension().is_some_and(|end| end == "xml") {
                stamps.insert(entry.path(), (about.modified()?, about.len()));
            }
        }
    }
    Ok(stamps)
}

/// The folders of this name, as `target/test-classes`, of the project here and of all modules in it.
pub(super) fn folders(place: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    search(Path::new("."), place, &mut found)?;
    found.sort();
    Ok(found)
}

/// What a tool builds and what is hidden has no modules; links are not followed, so there is an end.
fn search(module: &Path, place: &str, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let built = Path::new(place).iter().next().unwrap_or_default();
    found.extend(Some(module.join(place)).filter(|folder| folder.is_dir()));
    for entry in fs::read_dir(module)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_hidden = name.to_string_lossy().starts_with('.');
        let is_passed_by = is_hidden || name == built || NOT_SEARCHED.iter().any(|other| name == *other);
        if entry.file_type()?.is_dir() && !is_passed_by {
            search(&entry.path(), place, found)?;
        }
    }
    Ok(())
}

/// What became of tests, by their names: the worst of their cases, and the time of all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cases(BTreeMap<String, (SplitOutcome, Duration)>);

impl Cases {
    /// Reads these files, which are known not to be links; `test` says of which test a case is a part.
    pub(super) fn read(files: &[PathBuf], test: impl Fn(&TestCase) -> Option<String>) -> io::Result<Cases> {
        let mut cases = Cases::default();
        for file in files {
            let remarks = cases.add(File::open(file)?, &test);
            remarks.iter().try_for_each(|remark| writeln!(io::stderr(), "{}: {remark}", file.display()))?;
        }
        Ok(cases)
    }

    fn add(&mut self, file: impl Read, test: &impl Fn(&TestCase) -> Option<String>) -> Vec<String> {
        // Texts are of no use here.
        let mut room = Room { text: 0, ..Room::default() };
        let found = sidings_reports::read(BufReader::new(file), &mut room, &mut |case| {
            let Some(test) = test(&case) else { return };
            let took = Duration::from_millis(case.took_ms.unwrap_or(0));
            let outcome = outcome(case.outcome);
            self.extend([(test, outcome, took)]);
        });
        found.remarks
    }

    /// Adds cases by the tests that they are part of.
    pub(super) fn extend(&mut self, cases: impl IntoIterator<Item = (String, SplitOutcome, Duration)>) {
        for (test, outcome, took) in cases {
            let known = self.0.entry(test).or_insert((outcome, Duration::ZERO));
            *known = (worse(known.0, outcome), known.1.saturating_add(took));
        }
    }

    /// Adds all that others say.
    pub(super) fn join(&mut self, others: Cases) {
        self.extend(others.0.into_iter().map(|(test, (outcome, took))| (test, outcome, took)));
    }

    /// Those of which something is known.
    pub(super) fn tests(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn has(&self, test: &str) -> bool {
        self.0.contains_key(test)
    }

    /// Takes out what became of all others.
    pub(super) fn keep(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.0.retain(|test, _| is_kept(test));
    }

    /// Tells of those that are in the batch; gives which are not told of, and whether one of the others failed.
    pub(super) fn tell<'t>(&self, tests: &'t [String], events: &mut Events) -> io::Result<(Vec<&'t str>, bool)> {
        let (mut missing, mut has_failed) = (Vec::new(), false);
        for test in tests {
            match self.0.get(test) {
                Some((outcome, took)) => {
                    events.ended(test, *outcome, *took)?;
                    has_failed |= *outcome == SplitOutcome::Failed;
                }
                None => missing.push(test.as_str()),
            }
        }
        Ok((missing, has_failed))
    }
}

fn outcome(outcome: TestOutcome) -> SplitOutcome {
    match outcome {
        TestOutcome::Failed | TestOutcome::Errored => SplitOutcome::Failed,
        TestOutcome::Passed | TestOutcome::Flaky => SplitOutcome::Passed,
        TestOutcome::Skipped => SplitOutcome::Skipped,
    }
}

/// What has passed in part was not left out.
fn worse(one: SplitOutcome, other: SplitOutcome) -> SplitOutcome {
    match (one, other) {
        (SplitOutcome::Failed, _) | (_, SplitOutcome::Failed) => SplitOutcome::Failed,
        (SplitOutcome::Passed, _) | (_, SplitOutcome::Passed) => SplitOutcome::Passed,
        (SplitOutcome::Skipped, SplitOutcome::Skipped) => SplitOutcome::Skipped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SplitOutcome::{Failed, Passed, Skipped};

    /// As Surefire 2.22 wrote them, without the properties: classes in classes, one that is wrong in part, one that could
    /// not be loaded, one that was left out as a whole.
    const WRITTEN: [&str; 4] = [
        r#"<testsuite name="roman.WritingTest" time="0.07" tests="8" errors="0" skipped="1" failures="0">
  <properties/>
  <testcase name="numerals{int, String}[1]" classname="roman.WritingTest" time="0.015"/>
  <testcase name="fractions" classname="roman.WritingTest" time="0">
    <skipped message="nobody has asked for them"/>
  </testcase>
  <testcase name="isNone{int}[1]" classname="roman.WritingTest$WithNone" time="0.002"/>
</testsuite>"#,
        r#"<testsuite name="roman.WrongTest" time="0.026" tests="2" errors="0" skipped="0" failures="1">
  <properties/>
  <testcase name="right" classname="roman.WrongTest" time="0.001"/>
  <testcase name="wrong" classname="roman.WrongTest" time="0.022">
    <failure message="expected: &lt;1&gt; but was: &lt;2&gt;" type="org.opentest4j.AssertionFailedError"><![CDATA[org.opentest4j.AssertionFailedError: expected: <1> but was: <2>
	at roman.WrongTest.wrong(WrongTest.java:13)
]]></failure>
  </testcase>
</testsuite>"#,
        r#"<testsuite name="roman.UnloadedTest" time="0" tests="1" errors="1" skipped="0" failures="0">
  <properties/>
  <testcase name="one" classname="roman.UnloadedTest" time="0">
    <error type="java.lang.ExceptionInInitializerError"><![CDATA[java.lang.ExceptionInInitializerError
	at roman.UnloadedTest.<clinit>(UnloadedTest.java:6)
]]></error>
  </testcase>
</testsuite>"#,
        r#"<testsuite name="roman.LaterTest" time="0.001" tests="1" errors="0" skipped="1" failures="0">
  <properties/>
  <testcase name="roman.LaterTest" classname="roman.LaterTest" time="0">
    <skipped message="nobody has asked for them"/>
  </testcase>
</testsuite>"#,
    ];

    /// Written by hand, as no test took so long: times with a comma. And a case without a name.
    const LONG: &str = r#"<testsuite name="roman.LongTest" time="1,024.12">
        <testcase name="one" classname="roman.LongTest" time="1,024.1"/>
        <testcase name="" classname="roman.LongTest" time="0.02"><error message="it cannot be loaded"/></testcase>
    </testsuite>"#;

    #[test]
    fn a_class_is_as_bad_as_the_worst_of_its_cases_and_takes_the_time_of_all() {
        let (mut cases, mut remarks) = (Cases::default(), Vec::new());
        for report in WRITTEN.into_iter().chain([LONG]) {
            let outermost = |case: &TestCase| Some(case.suite.split('$').next().unwrap_or_default().to_owned());
            remarks.extend(cases.add(report.as_bytes(), &outermost));
        }
        let told: Vec<_> = cases.0.iter().map(|(test, (end, took))| (test.as_str(), *end, took.as_millis())).collect();
        let expected = [
            ("roman.LaterTest", Skipped, 0),
            ("roman.LongTest", Failed, 1_024_120),
            ("roman.UnloadedTest", Failed, 0),
            ("roman.WritingTest", Passed, 17),
            ("roman.WrongTest", Failed, 23),
        ];
        assert_eq!(told, expected, "{remarks:?}");
    }

    #[test]
    fn modules_are_found_and_what_tools_made_is_not_searched_for_them() {
        let dir = tempfile::TempDir::new().unwrap();
        for folder in ["target/out", "a/target/out", "a/b/target/out", "target/a/target/out", "src/target/out"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        let mut found = Vec::new();
        search(dir.path(), "target/out", &mut found).unwrap();
        found.sort();
        let found: Vec<_> = found.iter().map(|path| path.strip_prefix(dir.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(found, ["a/b/target/out", "a/target/out", "target/out"]);
    }
}
