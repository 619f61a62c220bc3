//! The controller's API as typed calls. It decides nothing: it asks, and turns every refusal into an [`Error`] that
//! says what to do.

mod error;
mod log;
mod sse;

pub(crate) use error::Error;
pub(crate) use log::LogQuery;

use crate::args::{Remote, Trust};
use crate::exit::Refusal;
use futures::{Stream, StreamExt};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sidings_inventory::Inventory;
use sidings_proto::api::{
    ArtifactList, ErrorBody, MadeToken, NewProject, NewToken, PREFIX, ProjectView, Projects, Push, PushAnswer,
    RetryRun, RunSummary, RunView, Runners, Runs, RunsAsked, Schedules, SubmitRun, Tokens,
};
use sidings_proto::audit::AuditLog;
use sidings_proto::compared::ComparedEnvironments;
use sidings_proto::fleet::QueueView;
use sidings_proto::inventory::{BuiltImages, FoundPackages};
use sidings_proto::secret::{PutSecret, SecretView, Secrets};
use sidings_proto::split::told::SplitTold;
use sidings_proto::tested::{RunTests, TestHistory};
use sidings_proto::webhook::{Deliveries, DeliveryView, MadeWebhook, PutWebhook, Webhooks};
use sidings_proto::{BlobId, DeliveryId, JobId, RunId, SecretScope, StepNo, Timestamp, TokenId};
use std::path::Path;
use std::time::Duration;

/// A connection that says nothing for this long is opened again.
const SILENCE: Duration = Duration::from_secs(60);
/// For the answer to a call that does not stream.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which tests of a run are wanted of each job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TestQuery {
    /// Only those that failed.
    pub(crate) bad: bool,
    /// The slowest first, else what failed.
    pub(crate) slowest: bool,
    /// So many.
    pub(crate) limit: u32,
}

/// A controller, and what opens it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<SecretString>,
}

impl Client {
    /// For the controller that the flags name.
    pub(crate) fn new(remote: &Remote) -> anyhow::Result<Client> {
        Client::open_trusting(&remote.server, remote.token.clone(), &remote.trust)
    }

    /// For the controller at this address.
    pub(crate) fn open(server: &str, token: Option<SecretString>) -> anyhow::Result<Client> {
        Client::open_trusting(server, token, &Trust::default())
    }

