//! What people see of a split before its tests are listed, and where they never are.

use super::splits::project;
use super::submit;
use crate::support::{Fleet, SIDINGS, TOKEN, Terminal, run};
use std::process::Command;

const PIPELINE: &str = "\
image: debian:bookworm-slim
jobs:
  unit: { parallelism: 2, tests: { discover: seq 1 9, run: sh run.sh } }
";

const UNLOADABLE: &str = "\
image: debian:bookworm-slim
jobs:
  unit:
    parallelism: 2
    tests:
      run: sh run.sh
      discover: |
        printf '\\033[31mError: Cannot find module x\\033[0m\\n    at line 7\\n' >&2
        exit 1
";

fn sidings(fleet: &Fleet, words: &[&str]) -> Command {
    let mut command = Command::new(SIDINGS);
    command.args(words).env("SIDINGS_SERVER", fleet.client.url()).env("SIDINGS_TOKEN", TOKEN);
    command
}

#[tokio::test]
async fn who_follows_waits_for_the_list() {
    let fleet = Fleet::start().await;
    let id = submit(&fleet, &project(&fleet, PIPELINE, "")).to_string();
    let mut followed = Terminal::start(sidings(&fleet, &["split", "status", &id, "--follow"]));
    followed.until("the tests of `unit` are not listed yet (unit 1/2, unit 2/2: waits: ");
    let (code, _, stderr) = run(sidings(&fleet, &["split", "plan", &id]));
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("`sidings split status --follow` waits for it"), "{stderr}");
    let runner = fleet.runner("a", 2).await;
    followed.until("unit: 9 of 9 ran once");
    let (code, text) = followed.ended();
    assert_eq!(code, Some(0), "{text}");
    runner.until_tidy().await;
}

#[tokio::test]
async fn why_there_is_no_list_is_told_wherever_somebody_looks_for_the_tests() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 2).await;
    let run_id = submit(&fleet, &project(&fleet, UNLOADABLE, ""));
    fleet.client.until_ended(run_id).await;
    let id = run_id.to_string();
    let why = "the tests could not be listed: Error: Cannot find module x";
    let never = format!("the tests of `unit` were never listed (unit 1/2, unit 2/2: failed: {why})");
    let of = |words: &[&str]| {
        let (code, stdout, stderr) = run(sidings(&fleet, words));
        (code, stdout + &stderr)
    };
    for (code, words) in [
        (2, &["split", "status", &id][..]),
        (1, &["split", "status", &id, "--follow"]),
        (2, &["split", "plan", &id]),
        (0, &["tests", &id]),
    ] {
        let (ended, text) = of(words);
        assert_eq!(ended, code, "{words:?}: {text}");
        assert!(text.contains(&never) && !text.contains("junit"), "{words:?}: {text}");
    }
    let (_, shown) = of(&["show", &id]);
    assert!(shown.contains(why), "{shown}");
    runner.until_tidy().await;
}
