//! Runs for the tests of the rooms beside.

use sidings_proto::api::{AttemptView, JobView, RunSummary, RunView, State};
use sidings_proto::{Commit, JobId, RunId, RunnerId, Timestamp, Trigger};
use uuid::Uuid;

pub(in crate::page) fn job(name: &str, group: Option<&str>, needs: &[&str]) -> JobView {
    JobView {
        id: JobId(Uuid::from_u128(name.bytes().map(u128::from).sum())),
        name: name.to_owned(),
        group: group.map(str::to_owned),
        needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        allow_failure: false,
        state: State::Waiting,
        wait: None,
        approved: None,
        stopped: None,
        phase: None,
        verdict: None,
        attempts: Vec::new(),
        steps: Vec::new(),
        services: Vec::new(),
        tests: None,
        suite: None,
    }
}

pub(in crate::page) fn attempt(runner: u128, started: i64, ended: Option<i64>) -> AttemptView {
    AttemptView {
        fence: 1,
        runner: RunnerId(Uuid::from_u128(runner)),
        runner_name: format!("r{runner}"),
        started: Timestamp(started),
        ended: ended.map(Timestamp),
        verdict: None,
        images: Vec::new(),
        artifacts: None,
    }
}

pub(in crate::page) fn run(jobs: Vec<JobView>) -> RunView {
    RunView {
        summary: RunSummary {
            id: RunId(Uuid::from_u128(1)),
            project: "web".to_owned(),
            number: 1,
            pipeline: None,
            trigger: Trigger::Manual,
            commit: Commit::default(),
            state: State::Running,
            verdict: None,
            created: Timestamp(0),
            started: None,
            ended: None,
        },
        url: String::new(),
        retry_of: None,
        diagnostics: None,
        stopped: None,
        jobs,
        splits: Vec::new(),
        digests: Default::default(),
    }
}
