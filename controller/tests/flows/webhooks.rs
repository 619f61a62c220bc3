//! Events reach their receivers: a real listener on loopback takes them, or does not.

use crate::page::Browser;
use crate::rig::{PIPELINE, Rig, json, refused, rig};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use sidings_proto::webhook::*;
use sidings_proto::{FailureClass, Role, Secret};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

const KEY: &str = "c4nary-signing-key-0815";
const PATH: &str = "/hook/c4nary-path";

/// What was sent: headers and body.
struct Got {
    headers: HeaderMap,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn body(&self) -> WebhookBody {
        serde_json::from_str(&self.body).unwrap()
    }

    /// As a receiver is to do it.
    fn is_signed(&self) -> bool {
        let told = self.header("sidings-signature");
        let (at, given) = told.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        let tag = sign(&Key::new(HMAC_SHA256, KEY.as_bytes()), format!("{at}.{}", self.body).as_bytes());
        tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>() == given
    }
}

/// A receiver that answers with these, then with 204.
struct Receiver {
    url: String,
    got: mpsc::UnboundedReceiver<Got>,
}

type Answers = (mpsc::UnboundedSender<Got>, Arc<Mutex<VecDeque<StatusCode>>>);

async fn receiver(answers: &[StatusCode]) -> Receiver {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{PATH}", listener.local_addr().unwrap());
    let (tell, got) = mpsc::unbounded_channel();
    let take = async |State((tell, answers)): State<Answers>, headers: HeaderMap, body: Bytes| {
        let body = String::from_utf8(body.to_vec()).unwrap();
        tell.send(Got { headers, body }).unwrap();
        let status = answers.lock().unwrap().pop_front().unwrap_or(StatusCode::NO_CONTENT);
        (status, [("location", "http://127.0.0.1:1/elsewhere")], "x".repeat(5000))
    };
    let answers = Arc::new(Mutex::new(answers.iter().copied().collect()));
    let app = axum::Router::new().route(PATH, post(take)).with_state((tell, answers));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Receiver { url, got }
}

impl Receiver {
    async fn next(&mut self) -> Got {
        self.got.recv().await.unwrap()
    }
}

fn webhook(name: &str, url: &str) -> PutWebhook {
    PutWebhook {
        name: name.to_owned(),
        project: None,
        url: Secret::new(url),
        rules: WebhookRules::default(),
        format: WebhookFormat::Json,
        key: Some(Secret::new(KEY)),
    }
}

async fn add(rig: &Rig, webhook: &PutWebhook) -> MadeWebhook {
    json(rig.post("/api/v1/webhooks", webhook).await, StatusCode::OK).await
}

