//! Images that are to be had by their names: from this host, else from a mirror, else from their own registry. Whatever
//! gave it, an image is known by its own name afterwards. Where that has a digest, no other name can be given to it: it
//! is found again by the mirror's.

use super::{image, status};
use crate::engine::{ImageError, ImageFacts};
use crate::registry::{Credentials, Reference, Registries};
use crate::setup_log::SetupLog;
use anyhow::Context;
use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::query_parameters::{RemoveImageOptionsBuilder, TagImageOptionsBuilder};
use sidings_mask::Finder;
use sidings_proto::Secret;

/// What is on this host of a reference.
pub(super) async fn find(api: &Docker, registries: &Registries, reference: &str) -> anyhow::Result<Option<ImageFacts>> {
    let named = Reference::of(reference);
    let own = image::inspect(api, reference).await?;
    if own.is_some() || named.digest.is_none() {
        return Ok(own.map(|facts| of_its_registries(facts, registries, &named)));
    }
    for mirrored in registries.mirrored(&named) {
        if let Some(found) = image::inspect(api, &mirrored.to_string()).await? {
            return Ok(Some(of_its_registries(found, registries, &named)));
        }
    }
    Ok(None)
}

/// An image may have been pushed anywhere: what it is called there says nothing of this reference.
pub(super) fn of_its_registries(facts: ImageFacts, registries: &Registries, named: &Reference) -> ImageFacts {
    let mirrored = registries.mirrored(named);
    let own = |known: &String| {
        let repository = Reference::of(known).repository();
        std::iter::once(named).chain(&mirrored).any(|named| named.repository() == repository)
    };
    ImageFacts { digests: facts.digests.iter().filter(|known| own(known)).cloned().collect(), ..facts }
}

/// Fetches an image and says so in the log. A mirror that does not give it is no failure.
pub(super) async fn fetch(
    api: &Docker,
    registries: &Registries,
    reference: &str,
    log: &SetupLog,
) -> Result<ImageFacts, ImageError> {
    let named = Reference::of(reference);
    for mirrored in registries.mirrored(&named) {
        log.note(&format!("pulling {reference} from the mirror {}", mirrored.host));
        match from_mirror(api, registries, &named, &mirrored, log).await {
            Ok(facts) => return Ok(of_its_registries(facts, registries, &named)),
            Err(error) => log.note(&format!("the mirror {} does not give it: {}", mirrored.host, said(&error))),
        }
    }
    log.note(&format!("pulling {reference}"));
    let facts = one(api, registries, (reference, &named), log).await?;
    Ok(of_its_registries(facts, registries, &named))
}

async fn from_mirror(
    api: &Docker,
    registries: &Registries,
    named: &Reference,
    mirrored: &Reference,
    log: &SetupLog,
) -> Result<ImageFacts, ImageError> {
    let facts = one(api, registries, (&mirrored.to_string(), mirrored), log).await?;
    if named.digest.is_none() {
        call_by_its_own_name(api, named, mirrored).await.map_err(ImageError::Engine)?;
    }
    Ok(facts)
}

/// The mirror's name is taken away again, lest it keep an image that is otherwise gone.
async fn call_by_its_own_name(api: &Docker, named: &Reference, mirrored: &Reference) -> anyhow::Result<()> {
    let mirrored = mirrored.to_string();
    let options = TagImageOptionsBuilder::default().repo(&named.repository()).tag(&named.tag).build();
    api.tag_image(&mirrored, Some(options)).await.with_context(|| format!("calling {mirrored} {named}"))?;
    let options = RemoveImageOptionsBuilder::default().noprune(true).build();
    match api.remove_image(&mirrored, Some(options), None).await {
        Ok(_) => Ok(()),
        // Another job has done so.
        Err(error) if matches!(status(&error), Some(404 | 409)) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("taking the name {mirrored} away")),
    }
}

/// Fetches from one registry, with what opens it; nothing of that is seen in what is said.
async fn one(
    api: &Docker,
    registries: &Registries,
    (reference, named): (&str, &Reference),
    log: &SetupLog,
) -> Result<ImageFacts, ImageError> {
    let credentials = known(registries, &named.host, log).await;
    let finder = credentials.as_ref().and_then(Credentials::finder);
    let shown = |text: &str| finder.as_ref().map_or_else(|| text.to_owned(), |finder| finder.masked(text));
    // Without a tag the Engine would fetch all of them.
    let whole = if named.digest.is_some() { reference.to_owned() } else { named.to_string() };
    let credentials = credentials.map(|found| of_engine(found, &named.host));
    let pulled = image::pull(api, (reference, &whole), credentials, |line| log.note(&shown(line))).await;
    pulled.map_err(|error| masked(error, finder.as_ref()))
}

/// What opens a registry, as the Engine is told, and what finds it in a text.
pub(super) async fn credentials(
    registries: &Registries,
    host: &str,
) -> anyhow::Result<(Option<DockerCredentials>, Option<Finder>)> {
    let found = registries.credentials(host).await.with_context(|| format!("finding credentials for {host}"))?;
    let finder = found.as_ref().and_then(Credentials::finder);
    Ok((found.map(|found| of_engine(found, host)), finder))
}

/// A public image needs no credentials: that they cannot be had is said, and the registry is asked without.
async fn known(registries: &Registries, host: &str, log: &SetupLog) -> Option<Credentials> {
    registries.credentials(host).await.unwrap_or_else(|error| {
        log.note(&format!("no credentials for {host}: {error:#}"));
        None
    })
}

fn of_engine(credentials: Credentials, host: &str) -> DockerCredentials {
    let exposed = |secret: Option<Secret>| secret.map(|secret| secret.expose().to_owned());
    DockerCredentials {
        username: Some(credentials.username).filter(|name| !name.is_empty()),
        password: exposed(credentials.password),
        serveraddress: Some(host.to_owned()),
        identitytoken: exposed(credentials.identity_token),
        registrytoken: exposed(credentials.registry_token),
        ..DockerCredentials::default()
    }
}

fn masked(error: ImageError, finder: Option<&Finder>) -> ImageError {
    let Some(finder) = finder else { return error };
    match error {
        ImageError::User(message) => ImageError::User(finder.masked(&message)),
        ImageError::Engine(error) => ImageError::Engine(anyhow::anyhow!(finder.masked(&format!("{error:#}")))),
    }
}

fn said(error: &ImageError) -> String {
    match error {
        ImageError::User(message) => message.clone(),
        ImageError::Engine(error) => format!("{error:#}"),
    }
}
