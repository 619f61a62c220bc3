//! Tokens open what they are for, and nothing else.

use crate::rig::{PIPELINE, json, refused, rig, start};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use sidings_controller::StoreKind;
use sidings_proto::api::{MadeToken, NewToken, TokenKind, Tokens};
use std::os::unix::fs::PermissionsExt;

fn new_token(kind: TokenKind, project: Option<&str>) -> NewToken {
    let (name, project) = ("t".to_owned(), project.map(str::to_owned));
    NewToken { name, kind, project, expires_in_ms: None, single_use: false, role: None }
}

#[tokio::test]
async fn each_kind_of_token_is_refused_where_it_does_not_belong() {
    let rig = rig().await;
    let runner = rig.runner().await;
    rig.run(PIPELINE).await;
    let work = runner.lease(&rig).await;
    let registration = rig.controller.registration_token("r2").await.unwrap();
    let push = rig.post("/api/v1/tokens", &new_token(TokenKind::Push, Some("web"))).await;
    let push: MadeToken = json(push, StatusCode::CREATED).await;
    let api = rig.controller.api_token("a").await.unwrap();

    let tokens = [
        ("api", api.expose_secret()),
        ("push", &*push.token),
        ("registration", registration.expose_secret()),
        ("runner", &*runner.token),
        ("attempt", &*work.assignment.token),
    ];
    let (progress, secrets) = (work.path("progress"), work.path("secrets"));
    let calls = [
        (Method::GET, "/api/v1/runs", "api"),
        (Method::POST, "/api/v1/tokens", "api"),
        (Method::POST, "/api/v1/projects/web/pushes", "api push"),
        (Method::POST, "/api/v1/projects/other/pushes", "api"),
        (Method::POST, "/runner/v1/lease", "runner"),
        (Method::POST, "/runner/v1/register", "registration"),
        (Method::POST, &*progress, "attempt"),
        (Method::GET, "/api/v1/secrets", "api"),
        (Method::POST, "/api/v1/secrets", "api"),
        (Method::DELETE, "/api/v1/secrets/token?project=web", "api"),
        (Method::POST, &*secrets, "attempt"),
    ];
    for (kind, token) in tokens {
        for (method, path, opened_by) in &calls {
            // A body that no call takes: whoever is let in gets no further than that.
            let answer = rig.call_as(token, method.clone(), path).json(&serde_json::json!([])).send().await.unwrap();
            let let_in = !matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            assert_eq!(
                let_in,
                opened_by.split(' ').any(|opens| opens == kind),
                "{kind} at {path}: {}",
                answer.status()
            );
        }
    }
}

#[tokio::test]
async fn an_attempts_token_opens_only_that_attempt() {
    let rig = rig().await;
    let runner = rig.runner().await;
    rig.run(PIPELINE).await;
    rig.run(PIPELINE).await;
    let (one, other) = (runner.lease(&rig).await, runner.lease(&rig).await);
    let call = rig.call_as(&one.assignment.token, Method::POST, &other.path("finish"));
    let answer = call.json(&other.passed(b"")).send().await.unwrap();
    assert_eq!(refused(answer, StatusCode::UNAUTHORIZED).await, "unauthorized");
}

#[tokio::test]
async fn a_token_that_is_missing_unknown_or_revoked_opens_nothing() {
    let rig = rig().await;
    let bare = crate::rig::client().get(format!("{}/api/v1/runs", rig.controller.url())).send().await.unwrap();
    assert_eq!(refused(bare, StatusCode::UNAUTHORIZED).await, "unauthorized");
    let unknown = rig.call_as("sat_00", Method::GET, "/api/v1/runs").send().await.unwrap();
    assert_eq!(refused(unknown, StatusCode::UNAUTHORIZED).await, "unauthorized");

    let made = rig.post("/api/v1/tokens", &new_token(TokenKind::Api, None)).await;
    let made: MadeToken = json(made, StatusCode::CREATED).await;
    let list = |token: &str| rig.call_as(token, Method::GET, "/api/v1/runs").send();
    assert_eq!(list(&made.token).await.unwrap().status(), StatusCode::OK);
    assert_eq!(rig.get::<Tokens>("/api/v1/tokens").await.tokens.len(), 2);
    let gone = rig.call(Method::DELETE, &format!("/api/v1/tokens/{}", made.id)).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(list(&made.token).await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_whose_time_is_over_opens_nothing() {
    let rig = rig().await;
    let expired = NewToken { expires_in_ms: Some(0), ..new_token(TokenKind::Api, None) };
    let made: MadeToken = json(rig.post("/api/v1/tokens", &expired).await, StatusCode::CREATED).await;
    let answer = rig.call_as(&made.token, Method::GET, "/api/v1/runs").send().await.unwrap();
    assert_eq!(refused(answer, StatusCode::UNAUTHORIZED).await, "unauthorized");
}

#[tokio::test]
async fn a_registration_token_for_one_use_is_used_once() {
    let rig = rig().await;
    let token = rig.controller.registration_token("r").await.unwrap();
    let body = serde_json::json!({ "name": "r1" });
    let register = || rig.call_as(token.expose_secret(), Method::POST, "/runner/v1/register").json(&body).send();
    assert_eq!(register().await.unwrap().status(), StatusCode::OK);
    assert_eq!(refused(register().await.unwrap(), StatusCode::UNAUTHORIZED).await, "unauthorized");
}

#[tokio::test]
async fn tokens_outlive_the_process_and_no_secret_is_in_the_folder_for_others_to_read() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let rig = rig.restart().await;
    runner.hello(&rig).await;
    for file in std::fs::read_dir(rig.data.path()).unwrap().map(Result::unwrap) {
        let Ok(bytes) = std::fs::read(file.path()) else { continue };
        let secret = runner.token.as_bytes();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{:?}", file.path());
    }
    let key = std::fs::metadata(rig.data.path().join("server.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_given_api_token_is_taken_and_none_is_made() {
    let data = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let controller = start(data.path(), StoreKind::Sqlite, Some("my own secret")).await;
        assert!(controller.first_api_token().is_none());
        let url = format!("{}/api/v1/tokens", controller.url());
        let answer = crate::rig::client().get(url).bearer_auth("my own secret").send().await.unwrap();
        assert_eq!(json::<Tokens>(answer, StatusCode::OK).await.tokens.len(), 1);
        controller.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn one_controller_at_a_time_has_the_data_folder() {
    let rig = rig().await;
    let config = sidings_controller::Config {
        data_dir: rig.data.path().to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: None,
        store: StoreKind::Sqlite,
        api_token: None,
        secrets_key: None,
        policy: None,
        flaws: None,
        webhook_private: false,
        audit_for: std::time::Duration::from_secs(3600),
    };
    let second = sidings_controller::start(config).await.unwrap_err();
    assert!(second.to_string().starts_with("another controller uses"), "{second:#}");
}
