//! A controller, a client and a runner, in a few words.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sidings_controller::{Config, Controller, StoreKind};
use sidings_proto::api::{ErrorBody, RunView, SubmitRun};
use sidings_proto::log::{Stream, write_frames};
use sidings_proto::runner::{Assignment, Finish, Hello, LeaseRequest, Leased, LogDigest, Registered, StepResult};
use sidings_proto::{
    BlobId, Commit, Failure, FailureClass, LifeId, RequestId, Resources, RunnerId, Source, StepNo, Timestamp, Trigger,
    Verdict,
};
use std::path::Path;
use tempfile::TempDir;

pub(crate) const PIPELINE: &str = "image: debian:bookworm-slim\n\
    jobs:\n\
    \x20 test:\n\
    \x20   steps:\n\
    \x20     - name: unit\n\
    \x20       run: make test\n";

pub(crate) const TWO_JOBS: &str = "image: debian:bookworm-slim\n\
    jobs:\n\
    \x20 build:\n\
    \x20   steps: [{ run: make }]\n\
    \x20 test:\n\
    \x20   needs: [build]\n\
    \x20   steps: [{ run: make test }]\n";

pub(crate) struct Rig {
    pub(crate) controller: Controller,
    pub(crate) data: TempDir,
    token: String,
    http: reqwest::Client,
}

/// A controller with an empty data folder.
pub(crate) async fn rig() -> Rig {
    rig_in(tempfile::tempdir().unwrap(), StoreKind::Sqlite).await
}

pub(crate) async fn rig_in(data: TempDir, store: StoreKind) -> Rig {
    let controller = start(data.path(), store, None).await;
    let token = controller.first_api_token().unwrap().expose_secret().to_owned();
    Rig { controller, data, token, http: client() }
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) async fn start(data: &Path, store: StoreKind, api_token: Option<&str>) -> Controller {
    sidings_controller::start(config(data, store, api_token)).await.unwrap()
}

pub(crate) fn config(data: &Path, store: StoreKind, api_token: Option<&str>) -> Config {
    Config {
        data_dir: data.to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: None,
        store,
        api_token: api_token.map(|token| token.to_owned().into()),
        secrets_key: None,
        policy: None,
        flaws: None,
        webhook_private: true,
        audit_for: std::time::Duration::from_secs(3600),
    }
}

/// A controller whose operator has a policy.
pub(crate) async fn rig_with_policy(text: &str) -> Rig {
    let data = tempfile::tempdir().unwrap();
    let policy = sidings_pipeline::Policy::read("policy.yml", text).unwrap();
    let config = Config { policy: Some(policy), ..config(data.path(), StoreKind::Memory, None) };
    rig_as(data, config).await
}

/// A controller whose operator has a dump of flaws: these files.
pub(crate) async fn rig_with_flaws(entries: &[(&str, &str)]) -> Rig {
    let data = tempfile::tempdir().unwrap();
    let dump = data.path().join("dump");
    std::fs::create_dir(&dump).unwrap();
    entries.iter().for_each(|(name, entry)| std::fs::write(dump.join(name), entry).unwrap());
    let config = Config { flaws: Some(dump), ..config(data.path(), StoreKind::Sqlite, None) };
    rig_as(data, config).await
}

async fn rig_as(data: TempDir, config: Config) -> Rig {
    let controller = sidings_controller::start(config).await.unwrap();
    let token = controller.first_api_token().unwrap().expose_secret().to_owned();
    Rig { controller, data, token, http: client() }
}

impl Rig {
    /// Ends the controller and starts the next life on the same folder.
    pub(crate) async fn restart(self) -> Rig {
        self.controller.shutdown().await.unwrap();
        let controller = start(self.data.path(), StoreKind::Sqlite, None).await;
        assert!(controller.first_api_token().is_none());
        Rig { controller, ..self }
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.call_as(&self.token, method, path)
    }

