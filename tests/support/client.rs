//! The controller's interface as a program would use it.

use futures::StreamExt;
use sidings_proto::api::{JobView, MadeToken, NewToken, RunView, RunnerState, Runners, State, TokenKind};
use sidings_proto::{AttemptId, RunId, StepNo};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);

/// Speaks to one controller.
#[derive(Clone)]
pub(crate) struct Client {
    url: String,
    token: String,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn new(url: String, token: &str) -> Client {
        Client { url, token: token.to_owned(), http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    pub(crate) fn put(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.put(format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    pub(crate) fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    /// Waits until the controller answers.
    pub(crate) async fn until_healthy(&self) {
        let answered = async {
            while self.get("/healthz").send().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answered).await.expect("the controller answers");
    }

    pub(crate) async fn registration_token(&self) -> String {
        let new = NewToken {
            name: "test".to_owned(),
            kind: TokenKind::Registration,
            project: None,
            expires_in_ms: None,
            single_use: true,
            role: None,
        };
        let answer = self.post("/api/v1/tokens").json(&new).send().await.unwrap();
        answer.error_for_status().unwrap().json::<MadeToken>().await.unwrap().token
    }

    pub(crate) async fn until_runner_is_up(&self, name: &str) {
        let up = async {
            loop {
                let answer = self.get("/api/v1/runners").send().await.unwrap().error_for_status().unwrap();
                let runners = answer.json::<Runners>().await.unwrap().runners;
                if runners.iter().any(|runner| runner.name == name && runner.state == RunnerState::Up) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, up).await.expect("the runner says hello");
    }

    /// What a call gives.
    pub(crate) async fn json<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        self.get(path).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    pub(crate) async fn run(&self, id: RunId) -> RunView {
        let answer = self.get(&format!("/api/v1/runs/{id}")).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    pub(crate) async fn cancel(&self, id: RunId) {
        self.post(&format!("/api/v1/runs/{id}/cancel")).send().await.unwrap().error_for_status().unwrap();
    }

    /// Follows the run's events until `seen` gives something. The controller may go away and come back meanwhile.
    pub(crate) async fn until<T>(&self, id: RunId, what: &str, seen: impl Fn(&RunView) -> Option<T>) -> T {
        self.until_within(PATIENCE, id, what, seen).await
    }

    pub(crate) async fn until_within<T>(
        &self,
        patience: Duration,
        id: RunId,
        what: &str,
        seen: impl Fn(&RunView) -> Option<T>,
    ) -> T {
        let watch = async {
            loop {
                if let Some(found) = self.watch(id, &seen).await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        match tokio::time::timeout(patience, watch).await {
            Ok(found) => found,
            Err(_) => panic!("waited too long for {what}; the run is now {:#?}", self.run(id).await),
        }
    }

    async fn watch<T>(&self, id: RunId, seen: impl Fn(&RunView) -> Option<T>) -> Option<T> {
        let answer = self.get(&format!("/api/v1/runs/{id}/events")).send().await.ok()?.error_for_status().ok()?;
        let mut body = answer.bytes_stream();
        let mut text = Vec::new();
        while let Some(Ok(bytes)) = body.next().await {
            text.extend_from_slice(&bytes);
            while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = text.drain(..end + 2).collect();
                let event = String::from_utf8(event).unwrap();
                let data: String = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
                let Ok(view) = serde_json::from_str::<RunView>(data.trim()) else { continue };
                if let Some(found) = seen(&view) {
                    return Some(found);
                }
            }
        }
        None
    }

    pub(crate) async fn until_ended(&self, id: RunId) -> RunView {
        self.until_ended_within(PATIENCE, id).await
    }

    pub(crate) async fn until_ended_within(&self, patience: Duration, id: RunId) -> RunView {
        let ended = |view: &RunView| (view.summary.state == State::Ended).then(|| view.clone());
        self.until_within(patience, id, "the run's end", ended).await
    }

    /// Waits until a step has been started, and gives its attempt.
    pub(crate) async fn until_running(&self, id: RunId, job: &str, step: u32) -> AttemptId {
        self.until(id, "a running step", |view| {
            let job = job_of(view, job);
            let running = job.steps.iter().any(|s| s.no == StepNo(step) && s.state == State::Running);
            running.then(|| AttemptId { job: job.id, fence: job.attempts.last().unwrap().fence })
        })
        .await
    }

    /// The length of a log's text, without holding it.
    pub(crate) async fn log_length(&self, job: &JobView, step: u32) -> u64 {
        let path = format!("/api/v1/jobs/{}/logs/{step}?format=text", job.id);
        let mut body = self.get(&path).send().await.unwrap().error_for_status().unwrap().bytes_stream();
        let mut length = 0;
        while let Some(bytes) = body.next().await {
            length += bytes.unwrap().len() as u64;
        }
        length
    }

    /// The text of any answer.
    pub(crate) async fn text(&self, path: &str) -> String {
        self.get(path).send().await.unwrap().text().await.unwrap()
    }

    /// The same for a log that a job need not have.
    pub(crate) async fn log_if_any(&self, job: &JobView, step: u32) -> String {
        self.text(&format!("/api/v1/jobs/{}/logs/{step}?format=text", job.id)).await
    }

    pub(crate) async fn log(&self, job: &JobView, step: u32) -> String {
        let path = format!("/api/v1/jobs/{}/logs/{step}?format=text", job.id);
        self.get(&path).send().await.unwrap().error_for_status().unwrap().text().await.unwrap()
    }
}

/// A job of a run by its name.
pub(crate) fn job_of<'a>(view: &'a RunView, name: &str) -> &'a JobView {
    view.jobs.iter().find(|job| job.name == name).unwrap_or_else(|| panic!("no job {name} in {view:#?}"))
}
