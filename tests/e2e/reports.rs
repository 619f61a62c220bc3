//! Reports of tests out of real containers, sound ones and hostile ones, as the command line and the API show them.

use super::{submit, verdicts};
use crate::support::{Fleet, job_of, tree};
use expect_test::expect;
use sidings_proto::tested::{RunTests, TestHistory};

const PIPELINE: &str = r#"
image: debian:bookworm-slim
jobs:
  unit:
    reports: { junit: ["results/*.xml", absent.xml, old.xml] }
    steps:
      - name: make test
        run: |
          mkdir results
          cat > results/unit.xml <<END
          <testsuite name="board" tests="4" failures="1">
          <testcase classname="board" name="next" time="0.25"/>
          <testcase classname="board" name="delay" time="1,024.12">
          <failure message="5 is not 6">board.c:9: 5 is not 6</failure><system-out>reading $(id -u)</system-out></testcase>
          <testcase classname="board" name="sunday"><skipped message="no timetable"/></testcase>
          </testsuite>
          END
          exit 3
  hostile:
    reports: { junit: "**/*.xml" }
    steps:
      - name: attack
        run: |
          mkdir d
          ln -s /etc/passwd d/passwd.xml
          ln -s / d/root
          ln -s .. d/up
          mkfifo d/pipe.xml
          perl -e 'print "<testsuite>" x 1000000' > d/bomb.xml
          truncate -s 300M d/huge.xml
          printf '<testsuite><testcase name="fine"/></testsuite>' > d/fine.xml
  lenient:
    reports: { junit: report.xml }
    steps:
      - { name: shrug, run: 'printf "<testcase name=\"bad\"><error message=\"no\"/></testcase>" > report.xml' }
  strict:
    reports: { junit: report.xml, required: true }
    steps: [{ name: forget, run: 'true' }]
  siblings:
    reports: { junit: "*.xml" }
    steps:
      - parallel:
          - { name: one, run: 'printf "<testcase name=\"one\"/>" > one.xml' }
          - { name: two, run: 'printf "<testcase name=\"two\"/>" > two.xml' }
"#;

#[tokio::test]
async fn reports_are_read_whatever_a_job_left_there() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 4).await;
    let old = "<testcase name=\"of another time\"/>";
    let tree = tree(fleet.path("tree"), &[(".sidings.yml", PIPELINE), ("old.xml", old)]);
    let id = submit(&fleet, &tree);
    let view = fleet.client.until_ended(id).await;
    expect![[r#"
        run: failed (tests_failed)
        unit: failed (tests_failed), attempts 1
          make test: failed (step_failed), code 3
        hostile: passed, attempts 1
          attack: passed, code 0
        lenient: passed, attempts 1
          shrug: passed, code 0
        strict: failed (tests_failed), attempts 1
          forget: passed, code 0
        siblings: passed, attempts 1
          one: passed, code 0
          two: passed, code 0
    "#]]
    .assert_eq(&verdicts(&view));

    let notes = async |job: &str| {
        let log = fleet.client.log(job_of(&view, job), 0).await;
        log.lines().skip_while(|line| !line.starts_with("tests: ")).map(|line| format!("{line}\n")).collect::<String>()
    };
    expect![[r#"
        tests: 1 failed, 1 passed, 1 skipped
        no report was found at absent.xml
        report old.xml: it was there before the first step, and is not of this job
        report results/unit.xml: suite `board` says 4 tests and has 3
    "#]]
    .assert_eq(&notes("unit").await);
    expect![[r#"
        tests: 1 passed
        report d/bomb.xml: its elements are nested more than 100 deep
        report d/huge.xml: it is longer than 200 MB and is not read
        report d/passwd.xml: it is a link
        report d/pipe.xml: it is not a regular file
    "#]]
    .assert_eq(&notes("hostile").await);
    assert_eq!(notes("siblings").await.lines().next(), Some("tests: 2 passed"));

    let tests: RunTests = fleet.client.json(&format!("/api/v1/runs/{id}/tests?job=unit")).await;
    let cases: Vec<_> = tests.jobs[0].cases.iter().map(|case| (case.name.as_str(), case.took_ms)).collect();
    assert_eq!(cases, [("delay", Some(1_024_120)), ("next", Some(250)), ("sunday", None)]);
    let history: TestHistory = fleet.client.json("/api/v1/projects/test/tests?name=board::delay").await;
    assert_eq!(history.tests[0].past[0].run, id);

    let told = |args: &[&str]| fleet.sidings(&tree, &[args, &["--project", "test"]].concat());
    let (code, stdout, stderr) = told(&["tests", "latest", "unit"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    expect![[r#"
        unit: 1 failed, 1 passed, 1 skipped

          ✗ board::delay  17m04s
              5 is not 6
              │ board.c:9: 5 is not 6
              │ --- standard output ---
              │ reading 0

          slowest      test
            17m04s  ✗  board::delay
             250ms  ✓  board::next

          old.xml: it was there before the first step, and is not of this job
          results/unit.xml: suite `board` says 4 tests and has 3
    "#]]
    .assert_eq(&stdout);
    let (_, shown, _) = told(&["show"]);
    assert!(
        shown.contains("1 of 3 tests failed; step \"make test\" exited with code 3\n    ✗ board::delay: 5 is not 6"),
        "{shown}"
    );
    assert!(shown.contains("lenient: passed, and some of its tests failed\n    ✗ bad: no"), "{shown}");
    let (_, history, _) = told(&["tests", "--history", "delay"]);
    assert!(history.contains("test@1  ✗ failed"), "{history}");
    assert_eq!(told(&["tests", "latest", "nothing"]).0, 2);
    runner.until_tidy().await;
}
