//! `sidings up`: a controller and a runner in one process.

use super::controller::{died, give_secrets, greet, start};
use super::runner::{config, until_told};
use crate::args::{StoreChoice, UpArgs};
use crate::exit::Exit;
use crate::folders;
use crate::signals::Signals;
use sidings_runner::{Config, Shutdown};

pub(super) async fn up(args: UpArgs) -> anyhow::Result<Exit> {
    let mut signals = Signals::listen()?;
    let (authorities, registries) = (args.reach.authorities()?, args.reach.registry.registries()?);
    let controller = start(&args.data, &args.listen, StoreChoice::Sqlite).await?;
    if let Some(file) = &args.secrets.secrets_file {
        give_secrets(&controller, crate::secrets_file::read(file)?).await?;
    }
    greet(&controller);
    let data = folders::data(args.data.data)?.join("runner");
    folders::make_private(&data)?;
    // A controller that just made its first token is a new one, and knows no runner.
    let enrolled = sidings_runner::is_enrolled(&data) && controller.first_api_token().is_none();
    let token = if enrolled { None } else { Some(controller.registration_token("up").await?) };
    let here = format!("http://{}", controller.addr());
    let config = Config {
        labels: args.stay.labels.into_iter().collect(),
        least_free_bytes: args.stay.least_free.bytes(),
        cleaning: Some(args.stay.cleaning.marks(args.stay.least_free)?),
        authorities,
        registries,
        ..config(&args.capacity, data, here, token)
    };
    anstream::println!("runner:     {} with {} slots", config.name, config.slots);
    anstream::println!("next:       sidings submit -f    (Ctrl-C here drains, twice stops)");

    let shutdown = Shutdown::default();
    let works = sidings_runner::run(config, shutdown.clone());
    let ended = tokio::select! {
        ended = until_told(works, &mut signals, &shutdown) => ended.map(|_| Exit::Passed),
        () = controller.failed() => Err(died()),
    };
    controller.shutdown().await?;
    ended
}
