//! `sidings split doctor`: a person tries whether a job's tests can be split.

use crate::support::{SIDINGS, run, tree};
use std::process::Command;

const GOOD: &str = r#"while read -r test; do
  printf '{"end":"%s","outcome":"passed","ms":7}\n' "$test" >> "$SPLIT_EVENTS"
done
"#;

/// `discover` and `run` of a job.
fn doctor(discover: &str, script: &str) -> (i32, String, String) {
    let pipeline = format!(
        "image: debian:bookworm-slim\njobs:\n  unit:\n    parallelism: 3\n    tests: {{ discover: '{discover}', run: sh run.sh }}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let work = tree(folder.path().join("work"), &[(".sidings.yml", &pipeline), ("run.sh", script)]);
    let mut command = Command::new(SIDINGS);
    command.args(["split", "doctor"]).current_dir(work).env("XDG_CACHE_HOME", folder.path().join("cache"));
    run(command)
}

#[test]
fn what_can_be_split_is_told_so() {
    let (code, stdout, stderr) = doctor("seq -f test-%g 1 40", GOOD);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("40 tests listed, none twice; 6 tried: test-1, test-8,"), "{stdout}");
    assert!(stdout.contains("two batches bring what all at once bring"), "{stdout}");
}

#[test]
fn what_discovery_says_beside_the_tests_is_found() {
    let (code, stdout, stderr) = doctor("seq 1 40; echo 40 tests were found", GOOD);
    assert_eq!(code, 0, "whoever makes a test of any line has that test: {stdout}{stderr}");
    let only_known = GOOD.replace("  printf", "  case $test in *found) continue ;; esac\n  printf");
    let (code, stdout, stderr) = doctor("seq 1 40; echo 40 tests were found", &only_known);
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert!(stdout.contains("1 have none: 40 tests were found"), "{stdout}");
}

#[test]
fn results_under_other_names_are_found() {
    let (code, stdout, stderr) = doctor("seq 1 40", &GOOD.replace("\"%s\"", "\"other-%s\""));
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert!(stdout.contains("6 have none: 1, 8, 16,"), "{stdout}");
    assert!(stdout.contains("under the name that `discover` gives it"), "{stdout}");
}

#[test]
fn tests_that_need_one_another_are_found() {
    let together = r#"grep -qx 1 "$SPLIT_FILE" && first=yes
while read -r test; do
  outcome=passed; [ "$test" = 40 ] && [ "$first" != yes ] && outcome=failed
  printf '{"end":"%s","outcome":"%s","ms":7}\n' "$test" "$outcome" >> "$SPLIT_EVENTS"
done
exit 0
"#;
    let (code, stdout, stderr) = doctor("seq 1 40", together);
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert!(stdout.contains("they differ: 40 (passed at once, failed in a batch)"), "{stdout}");
}