    pub(crate) fn call_as(&self, token: &str, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.controller.url())).bearer_auth(token)
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        json(self.call(Method::GET, path).send().await.unwrap(), StatusCode::OK).await
    }

    pub(crate) async fn post(&self, path: &str, body: &impl Serialize) -> Response {
        self.call(Method::POST, path).json(body).send().await.unwrap()
    }

    pub(crate) async fn upload(&self, files: &[(&str, &str)]) -> BlobId {
        let archive = snapshot(files);
        let id = BlobId::try_from(blake3::hash(&archive).to_hex().to_string()).unwrap();
        let path = format!("/api/v1/blobs/{id}");
        let answer = self.call(Method::PUT, &path).body(archive).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        id
    }

    pub(crate) async fn submit(&self, files: &[(&str, &str)]) -> Response {
        self.submit_of("refs/heads/main", files).await
    }

    async fn submit_of(&self, reference: &str, files: &[(&str, &str)]) -> Response {
        self.submit_to(("web", Trigger::Manual), reference, files).await
    }

    async fn submit_to(
        &self,
        (project, trigger): (&str, Trigger),
        reference: &str,
        files: &[(&str, &str)],
    ) -> Response {
        let source = Source::Snapshot { blob: self.upload(files).await };
        let commit = Commit { sha: "0".repeat(40), reference: reference.to_owned(), ..Commit::default() };
        self.post("/api/v1/runs", &SubmitRun::new(project.to_owned(), trigger, source, commit)).await
    }

    /// The same in another project, or for another reason.
    pub(crate) async fn run_in_project(&self, project: (&str, Trigger), pipeline: &str) -> RunView {
        let files = [(".sidings.yml", pipeline)];
        json(self.submit_to(project, "refs/heads/main", &files).await, StatusCode::CREATED).await
    }

    /// The same for another ref than the default branch.
    pub(crate) async fn run_of(&self, reference: &str, pipeline: &str) -> RunView {
        json(self.submit_of(reference, &[(".sidings.yml", pipeline)]).await, StatusCode::CREATED).await
    }

    /// Submits a tree with only a pipeline, which must give a run.
    pub(crate) async fn run(&self, pipeline: &str) -> RunView {
        json(self.submit(&[(".sidings.yml", pipeline)]).await, StatusCode::CREATED).await
    }

    pub(crate) async fn view(&self, run: &RunView) -> RunView {
        self.get(&format!("/api/v1/runs/{}", run.summary.id)).await
    }

    /// Enrols a runner that said hello.
    pub(crate) async fn runner(&self) -> Runner {
        self.runner_named("r1").await
    }

    /// The same under a name of its own.
    pub(crate) async fn runner_named(&self, name: &str) -> Runner {
        let token = self.controller.registration_token("r").await.unwrap();
        let body = serde_json::json!({ "name": name });
        let answer = self.call_as(token.expose_secret(), Method::POST, "/runner/v1/register").json(&body);
        let Registered { runner, token } = json(answer.send().await.unwrap(), StatusCode::OK).await;
        let runner = Runner { id: runner, token, life: LifeId::new() };
        runner.hello(self).await;
        runner
    }
}

pub(crate) struct Runner {
    pub(crate) id: RunnerId,
    pub(crate) token: String,
    pub(crate) life: LifeId,
}

impl Runner {
    pub(crate) async fn hello(&self, rig: &Rig) {
        self.hello_with(rig, &[("os", "linux")], Resources::default()).await;
    }

    pub(crate) async fn hello_with(&self, rig: &Rig, labels: &[(&str, &str)], resources: Resources) {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let hello = Hello { life: self.life, version: "0.1.0".to_owned(), slots: 4, labels, resources };
        let answer = self.post(rig, "/runner/v1/hello", &hello).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }

    pub(crate) async fn post(&self, rig: &Rig, path: &str, body: &impl Serialize) -> Response {
        rig.call_as(&self.token, Method::POST, path).json(body).send().await.unwrap()
    }

    pub(crate) async fn lease_as(&self, rig: &Rig, request: RequestId) -> Vec<Assignment> {
        let request = LeaseRequest { life: self.life, request, slots: 1 };
        let answer = self.post(rig, "/runner/v1/lease", &request).await;
        json::<Leased>(answer, StatusCode::OK).await.assignments
    }

