//! Images that are on this host, and the fetching of one from one registry.

use super::answers::to_their_end;
use super::{said, status};
use crate::engine::{ImageError, ImageFacts};
use anyhow::Context;
use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::errors::Error as BollardError;
use bollard::models::{CreateImageInfo, HealthConfig, ImageInspect};
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures::StreamExt;
use sidings_proto::Healthcheck;
use std::collections::BTreeMap;

/// What registries and the Engine say when a reference names nothing that may be had.
const REFUSALS: [&str; 10] = [
    "manifest unknown",
    "manifest for",
    "no matching manifest",
    "not found",
    "does not exist",
    "access denied",
    "unauthorized",
    "no basic auth credentials",
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
        on_build: config.on_build.unwrap_or_default(),
        labels: config.labels.unwrap_or_default().into_iter().collect::<BTreeMap<_, _>>(),
        healthcheck: config.healthcheck.and_then(healthcheck),
        exposed: exposed(config.exposed_ports.unwrap_or_default()),
        bytes: image.size.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default(),
        layers: image.root_fs.and_then(|root| root.layers).unwrap_or_default(),
        digests: image.repo_digests.unwrap_or_default(),
    }
}

/// What Docker takes where an image leaves it open.
const CHECK_EVERY_MS: u64 = 30_000;
const CHECK_RETRIES: u32 = 3;

fn healthcheck(config: HealthConfig) -> Option<Healthcheck> {
    let (form, rest) = config.test?.split_first().map(|(form, rest)| (form.clone(), rest.to_vec()))?;
    let test = match form.as_str() {
        "CMD" => rest,
        "CMD-SHELL" => ["/bin/sh", "-c"].into_iter().map(str::to_owned).chain(rest).collect(),
        "NONE" => Vec::new(),
        _ => return None,
    };
    let ms = |nanos: Option<i64>| nanos.and_then(|nanos| u64::try_from(nanos / 1_000_000).ok()).filter(|ms| *ms > 0);
    Some(Healthcheck {
        test,
        interval_ms: ms(config.interval).unwrap_or(CHECK_EVERY_MS),
        timeout_ms: ms(config.timeout).unwrap_or(CHECK_EVERY_MS),
        start_period_ms: ms(config.start_period).unwrap_or(0),
        retries: config.retries.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(CHECK_RETRIES),
    })
}

/// `5432/tcp`, and `5432` for short.
fn exposed(ports: Vec<String>) -> Vec<u16> {
    let tcp = |port: &String| port.strip_suffix("/tcp").or(Some(port)).and_then(|port| port.parse().ok());
    let mut ports: Vec<u16> = ports.iter().filter_map(tcp).collect();
    ports.sort_unstable();
    ports
}

/// Fetches an image by its whole name; what is said meanwhile goes to `say`. A failure calls it as the user does.
pub(super) async fn pull(
    api: &Docker,
    (reference, whole): (&str, &str),
    credentials: Option<DockerCredentials>,
    say: impl Fn(&str),
) -> Result<ImageFacts, ImageError> {
    let options = CreateImageOptionsBuilder::default().from_image(whole).build();
    let mut answers = to_their_end(api.create_image(Some(options), None, credentials)).boxed();
    while let Some(answer) = answers.next().await {
        let answer = answer.map_err(|error| pull_failure(reference, error))?;
        if let Some(line) = progress(&answer) {
            say(&line);
        }
    }
    let image = inspect(api, whole).await.map_err(ImageError::Engine)?;
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
pub(super) fn refusal(error: &BollardError) -> Option<&str> {
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
    fn the_lowest_tcp_port_is_the_first() {
        let ports = ["8443/tcp", "53/udp", "8080/tcp", "7000"].map(str::to_owned).to_vec();
        assert_eq!(exposed(ports), [7000, 8080, 8443]);
    }

    #[test]
    fn a_healthcheck_has_what_docker_takes_where_it_is_silent() {
        let test = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
        let of = |words: &[&str]| healthcheck(HealthConfig { test: test(words), ..HealthConfig::default() });
        let shell = of(&["CMD-SHELL", "pg_isready || exit 1"]).unwrap();
        assert_eq!(shell.test, ["/bin/sh", "-c", "pg_isready || exit 1"]);
        assert_eq!((shell.interval_ms, shell.timeout_ms, shell.start_period_ms, shell.retries), (30_000, 30_000, 0, 3));
        assert_eq!(of(&["CMD", "redis-cli", "ping"]).unwrap().test, ["redis-cli", "ping"]);
        assert_eq!(of(&["NONE"]).unwrap().test, Vec::<String>::new());
        assert_eq!(of(&[]), None, "as the image below it");
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
