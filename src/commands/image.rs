//! `sidings image`: the images that jobs run in.

mod audit;
mod built;
mod contents;
mod findings;
mod key;
mod packages;
mod tell;
mod tree;

use crate::args::{ImageArgs, ImageCommand};
use crate::exit::Exit;

pub(super) async fn image(args: ImageArgs) -> anyhow::Result<Exit> {
    match args.command {
        ImageCommand::Key(args) => key::key(args).await,
        ImageCommand::Show(args) => contents::show(args).await,
        ImageCommand::Diff(args) => contents::diff(args).await,
        ImageCommand::Sbom(args) => contents::sbom(args).await,
        ImageCommand::List(args) => built::list(args).await,
        ImageCommand::Find(args) => built::find(args).await,
        ImageCommand::Audit(args) => audit::audit(args).await,
    }
}
