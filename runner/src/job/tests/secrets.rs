//! Secrets: asked for first, given to who names them, shown by nobody.

use super::bench::{Bench, in_order, step};
use expect_test::expect;
use sidings_proto::runner::Assignment;
use sidings_proto::{Secret, SecretForm, SecretUse, SecretsAnswer, Step};
use std::collections::BTreeMap;

fn given(values: &[(&str, &str)]) -> anyhow::Result<SecretsAnswer> {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
    Ok(SecretsAnswer::Given { values })
}

fn with(step: Step, variable: &str, secret: &str, form: SecretForm) -> Step {
    let used = SecretUse { secret: secret.to_owned(), form };
    Step { secrets: BTreeMap::from([(variable.to_owned(), used)]), ..step }
}

/// The first step names a secret, the second one another as a file, the third one none.
fn job() -> Assignment {
    in_order([
        with(step(1, "env TOKEN\nenv KEY"), "TOKEN", "api_token", SecretForm::Environment),
        with(step(2, "env TOKEN\nenv KEY"), "KEY", "deploy_key", SecretForm::File),
        step(3, "env TOKEN\necho hunter22 was here"),
    ])
}

#[tokio::test(start_paused = true)]
async fn a_step_has_the_secrets_that_it_names_and_every_log_is_masked() {
    let mut bench = Bench::new();
    bench.answer_with([given(&[("api_token", "hunter22"), ("deploy_key", "swordfish")])]);
    bench
        .check(
            &job(),
            expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 passed, code 0, log "***\n\n"
        step 2 started
        step 2 passed, code 0, log "\n/sidings/secrets/KEY\n"
        step 3 started
        step 3 passed, code 0, log "\n*** was here\n"
        phase Teardown
        finish: passed
          step 1: passed
          step 2: passed
          step 3: passed
    "#]],
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_secrets_are_refused_does_not_begin() {
    let mut bench = Bench::new();
    let reasons = vec!["there is no secret `api_token`".to_owned(), "the secret `deploy_key` is not for it".to_owned()];
    bench.answer_with([Ok(SecretsAnswer::Refused { reasons })]);
    let told = bench.dialogue(&job()).await;
    expect![[r#"
        phase Teardown
        finish: secret_refused: there is no secret `api_token`; the secret `deploy_key` is not for it
          step 1: skipped: there is no secret `api_token`; the secret `deploy_key` is not for it
          step 2: skipped: there is no secret `api_token`; the secret `deploy_key` is not for it
          step 3: skipped: there is no secret `api_token`; the secret `deploy_key` is not for it
    "#]]
    .assert_eq(&told);
    assert_eq!(bench.log(0), "there is no secret `api_token`; the secret `deploy_key` is not for it\n");
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_does_not_answer_is_asked_again() {
    let mut bench = Bench::new();
    let away = || Err(anyhow::anyhow!("the controller is away"));
    bench.answer_with([away(), away(), given(&[("api_token", "hunter22"), ("deploy_key", "swordfish")])]);
    assert!(bench.dialogue(&job()).await.contains("finish: passed"));
    assert_eq!(bench.log(0).lines().next(), Some("secrets: api_token, deploy_key"));
}

#[tokio::test(start_paused = true)]
async fn that_there_was_no_answer_is_ours() {
    let mut bench = Bench::new();
    bench.answer_with((0..4).map(|_| Err(anyhow::anyhow!("the controller is away"))));
    let told = bench.dialogue(&job()).await;
    assert!(told.contains("finish: engine_failed: get the secrets: ask the controller"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_names_no_secret_asks_for_none() {
    let mut bench = Bench::new();
    bench.answer_with([]);
    assert!(bench.dialogue(&in_order([step(1, "true")])).await.contains("finish: passed"));
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_told_without_the_secret() {
    let mut bench = Bench::new();
    bench.answer_with([given(&[("api_token", "hunter22"), ("deploy_key", "swordfish")])]);
    let mut job = job();
    job.spec.stages[0].steps[0].name = "deploy with hunter22".to_owned();
    job.spec.stages[0].steps[0].command = sidings_proto::Command::Run { script: "exit 4".to_owned() };
    let told = bench.dialogue(&job).await;
    assert!(told.contains("finish: step_failed: step \"deploy with ***\" exited with code 4"), "{told}");
    assert!(!told.contains("hunter22"), "{told}");
}
