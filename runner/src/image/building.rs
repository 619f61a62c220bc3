//! A build on this host: what the builder is given, and what it may take from earlier builds.

use super::trusting::{self, Trusting};
use super::{Found, Images, Prepared, Wanted, labels};
use crate::engine::{Build, BuildCache, DockerfileSource, ImageError};
use crate::setup_log::SetupLog;
use anyhow::Context as _;
use sidings_environment::Weight;

impl Images {
    /// Builds it here. `earlier` are images in the fleet's registry whose layers may serve.
    pub(super) async fn build(
        &self,
        wanted: &Wanted<'_>,
        earlier: Vec<String>,
        log: &SetupLog,
    ) -> Result<Found, ImageError> {
        let Wanted { prepared, meta, secrets, weight, tag, .. } = *wanted;
        log.note(&format!("building {tag} from {}", prepared.order.dockerfile));
        unpinned(weight, log);
        let trusting = self.trusting_build(prepared, log);
        let archive = self.pack(prepared, trusting.as_ref()).await.map_err(ImageError::Engine)?;
        let source = DockerfileSource {
            name: prepared.order.dockerfile.clone(),
            text: prepared.recipe.text.clone(),
            ..Default::default()
        };
        let build = Build {
            context: archive.to_path_buf(),
            dockerfile: prepared.dockerfile_in_context.clone(),
            source,
            target: prepared.recipe.target.clone(),
            args: prepared.args(),
            secrets: secrets.clone(),
            platform: prepared.order.platform.clone(),
            labels: labels::labels(meta, prepared, wanted.key()),
            tag: tag.to_owned(),
            cache: BuildCache {
                // What it built in an earlier period the builder would take for the same.
                unused: prepared.order.period.is_some(),
                from: earlier,
                inline: self.registry.is_some(),
            },
        };
        let build = self.with_authorities(build, trusting);
        // Others that wait for the same image are told of a failure as well.
        let shown = |error| match error {
            ImageError::User(message) => ImageError::User(log.shown(message)),
            ImageError::Engine(error) => ImageError::Engine(error),
        };
        let facts = self.engine.build_image(build, log).await.map_err(shown)?;
        Ok(Found { built: true, ..wanted.found(facts, None) })
    }

    /// The Dockerfile with this host's authorities, if there are any and the builder can be given them.
    fn trusting_build(&self, prepared: &Prepared, log: &SetupLog) -> Option<Trusting> {
        self.bundle.as_ref()?;
        let builders = match self.facts.mounts_in_builds {
            true => Ok(()),
            false => Err("that needs an engine of 20.10 or later, with BuildKit".to_owned()),
        };
        let made = builders.and_then(|()| trusting::trusting(&prepared.recipe.text));
        made.map_err(|why| log.note(&format!("this build does not trust the certificates of --ca-bundle: {why}"))).ok()
    }

    fn with_authorities(&self, build: Build, trusting: Option<Trusting>) -> Build {
        let (Some(trusting), Some(bundle)) = (trusting, &self.bundle) else { return build };
        let mut build = Build { dockerfile: trusting::DOCKERFILE.to_owned(), ..build };
        build.source.additions = trusting.additions;
        build.secrets.extend(trusting::secrets(bundle.pem()));
        build
    }

    async fn pack(&self, prepared: &Prepared, trusting: Option<&Trusting>) -> anyhow::Result<tempfile::TempPath> {
        tokio::fs::create_dir_all(&self.contexts).await.context("making the folder of build contexts")?;
        let (prepared, contexts) = (prepared.clone(), self.contexts.clone());
        let beside = trusting.map(|trusting| (trusting::DOCKERFILE, trusting.text.clone()));
        let pack = move || {
            let file = tempfile::Builder::new().suffix(".tar").tempfile_in(contexts)?;
            prepared.pack(beside.as_ref().map(|(name, text)| (*name, text.as_str())), file.as_file())?;
            std::io::Result::Ok(file.into_temp_path())
        };
        tokio::task::spawn_blocking(pack).await?.context("packing the build context")
    }
}

/// What another build of the same key may give another of.
fn unpinned(weight: &Weight, log: &SetupLog) {
    for unpinned in &weight.unpinned {
        let line = unpinned.line.map(|line| format!(" (line {line})")).unwrap_or_default();
        log.note(&format!("not pinned: {}{line}", unpinned.what));
    }
}
