//! `sidings image`: the images that jobs run in.

mod key;
mod tell;
mod tree;

use crate::args::{ImageArgs, ImageCommand};
use crate::exit::Exit;

pub(super) async fn image(args: ImageArgs) -> anyhow::Result<Exit> {
    match args.command {
        ImageCommand::Key(args) => key::key(args).await,
    }
}
