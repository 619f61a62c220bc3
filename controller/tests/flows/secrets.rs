//! Secrets go in by the API and come out for the runner of a current attempt alone.

use crate::rig::{PIPELINE, json, refused, rig};
use reqwest::{Method, StatusCode};
use sidings_proto::secret::{PutSecret, Secrets};
use sidings_proto::{Secret, SecretRules, SecretScope, SecretsAnswer};

const VALUE: &str = "c4nary-Value+22";
const WITH_SECRET: &str = "image: debian:bookworm-slim\n\
    environment: { TOKEN: { from_secret: token } }\n\
    jobs:\n\
    \x20 test:\n\
    \x20   steps: [{ run: make test }]\n";

fn token(scope: SecretScope) -> PutSecret {
    PutSecret { name: "token".to_owned(), scope, rules: SecretRules::default(), value: Secret::new(VALUE) }
}

fn of_web() -> SecretScope {
    SecretScope::Project("web".to_owned())
}

#[tokio::test]
async fn the_runner_of_a_current_attempt_is_given_what_its_job_names() {
    let rig = rig().await;
    let runner = rig.runner().await;
    json::<serde_json::Value>(rig.post("/api/v1/secrets", &token(of_web())).await, StatusCode::OK).await;
    rig.run(WITH_SECRET).await;
    let work = runner.lease(&rig).await;
    assert!(!serde_json::to_string(&work.assignment).unwrap().contains(VALUE), "the lease has none");
    let ask = || rig.call_as(&work.assignment.token, Method::POST, &work.path("secrets")).send();
    let answer: SecretsAnswer = json(ask().await.unwrap(), StatusCode::OK).await;
    let SecretsAnswer::Given { values } = answer else { panic!("{answer:?}") };
    assert_eq!(
        values.into_iter().map(|(name, value)| (name, value.expose().to_owned())).collect::<Vec<_>>(),
        [("token".to_owned(), VALUE.to_owned())]
    );

    work.pass(&rig).await;
    assert_eq!(refused(ask().await.unwrap(), StatusCode::CONFLICT).await, "stale_attempt");
}

#[tokio::test]
async fn a_job_that_names_no_secret_is_given_none_and_one_that_is_missing_is_named() {
    let rig = rig().await;
    let runner = rig.runner().await;
    json::<serde_json::Value>(rig.post("/api/v1/secrets", &token(SecretScope::All)).await, StatusCode::OK).await;
    rig.run(PIPELINE).await;
    let work = runner.lease(&rig).await;
    let answer = rig.call_as(&work.assignment.token, Method::POST, &work.path("secrets")).send().await.unwrap();
    let answer: SecretsAnswer = json(answer, StatusCode::OK).await;
    assert_eq!(answer, SecretsAnswer::Given { values: Default::default() });

    let gone = rig.call(Method::DELETE, "/api/v1/secrets/token").send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    rig.run(WITH_SECRET).await;
    let work = runner.lease(&rig).await;
    let answer = rig.call_as(&work.assignment.token, Method::POST, &work.path("secrets")).send().await.unwrap();
    let SecretsAnswer::Refused { reasons } = json(answer, StatusCode::OK).await else { panic!("it is refused") };
    assert!(reasons[0].starts_with("there is no secret `token` for the project web"), "{reasons:?}");
}

#[tokio::test]
async fn names_are_listed_and_values_never_told() {
    let rig = rig().await;
    for scope in [of_web(), SecretScope::Group("team".to_owned()), SecretScope::All] {
        let answer = rig.post("/api/v1/secrets", &token(scope)).await;
        assert!(!answer.text().await.unwrap().contains(VALUE));
    }
    let all = rig.call(Method::GET, "/api/v1/secrets").send().await.unwrap().text().await.unwrap();
    assert!(!all.contains(VALUE));
    assert_eq!(serde_json::from_str::<Secrets>(&all).unwrap().secrets.len(), 3);
    let of_project: Secrets = rig.get("/api/v1/secrets?project=web").await;
    let scopes: Vec<String> = of_project.secrets.iter().map(|secret| secret.scope.to_string()).collect();
    assert_eq!(scopes, ["project web", "all projects"]);
    let removed = rig.call(Method::DELETE, "/api/v1/secrets/token?group=team").send().await.unwrap();
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    let again = rig.call(Method::DELETE, "/api/v1/secrets/token?group=team").send().await.unwrap();
    assert_eq!(refused(again, StatusCode::NOT_FOUND).await, "not_found");
}

#[tokio::test]
async fn a_value_that_is_refused_is_not_repeated() {
    let rig = rig().await;
    let short = PutSecret { value: Secret::new("c4nar"), ..token(of_web()) };
    let answer = rig.post("/api/v1/secrets", &short).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let text = answer.text().await.unwrap();
    assert!(text.contains("shorter than 6 bytes") && !text.contains("c4nar"), "{text}");
}

#[tokio::test]
async fn secrets_outlive_the_process_and_the_data_folder_has_them_sealed_only() {
    let rig = rig().await;
    json::<serde_json::Value>(rig.post("/api/v1/secrets", &token(of_web())).await, StatusCode::OK).await;
    let rig = rig.restart().await;
    let runner = rig.runner().await;
    rig.run(WITH_SECRET).await;
    let work = runner.lease(&rig).await;
    let answer = rig.call_as(&work.assignment.token, Method::POST, &work.path("secrets")).send().await.unwrap();
    assert!(answer.text().await.unwrap().contains(VALUE));
    for file in std::fs::read_dir(rig.data.path()).unwrap().map(|file| file.unwrap().path()) {
        let found = std::fs::read(&file).unwrap_or_default().windows(VALUE.len()).any(|at| at == VALUE.as_bytes());
        assert!(!found, "{}", file.display());
    }
}