    /// Asks until there is something: a request is held open for a while only.
    pub(crate) async fn lease_until_answered(&self, rig: &Rig, request: RequestId) -> Vec<Assignment> {
        loop {
            let leased = self.lease_as(rig, request).await;
            if !leased.is_empty() {
                return leased;
            }
        }
    }

    /// Leases one attempt, which must be there or come.
    pub(crate) async fn lease(&self, rig: &Rig) -> Work {
        let mut leased = self.lease_as(rig, RequestId::new()).await;
        assert_eq!(leased.len(), 1);
        Work { assignment: leased.remove(0) }
    }
}

/// An attempt as its runner holds it.
pub(crate) struct Work {
    pub(crate) assignment: Assignment,
}

impl Work {
    pub(crate) fn path(&self, rest: &str) -> String {
        let attempt = self.assignment.attempt;
        format!("/runner/v1/attempts/{}/{}/{rest}", attempt.job, attempt.fence)
    }

    pub(crate) async fn post(&self, rig: &Rig, rest: &str, body: &impl Serialize) -> Response {
        rig.call_as(&self.assignment.token, Method::POST, &self.path(rest)).json(body).send().await.unwrap()
    }

    pub(crate) async fn log(&self, rig: &Rig, step: u32, offset: usize, bytes: &[u8]) -> Response {
        let path = self.path(&format!("logs/{step}?offset={offset}"));
        rig.call_as(&self.assignment.token, Method::PUT, &path).body(bytes.to_vec()).send().await.unwrap()
    }

    /// The end of an attempt whose steps all passed, each with this log.
    pub(crate) fn passed(&self, log: &[u8]) -> Finish {
        let result = |step: StepNo| StepResult {
            step,
            verdict: Verdict::Passed,
            code: Some(0),
            started: Some(Timestamp(1)),
            ended: Timestamp(2),
            log: digest(log),
        };
        let steps = self.assignment.spec.steps().map(|step| result(step.no)).collect();
        Finish {
            verdict: Verdict::Passed,
            steps,
            setup_log: LogDigest::default(),
            images: Vec::new(),
            kept: Default::default(),
        }
    }

    /// The end of an attempt whose first step failed.
    pub(crate) fn failed(&self, class: FailureClass) -> Finish {
        let message = "step \"unit\" exited with code 1".to_owned();
        let verdict = Verdict::Failed(Failure { class, message });
        let mut finish = self.passed(b"");
        finish.steps[0].verdict = verdict.clone();
        finish.steps[0].code = Some(1);
        Finish { verdict, ..finish }
    }

    /// The end of an attempt that was told to stop.
    pub(crate) fn cancelled(&self) -> Finish {
        Finish {
            verdict: Verdict::Cancelled,
            steps: Vec::new(),
            setup_log: LogDigest::default(),
            images: Vec::new(),
            kept: Default::default(),
        }
    }

    pub(crate) async fn finish(&self, rig: &Rig, finish: &Finish) -> serde_json::Value {
        json(self.post(rig, "finish", finish).await, StatusCode::OK).await
    }

    pub(crate) async fn pass(&self, rig: &Rig) {
        assert_eq!(self.finish(rig, &self.passed(b"")).await["answer"], "accepted");
    }
}

pub(crate) fn digest(log: &[u8]) -> LogDigest {
    LogDigest { bytes: log.len() as u64, hash: blake3::hash(log).to_hex().to_string() }
}

pub(crate) fn frames(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_frames(&mut bytes, Stream::Stdout, Timestamp(7), text.as_bytes());
    bytes
}

pub(crate) fn snapshot(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(zstd::Encoder::new(Vec::new(), 1).unwrap());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

pub(crate) async fn json<T: DeserializeOwned>(answer: Response, status: StatusCode) -> T {
    let (got, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The code of an error answer.
pub(crate) async fn refused(answer: Response, status: StatusCode) -> String {
    json::<ErrorBody>(answer, status).await.error.code
}
