//! Runs that nobody asks for.

use super::verdicts;
use crate::support::{Fleet, git, tree};
use sidings_proto::Trigger;
use sidings_proto::api::{Runs, Schedules};
use std::time::Duration;

/// Its shortest rest is a minute, and so is this test's.
#[tokio::test]
async fn a_default_branch_is_run_when_its_schedule_says() {
    let fleet = Fleet::start().await;
    let _runner = fleet.runner("a", 1).await;
    let pipeline = "\
image: debian:bookworm-slim
inputs: { level: quick }
schedule: { cron: '* * * * *', timezone: Europe/Paris, inputs: { level: deep } }
when: { event: schedule }
jobs:
  test:
    steps: [{ name: tell, run: 'echo $INPUT_LEVEL $CI_PIPELINE_EVENT $CI_COMMIT_BRANCH' }]
";
    let work = tree(fleet.path("work"), &[(".sidings.yml", pipeline)]);
    git(&work, &["init", "-q", "-b", "main"]);
    git(&work, &["add", "-A"]);
    git(&work, &["commit", "-qm", "first"]);
    let url = format!("file://{}", work.display());
    let (code, _, stderr) = fleet.sidings(&work, &["project", "add", "nightly", "--repo", &url]);
    assert_eq!(code, 0, "{stderr}");
    let (code, stdout, stderr) = fleet.sidings(&work, &["schedules", "--json"]);
    assert_eq!(code, 0, "{stderr}");
    let schedules = serde_json::from_str::<Schedules>(&stdout).unwrap().schedules;
    assert_eq!((schedules[0].project.as_str(), schedules[0].next.is_some()), ("nightly", true), "{stdout}");

    let run = loop {
        let (_, stdout, _) = fleet.sidings(&work, &["runs", "--project", "nightly", "--json"]);
        if let Some(run) = serde_json::from_str::<Runs>(&stdout).unwrap().runs.pop() {
            break run;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    assert_eq!(run.trigger, Trigger::Schedule);
    let view = fleet.client.until_ended(run.id).await;
    let log = fleet.client.log(crate::support::job_of(&view, "test"), 1).await;
    assert_eq!(log, "deep schedule main\n", "{}", verdicts(&view));
}