    /// For the controller at this address, behind a certificate of this authority.
    pub(crate) fn open_trusting(server: &str, token: Option<SecretString>, trust: &Trust) -> anyhow::Result<Client> {
        let base = Url::parse(server).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
        let wrong = || Refusal::configuration(format!("`{server}` is no address such as http://127.0.0.1:7117"));
        let mut http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("sidings/", env!("CARGO_PKG_VERSION")));
        if let Some(file) = &trust.ca_bundle {
            http = http.tls_certs_merge(certificates(file)?);
        }
        Ok(Client { http: http.build()?, base: base.ok_or_else(wrong)?, token })
    }

    /// The controller's address.
    pub(crate) fn server(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Makes a project known.
    pub(crate) async fn add_project(&self, project: &NewProject) -> Result<ProjectView, Error> {
        self.json(self.to(Method::POST, &["projects"]).json(project)).await
    }

    /// All projects.
    pub(crate) async fn projects(&self) -> Result<Projects, Error> {
        self.json(self.to(Method::GET, &["projects"])).await
    }

    /// When projects want runs without being asked.
    pub(crate) async fn schedules(&self) -> Result<Schedules, Error> {
        self.json(self.to(Method::GET, &["schedules"])).await
    }

    /// Whether the controller has a blob.
    pub(crate) async fn has_blob(&self, id: &BlobId) -> Result<bool, Error> {
        let answer = self.send(self.to(Method::HEAD, &["blobs", id.as_str()]).timeout(PATIENCE)).await;
        match answer {
            Ok(_) => Ok(true),
            Err(Error::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sends a file as a blob, without holding it in memory.
    pub(crate) async fn put_blob(&self, id: &BlobId, file: &Path) -> anyhow::Result<()> {
        let file = tokio::fs::File::open(file).await?;
        let length = file.metadata().await?.len();
        let body = reqwest::Body::wrap_stream(tokio_util::io::ReaderStream::with_capacity(file, 256 * 1024));
        let request = self.to(Method::PUT, &["blobs", id.as_str()]);
        self.send(request.header(reqwest::header::CONTENT_LENGTH, length).body(body)).await?;
        Ok(())
    }

    /// Images that runners built.
    pub(crate) async fn images(&self, project: Option<&str>) -> Result<BuiltImages, Error> {
        let query: Vec<_> = project.map(|project| ("project", project)).into_iter().collect();
        self.json(self.to(Method::GET, &["images"]).query(&query)).await
    }

    /// Who has a package.
    pub(crate) async fn packages(
        &self,
        name: &str,
        version: Option<&str>,
        project: Option<&str>,
    ) -> Result<FoundPackages, Error> {
        let query: Vec<_> = [("name", Some(name)), ("version", version), ("project", project)]
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect();
        self.json(self.to(Method::GET, &["images", "packages"]).query(&query)).await
    }

    /// What is in the image of that key, or the only one whose key begins so.
    pub(crate) async fn inventory(&self, key: &str) -> Result<Inventory, Error> {
        self.json(self.to(Method::GET, &["images", key, "inventory"])).await
    }

    /// Asks for a run.
    pub(crate) async fn submit(&self, run: &SubmitRun) -> Result<RunView, Error> {
        self.json(self.to(Method::POST, &["runs"]).json(run)).await
    }

    /// Runs, newest first.
    pub(crate) async fn runs(&self, asked: &RunsAsked) -> Result<Runs, Error> {
        self.json(self.to(Method::GET, &["runs"]).query(asked)).await
    }

    /// The newest runs, of all projects or one.
    pub(crate) async fn newest(&self, project: Option<&str>, limit: usize) -> Result<Vec<RunSummary>, Error> {
        let asked = RunsAsked { project: project.map(str::to_owned), limit: Some(limit), ..RunsAsked::default() };
        Ok(self.runs(&asked).await?.runs)
    }

    /// A run by its id or `project@number`.
    pub(crate) async fn run(&self, run: &str) -> Result<RunView, Error> {
        self.json(self.to(Method::GET, &["runs", run])).await
    }

    /// Asks for a run to be stopped.
    pub(crate) async fn cancel(&self, run: RunId) -> Result<RunView, Error> {
        self.json(self.to(Method::POST, &["runs", &run.to_string(), "cancel"])).await
    }

    /// Agrees that a job runs.
    pub(crate) async fn approve(&self, job: JobId) -> Result<RunView, Error> {
        self.json(self.to(Method::POST, &["jobs", &job.to_string(), "approval"])).await
    }

    /// Runs a run's commit again.
    pub(crate) async fn retry(&self, run: RunId, retry: &RetryRun) -> Result<RunView, Error> {
        self.json(self.to(Method::POST, &["runs", &run.to_string(), "retry"]).json(retry)).await
    }

    /// The run after each of its changes. Ends with the connection, whether the run has ended or not.
    pub(crate) async fn events(&self, run: RunId) -> Result<impl Stream<Item = Result<RunView, Error>> + use<>, Error> {
        let request = self.to(Method::GET, &["runs", &run.to_string(), "events"]);
        let answer = self.send(request.header(reqwest::header::ACCEPT, "text/event-stream")).await?;
        let server = self.server().to_owned();
        let mut parser = sse::Parser::default();
        let views = answer.bytes_stream().map(move |bytes| match bytes {
            Err(source) => vec![Err(Error::Unreachable { server: server.clone(), source })],
            Ok(bytes) => parser.push(&bytes).into_iter().filter(|event| event.name == "run").map(read).collect(),
        });
        Ok(views.flat_map(futures::stream::iter))
    }

    /// A log's bytes, from an offset on. Ends with the log or with the connection.
    pub(crate) async fn log(
        &self,
        job: JobId,
        step: StepNo,
        query: LogQuery,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, Error>> + use<>, Error> {
        let request = self.to(Method::GET, &["jobs", &job.to_string(), "logs", &step.to_string()]);
        let answer = self.send(request.query(&query.pairs())).await?;
        let server = self.server().to_owned();
        Ok(answer.bytes_stream().map(move |bytes| match bytes {
            Ok(bytes) => Ok(bytes.to_vec()),
            Err(source) => Err(Error::Unreachable { server: server.clone(), source }),
        }))
    }

    /// The tests of a run.
    pub(crate) async fn tests(&self, run: RunId, job: Option<&str>, query: TestQuery) -> Result<RunTests, Error> {
        let TestQuery { bad, slowest, limit } = query;
        let mut words = vec![("bad", bad.to_string()), ("limit", limit.to_string())];
        words.extend(job.map(|job| ("job", job.to_owned())));
        words.extend(slowest.then(|| ("order", "slowest".to_owned())));
        self.json(self.to(Method::GET, &["runs", &run.to_string(), "tests"]).query(&words)).await
    }

    /// A job's split tests in full.
    pub(crate) async fn split(&self, run: RunId, suite: &str) -> Result<SplitTold, Error> {
        self.json(self.to(Method::GET, &["runs", &run.to_string(), "split"]).query(&[("suite", suite)])).await
    }

    /// What became of the tests of a name.
    pub(crate) async fn test_history(&self, project: &str, name: &str) -> Result<TestHistory, Error> {
        self.json(self.to(Method::GET, &["projects", project, "tests"]).query(&[("name", name)])).await
    }

    /// What a job keeps of its files.
    pub(crate) async fn artifacts(&self, job: JobId) -> Result<ArtifactList, Error> {
        self.json(self.to(Method::GET, &["jobs", &job.to_string(), "artifacts"])).await
    }

    /// The same with their bytes, as tar.
    pub(crate) async fn artifacts_tar(
        &self,
        job: JobId,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, Error>> + use<>, Error> {
        let answer = self.send(self.to(Method::GET, &["jobs", &job.to_string(), "artifacts", "tar"])).await?;
        let server = self.server().to_owned();
        Ok(answer.bytes_stream().map(move |bytes| match bytes {
            Ok(bytes) => Ok(bytes.to_vec()),
            Err(source) => Err(Error::Unreachable { server: server.clone(), source }),
        }))
    }

    /// Reports that a repository's ref moved.
    pub(crate) async fn push(&self, project: &str, push: &Push) -> Result<PushAnswer, Error> {
        self.json(self.to(Method::POST, &["projects", project, "pushes"]).json(push)).await
    }

    /// What waits.
    pub(crate) async fn queue(&self) -> Result<QueueView, Error> {
        self.json(self.to(Method::GET, &["queue"])).await
    }

    /// All runners.
    pub(crate) async fn runners(&self) -> Result<Runners, Error> {
        self.json(self.to(Method::GET, &["runners"])).await
    }

    /// Takes the runners of a name out; gives them.
    pub(crate) async fn drain(&self, name: &str) -> Result<Runners, Error> {
        self.json(self.to(Method::POST, &["runners", name, "drain"])).await
    }

    /// Lets them in again; gives them.
    pub(crate) async fn resume(&self, name: &str) -> Result<Runners, Error> {
        self.json(self.to(Method::POST, &["runners", name, "resume"])).await
    }

    /// Lines of the audit log, the newest first.
    pub(crate) async fn audit(
        &self,
        before: Option<u64>,
        since: Option<Timestamp>,
        limit: u64,
    ) -> Result<AuditLog, Error> {
        let mut query = vec![("limit", limit.to_string())];
        query.extend(before.map(|before| ("before", before.to_string())));
        query.extend(since.map(|since| ("since", since.0.to_string())));
        self.json(self.to(Method::GET, &["audit"]).query(&query)).await
    }

    /// Makes a token.
    pub(crate) async fn make_token(&self, token: &NewToken) -> Result<MadeToken, Error> {
        self.json(self.to(Method::POST, &["tokens"]).json(token)).await
    }

    /// All tokens.
    pub(crate) async fn tokens(&self) -> Result<Tokens, Error> {
        self.json(self.to(Method::GET, &["tokens"])).await
    }

    /// Makes a token worthless.
    pub(crate) async fn revoke_token(&self, id: TokenId) -> Result<(), Error> {
        self.send(self.to(Method::DELETE, &["tokens", &id.to_string()]).timeout(PATIENCE)).await?;
        Ok(())
    }

    /// Keeps a secret.
    pub(crate) async fn put_secret(&self, secret: &PutSecret) -> Result<SecretView, Error> {
        self.json(self.to(Method::POST, &["secrets"]).json(secret)).await
    }

    /// All secrets, or those that a project may get; never with their values.
    pub(crate) async fn secrets(&self, project: Option<&str>) -> Result<Secrets, Error> {
        let query: Vec<_> = project.map(|project| ("project", project)).into_iter().collect();
        self.json(self.to(Method::GET, &["secrets"]).query(&query)).await
    }

    /// Forgets a secret.
    pub(crate) async fn remove_secret(&self, scope: &SecretScope, name: &str) -> Result<(), Error> {
        let of = match scope {
            SecretScope::Project(project) => vec![("project", project)],
            SecretScope::Group(group) => vec![("group", group)],
            SecretScope::All => Vec::new(),
        };
        self.send(self.to(Method::DELETE, &["secrets", name]).query(&of).timeout(PATIENCE)).await?;
        Ok(())
    }

    /// What changed in the environments of a run's jobs.
    pub(crate) async fn compared(&self, run: RunId) -> Result<ComparedEnvironments, Error> {
        self.json(self.to(Method::GET, &["runs", &run.to_string(), "environment"])).await
    }

    /// Keeps a webhook.
    pub(crate) async fn put_webhook(&self, webhook: &PutWebhook) -> Result<MadeWebhook, Error> {
        self.json(self.to(Method::POST, &["webhooks"]).json(webhook)).await
    }

    /// All webhooks; never with their keys.
    pub(crate) async fn webhooks(&self) -> Result<Webhooks, Error> {
        self.json(self.to(Method::GET, &["webhooks"])).await
    }

    /// Forgets a webhook.
    pub(crate) async fn remove_webhook(&self, name: &str) -> Result<(), Error> {
        self.send(self.to(Method::DELETE, &["webhooks", name]).timeout(PATIENCE)).await?;
        Ok(())
    }

    /// The newest deliveries of a webhook.
    pub(crate) async fn deliveries(&self, name: &str, limit: u32) -> Result<Deliveries, Error> {
        self.json(self.to(Method::GET, &["webhooks", name, "deliveries"]).query(&[("limit", limit)])).await
    }

    /// Sends a delivery again.
    pub(crate) async fn redeliver(&self, id: DeliveryId) -> Result<DeliveryView, Error> {
        self.json(self.to(Method::POST, &["deliveries", &id.to_string(), "redeliver"])).await
    }

    /// Sends something that tells of nothing, and waits for what comes of it.
    pub(crate) async fn test_webhook(&self, name: &str) -> Result<DeliveryView, Error> {
        self.json(self.to(Method::POST, &["webhooks", name, "test"])).await
    }

    /// Each segment is encoded, so a name with a slash stays one segment.
    fn to(&self, method: Method, segments: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(PREFIX.trim_matches('/').split('/')).extend(segments);
        }
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Error> {
        let answer = self.send(request.timeout(PATIENCE)).await?;
        let bytes = answer.bytes().await.map_err(|source| self.unreachable(source))?;
        serde_json::from_slice(&bytes).map_err(Error::Unreadable)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Error> {
        let answer = request.send().await.map_err(|source| self.unreachable(source))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body: Option<ErrorBody> = answer.bytes().await.ok().and_then(|body| serde_json::from_slice(&body).ok());
        let message = body.map_or_else(|| format!("the controller answered {status}"), |body| body.error.message);
        Err(Error::Refused { status, message, with_token: self.token.is_some() })
    }

    fn unreachable(&self, source: reqwest::Error) -> Error {
        Error::Unreachable { server: self.server().to_owned(), source }
    }
}

fn certificates(path: &Path) -> anyhow::Result<Vec<reqwest::Certificate>> {
    let wrong = |why: String| Refusal::configuration(format!("--ca-bundle {}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| wrong(error.to_string()))?;
    anyhow::ensure!(!certificates.is_empty(), wrong("there is no certificate in PEM in it".to_owned()));
    Ok(certificates)
}

fn read<T: DeserializeOwned>(event: sse::Event) -> Result<T, Error> {
    serde_json::from_str(&event.data).map_err(Error::Unreadable)
}

/// JSON for programs that read our output.
pub(crate) fn pretty(value: &(impl Serialize + ?Sized)) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

#[cfg(test)]
mod tests;
