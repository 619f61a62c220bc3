//! A BuildKit session that gives a build its secrets from memory, and the builder what opens registries.
//!
//! The builder asks over a connection that it was offered by `POST /session`, on which the roles are then turned round:
//! the Engine calls, this side answers. bollard opens such a session for every build, without secrets and with the same
//! id; the first one of an id counts, the Engine refuses the second, and bollard goes on without it.

use crate::registry::{Credentials, Registries};
use anyhow::{Context, bail};
use bollard::health::health_check_response::ServingStatus;
use bollard::health::health_server::{Health, HealthServer};
use bollard::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use bollard::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bollard::moby::filesync::v1::auth_server::{Auth, AuthServer};
use bollard::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse, GetTokenAuthorityRequest,
    GetTokenAuthorityResponse, VerifyTokenAuthorityRequest, VerifyTokenAuthorityResponse,
};
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use sidings_proto::Secret;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status, async_trait};

const METHODS: [&str; 2] = ["/moby.buildkit.secrets.v1.Secrets/GetSecret", "/moby.filesync.v1.Auth/Credentials"];
const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";
/// The Engine's answer has a few short lines.
const HEAD_MAX: usize = 8 * 1024;

/// An open session; it ends when this is dropped.
pub(super) struct Session {
    _open: DropGuard,
}

/// Opens a session of this id, which is then the one that a build of this id finds.
pub(super) async fn open(id: &str, answers: Answers) -> anyhow::Result<Session> {
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| DEFAULT_HOST.to_owned());
    let closed = CancellationToken::new();
    if let Some(path) = host.strip_prefix("unix://") {
        let connection = UnixStream::connect(path).await.with_context(|| format!("connecting to {path}"))?;
        serve(offered(connection, id).await?, answers, closed.clone());
    } else if let Some(address) = host.strip_prefix("tcp://").filter(|_| !wants_tls()) {
        let connection = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        serve(offered(connection, id).await?, answers, closed.clone());
    } else {
        bail!(
            "secrets of a build, certificates for it and credentials need an engine on this machine's socket, or without TLS; this one is at {host}"
        );
    }
    Ok(Session { _open: closed.drop_guard() })
}

fn wants_tls() -> bool {
    std::env::var_os("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty())
}

/// Offers the connection to the Engine; what follows the head of its answer are its calls.
async fn offered<C: AsyncRead + AsyncWrite + Unpin>(mut connection: C, id: &str) -> anyhow::Result<C> {
    let request = format!(
        "POST /session HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\
         X-Docker-Expose-Session-Uuid: {id}\r\n{}\r\n",
        METHODS.map(|method| format!("X-Docker-Expose-Session-Grpc-Method: {method}\r\n")).concat()
    );
    connection.write_all(request.as_bytes()).await.context("offering a session")?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        anyhow::ensure!(head.len() < HEAD_MAX, "the engine's answer to a session has no end");
        head.push(connection.read_u8().await.context("reading the engine's answer to a session")?);
    }
    let head = String::from_utf8_lossy(&head);
    let status = head.lines().next().unwrap_or_default();
    anyhow::ensure!(status.contains(" 101 "), "the engine takes no session: {status}");
    Ok(connection)
}

fn serve<C>(connection: C, answers: Answers, closed: CancellationToken)
where
    C: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
{
    let incoming = stream::once(async { io::Result::Ok(connection) }).chain(stream::pending());
    let serving = Server::builder()
        .add_service(HealthServer::new(Alive))
        .add_service(SecretsServer::new(answers.clone()))
        .add_service(AuthServer::new(answers))
        .serve_with_incoming_shutdown(incoming, closed.cancelled_owned());
    tokio::spawn(serving.map(|ended| {
        if let Err(error) = ended {
            tracing::debug!(%error, "a build's session did not end well");
        }
    }));
}

/// What the builder may ask for.
#[derive(Clone)]
pub(super) struct Answers {
    secrets: Arc<BTreeMap<String, Secret>>,
    registries: Registries,
}

impl Answers {
    pub(super) fn new(secrets: BTreeMap<String, Secret>, registries: Registries) -> Answers {
        Answers { secrets: Arc::new(secrets), registries }
    }
}

#[async_trait]
impl Auth for Answers {
    /// Nothing is an answer: the registry is then asked without.
    async fn credentials(&self, request: Request<CredentialsRequest>) -> Result<Response<CredentialsResponse>, Status> {
        let found = self.registries.credentials(&request.into_inner().host).await.unwrap_or_else(|error| {
            tracing::warn!(error = format!("{error:#}"), "a builder gets no credentials");
            None
        });
        let Credentials { username, password, identity_token, .. } = found.unwrap_or_default();
        let (username, secret) = match identity_token {
            // No name says that it is a token.
            Some(token) => (String::new(), Some(token)),
            None => (username, password),
        };
        let secret = secret.map(|secret| secret.expose().to_owned()).unwrap_or_default();
        Ok(Response::new(CredentialsResponse { username, secret }))
    }

    async fn fetch_token(&self, _: Request<FetchTokenRequest>) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unimplemented("the builder gets it itself"))
    }

    async fn get_token_authority(
        &self,
        _: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("the builder gets tokens itself"))
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("the builder gets tokens itself"))
    }
}

#[async_trait]
impl Secrets for Answers {
    async fn get_secret(&self, request: Request<GetSecretRequest>) -> Result<Response<GetSecretResponse>, Status> {
        let id = request.into_inner().id;
        match self.secrets.get(&id) {
            Some(value) => Ok(Response::new(GetSecretResponse { data: value.expose().as_bytes().to_vec() })),
            None => Err(Status::not_found(format!("the build names no secret {id}"))),
        }
    }
}

/// The Engine drops a session that does not say it is well.
struct Alive;

#[async_trait]
impl Health for Alive {
    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
    }

    async fn list(&self, _: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("one check says all"))
    }

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("it is asked again instead"))
    }
}