/// The newest delivery, once it is so.
async fn delivery(rig: &Rig, name: &str, so: impl Fn(&DeliveryView) -> bool) -> DeliveryView {
    loop {
        let all: Deliveries = rig.get(&format!("/api/v1/webhooks/{name}/deliveries")).await;
        if let Some(found) = all.deliveries.into_iter().next().filter(|delivery| so(delivery)) {
            return found;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_way_of_a_run_is_told_in_order_and_signed() {
    let (rig, mut to) = (rig().await, receiver(&[]).await);
    let runner = rig.runner().await;
    let rules = WebhookRules { events: WebhookEvent::ASKED.to_vec(), ..WebhookRules::default() };
    let made = add(&rig, &PutWebhook { rules, ..webhook("all", &to.url) }).await;
    assert!(made.key.is_none(), "a key that was given is not given back");
    let run = rig.run(PIPELINE).await;
    let work = runner.lease(&rig).await;
    work.finish(&rig, &work.failed(FailureClass::StepFailed)).await;
    for event in ["run.queued", "run.started", "run.ended"] {
        let got = to.next().await;
        assert_eq!(got.header("sidings-event"), event);
        assert!(got.is_signed() && !got.body.contains(KEY), "{}", got.body);
        let body = got.body();
        assert_eq!((body.version, body.event.as_str()), (1, event));
        assert_eq!(body.delivery.to_string(), got.header("sidings-delivery"));
        assert_eq!(body.run.unwrap().id, run.summary.id);
        if event == "run.ended" {
            assert_eq!(body.causes[0].message, "step \"unit\" exited with code 1");
            assert!(body.text.starts_with("web@1 failed: job \"test\": step \"unit\" exited"), "{}", body.text);
            assert!(body.causes[0].log.ends_with("/logs/1"), "{}", body.causes[0].log);
        }
    }
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_as_the_same_delivery_also_by_the_next_life() {
    let (rig, mut to) = (rig().await, receiver(&[StatusCode::INTERNAL_SERVER_ERROR; 2]).await);
    add(&rig, &webhook("again", &to.url)).await;
    rig.run("jobs: 5\n").await;
    let first = to.next().await;
    assert_eq!(first.header("sidings-event"), "run.ended");
    let waits = delivery(&rig, "again", |delivery| delivery.tries == 1).await;
    assert_eq!((waits.state, waits.status, waits.answer.len()), (DeliveryState::Waiting, Some(500), 1024));
    let second = to.next().await;
    let rig = rig.restart().await;
    let third = to.next().await;
    for again in [second, third] {
        assert_eq!(again.header("sidings-delivery"), first.header("sidings-delivery"));
        assert!(again.body == first.body && again.is_signed());
    }
    let done = delivery(&rig, "again", |delivery| delivery.state == DeliveryState::Delivered).await;
    assert_eq!((done.status, done.next), (Some(204), None));
    let metrics = rig.call(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("sidings_webhook_tries_total{outcome=\"delivered\"} 1\n"), "{metrics}");

    let asked = rig.post(&format!("/api/v1/deliveries/{}/redeliver", done.id), &()).await;
    json::<DeliveryView>(asked, StatusCode::ACCEPTED).await;
    assert_eq!(to.next().await.header("sidings-delivery"), done.id.to_string());
}

#[tokio::test]
async fn a_webhook_outlives_the_key_that_it_was_sealed_with() {
    let (mut rig, mut to) = (rig().await, receiver(&[]).await);
    add(&rig, &webhook("sealed", &to.url)).await;
    let file = rig.data.path().join("secrets.key");
    let old = std::fs::read_to_string(&file).unwrap();
    let new = format!("{}\n", "5e".repeat(32));
    for keys in [format!("{new}{old}"), new] {
        std::fs::write(&file, keys).unwrap();
        rig = rig.restart().await;
        rig.run("jobs: 5\n").await;
        assert!(to.next().await.is_signed());
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_delays_nobody_else() {
    let (rig, mut to) = (rig().await, receiver(&[]).await);
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    add(&rig, &webhook("silent", &format!("http://{}/", silent.local_addr().unwrap()))).await;
    add(&rig, &webhook("well", &to.url)).await;
    rig.run("jobs: 5\n").await;
    // It is held, and never answered.
    let _held = silent.accept().await.unwrap();
    to.next().await;
    rig.run("jobs: 5\n").await;
    assert_eq!(to.next().await.body().run.unwrap().number, 2);
    let silent: Deliveries = rig.get("/api/v1/webhooks/silent/deliveries").await;
    assert!(silent.deliveries.iter().all(|delivery| delivery.tries == 0), "they wait still: {silent:?}");
}

#[tokio::test]
async fn an_answer_that_leads_elsewhere_is_not_followed_and_one_that_says_gone_ends_it() {
    let (rig, mut to) = (rig().await, receiver(&[StatusCode::FOUND, StatusCode::GONE]).await);
    add(&rig, &webhook("moved", &to.url)).await;
    rig.run("jobs: 5\n").await;
    to.next().await;
    to.next().await;
    let over = delivery(&rig, "moved", |delivery| delivery.next.is_none()).await;
    assert_eq!((over.state, over.status, over.tries), (DeliveryState::GivenUp, Some(410), 2));
}

#[tokio::test]
async fn neither_key_nor_address_is_ever_shown_and_only_administrators_see_the_rest() {
    let (rig, to) = (rig().await, receiver(&[]).await);
    let made: MadeWebhook = add(&rig, &PutWebhook { key: None, ..webhook("made", &to.url) }).await;
    let key = made.key.unwrap().expose().to_owned();
    assert_eq!(key.len(), 64, "a made key is shown, this once");
    let kept = add(&rig, &PutWebhook { key: None, ..webhook("made", &to.url) }).await;
    assert!(kept.key.is_none(), "and stays when the webhook is changed");
    for path in ["/api/v1/webhooks", "/api/v1/webhooks/made/deliveries"] {
        let text = rig.call(Method::GET, path).send().await.unwrap().text().await.unwrap();
        assert!(!text.contains(&key) && !text.contains("c4nary"), "{text}");
    }
    let token = rig.controller.api_token_as("grace", Role::Maintainer).await.unwrap();
    for path in ["/api/v1/webhooks", "/api/v1/webhooks/made/deliveries"] {
        let answer = rig.call_as(token.expose_secret(), Method::GET, path).send().await.unwrap();
        assert_eq!(refused(answer, StatusCode::FORBIDDEN).await, "forbidden");
    }
    let rig = rig.restart().await;
    for file in std::fs::read_dir(rig.data.path()).unwrap().map(|file| file.unwrap().path()) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        for hidden in [key.as_bytes(), PATH.as_bytes()] {
            assert!(!bytes.windows(hidden.len()).any(|at| at == hidden), "{}", file.display());
        }
    }
}

#[tokio::test]
async fn a_test_tells_what_came_of_it_and_what_is_wrong_is_refused() {
    let (rig, mut to) = (rig().await, receiver(&[]).await);
    let format = WebhookFormat::Chat;
    add(&rig, &PutWebhook { format, ..webhook("chat", &to.url) }).await;
    let tested = rig.post("/api/v1/webhooks/chat/test", &()).await;
    let tested: DeliveryView = json(tested, StatusCode::OK).await;
    assert_eq!((tested.state, tested.status), (DeliveryState::Delivered, Some(204)));
    assert_eq!(to.next().await.body, r#"{"text":"Sidings: this is a test, and it arrived"}"#);

    add(&rig, &webhook("dead", "http://127.0.0.1:1/c4nary-path")).await;
    let tested: DeliveryView = json(rig.post("/api/v1/webhooks/dead/test", &()).await, StatusCode::OK).await;
    assert_eq!((tested.state, tested.status), (DeliveryState::GivenUp, None));
    assert!(tested.answer.contains("refused") && !tested.answer.contains("c4nary"), "{}", tested.answer);

    let template =
        |text: &str| WebhookFormat::Template { text: text.to_owned(), content_type: "text/plain".to_owned() };
    let wrong = [
        webhook("1 bad name", &to.url),
        webhook("x", "http://169.254.169.254/latest"),
        webhook("x", "gopher://example.org/"),
        PutWebhook { key: Some(Secret::new("short")), ..webhook("x", &to.url) },
        PutWebhook { format: template("{{ text"), ..webhook("x", &to.url) },
    ];
    for wrong in wrong {
        let answer = rig.post("/api/v1/webhooks", &wrong).await;
        assert_eq!(refused(answer, StatusCode::BAD_REQUEST).await, "bad_request");
    }
    let gone = rig.call(Method::DELETE, "/api/v1/webhooks/dead").send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let answer = rig.post("/api/v1/webhooks/dead/test", &()).await;
    assert_eq!(refused(answer, StatusCode::NOT_FOUND).await, "not_found");
}

#[tokio::test]
async fn the_page_shows_deliveries_and_sends_one_again() {
    let (rig, mut to) = (rig().await, receiver(&[StatusCode::GONE]).await);
    add(&rig, &webhook("ops", &to.url)).await;
    let run = rig.run("jobs: 5\n").await;
    to.next().await;
    let over = delivery(&rig, "ops", |delivery| delivery.next.is_none()).await;
    let admin = rig.controller.api_token_as("ada", Role::Admin).await.unwrap();
    let browser = Browser::signed_in(&rig, admin.expose_secret()).await;
    assert!(browser.page("/projects").await.contains("\"/webhooks\""));
    let list = browser.page("/webhooks").await;
    assert!(list.contains("/webhooks/ops") && list.contains("given up") && !list.contains("c4nary"), "{list}");
    let page = browser.page("/webhooks/ops").await;
    assert!(page.contains(&format!("/runs/{}", run.summary.id)) && page.contains("410"), "{page}");
    let proof = browser.proof().await;
    let again = browser.send(&format!("/deliveries/{}/redeliver", over.id), &[("form", &proof)]).await;
    assert_eq!(again.status(), StatusCode::SEE_OTHER);
    assert_eq!(to.next().await.header("sidings-delivery"), over.id.to_string());

    let viewer = rig.controller.api_token_as("eve", Role::Viewer).await.unwrap();
    let viewer = Browser::signed_in(&rig, viewer.expose_secret()).await;
    assert_eq!(viewer.get("/webhooks").await.status(), StatusCode::FORBIDDEN);
    assert!(!viewer.page("/projects").await.contains("\"/webhooks\""));
}
