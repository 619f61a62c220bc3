use super::*;
use crate::engine::Limits;
use sidings_proto::{JobId, StepNo};
use std::collections::BTreeMap;

fn container(dir: &std::path::Path, script: &str) -> StepContainer {
    let spec = StepSpec {
        argv: ["sh", "-e", "-c", script].map(str::to_owned).to_vec(),
        working_directory: "/workspace".to_owned(),
        user: String::new(),
        chown: None,
        hand_over: Vec::new(),
        log_limit: 1000,
        log_tail: 100,
        grace_ms: 10_000,
        readiness: None,
        input: false,
        hold: false,
    };
    std::fs::write(dir.join(SPEC_FILE), serde_json::to_vec(&spec).unwrap()).unwrap();
    StepContainer {
        attempt: AttemptId { job: JobId::new(), fence: 1 },
        step: StepNo(1),
        image: "image".to_owned(),
        network: Network("network".to_owned()),
        env: BTreeMap::new(),
        workspace: Some(dir.to_owned()),
        layer: None,
        step_dir: dir.to_owned(),
        cached: Vec::new(),
        limits: Limits::default(),
        input: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_program_that_ends_with_a_code_is_a_value() {
    for (script, code) in [("true", 0), ("false", 1), ("exit 7", 7), ("make", 127), ("sleep 1\nexit 2", 2)] {
        let dir = tempfile::tempdir().unwrap();
        let dummy = Dummy::default();
        let id = dummy.start(container(dir.path(), script)).await.unwrap();
        assert_eq!(dummy.wait(&id).await.unwrap(), Some(code), "{script}");
    }
}

#[tokio::test(start_paused = true)]
async fn signals_end_a_step_and_what_is_gone_takes_them_too() {
    let (dir, dummy) = (tempfile::tempdir().unwrap(), Dummy::default());
    let step = container(dir.path(), "sleep 100");
    let attempt = step.attempt;
    let id = dummy.start(step).await.unwrap();
    dummy.signal(&id, Signal::Terminate).await.unwrap();
    assert_eq!(dummy.wait(&id).await.unwrap(), Some(143));
    dummy.teardown(attempt).await.unwrap();
    dummy.teardown(attempt).await.unwrap();
    dummy.signal(&id, Signal::Kill).await.unwrap();
    assert_eq!(dummy.wait(&id).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_killed_step_leaves_no_record() {
    let (dir, dummy) = (tempfile::tempdir().unwrap(), Dummy::default());
    let id = dummy.start(container(dir.path(), "sleep 100")).await.unwrap();
    dummy.signal(&id, Signal::Kill).await.unwrap();
    assert_eq!(dummy.wait(&id).await.unwrap(), Some(137));
    assert!(!dir.path().join(sidings_proto::step::EXIT_FILE).exists());
}
