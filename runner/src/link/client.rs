//! The calls of the runner protocol, and what their failures mean to the one who made them.

use crate::trust::Authorities;
use anyhow::{Context, anyhow};
use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use sidings_proto::api::ErrorBody;
use sidings_proto::cache::{CacheAnswer, CacheWanted};
use sidings_proto::digest::{DigestsKept, DigestsTold};
use sidings_proto::flaws::FlawsAnswer;
use sidings_proto::image::{ImageAnswer, ImageAsk, ImageTold};
use sidings_proto::inventory::InventoryWanted;
use sidings_proto::runner::{
    Beat, Beaten, Blobs, Finish, Finished, Hello, Hinted, LEASE_POLL_MS, LeaseRequest, Leased, LogAck, PREFIX,
    ProgressReport, Register, Registered, Retire, TestBatch, Welcome,
};
use sidings_proto::{AttemptId, BlobId, SecretsAnswer, StepNo};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const DOWNLOAD_WITHIN: Duration = Duration::from_secs(30 * 60);
/// A large dump of flaws, and others that ask before.
const LOOKED_UP_WITHIN: Duration = Duration::from_secs(10 * 60);
/// A file of many gigabytes over a slow line.
const TRANSFER_WITHIN: Duration = Duration::from_secs(2 * 3600);
const BLOCK: usize = 256 * 1024;
const LEASE_WITHIN: Duration = Duration::from_millis(LEASE_POLL_MS + 10_000);

/// Speaks with one controller.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
}

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The fence has moved on: the attempt is no longer this runner's.
    #[error("the attempt is no longer this runner's")]
    Stale,
    /// The controller does not know this life of the runner.
    #[error("the controller does not know this process")]
    UnknownLife,
    /// The token does not open this.
    #[error("the controller refused the token: {0}")]
    Unauthorized(String),
    /// The controller will not do it, however often it is asked.
    #[error("the controller refused: {0}")]
    Refused(String),
    /// No answer, or none that can be used now: ask again later.
    #[error("the controller is away")]
    Away(#[source] anyhow::Error),
}

/// Who calls for an attempt.
#[derive(Clone, Debug)]
pub(crate) struct AttemptKey {
    pub(crate) attempt: AttemptId,
    pub(crate) token: SecretString,
}

impl Client {
    pub(crate) fn new(controller_url: &str, authorities: Option<&Authorities>) -> anyhow::Result<Client> {
        let base = controller_url.trim_end_matches('/').to_owned();
        let url: reqwest::Url = base.parse().with_context(|| format!("read the controller's address `{base}`"))?;
        anyhow::ensure!(matches!(url.scheme(), "http" | "https"), "expected http:// or https://, got `{base}`");
        let mut builder = reqwest::Client::builder().connect_timeout(CONNECT_WITHIN).tcp_nodelay(true);
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        if let Some(authorities) = authorities {
            builder =
                builder.tls_certs_merge(authorities.certificates().context("take the authorities of --ca-bundle")?);
        }
        Ok(Client { http: builder.build().context("make an HTTP client")?, base })
    }

    pub(crate) async fn register(&self, token: &SecretString, body: &Register) -> Result<Registered, CallError> {
        answer(self.post("/register", token).json(body)).await
    }

    pub(crate) async fn hello(&self, token: &SecretString, body: &Hello) -> Result<Welcome, CallError> {
        answer(self.post("/hello", token).json(body)).await
    }

    pub(crate) async fn lease(&self, token: &SecretString, body: &LeaseRequest) -> Result<Leased, CallError> {
        answer(self.post("/lease", token).timeout(LEASE_WITHIN).json(body)).await
    }

    pub(crate) async fn beat(&self, token: &SecretString, body: &Beat) -> Result<Beaten, CallError> {
        answer(self.post("/beat", token).json(body)).await
    }

    /// Waits until the controller has something to say, as long as it holds the call open.
    pub(crate) async fn hint(&self, token: &SecretString) -> Result<Hinted, CallError> {
        answer(self.post("/hint", token).timeout(LEASE_WITHIN)).await
    }

    pub(crate) async fn retire(&self, token: &SecretString, body: &Retire) -> Result<(), CallError> {
        done(self.post("/retire", token).json(body)).await
    }

    pub(crate) async fn progress(&self, key: &AttemptKey, body: &ProgressReport) -> Result<(), CallError> {
        done(self.of_attempt(Method::POST, key, "progress").json(body)).await
    }

