//! A BuildKit session that gives a build its secrets from memory, and the builder what opens registries.
//!
//! The builder asks over a connection that it was offered by `POST /session`, on which the roles are then turned round:
//! the Engine calls, this side answers. bollard opens such a session for every build, without secrets and with the same
//! id; the first one of an id counts, the Engine refuses the second, and bollard goes on without it.

use super::upgrade::{self, Upgraded};
use crate::registry::{Credentials, Registries};
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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status, async_trait};

const METHODS: [&str; 2] = ["/moby.buildkit.secrets.v1.Secrets/GetSecret", "/moby.filesync.v1.Auth/Credentials"];

/// What a session is needed for.
const NEEDS: &str = "secrets of a build, certificates for it and credentials";

/// An open session; it ends when this is dropped.
pub(super) struct Session {
    _open: DropGuard,
}

/// Opens a session of this id, which is then the one that a build of this id finds.
pub(super) async fn open(id: &str, answers: Answers) -> anyhow::Result<Session> {
    let closed = CancellationToken::new();
    let asked = format!(
        "POST /session HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\
         X-Docker-Expose-Session-Uuid: {id}\r\n{}\r\n",
        METHODS.map(|method| format!("X-Docker-Expose-Session-Grpc-Method: {method}\r\n")).concat()
    );
    // What follows the head of the Engine's answer are its calls.
    match upgrade::upgraded(NEEDS, "a session", &asked).await? {
        Upgraded::Unix(connection) => serve(connection, answers, closed.clone()),
        Upgraded::Tcp(connection) => serve(connection, answers, closed.clone()),
    }
    Ok(Session { _open: closed.drop_guard() })
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
