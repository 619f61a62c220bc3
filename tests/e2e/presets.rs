//! Test runners of several languages, each in a container: split over two copies they run what they run whole, name by
//! name.

use super::splits::both_at_work;
use super::{submit, verdicts};
use crate::support::{Fleet, copy_example, job_of};
use sidings_proto::Verdict;
use sidings_proto::api::RunView;
use std::path::{Path, PathBuf};

/// The step in which a copy works off its tests, behind what is done before.
const TESTS_STEP: u32 = 2;

/// A test runner and what it is called with.
struct Case {
    example: &'static str,
    preset: &'static str,
    /// Behind `sidings split list` and `sidings split run`.
    arguments: &'static str,
    /// What is done before.
    before: &'static str,
    /// The same without a split.
    whole: &'static str,
    /// A test and how it ended, in a line of a log.
    told: fn(&str) -> Option<String>,
    /// What is done to the example's tree.
    changed: fn(&Path),
}

impl Case {
    /// Batches wait for the file `go`, so that no copy can be done before the other begins.
    fn pipeline(&self) -> String {
        let Case { preset, arguments, before, whole, .. } = self;
        format!(
            "\
build: .
jobs:
  unit:
    parallelism: 2
    steps: [{{ run: \"{before}\" }}]
    tests:
      preset: {preset}
      discover: sidings split list {preset} {arguments}
      run: |
        until [ -e go ]; do sleep 0.05; done
        sidings split run {preset} {arguments}
  whole:
    steps: [{{ run: \"{before} && {whole}\" }}]
"
        )
    }

    fn tree(&self, fleet: &Fleet) -> PathBuf {
        let tree = copy_example(self.example, fleet.path("tree"));
        std::fs::write(tree.join(".sidings.yml"), self.pipeline()).unwrap();
        (self.changed)(&tree);
        tree
    }

    fn told(&self, log: &str) -> Vec<String> {
        log.lines().filter_map(self.told).collect()
    }
}

fn write(file: &Path, text: &str) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

async fn runs_split_what_it_runs_whole(case: &Case, tests: usize) {
    let fleet = Fleet::start().await;
    let runner = fleet.fetching_runner("a", 3).await;
    let id = submit(&fleet, &case.tree(&fleet));
    for attempt in both_at_work(&fleet, id).await {
        std::fs::write(runner.workspace(attempt).join("go"), "").unwrap();
    }
    let view = fleet.client.until_ended(id).await;
    let (mut split, whole) = (Vec::new(), fleet.client.log(job_of(&view, "whole"), 1).await);
    for copy in ["unit 1/2", "unit 2/2"] {
        let log = fleet.client.log(job_of(&view, copy), TESTS_STEP).await;
        assert!(log.contains("sidings: batch 1: "), "{copy} ran nothing: {log}");
        split.extend(case.told(&log));
    }
    let mut whole = case.told(&whole);
    split.sort();
    whole.sort();
    assert_eq!(split, whole, "{}", verdicts(&view));
    assert_eq!(whole.len(), tests, "{whole:?}");
    assert_eq!(view.summary.verdict, Some(Verdict::Passed), "{}", verdicts(&view));
    let sum = &view.splits[0];
    assert!(sum.told.starts_with(&format!("{0} of {0} ran once", sum.total)), "{}", sum.told);
}

/// `--- PASS: TestOne (0.00s)`, parts of tests as well.
fn told_by_go(line: &str) -> Option<String> {
    let (told, _) = line.trim_start().strip_prefix("--- ")?.rsplit_once(" (")?;
    Some(told.to_owned())
}

const GO: Case = Case {
    example: "split-go",
    preset: "go",
    arguments: "",
    before: "true",
    whole: "go test -v ./...",
    told: told_by_go,
    changed: |_| (),
};

#[tokio::test]
async fn go_runs_split_what_it_runs_whole() {
    runs_split_what_it_runs_whole(&GO, 18).await;
}

/// With a file that no compiler takes the job is red, and says what the compiler said.
async fn says_that_it_cannot_be_built(example: &str, file: &str, text: &str, said: &str) {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 2).await;
    let tree = copy_example(example, fleet.path("tree"));
    write(&tree.join(file), text);
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;
    let log = fleet.client.log(job_of(&view, "unit 1/2"), 1).await;
    assert!(log.contains(said) && log.contains("the tests could not be listed"), "{log}");
    let reasons = |view: &RunView| view.jobs.iter().map(|job| format!("{:?}", job.verdict)).collect::<String>();
    assert!(!reasons(&view).contains("no test"), "{}", reasons(&view));
    assert!(matches!(view.summary.verdict, Some(Verdict::Failed(_))), "{}", verdicts(&view));
}

#[tokio::test]
async fn go_says_that_a_package_cannot_be_built() {
    let text = "package roman\n\nvar broken int = \"a text\"\n";
    says_that_it_cannot_be_built("split-go", "roman/broken_test.go", text, "broken_test.go:3:").await;
}

/// `test tests::one ... ok`, and what a copy says: `passed roman tests::one (0.003 s)`.
fn told_by_cargo(line: &str) -> Option<String> {
    if let Some((name, end)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... ")) {
        let end = if end.starts_with("ignored") { "skipped" } else { "passed" };
        return Some(format!("{end} {}", name.trim_end_matches(" - should panic")));
    }
    let (end, rest) = line.split_once(" roman").filter(|(end, _)| ["passed", "skipped"].contains(end))?;
    Some(format!("{end} {}", rest.split(' ').nth(1)?))
}

const CARGO: Case = Case {
    example: "split-cargo",
    preset: "cargo",
    arguments: "",
    before: "true",
    whole: "cargo test",
    told: told_by_cargo,
    changed: |_| (),
};

#[tokio::test]
async fn cargo_runs_split_what_it_runs_whole() {
    runs_split_what_it_runs_whole(&CARGO, 12).await;
}

/// `✔ name (0.1ms)`; `﹣` is one that was left out.
fn told_by_node(line: &str) -> Option<String> {
    let is_told = line.starts_with(['✔', '﹣', '✖']);
    is_told.then(|| line.split(" (").next().unwrap_or_default().to_owned())
}

const NODE: Case = Case {
    example: "split-node",
    preset: "node",
    arguments: "",
    before: "true",
    whole: "node --test --test-reporter=spec",
    told: told_by_node,
    changed: |_| (),
};

#[tokio::test]
async fn node_runs_split_what_it_runs_whole() {
    runs_split_what_it_runs_whole(&NODE, 12).await;
}

/// `  ✓ name (1 ms)`; `○` and `✎` are those that were left out.
fn told_by_jest(line: &str) -> Option<String> {
    let told = line.trim_start();
    told.starts_with(['✓', '✕', '○', '✎']).then(|| told.split(" (").next().unwrap_or_default().to_owned())
}

const JEST: Case = Case {
    example: "split-jest",
    preset: "jest",
    arguments: "-- --verbose",
    changed: |_| (),
    before: "true",
    whole: "jest --verbose",
    told: told_by_jest,
};

#[tokio::test]
async fn jest_runs_split_what_it_runs_whole() {
    runs_split_what_it_runs_whole(&JEST, 13).await;
}

/// `  ✓  2 [all] › tests/a.spec.js:4:1 › name (0ms)`, with the number that it has there; `-` is one that was left out.
fn told_by_playwright(line: &str) -> Option<String> {
    let (mark, told) = line.trim_start().split_once(' ').filter(|(mark, _)| ["✓", "-", "✘"].contains(mark))?;
    let (_, name) = told.trim_start().split_once(' ').filter(|(number, _)| number.parse::<u32>().is_ok())?;
    Some(format!("{mark} {}", name.rsplit_once(" (").map_or(name, |(name, _)| name)))
}

const PLAYWRIGHT: Case = Case {
    example: "split-playwright",
    preset: "playwright",
    arguments: "",
    changed: |_| (),
    before: "true",
    whole: "playwright test --reporter=list",
    told: told_by_playwright,
};

#[tokio::test]
async fn playwright_runs_split_what_it_runs_whole() {
    runs_split_what_it_runs_whole(&PLAYWRIGHT, 16).await;
}

/// `1/5 Test  #2: two words ....   Passed    0.00 sec`.
fn told_by_ctest(line: &str) -> Option<String> {
    let (_, told) = line.split_once(" Test ").filter(|(_, told)| told.trim_start().starts_with('#'))?;
    let words = told.split_whitespace().filter(|word| word.chars().any(|letter| letter != '.'));
    let words: Vec<&str> = words.map(|word| word.trim_start_matches('.')).collect();
    words.split_last_chunk::<2>().map(|(told, _)| told.join(" "))
}

const CTEST: Case = Case {
    example: "split-ctest",
    preset: "ctest",
    arguments: "-- --test-dir build",
    before: "cmake -S . -B build && cmake --build build",
    whole: "ctest --test-dir build",
    told: told_by_ctest,
    changed: |_| (),
};

#[tokio::test]
async fn ctest_runs_split_what_it_runs_whole() {
    runs_split_what_it_runs_whole(&CTEST, 11).await;
}

/// An example's own line; the same words stand again where pending ones are summed up, behind a number.
fn told_by_rspec(line: &str) -> Option<String> {
    let begins = ["writes ", "has no ", "reads ", "größte", "knows "];
    begins.iter().any(|begin| line.trim_start().starts_with(begin)).then(|| line.to_owned())
}

const RSPEC: Case = Case {
    example: "split-rspec",
    preset: "rspec",
    arguments: "",
    before: "true",
    whole: "rspec --format documentation",
    told: told_by_rspec,
    changed: |_| (),
};

#[tokio::test]
async fn rspec_runs_split_what_it_runs_whole() {
    runs_split_what_it_runs_whole(&RSPEC, 13).await;
}

/// ` ✔ Numerals with one`. Those that were left out stand there twice.
fn told_by_phpunit(line: &str) -> Option<String> {
    let told = line.trim_start();
    let words = told.split(" [").next().unwrap_or_default();
    told.starts_with(['✔', '✘']).then(|| words.trim_end().to_owned())
}

const PHPUNIT: Case = Case {
    example: "split-phpunit",
    preset: "phpunit",
    arguments: "-- --testdox",
    before: "true",
    whole: "phpunit --testdox",
    told: told_by_phpunit,
    changed: |_| (),
};

#[tokio::test]
async fn phpunit_runs_split_what_it_runs_whole() {
    runs_split_what_it_runs_whole(&PHPUNIT, 10).await;
}

/// `Tests run: 8, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 0.1 s - in roman.WritingTest`: with what is in it.
fn told_by_maven(line: &str) -> Option<String> {
    let (_, told) = line.split_once("Tests run: ")?;
    let (counts, class) = told.split_once(", Time elapsed: ")?;
    Some(format!("{}: {counts}", class.rsplit(' ').next()?))
}

/// Tests run in Maven's own process: for the end of another one, Debian's Surefire waits for ten seconds.
const MAVEN: Case = Case {
    example: "split-maven",
    preset: "maven",
    arguments: "-- -DforkCount=0",
    before: "true",
    whole: "mvn --batch-mode test -DforkCount=0",
    told: told_by_maven,
    changed: |_| (),
};

#[tokio::test]
async fn maven_runs_split_what_it_runs_whole() {
    runs_split_what_it_runs_whole(&MAVEN, 6).await;
}

/// A project of two modules in place of the example's own: that one, and one with JUnit 4 alone, which has a class that is
/// called as one of the other's, and one that nobody else has.
fn two_modules(tree: &Path) {
    let own = std::fs::read_to_string(tree.join("pom.xml")).unwrap();
    let folders = "<build><sourceDirectory>../src/main/java</sourceDirectory>\
        <testSourceDirectory>../src/test/java</testSourceDirectory></build></project>";
    write(&tree.join("one/pom.xml"), &own.replace("</project>", folders));
    let (begin, rest) = own.split_once("<dependencies>").unwrap();
    let (_, end) = rest.split_once("</dependencies>").unwrap();
    let junit = "<dependencies><dependency><groupId>junit</groupId><artifactId>junit</artifactId>\
        <version>4.13.2</version></dependency></dependencies>";
    write(&tree.join("two/pom.xml"), &format!("{begin}{junit}{end}").replace(">roman<", ">years<"));
    for class in ["SignTest", "YearTest"] {
        let text = format!(
            "package roman;\n\npublic class {class} {{\n    @org.junit.Test\n    public void year() {{}}\n}}\n"
        );
        write(&tree.join(format!("two/src/test/java/roman/{class}.java")), &text);
    }
    let modules = "<packaging>pom</packaging><modules><module>one</module><module>two</module></modules></project>";
    write(&tree.join("pom.xml"), &format!("{begin}{modules}").replace(">roman<", ">both<"));
}

#[tokio::test]
async fn maven_runs_what_several_modules_have() {
    runs_split_what_it_runs_whole(&Case { changed: two_modules, ..MAVEN }, 8).await;
}

const BROKEN_JAVA: &str = "package roman;\n\nclass BrokenTest {\n    int broken = \"a text\";\n}\n";

#[tokio::test]
async fn maven_says_that_tests_cannot_be_compiled() {
    let (file, said) = ("src/test/java/roman/BrokenTest.java", "String cannot be converted to int");
    says_that_it_cannot_be_built("split-maven", file, BROKEN_JAVA, said).await;
}

/// `roman.SignTest > five PASSED`, a case for each.
fn told_by_gradle(line: &str) -> Option<String> {
    let is_told = [" PASSED", " SKIPPED", " FAILED"].iter().any(|end| line.ends_with(end));
    (is_told && line.contains(" > ")).then(|| line.to_owned())
}

const GRADLE: Case = Case {
    example: "split-gradle",
    preset: "gradle",
    arguments: "",
    before: "true",
    whole: "gradle --offline test",
    told: told_by_gradle,
    changed: |_| (),
};

#[tokio::test]
async fn gradle_runs_split_what_it_runs_whole() {
    runs_split_what_it_runs_whole(&GRADLE, 21).await;
}

/// A module beside the one that is there, with a class that is called as one of the other's, and one that nobody else has.
/// Only the project's wrapper knows of it.
fn another_module(tree: &Path) {
    write(&tree.join("gradlew"), "#!/bin/sh\nexec gradle -Pyears=true \"$@\"\n");
    write(&tree.join("settings.gradle"), "if (startParameter.projectProperties.years) include 'years'\n");
    write(&tree.join("years/build.gradle"), "apply from: '../build.gradle'\n");
    for class in ["SignTest", "YearTest"] {
        let text = format!(
            "package roman;\n\npublic class {class} {{\n    @org.junit.Test\n    public void year() {{}}\n}}\n"
        );
        write(&tree.join(format!("years/src/test/java/roman/{class}.java")), &text);
    }
}

#[tokio::test]
async fn gradle_by_its_wrapper_runs_what_several_modules_have() {
    let (before, whole) = ("chmod +x gradlew", "./gradlew test");
    runs_split_what_it_runs_whole(&Case { changed: another_module, before, whole, ..GRADLE }, 23).await;
}

#[tokio::test]
async fn gradle_says_that_tests_cannot_be_compiled() {
    let (file, said) = ("src/test/java/roman/BrokenTest.java", "String cannot be converted to int");
    says_that_it_cannot_be_built("split-gradle", file, BROKEN_JAVA, said).await;
}