    pub(crate) async fn log(
        &self,
        key: &AttemptKey,
        step: StepNo,
        offset: u64,
        frames: Vec<u8>,
    ) -> Result<LogAck, CallError> {
        let call = self.of_attempt(Method::PUT, key, &format!("logs/{step}")).query(&[("offset", offset)]);
        answer(call.header(reqwest::header::CONTENT_TYPE, "application/octet-stream").body(frames)).await
    }

    pub(crate) async fn tests(&self, key: &AttemptKey, body: &TestBatch) -> Result<(), CallError> {
        done(self.of_attempt(Method::POST, key, "tests").json(body)).await
    }

    pub(crate) async fn finish(&self, key: &AttemptKey, body: &Finish) -> Result<Finished, CallError> {
        answer(self.of_attempt(Method::POST, key, "finish").json(body)).await
    }

    /// The values of the secrets that the attempt's job names, or why there are none.
    pub(crate) async fn secrets(&self, key: &AttemptKey) -> Result<SecretsAnswer, CallError> {
        answer(self.of_attempt(Method::POST, key, "secrets")).await
    }

    /// Puts the attempt's snapshot into a file.
    pub(crate) async fn source(&self, key: &AttemptKey, into: &Path) -> Result<(), CallError> {
        let call = self.of_attempt(Method::GET, key, "source").timeout(DOWNLOAD_WITHIN);
        save(call, into).await
    }

    /// Those of the blobs that the controller has not.
    pub(crate) async fn missing(&self, key: &AttemptKey, body: &Blobs) -> Result<Blobs, CallError> {
        answer(self.of_attempt(Method::POST, key, "blobs").json(body)).await
    }

    /// Sends a file of this many bytes.
    pub(crate) async fn put_blob(
        &self,
        key: &AttemptKey,
        blob: &BlobId,
        bytes: u64,
        file: std::fs::File,
    ) -> Result<(), CallError> {
        let file = tokio::fs::File::from_std(file).take(bytes);
        let body = reqwest::Body::wrap_stream(ReaderStream::with_capacity(file, BLOCK));
        let call = self.of_attempt(Method::PUT, key, &format!("blobs/{blob}")).timeout(TRANSFER_WITHIN);
        let call = call.header(CONTENT_TYPE, "application/octet-stream").header(CONTENT_LENGTH, bytes);
        done(call.body(body)).await
    }

