//! Sessions: opened by an API token, over with it; what they may do, and what they are refused.

use super::{Browser, plain_get};
use crate::rig::{PIPELINE, json, refused, rig, rig_in};
use reqwest::{Method, StatusCode, header};
use secrecy::ExposeSecret;
use sidings_controller::StoreKind;
use sidings_proto::Role;
use sidings_proto::api::Tokens;

#[tokio::test]
async fn a_stranger_is_shown_where_to_sign_in() {
    let rig = rig().await;
    let stranger = Browser::stranger(&rig);
    assert!(stranger.page("/").await.contains("API token"));
    let answer = stranger.get("/?project=web").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::LOCATION], "/sign-in?to=%2F%3Fproject%3Dweb");
    assert!(stranger.page("/sign-in?to=%2Fruns%2F1").await.contains("value=\"/runs/1\""));
    assert_eq!(stranger.get("/feed").await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn only_a_living_api_token_opens_a_session() {
    let rig = rig().await;
    let registration = rig.controller.registration_token("r").await.unwrap();
    let stranger = Browser::stranger(&rig);
    for token in ["", "sat_wrong", registration.expose_secret()] {
        let answer = stranger.send("/sign-in", &[("token", token)]).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(answer.headers().get(header::SET_COOKIE).is_none());
        assert!(answer.text().await.unwrap().contains("This is no API token"));
    }
    let token = rig.controller.api_token("ada").await.unwrap();
    let answer = stranger.send("/sign-in", &[("token", token.expose_secret()), ("to", "//evil.org")]).await;
    assert_eq!(answer.headers()[header::LOCATION], "/", "no other host is led to");
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    assert!(!cookie.contains("sat_"), "the token itself is not in the browser");
}

#[tokio::test]
async fn a_form_of_another_origin_is_refused() {
    let rig = rig().await;
    let token = rig.controller.api_token("ada").await.unwrap();
    let browser = Browser::signed_in(&rig, token.expose_secret()).await;
    let proof = browser.proof().await;
    for (path, field) in [("/sign-in", ("token", token.expose_secret())), ("/sign-out", ("form", &*proof))] {
        assert_eq!(browser.form(path, &[field]).send().await.unwrap().status(), StatusCode::FORBIDDEN, "no origin");
        let foreign = browser.form(path, &[field]).header(header::ORIGIN, "https://evil.org");
        assert_eq!(foreign.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    }
    assert!(browser.page("/").await.contains("Sign out"), "and nothing was changed");
}

#[tokio::test]
async fn a_form_without_the_sessions_proof_is_refused() {
    let rig = rig().await;
    let token = rig.controller.api_token("ada").await.unwrap();
    let (browser, other) =
        (Browser::signed_in(&rig, token.expose_secret()).await, Browser::signed_in(&rig, token.expose_secret()).await);
    let (proof, foreign) = (browser.proof().await, other.proof().await);
    assert_ne!(proof, foreign, "each session has its own");
    for fields in [&[][..], &[("form", "")], &[("form", &*foreign)]] {
        assert_eq!(browser.send("/sign-out", fields).await.status(), StatusCode::FORBIDDEN);
    }
    assert!(browser.page("/").await.contains("Sign out"), "nothing was changed");

    let answer = browser.send("/sign-out", &[("form", &proof)]).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(answer.headers()[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert!(browser.page("/").await.contains("API token"), "the cookie is worthless, even where it was kept");
    assert!(other.page("/").await.contains("Sign out"));
}

#[tokio::test]
async fn a_session_lives_as_long_as_its_token_and_no_longer() {
    let rig = rig_in(tempfile::tempdir().unwrap(), StoreKind::Sqlite).await;
    let token = rig.controller.api_token_as("ada", Role::Viewer).await.unwrap();
    let browser = Browser::signed_in(&rig, token.expose_secret()).await;
    let cookie = browser.cookie;
    let rig = rig.restart().await;
    let browser = Browser { cookie, ..Browser::stranger(&rig) };
    assert!(browser.page("/").await.contains("ada <span class=\"dim\">viewer</span>"), "the next life knows it");

    let tokens: Tokens = rig.get("/api/v1/tokens").await;
    let ada = tokens.tokens.iter().find(|token| token.name == "ada").unwrap();
    assert_eq!(ada.role, Some(Role::Viewer));
    let revoked = rig.call(Method::DELETE, &format!("/api/v1/tokens/{}", ada.id)).send().await.unwrap();
    assert_eq!(revoked.status(), StatusCode::NO_CONTENT);
    assert!(browser.page("/").await.contains("API token"));
    refused(browser.get("/api/v1/runs").await, StatusCode::UNAUTHORIZED).await;
}

#[tokio::test]
async fn a_session_reads_the_api_and_changes_nothing_there() {
    let rig = rig().await;
    let run = rig.run(PIPELINE).await;
    let token = rig.controller.api_token("ada").await.unwrap();
    let browser = Browser::signed_in(&rig, token.expose_secret()).await;
    let id = run.summary.id;
    assert_eq!(browser.get(&format!("/api/v1/runs/{id}")).await.status(), StatusCode::OK);
    let cancel = browser.call(Method::POST, &format!("/api/v1/runs/{id}/cancel"));
    let cancel = cancel.header(header::ORIGIN, rig.controller.url()).send().await.unwrap();
    refused(cancel, StatusCode::UNAUTHORIZED).await;
}

#[tokio::test]
async fn a_role_may_do_what_it_is_for() {
    let rig = rig().await;
    let run = rig.run(PIPELINE).await;
    let cancel = format!("/api/v1/runs/{}/cancel", run.summary.id);
    let calls = [
        (Method::GET, "/api/v1/runs", Role::Viewer),
        (Method::GET, "/api/v1/runners", Role::Viewer),
        (Method::POST, &*cancel, Role::Maintainer),
        (Method::POST, "/api/v1/runs", Role::Maintainer),
        (Method::POST, "/api/v1/projects/web/pushes", Role::Maintainer),
        (Method::GET, "/api/v1/secrets", Role::Maintainer),
        (Method::POST, "/api/v1/projects", Role::Admin),
        (Method::GET, "/api/v1/tokens", Role::Admin),
        (Method::POST, "/api/v1/tokens", Role::Admin),
        (Method::POST, "/api/v1/secrets", Role::Admin),
        (Method::DELETE, "/api/v1/secrets/x", Role::Admin),
    ];
    for role in [Role::Viewer, Role::Maintainer, Role::Admin] {
        let token = rig.controller.api_token_as("t", role).await.unwrap();
        for (method, path, needed) in &calls {
            let call = rig.call_as(token.expose_secret(), method.clone(), path);
            let answer = call.json(&serde_json::json!([])).send().await.unwrap();
            let forbidden = answer.status() == StatusCode::FORBIDDEN;
            assert_eq!(forbidden, role < *needed, "{method} {path} as {role:?}: {}", answer.status());
        }
    }
    let made =
        serde_json::json!({"name": "x", "kind": "push", "project": "web", "single_use": false, "role": "viewer"});
    refused(rig.post("/api/v1/tokens", &made).await, StatusCode::BAD_REQUEST).await;
}

#[tokio::test]
async fn browsers_are_told_to_run_nothing_of_others() {
    let rig = rig().await;
    let token = rig.controller.api_token("ada").await.unwrap();
    let browser = Browser::signed_in(&rig, token.expose_secret()).await;
    let page = browser.page("/").await;
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick="), "nothing is inline");
    let style = page.split('"').find(|text| text.starts_with("/assets/page-")).unwrap().to_owned();
    for path in ["/", "/sign-in", "/feed", &*style, "/assets/none.css"] {
        let answer = browser.get(path).await;
        let said = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert!(said("content-security-policy").starts_with("default-src 'none'; script-src 'self';"), "{path}");
        assert!(!said("content-security-policy").contains("unsafe"));
        assert_eq!((said("x-content-type-options"), said("x-frame-options")), ("nosniff", "DENY"));
        assert_eq!(said("referrer-policy"), "same-origin");
    }
    assert_eq!(browser.get("/").await.headers()[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn an_asset_is_asked_for_once_and_comes_packed() {
    let rig = rig().await;
    let page = plain_get(&rig, "/").await.text().await.unwrap();
    let style = page.split('"').find(|text| text.starts_with("/assets/page-")).unwrap().to_owned();
    let browser = Browser::stranger(&rig);
    let packed = browser.call(Method::GET, &style).header(header::ACCEPT_ENCODING, "gzip").send().await.unwrap();
    assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
    assert_eq!(packed.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    let tag = packed.headers()[header::ETAG].clone();
    let again = browser.call(Method::GET, &style).header(header::IF_NONE_MATCH, tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(again.bytes().await.unwrap().is_empty());
    let _: serde_json::Value =
        json(rig.call(Method::GET, "/api/v1/openapi.json").send().await.unwrap(), StatusCode::OK).await;
}
