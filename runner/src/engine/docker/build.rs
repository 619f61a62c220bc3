//! Builds: by BuildKit with a session, or by the classic builder where the Engine has no other. What the builder says
//! becomes lines of the log as it comes, and its last words the failure.

use super::answers::to_their_end;
use super::blame::{self, Place};
use super::progress::{Line, Progress};
use super::{image, said, session};
use crate::engine::{Build, BuildCache, ImageError, ImageFacts};
use crate::registry::Registries;
use crate::setup_log::SetupLog;
use anyhow::{Context, anyhow};
use bollard::errors::Error as BollardError;
use bollard::models::{BuildInfo, BuildInfoAux, SystemVersion};
use bollard::query_parameters::{BuildImageOptions, BuildImageOptionsBuilder, BuilderVersion};
use bollard::{Docker, body_try_stream};
use futures::StreamExt;
use std::collections::HashMap;
use std::time::Duration;
use tokio_util::io::ReaderStream;

/// The Engine may read the whole context before it answers.
const ANSWER_WITHIN: Duration = Duration::from_secs(3600);
/// The first API version of an Engine whose BuildKit is not an experiment.
const BUILDKIT_SINCE: (u32, u32) = (1, 39);
/// The first API version of an Engine whose own frontend reads `RUN --mount`.
const MOUNTS_SINCE: (u32, u32) = (1, 41);
/// What goes wrong on the host rather than in a Dockerfile.
const HOST_TROUBLE: [&str; 5] =
    ["no space left on device", "context canceled", "code = Unavailable", "dial tcp", "i/o timeout"];

/// The classic builder has no way to give a secret that it would not keep.
const NO_SECRETS: &str = "secrets of a build need BuildKit, which this engine has not, or was told not to use";

/// Whether the Engine has a BuildKit of its own. Podman speaks the same API without one.
pub(super) fn has_buildkit(version: &SystemVersion) -> bool {
    let podman = version.components.iter().flatten().any(|part| part.name.contains("Podman"));
    !podman && version.os.as_deref() == Some("linux") && api(version).is_some_and(|api| api >= BUILDKIT_SINCE)
}

/// Whether its BuildKit reads `RUN --mount` by itself.
pub(super) fn reads_mounts(version: &SystemVersion) -> bool {
    api(version).is_some_and(|api| api >= MOUNTS_SINCE)
}

fn api(version: &SystemVersion) -> Option<(u32, u32)> {
    let (major, minor) = version.api_version.as_deref()?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Builds and tags an image.
pub(super) async fn build(
    api: &Docker,
    registries: &Registries,
    buildkit: bool,
    build: Build,
    log: &SetupLog,
) -> Result<ImageFacts, ImageError> {
    if !buildkit {
        log.note("built by the classic builder: this engine has no BuildKit, or was told not to use it");
    }
    let tag = build.tag.clone();
    run(api, registries, buildkit, build, log).await?;
    let image = image::inspect(api, &tag).await.map_err(ImageError::Engine)?;
    image.ok_or_else(|| ImageError::Engine(anyhow!("the image {tag} was built and is not there")))
}

async fn run(
    api: &Docker,
    registries: &Registries,
    buildkit: bool,
    build: Build,
    log: &SetupLog,
) -> Result<(), ImageError> {
    let api = api.clone().with_timeout(ANSWER_WITHIN);
    let session = uuid::Uuid::new_v4().simple().to_string();
    let _open = open_session(&session, registries, buildkit, &build, log).await?;
    let context = tokio::fs::File::open(&build.context).await.context("opening the build context");
    let context = body_try_stream(ReaderStream::new(context.map_err(ImageError::Engine)?));
    let answers = api.build_image(options(&build, buildkit, &session), None, Some(context));
    let mut answers = to_their_end(answers).boxed();
    let mut progress = Progress::default();
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(answer) => write(log, &build, take(&mut progress, answer)),
            Err(error) => {
                write(log, &build, progress.rest());
                return Err(failure(&build, &progress, error));
            }
        }
    }
    write(log, &build, progress.rest());
    Ok(())
}

