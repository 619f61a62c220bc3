//! Which digest a reference has now: asked of the registry by the Engine, so that its own registries, mirrors and
//! certificates count, with this host's credentials.

use super::{fetch, image, said, status};
use crate::registry::{Reference, Registries};
use anyhow::Context;
use bollard::Docker;
use bollard::errors::Error as BollardError;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// For one registry; the Engine itself waits for long.
const PATIENCE: Duration = Duration::from_secs(120);
/// For an Engine that may not be there.
const FIRST_ANSWER: Duration = Duration::from_secs(10);

/// Why a reference has no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// The registry answered, and has no such image for us. In its own words.
    #[error("{0}")]
    NotThere(String),
    /// The registry, or the Engine, gave no such answer.
    #[error("{0}")]
    Unanswered(String),
    /// An image of that name is on the Engine's host, and in no registry that answers.
    #[error("an image of that name is on this engine, and in no registry that answers: {0}")]
    OnHostOnly(String),
}

/// The digests of references, as the Engine finds them that `DOCKER_HOST` names, else the one on this host.
///
/// # Errors
/// The Engine cannot be reached.
pub async fn resolve(
    registries: &Registries,
    references: &BTreeSet<String>,
) -> anyhow::Result<BTreeMap<String, Result<String, Unresolved>>> {
    let api = Docker::connect_with_defaults().context("connecting to the Docker Engine")?;
    let negotiated = tokio::time::timeout(FIRST_ANSWER, api.negotiate_version()).await;
    let api =
        negotiated.context("waiting for the Docker Engine")?.context("asking the Docker Engine for its version")?;
    let mut found = BTreeMap::new();
    for reference in references {
        let digest = match digest(&api, registries, reference).await {
            Err(Unresolved::NotThere(said) | Unresolved::Unanswered(said)) if here(&api, reference).await? => {
                Err(Unresolved::OnHostOnly(said))
            }
            digest => digest,
        };
        found.insert(reference.clone(), digest);
    }
    Ok(found)
}

async fn here(api: &Docker, reference: &str) -> anyhow::Result<bool> {
    Ok(image::inspect(api, reference).await?.is_some())
}

/// The digest of one reference, from the first of its mirrors that says it, else from its own registry.
pub(super) async fn digest(api: &Docker, registries: &Registries, reference: &str) -> Result<String, Unresolved> {
    let named = Reference::of(reference);
    for mirrored in registries.mirrored(&named) {
        if let Ok(digest) = one(api, registries, &mirrored).await {
            return Ok(digest);
        }
    }
    one(api, registries, &named).await
}

async fn one(api: &Docker, registries: &Registries, named: &Reference) -> Result<String, Unresolved> {
    let unanswered = |error: anyhow::Error| Unresolved::Unanswered(format!("{error:#}"));
    let (credentials, finder) = fetch::credentials(registries, &named.host).await.map_err(unanswered)?;
    let shown = |text: &str| finder.as_ref().map_or_else(|| text.to_owned(), |finder| finder.masked(text));
    let asked = named.to_string();
    let asking = api.inspect_registry_image(&asked, credentials);
    let answer = tokio::time::timeout(PATIENCE, asking).await.map_err(|_| {
        Unresolved::Unanswered(format!("{} did not answer within {} s", named.host, PATIENCE.as_secs()))
    })?;
    let digest = answer.map_err(|error| refused(&error, &shown))?.descriptor.digest;
    digest.ok_or_else(|| Unresolved::Unanswered(format!("{} told no digest", named.host)))
}

fn refused(error: &BollardError, shown: &dyn Fn(&str) -> String) -> Unresolved {
    match image::refusal(error) {
        Some(words) => Unresolved::NotThere(shown(words)),
        None => {
            let words = said(error).map(|(_, words)| words.to_owned());
            let words = words.unwrap_or_else(|| match status(error) {
                Some(code) => format!("the engine answered {code}"),
                None => error.to_string(),
            });
            Unresolved::Unanswered(shown(&words))
        }
    }
}
