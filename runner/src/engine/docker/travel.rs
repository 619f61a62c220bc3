//! Images on their way to other hosts and from them: saved, loaded, named, pushed.

use super::answers::to_their_end;
use super::{fetch, image, status};
use crate::registry::{Reference, Registries};
use anyhow::{Context, ensure};
use bollard::Docker;
use bollard::query_parameters::{
    ImportImageOptionsBuilder, ListImagesOptionsBuilder, PushImageOptionsBuilder, RemoveImageOptionsBuilder,
    TagImageOptionsBuilder,
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use std::collections::HashMap;
use std::io;
use tokio::sync::mpsc;

/// Passes the saved image on as it comes; a reader that hangs up has seen enough.
pub(super) async fn save(api: &Docker, image: &str, into: mpsc::Sender<Bytes>) -> anyhow::Result<()> {
    let mut pieces = api.export_image(image).boxed();
    while let Some(piece) = pieces.next().await {
        if into.send(piece.context("saving an image")?).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Gives the Engine a saved image. An error among the pieces is one of the call.
pub(super) async fn load(api: &Docker, tar: mpsc::Receiver<io::Result<Bytes>>) -> anyhow::Result<()> {
    let pieces = stream::unfold(tar, |mut tar| async { Some((tar.recv().await?, tar)) });
    let options = ImportImageOptionsBuilder::default().quiet(true).build();
    let mut answers = to_their_end(api.import_image_stream(options, pieces, None)).boxed();
    while let Some(answer) = answers.next().await {
        answer.context("loading an image")?;
    }
    Ok(())
}

/// The layers of each image that carries a label.
pub(super) async fn layers_of(api: &Docker, label: &str) -> anyhow::Result<Vec<Vec<String>>> {
    let filters = HashMap::from([("label", vec![label])]);
    let options = ListImagesOptionsBuilder::default().filters(&filters).build();
    let mut all = Vec::new();
    for found in api.list_images(Some(options)).await.context("listing images")? {
        // One that went meanwhile has no layers any more.
        all.extend(image::inspect(api, &found.id).await?.map(|facts| facts.layers));
    }
    Ok(all)
}

/// Gives an image a name.
pub(super) async fn tag(api: &Docker, image: &str, name: &str) -> anyhow::Result<()> {
    let Reference { host: _, path: _, tag, digest } = Reference::of(name);
    ensure!(digest.is_none() && !tag.is_empty(), "{name} is no name for an image");
    let repository = name.strip_suffix(&format!(":{tag}")).unwrap_or(name);
    let options = TagImageOptionsBuilder::default().repo(repository).tag(&tag).build();
    api.tag_image(image, Some(options)).await.with_context(|| format!("calling an image {name}"))
}

/// Puts an image into a registry and gives the digest that it has there. Here it is not called so afterwards.
pub(super) async fn push(api: &Docker, registries: &Registries, image: &str, name: &str) -> anyhow::Result<String> {
    tag(api, image, name).await?;
    let pushed = push_named(api, registries, name).await;
    let options = RemoveImageOptionsBuilder::default().noprune(true).build();
    match api.remove_image(name, Some(options), None).await {
        Ok(_) => {}
        Err(error) if matches!(status(&error), Some(404 | 409)) => {}
        Err(error) => return Err(error).with_context(|| format!("taking the name {name} away")),
    }
    pushed
}

async fn push_named(api: &Docker, registries: &Registries, name: &str) -> anyhow::Result<String> {
    let named = Reference::of(name);
    let repository = name.strip_suffix(&format!(":{}", named.tag)).unwrap_or(name);
    let (credentials, finder) = fetch::credentials(registries, &named.host).await?;
    let options = PushImageOptionsBuilder::default().tag(&named.tag).build();
    let mut answers = to_their_end(api.push_image(repository, Some(options), credentials)).boxed();
    let mut digest = None;
    while let Some(answer) = answers.next().await {
        let shown = |error: bollard::errors::Error| match &finder {
            Some(finder) => anyhow::anyhow!(finder.masked(&error.to_string())),
            None => anyhow::Error::new(error),
        };
        let said = answer.map_err(shown).with_context(|| format!("pushing {name}"))?.status.unwrap_or_default();
        let words = said.split_whitespace().skip_while(|word| *word != "digest:").nth(1);
        digest = words.map(str::to_owned).or(digest);
    }
    digest.with_context(|| format!("the Engine does not say the digest of {name}"))
}
