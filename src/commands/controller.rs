//! `sidings controller`: a controller that serves until it is told to stop.

use super::policy;
use crate::args::{ControllerArgs, DataFolder, Listen, StoreChoice};
use crate::exit::{Exit, Refusal};
use crate::folders;
use crate::signals::Signals;
use secrecy::ExposeSecret;
use sidings_controller::{Config, Controller, StoreKind};
use sidings_proto::secret::PutSecret;
use std::time::Duration;

pub(super) async fn controller(args: ControllerArgs) -> anyhow::Result<Exit> {
    let mut signals = Signals::listen()?;
    let controller = start(&args.data, &args.listen, args.store).await?;
    greet(&controller);
    let ended = tokio::select! {
        () = signals.next() => Ok(Exit::Passed),
        () = controller.failed() => Err(died()),
    };
    controller.shutdown().await?;
    ended
}

/// What is told when a part of the controller died; its own log says why.
pub(super) fn died() -> anyhow::Error {
    anyhow::anyhow!("the controller cannot go on; its next start goes on where it stopped")
}

/// Starts a controller in this process.
pub(super) async fn start(data: &DataFolder, listen: &Listen, store: StoreChoice) -> anyhow::Result<Controller> {
    let data = folders::data(data.data.clone())?;
    folders::make_private(&data)?;
    let policy = listen.policy.as_deref().map(policy::of_operator).transpose()?;
    policy::can_be_kept(policy.as_ref(), listen.flaws.as_deref())?;
    sidings_controller::start(Config {
        data_dir: data.join("controller"),
        listen: listen.listen,
        public_url: listen.public_url.clone(),
        store: match store {
            StoreChoice::Sqlite => StoreKind::Sqlite,
            StoreChoice::Memory => StoreKind::Memory,
        },
        api_token: listen.api_token.clone(),
        secrets_key: listen.secrets_key.clone(),
        policy,
        flaws: listen.flaws.clone(),
        webhook_private: listen.webhook_private,
        audit_for: Duration::from_secs(u64::from(listen.audit_days) * 24 * 60 * 60),
    })
    .await
}

/// Keeps secrets that a file named.
pub(super) async fn give_secrets(controller: &Controller, secrets: Vec<PutSecret>) -> anyhow::Result<()> {
    for secret in secrets {
        let name = secret.name.clone();
        let kept = controller.set_secret(secret).await?;
        kept.map_err(|why| Refusal::configuration(format!("the secret {name} is refused: {why}")))?;
    }
    Ok(())
}

/// Says where the controller is, and the token that its first start made: this once, and nowhere else.
pub(super) fn greet(controller: &Controller) {
    if let Some(token) = controller.first_api_token() {
        anstream::println!("This is the API token. It is shown this once; set it where you call `sidings`:\n");
        anstream::println!("    export SIDINGS_TOKEN={}", token.expose_secret());
        if controller.url() != "http://127.0.0.1:7117" {
            anstream::println!("    export SIDINGS_SERVER={}", controller.url());
        }
        anstream::println!();
    }
    anstream::println!("controller: {}", controller.url());
}
