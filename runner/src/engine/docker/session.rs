//! A BuildKit session that gives a build its secrets from memory.
//!
//! The builder asks over a connection that it was offered by `POST /session`, on which the roles are then turned round:
//! the Engine calls, this side answers. bollard opens such a session for every build, without secrets and with the same
//! id; the first one of an id counts, the Engine refuses the second, and bollard goes on without it.

use anyhow::{Context, bail};
use bollard::health::health_check_response::ServingStatus;
use bollard::health::health_server::{Health, HealthServer};
use bollard::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use bollard::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
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

const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";
/// The Engine's answer has a few short lines.
const HEAD_MAX: usize = 8 * 1024;

/// An open session; it ends when this is dropped.
pub(super) struct Session {
    _open: DropGuard,
}

/// Opens a session of this id, which is then the one that a build of this id finds.
pub(super) async fn open(id: &str, secrets: BTreeMap<String, Secret>) -> anyhow::Result<Session> {
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| DEFAULT_HOST.to_owned());
    let answers = Answers { secrets: Arc::new(secrets) };
    let closed = CancellationToken::new();
    if let Some(path) = host.strip_prefix("unix://") {
        let connection = UnixStream::connect(path).await.with_context(|| format!("connecting to {path}"))?;
        serve(offered(connection, id).await?, answers, closed.clone());
    } else if let Some(address) = host.strip_prefix("tcp://").filter(|_| !wants_tls()) {
        let connection = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        serve(offered(connection, id).await?, answers, closed.clone());
    } else {
        bail!("secrets of a build need an engine on this machine's socket, or without TLS; this one is at {host}");
    }
    Ok(Session { _open: closed.drop_guard() })
}

fn wants_tls() -> bool {
    std::env::var_os("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty())
}

/// Offers the connection to the Engine; what follows the head of its answer are its calls.
async fn offered<C: AsyncRead + AsyncWrite + Unpin>(mut connection: C, id: &str) -> anyhow::Result<C> {
    let method = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
    let request = format!(
        "POST /session HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\
         X-Docker-Expose-Session-Uuid: {id}\r\nX-Docker-Expose-Session-Grpc-Method: {method}\r\n\r\n"
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
        .add_service(SecretsServer::new(answers))
        .serve_with_incoming_shutdown(incoming, closed.cancelled_owned());
    tokio::spawn(serving.map(|ended| {
        if let Err(error) = ended {
            tracing::debug!(%error, "a build's session did not end well");
        }
    }));
}

/// What the builder may ask for.
struct Answers {
    secrets: Arc<BTreeMap<String, Secret>>,
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
