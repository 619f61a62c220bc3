//! Images that are on this host, and images fetched from a registry.

use super::{said, status};
use crate::engine::{ImageError, ImageFacts};
use crate::setup_log::SetupLog;
use anyhow::Context;
use bollard::Docker;
use bollard::errors::Error as BollardError;
use bollard::models::{CreateImageInfo, ImageInspect};
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures::StreamExt;
use std::collections::BTreeMap;

/// What registries and the Engine say when a reference names nothing that may be had.
const REFUSALS: [&str; 9] = [
    "manifest unknown",
    "manifest for",
    "no matching manifest",
    "not found",
    "does not exist",
    "access denied",
    "unauthorized",
    "denied:",
    "invalid reference format",
];
/// Words for a layer that are progress bars or noise.
const BARS: [&str; 6] = ["Downloading", "Extracting", "Waiting", "Pulling fs layer", "Verifying Checksum", "Retrying"];

/// What the Engine knows of an image; none when it is not here.
pub(super) async fn inspect(api: &Docker, reference: &str) -> anyhow::Result<Option<ImageFacts>> {
    match api.inspect_image(reference).await {
        Ok(image) => Ok(Some(facts(image))),
        // What is no reference names no image; the registry's answer says more.
        Err(error) if matches!(status(&error), Some(400 | 404)) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("looking for the image {reference}")),
    }
}

fn facts(image: ImageInspect) -> ImageFacts {
    let config = image.config.unwrap_or_default();
    let pair = |text: &String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    ImageFacts {
        id: image.id.unwrap_or_default(),
        user: config.user.unwrap_or_default(),
        env: config.env.unwrap_or_default().iter().filter_map(pair).collect(),
        entrypoint: config.entrypoint.unwrap_or_default(),
        command: config.cmd.unwrap_or_default(),
        working_directory: config.working_dir.unwrap_or_default(),
        labels: config.labels.unwrap_or_default().into_iter().collect::<BTreeMap<_, _>>(),
    }
}

/// Fetches an image and says so in the log.
pub(super) async fn pull(api: &Docker, reference: &str, log: &SetupLog) -> Result<ImageFacts, ImageError> {
    log.note(&format!("pulling {reference}"));
    let options = CreateImageOptionsBuilder::default().from_image(reference).build();
    let mut answers = api.create_image(Some(options), None, None).boxed();
    while let Some(answer) = answers.next().await {
        let answer = answer.map_err(|error| pull_failure(reference, error))?;
        if let Some(line) = progress(&answer) {
            log.note(&line);
        }
    }
    let image = inspect(api, reference).await.map_err(ImageError::Engine)?;
    image.ok_or_else(|| ImageError::Engine(anyhow::anyhow!("the image {reference} was pulled and is not there")))
}

fn progress(answer: &CreateImageInfo) -> Option<String> {
    let status = answer.status.as_deref().filter(|status| !BARS.iter().any(|bar| status.starts_with(bar)))?;
    Some(match &answer.id {
        Some(layer) => format!("{layer}: {status}"),
        None => status.to_owned(),
    })
}

fn pull_failure(reference: &str, error: BollardError) -> ImageError {
    if let Some(reason) = refusal(&error) {
        return ImageError::User(format!("the image {reference} cannot be pulled: {reason}"));
    }
    ImageError::Engine(anyhow::Error::new(error).context(format!("pulling {reference}")))
}

/// What was said, when it says that the reference is at fault and not the way to the registry.
fn refusal(error: &BollardError) -> Option<&str> {
    let (status, said) = said(error)?;
    let refused = matches!(status, Some(400 | 401 | 403 | 404));
    let known = REFUSALS.iter().any(|refusal| said.contains(refusal)) && !said.contains("dial tcp");
    (refused || known).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_users(error: BollardError) -> bool {
        matches!(pull_failure("debian:none", error), ImageError::User(_))
    }

    fn answered(status_code: u16, message: &str) -> BollardError {
        BollardError::DockerResponseServerError { status_code, message: message.to_owned() }
    }

    #[test]
    fn a_reference_to_nothing_is_the_users_failure() {
        assert!(is_users(answered(404, "manifest for debian:none not found: manifest unknown")));
        assert!(is_users(answered(400, "invalid reference format")));
        assert!(is_users(BollardError::DockerStreamError { error: "pull access denied for ghost".to_owned() }));
    }

    #[test]
    fn a_registry_out_of_reach_is_ours() {
        let unreachable =
            "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: host not found";
        assert!(!is_users(answered(500, unreachable)));
        assert!(!is_users(answered(500, "toomanyrequests: slow down")));
        assert!(!is_users(BollardError::RequestTimeoutError));
    }
}
