//! `sidings image show`, `diff` and `sbom`: what is in images of the local engine, in files that were saved, or in what
//! runners built, as the controller knows it.

use super::packages;
use crate::args::{DiffImagesArgs, Remote, SbomArgs, SbomFormat, ShowImageArgs, TraceArgs, image_key};
use crate::client::Client;
use crate::commands::output::{print, print_as};
use crate::exit::{Exit, Refusal};
use sidings_inventory::{Bounds, Failed, Inventory, cyclonedx, diff as difference, inventory, spdx};
use sidings_runner::engine::docker::save::save;
use std::fs::File;
use std::path::Path;

pub(super) async fn show(args: ShowImageArgs) -> anyhow::Result<Exit> {
    let inventory = read(&args.image, &args.trace, &args.remote).await?;
    print_as(args.json, &inventory, packages::shown)
}

pub(super) async fn diff(args: DiffImagesArgs) -> anyhow::Result<Exit> {
    let trace = TraceArgs { dockerfile: None, target: None };
    let (before, after) =
        (read(&args.before, &trace, &args.remote).await?, read(&args.after, &trace, &args.remote).await?);
    let difference = difference(&before, &after);
    print_as(args.json, &difference, packages::compared)
}

pub(super) async fn sbom(args: SbomArgs) -> anyhow::Result<Exit> {
    let inventory = read(&args.image, &args.trace, &args.remote).await?;
    let document = match args.format {
        SbomFormat::Cyclonedx => cyclonedx(&inventory),
        SbomFormat::Spdx => spdx(&inventory),
    };
    for remark in &inventory.remarks {
        anstream::eprintln!("note: {}", packages::remark(remark));
    }
    print(&crate::client::pretty(&document)?)?;
    Ok(Exit::Passed)
}

pub(super) async fn read(image: &str, trace: &TraceArgs, remote: &Remote) -> anyhow::Result<Inventory> {
    let dockerfile = trace.dockerfile.as_deref().map(text).transpose()?;
    let mut read = match image.strip_prefix("key:") {
        Some(key) => Client::new(remote)?.inventory(&image_key(key).map_err(Refusal::usage)?).await?,
        None => read_here(image).await?,
    };
    if let Some(dockerfile) = dockerfile.or_else(|| read.image.dockerfile.clone()) {
        read.trace(&dockerfile, trace.target.as_deref());
    }
    Ok(read)
}

async fn read_here(image: &str) -> anyhow::Result<Inventory> {
    let read = match image.ends_with(".tar") {
        true => saved(Path::new(image))?,
        false => engine(image).await?,
    };
    read.map_err(|error| refused(image, error))
}

fn text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).map_err(|error| Refusal::usage(format!("{}: {error}", path.display())))
}

fn saved(path: &Path) -> anyhow::Result<Result<Inventory, Failed>> {
    let file = File::open(path).map_err(|error| Refusal::usage(format!("{}: {error}", path.display())))?;
    Ok(inventory(file, Bounds::default()))
}

async fn engine(image: &str) -> anyhow::Result<Result<Inventory, Failed>> {
    let read = save(image, |saved| inventory(saved, Bounds::default())).await;
    let read = read.map_err(|error| Refusal::unreachable(format!("{error:#}")))?;
    read.ok_or_else(|| Refusal::usage(format!("the engine has no image {image}")))
}

/// An image that cannot be read is its maker's fault; a stream that breaks is not.
fn refused(image: &str, error: Failed) -> anyhow::Error {
    let error = anyhow::Error::new(error).context(format!("the image {image}"));
    match error.downcast_ref::<Failed>() {
        Some(Failed::Read(_)) | None => error,
        Some(Failed::NotAnImage(_) | Failed::Layer { .. }) => Refusal::usage(format!("{error:#}")),
    }
}