/// What the builder may ask for while it builds: the build's secrets, which it cannot do without, and credentials, which
/// most builds do without, since what they begin from is fetched before.
async fn open_session(
    id: &str,
    registries: &Registries,
    buildkit: bool,
    build: &Build,
    log: &SetupLog,
) -> Result<Option<session::Session>, ImageError> {
    let open = || session::open(id, session::Answers::new(build.secrets.clone(), registries.clone()));
    match (build.secrets.is_empty(), buildkit) {
        (true, true) if registries.credentials.is_some() => {
            let opened = open().await;
            let unopened = |error: &anyhow::Error| log.note(&format!("the builder has no credentials: {error:#}"));
            Ok(opened.inspect_err(unopened).ok())
        }
        (true, _) => Ok(None),
        (false, true) => open().await.context("giving a build its secrets").map(Some).map_err(ImageError::Engine),
        (false, false) => Err(ImageError::User(NO_SECRETS.to_owned())),
    }
}

fn options(build: &Build, buildkit: bool, session: &str) -> BuildImageOptions {
    let args: HashMap<String, String> = build.args.clone().into_iter().collect();
    let labels: HashMap<String, String> = build.labels.clone().into_iter().collect();
    let options = BuildImageOptionsBuilder::default()
        .dockerfile(&build.dockerfile)
        .t(&build.tag)
        .buildargs(&args)
        .labels(&labels)
        .target(build.target.as_deref().unwrap_or_default())
        .nocache(build.cache.unused)
        .rm(true)
        .forcerm(true);
    if !buildkit {
        return options.version(BuilderVersion::BuilderV1).build();
    }
    let args = with_inline_cache(&build.cache, args);
    let options = options.buildargs(&args).cachefrom(&build.cache.from);
    options.platform(&build.platform).version(BuilderVersion::BuilderBuildKit).session(session).build()
}

/// BuildKit takes the wish as an argument, which no instruction sees unless it takes it up.
fn with_inline_cache(cache: &BuildCache, mut args: HashMap<String, String>) -> HashMap<String, String> {
    if cache.inline {
        args.entry("BUILDKIT_INLINE_CACHE".to_owned()).or_insert_with(|| "1".to_owned());
    }
    args
}

fn take(progress: &mut Progress, answer: BuildInfo) -> Vec<Line> {
    match (answer.aux, answer.stream) {
        (Some(BuildInfoAux::BuildKit(status)), _) => progress.status(&status),
        (_, Some(text)) => progress.classic(&text),
        (Some(BuildInfoAux::Default(_)) | None, None) => Vec::new(),
    }
}

fn write(log: &SetupLog, build: &Build, lines: Vec<Line>) {
    let unsaid = |text: &str| build.source.additions.unsaid(text);
    for line in lines {
        match line {
            Line::Remark(text) => log.note(&unsaid(&text)),
            Line::Output(text) => log.output(format!("{}\n", unsaid(&text)).as_bytes()),
        }
    }
}

/// What the user is told, or that it is our failure.
fn failure(build: &Build, progress: &Progress, error: BollardError) -> ImageError {
    // The Engine refuses a Dockerfile that it cannot read with a 400 before it begins to build.
    let Some((None | Some(400), said)) = said(&error) else {
        return ImageError::Engine(anyhow::Error::new(error).context("building an image"));
    };
    if HOST_TROUBLE.iter().any(|trouble| said.contains(trouble)) {
        return ImageError::Engine(anyhow!("building an image: {said}"));
    }
    let failed = progress.failed();
    let place = failed.as_ref().and_then(|failed| blame::place(&build.source.text, &failed.what));
    let said = build.source.additions.unsaid(said);
    ImageError::User(message(build, place, failed.as_ref().map_or(&[], |failed| &failed.output), &said))
}

fn message(build: &Build, place: Option<Place>, output: &[String], said: &str) -> String {
    let mut lines = match place {
        Some(place) => vec![format!("{}:{}: {}", build.source.name, place.line, place.instruction), said.to_owned()],
        None => vec![format!("{}: {said}", build.source.name)],
    };
    if !output.is_empty() {
        lines.push("the end of its output:".to_owned());
        lines.extend(output.iter().map(|line| format!("  {line}")));
    }
    lines.join("\n")
}
