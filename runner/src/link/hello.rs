//! Who the runner is, and how it says so.

use super::back_off::BackOff;
use super::client::{CallError, Client};
use crate::Shutdown;
use crate::data_folder::{DataFolder, Identity};
use anyhow::Context;
use secrecy::SecretString;
use sidings_proto::RunnerId;
use sidings_proto::runner::{Hello, Register, Registered};

/// The runner has no identity, and no token that gives it one: whoever started it has to do something.
#[derive(Debug, thiserror::Error)]
#[error("{0}: give it a registration token, made by `sidings token create --kind registration NAME` at its controller")]
pub struct NotEnrolled(String);

/// A life of the runner, and the token that opens its calls.
#[derive(Clone, Debug)]
pub(super) struct Greeting {
    pub(super) token: SecretString,
    pub(super) hello: Hello,
}

/// Says hello once.
pub(super) async fn greet(client: &Client, greeting: &Greeting) -> Result<RunnerId, CallError> {
    client.hello(&greeting.token, &greeting.hello).await.map(|welcome| welcome.runner)
}

/// Says hello until the controller answers. `None`: told to stop first.
pub(super) async fn greet_until_heard(
    client: &Client,
    greeting: &Greeting,
    shutdown: &Shutdown,
) -> Result<Option<RunnerId>, CallError> {
    until_heard(shutdown, "say hello to the controller", || greet(client, greeting)).await
}

/// The identity that is kept, else a new one. `None`: told to stop first.
pub(crate) async fn identity(
    client: &Client,
    data: &DataFolder,
    name: &str,
    registration_token: Option<&SecretString>,
    shutdown: &Shutdown,
) -> anyhow::Result<Option<Identity>> {
    if let Some(identity) = data.identity()? {
        return Ok(Some(identity));
    }
    let Some(token) = registration_token else {
        return Err(NotEnrolled("this runner is not enrolled".to_owned()).into());
    };
    let body = Register { name: name.to_owned() };
    let registered = until_heard(shutdown, "register with the controller", || client.register(token, &body));
    let registered = match registered.await {
        Err(CallError::Unauthorized(reason)) => {
            return Err(NotEnrolled(format!("the controller refused the token: {reason}")).into());
        }
        outcome => outcome.context("register with the controller")?,
    };
    let Some(Registered { runner, token }) = registered else {
        return Ok(None);
    };
    let identity = Identity { runner, token: token.into() };
    data.keep_identity(&identity)?;
    Ok(Some(identity))
}

async fn until_heard<T, C: Future<Output = Result<T, CallError>>>(
    shutdown: &Shutdown,
    deed: &str,
    call: impl Fn() -> C,
) -> Result<Option<T>, CallError> {
    let mut back_off = BackOff::default();
    loop {
        let called = tokio::select! {
            () = shutdown.wanted() => return Ok(None),
            called = call() => called,
        };
        match called {
            Ok(value) => return Ok(Some(value)),
            Err(CallError::Away(error)) => {
                tracing::warn!(error = format!("{error:#}"), "could not {deed}; trying again");
            }
            Err(error) => return Err(error),
        }
        tokio::select! {
            () = shutdown.wanted() => return Ok(None),
            () = tokio::time::sleep(back_off.next()) => {}
        }
    }
}
