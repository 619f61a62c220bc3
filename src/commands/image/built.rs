//! `sidings image list` and `find`: the images that runners built, as the controller knows them.

use crate::args::{FindPackageArgs, ListImagesArgs};
use crate::client::Client;
use crate::commands::output::print_as;
use crate::exit::Exit;
use crate::reference;
use crate::render::{built, duration};

pub(super) async fn list(args: ListImagesArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let images = client.images(args.project.as_deref()).await?;
    if let Some(project) = args.project.as_ref().filter(|_| images.images.is_empty()) {
        reference::known(&client, project).await?;
    }
    print_as(args.json, &images, |images| built::images(images, duration::now()))
}

pub(super) async fn find(args: FindPackageArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let found = client.packages(&args.name, args.version.as_deref(), args.project.as_deref()).await?;
    let nobody = found.packages.is_empty();
    if let Some(project) = args.project.as_ref().filter(|_| nobody) {
        reference::known(&client, project).await?;
    }
    print_as(args.json, &found, |found| built::packages(found, &args.name, duration::now()))?;
    Ok(if nobody { Exit::Failed } else { Exit::Passed })
}
