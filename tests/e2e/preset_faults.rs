//! Test runners of several languages with a test that is wrong and one that takes its process with it: both are red by
//! their names, and every other test has the verdict that it has without them.

use super::{submit, verdicts};
use crate::support::{Fleet, copy_example};
use sidings_proto::Verdict;
use sidings_proto::split::told::SplitTold;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// A test runner, and the faults that are added to its example.
struct Case<'c> {
    example: &'static str,
    /// The job's `tests`, as YAML.
    tests: &'static str,
    /// What is done before.
    before: &'static str,
    /// Files, and what is added to each.
    faults: &'c [(&'c str, &'c str)],
    /// How the names of the two end, and what becomes of the second.
    wrong: &'static str,
    dies: (&'static str, &'static str),
    /// Tests in all.
    total: usize,
}

fn add(tree: &Path, (file, text): (&str, &str)) {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(tree.join(file)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

async fn faults_are_told_by_their_names(case: &Case<'_>) {
    let fleet = Fleet::start().await;
    let _runner = fleet.fetching_runner("a", 2).await;
    let tree = copy_example(case.example, fleet.path("tree"));
    let Case { tests, before, .. } = case;
    let pipeline = format!(
        "build: .\njobs:\n  unit:\n    parallelism: 2\n    steps: [{{ run: \"{before}\" }}]\n    tests: {{ {tests} }}\n"
    );
    std::fs::write(tree.join(".sidings.yml"), pipeline).unwrap();
    case.faults.iter().for_each(|fault| add(&tree, *fault));
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;
    let told: SplitTold = fleet.client.json(&format!("/api/v1/runs/{}/split?suite=unit", view.summary.id)).await;
    let verdict = |end: &str| {
        let test = told.tests.iter().find(|test| test.id.ends_with(end));
        test.unwrap_or_else(|| panic!("no test ends with {end}: {told:#?}")).verdict.as_deref()
    };
    let sum = &told.sum;
    assert_eq!(verdict(case.wrong), Some("failed"), "{sum:#?}");
    assert_eq!(verdict(case.dies.0), Some(case.dies.1), "{sum:#?}");
    let mut others: BTreeMap<&str, usize> = BTreeMap::new();
    for test in told.tests.iter().filter(|test| ![case.wrong, case.dies.0].iter().any(|end| test.id.ends_with(end))) {
        *others.entry(test.verdict.as_deref().unwrap_or("none")).or_default() += 1;
    }
    assert!(others.keys().all(|verdict| ["passed", "skipped"].contains(verdict)), "{others:?}: {sum:#?}");
    assert_eq!((told.tests.len(), sum.settled as usize), (case.total, case.total), "{}", verdicts(&view));
    assert!(matches!(view.summary.verdict, Some(Verdict::Failed(_))), "{}", verdicts(&view));
    assert!(sum.reasons.iter().any(|reason| reason.contains(case.wrong)), "{sum:#?}");
}

const PYTHON: &[(&str, &str)] = &[(
    "tests/test_faulty.py",
    "import os\n\n\ndef test_wrong():\n    assert 1 == 2\n\n\ndef test_dies():\n    os.kill(os.getpid(), 9)\n",
)];

#[tokio::test]
async fn pytest_by_batches() {
    faults_are_told_by_their_names(&Case {
        example: "split-suite",
        tests: "preset: pytest",
        before: "true",
        faults: PYTHON,
        wrong: "test_wrong",
        dies: ("test_dies", "crashed"),
        total: 60,
    })
    .await;
}

#[tokio::test]
async fn pytest_as_a_stream() {
    faults_are_told_by_their_names(&Case {
        example: "split-suite",
        tests: "preset: pytest, mode: stream",
        before: "true",
        faults: PYTHON,
        wrong: "test_wrong",
        dies: ("test_dies", "crashed"),
        total: 60,
    })
    .await;
}

#[tokio::test]
async fn go() {
    let faults = "package roman\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestWrong(t *testing.T) { t.Fatal(\"1 is not 2\") }\n\n\
        func TestDies(t *testing.T) { os.Exit(3) }\n";
    faults_are_told_by_their_names(&Case {
        example: "split-go",
        tests: "preset: go",
        before: "true",
        faults: &[("roman/faulty_test.go", faults)],
        wrong: "TestWrong",
        dies: ("TestDies", "crashed"),
        total: 17,
    })
    .await;
}

/// Each test has a process of its own, so whoever dies has failed.
#[tokio::test]
async fn cargo() {
    let faults =
        "#[test]\nfn wrong() {\n    assert_eq!(1, 2);\n}\n\n#[test]\nfn dies() {\n    std::process::abort();\n}\n";
    faults_are_told_by_their_names(&Case {
        example: "split-cargo",
        tests: "preset: cargo",
        before: "true",
        faults: &[("tests/faulty.rs", faults)],
        wrong: "faulty wrong",
        dies: ("faulty dies", "failed"),
        total: 14,
    })
    .await;
}

#[tokio::test]
async fn node() {
    let wrong = "import test from 'node:test';\ntest('wrong', () => { throw new Error('1 is not 2'); });\n";
    faults_are_told_by_their_names(&Case {
        example: "split-node",
        tests: "preset: node",
        before: "true",
        faults: &[("test/wrong.test.mjs", wrong), ("test/dies.test.mjs", "process.kill(process.pid, 'SIGKILL');\n")],
        wrong: "wrong.test.mjs",
        dies: ("dies.test.mjs", "failed"),
        total: 9,
    })
    .await;
}

/// The wrong one cannot even be loaded; in Jest's usual reports it would be missing.
#[tokio::test]
async fn jest() {
    let dies = "test('dies', () => process.kill(process.pid, 'SIGKILL'));\n";
    faults_are_told_by_their_names(&Case {
        example: "split-jest",
        tests: "preset: jest",
        before: "true",
        faults: &[("test/wrong.test.js", "require('./nothing');\n"), ("test/dies.test.js", dies)],
        wrong: "wrong.test.js",
        dies: ("dies.test.js", "crashed"),
        total: 9,
    })
    .await;
}

#[tokio::test]
async fn playwright() {
    let test = |body: &str| format!("import {{ test }} from '@playwright/test';\ntest('fault', () => {{ {body} }});\n");
    let (wrong, dies) = (test("throw new Error('1 is not 2');"), test("process.kill(process.pid, 'SIGKILL');"));
    faults_are_told_by_their_names(&Case {
        example: "split-playwright",
        tests: "preset: playwright",
        before: "true",
        faults: &[("tests/wrong.spec.js", &wrong), ("tests/dies.spec.js", &dies)],
        wrong: "wrong.spec.js[all]",
        dies: ("dies.spec.js[all]", "failed"),
        total: 11,
    })
    .await;
}

#[tokio::test]
async fn ctest() {
    let faults = "add_test(NAME wrong COMMAND false)\nadd_test(NAME dies COMMAND sh -c \"kill -KILL $$\")\n";
    faults_are_told_by_their_names(&Case {
        example: "split-ctest",
        tests: "preset: ctest, discover: sidings split list ctest -- --test-dir build, \
            run: sidings split run ctest -- --test-dir build",
        before: "cmake -S . -B build && cmake --build build",
        faults: &[("CMakeLists.txt", faults)],
        wrong: "wrong",
        dies: ("dies", "failed"),
        total: 13,
    })
    .await;
}

#[tokio::test]
async fn rspec() {
    let faults = "RSpec.describe \"faulty\" do\n  it(\"is wrong\") { expect(1).to eq(2) }\n  \
        it(\"dies\") { Process.kill(:KILL, Process.pid) }\nend\n";
    faults_are_told_by_their_names(&Case {
        example: "split-rspec",
        tests: "preset: rspec",
        before: "true",
        faults: &[("spec/faulty_spec.rb", faults)],
        wrong: "faulty_spec.rb[1:1]",
        dies: ("faulty_spec.rb[1:2]", "crashed"),
        total: 15,
    })
    .await;
}

#[tokio::test]
async fn phpunit() {
    let faults = "<?php\n\nuse PHPUnit\\Framework\\TestCase;\n\nfinal class FaultyTest extends TestCase\n{\n    \
        public function testWrong(): void\n    {\n        $this->assertSame(1, 2);\n    }\n\n    \
        public function testDies(): void\n    {\n        posix_kill(getmypid(), 9);\n    }\n}\n";
    faults_are_told_by_their_names(&Case {
        example: "split-phpunit",
        tests: "preset: phpunit",
        before: "true",
        faults: &[("tests/FaultyTest.php", faults)],
        wrong: "testWrong",
        dies: ("testDies", "crashed"),
        total: 13,
    })
    .await;
}

#[tokio::test]
async fn maven() {
    let test = |name: &str, body: &str| {
        let import = "import org.junit.jupiter.api.Test;";
        format!("package roman;\n\n{import}\n\nclass {name} {{\n    @Test\n    void fault() {{ {body} }}\n}}\n")
    };
    let wrong = test("WrongTest", "throw new AssertionError(\"1 is not 2\");");
    let dies = test("DiesTest", "Runtime.getRuntime().halt(3);");
    let folder = |name: &str| format!("src/test/java/roman/{name}.java");
    faults_are_told_by_their_names(&Case {
        example: "split-maven",
        tests: "preset: maven",
        before: "true",
        faults: &[(&folder("WrongTest"), &wrong), (&folder("DiesTest"), &dies)],
        wrong: "WrongTest",
        dies: ("DiesTest", "crashed"),
        total: 8,
    })
    .await;
}

/// The test that dies ends its process with 0, which Gradle takes for a success.
#[tokio::test]
async fn gradle() {
    let test = |name: &str, body: &str| {
        let import = "import org.junit.Test;";
        format!(
            "package roman;\n\n{import}\n\npublic class {name} {{\n    @Test\n    public void fault() {{ {body} }}\n}}\n"
        )
    };
    let wrong = test("WrongTest", "throw new AssertionError(\"1 is not 2\");");
    let dies = test("DiesTest", "Runtime.getRuntime().halt(0);");
    let folder = |name: &str| format!("src/test/java/roman/{name}.java");
    faults_are_told_by_their_names(&Case {
        example: "split-gradle",
        tests: "preset: gradle",
        before: "true",
        faults: &[(&folder("WrongTest"), &wrong), (&folder("DiesTest"), &dies)],
        wrong: "WrongTest",
        dies: ("DiesTest", "crashed"),
        total: 11,
    })
    .await;
}