    /// Passes on what an input kept, piece by piece; false when that is nothing.
    pub(crate) async fn input(&self, key: &AttemptKey, n: usize, into: mpsc::Sender<Bytes>) -> Result<bool, CallError> {
        let call = self.of_attempt(Method::GET, key, &format!("inputs/{n}")).timeout(TRANSFER_WITHIN);
        let mut response = accepted(call).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(false);
        }
        while let Some(piece) = response.chunk().await.context("read artifacts").map_err(CallError::Away)? {
            if into.send(piece).await.is_err() {
                // Who unpacks has come to its end, or says itself what is wrong.
                break;
            }
        }
        Ok(true)
    }

    /// Asks for a cache.
    pub(crate) async fn find_cache(&self, key: &AttemptKey, body: &CacheWanted) -> Result<CacheAnswer, CallError> {
        answer(self.of_attempt(Method::POST, key, "caches").json(body)).await
    }

    /// A call of those who work for a split job's queue: `list`, `pull`, `report`, `beat`.
    pub(crate) async fn split<T: DeserializeOwned>(
        &self,
        key: &AttemptKey,
        call: &str,
        body: &impl serde::Serialize,
    ) -> Result<T, CallError> {
        answer(self.of_attempt(Method::POST, key, &format!("split/{call}")).json(body)).await
    }

    /// Puts the archive of a cache into a file.
    pub(crate) async fn cache(&self, key: &AttemptKey, blob: &BlobId, into: &Path) -> Result<(), CallError> {
        save(self.of_attempt(Method::GET, key, &format!("caches/{blob}")).timeout(TRANSFER_WITHIN), into).await
    }

    /// Which digests count for the run.
    pub(crate) async fn agree_digests(&self, key: &AttemptKey, body: &DigestsTold) -> Result<DigestsKept, CallError> {
        answer(self.of_attempt(Method::POST, key, "digests").json(body)).await
    }

    /// Asks for the image of a key; held open while another one builds it.
    pub(crate) async fn ask_image(&self, key: &AttemptKey, body: &ImageAsk) -> Result<ImageAnswer, CallError> {
        answer(self.of_attempt(Method::POST, key, "images").timeout(LEASE_WITHIN).json(body)).await
    }

    /// Tells what became of a claim.
    pub(crate) async fn tell_image(&self, key: &AttemptKey, body: &ImageTold) -> Result<(), CallError> {
        done(self.of_attempt(Method::POST, key, "images/told").json(body)).await
    }

    /// Whether what is in an image is to be told.
    pub(crate) async fn wants_inventory(&self, key: &AttemptKey, image: &str) -> Result<InventoryWanted, CallError> {
        answer(self.of_attempt(Method::GET, key, &format!("images/{image}/inventory"))).await
    }

    /// Puts what is in an image there.
    pub(crate) async fn put_inventory(&self, key: &AttemptKey, image: &str, packed: Bytes) -> Result<(), CallError> {
        let call = self.of_attempt(Method::PUT, key, &format!("images/{image}/inventory"));
        done(call.header(CONTENT_TYPE, "application/octet-stream").body(packed)).await
    }

    /// What the run's policies say of the known flaws of an image; a dump of them may take a while to read.
    pub(crate) async fn judge_flaws(&self, key: &AttemptKey, image: &str) -> Result<FlawsAnswer, CallError> {
        answer(self.of_attempt(Method::POST, key, &format!("images/{image}/flaws")).timeout(LOOKED_UP_WITHIN)).await
    }

    /// Puts a part of an image into a file.
    pub(crate) async fn image_part(
        &self,
        key: &AttemptKey,
        image: &str,
        blob: &BlobId,
        into: &Path,
    ) -> Result<(), CallError> {
        let call = self.of_attempt(Method::GET, key, &format!("images/{image}/{blob}"));
        save(call.timeout(TRANSFER_WITHIN), into).await
    }

    fn post(&self, path: &str, token: &SecretString) -> RequestBuilder {
        let call = self.http.post(format!("{}{PREFIX}{path}", self.base));
        call.timeout(ANSWER_WITHIN).bearer_auth(token.expose_secret())
    }

    fn of_attempt(&self, method: Method, key: &AttemptKey, path: &str) -> RequestBuilder {
        let AttemptId { job, fence } = key.attempt;
        let call = self.http.request(method, format!("{}{PREFIX}/attempts/{job}/{fence}/{path}", self.base));
        call.timeout(ANSWER_WITHIN).bearer_auth(key.token.expose_secret())
    }
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

async fn answer<T: DeserializeOwned>(call: RequestBuilder) -> Result<T, CallError> {
    let response = accepted(call).await?;
    let body = response.bytes().await.context("read the controller's answer").map_err(CallError::Away)?;
    serde_json::from_slice(&body).map_err(|error| CallError::Refused(format!("its answer is not understood: {error}")))
}

/// Writes what is answered to a file, as it comes.
async fn save(call: RequestBuilder, into: &Path) -> Result<(), CallError> {
    let mut response = accepted(call).await?;
    let save = async {
        let mut file = tokio::fs::File::create(into).await.context("make a file")?;
        while let Some(piece) = response.chunk().await.context("read what is answered")? {
            file.write_all(&piece).await.context("write a file")?;
        }
        file.flush().await.context("write a file")
    };
    save.await.map_err(CallError::Away)
}

async fn done(call: RequestBuilder) -> Result<(), CallError> {
    accepted(call).await.map(|_| ())
}

async fn accepted(call: RequestBuilder) -> Result<reqwest::Response, CallError> {
    let response = call.send().await.context("call the controller").map_err(CallError::Away)?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = response.bytes().await.unwrap_or_default();
    Err(refusal(status, serde_json::from_slice(&body).ok()))
}

fn refusal(status: StatusCode, body: Option<ErrorBody>) -> CallError {
    let code = body.as_ref().map(|body| body.error.code.as_str());
    let said = body.as_ref().map_or_else(|| status.to_string(), |body| body.error.message.clone());
    match (status, code) {
        (_, Some("stale_attempt")) => CallError::Stale,
        (_, Some("unknown_life")) => CallError::UnknownLife,
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => CallError::Unauthorized(said),
        (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS, _) => CallError::Away(anyhow!(said)),
        _ if status.is_client_error() => CallError::Refused(said),
        _ => CallError::Away(anyhow!("{status}: {said}")),
    }
}
