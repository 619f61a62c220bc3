//! The images that steps run in: an environment becomes an image on this host, fetched by its reference or built from
//! the project's own Dockerfile.
//!
//! A built image is found again by its key, a hash of all that it depends on: with the same key there is no build, and
//! two jobs that need one key at the same time build it once. What counts is said elsewhere (`sidings-environment`);
//! `context` packs the files, `recipe` says what is built, `building` has it built, `flight` says who builds and who
//! waits on this host, `fleet` who does among all hosts; `sharing` is the order in which that goes, `transport` how an
//! image travels.

use crate::clean::{Hold, Holds};
use crate::engine::{Engine, EngineFacts, ImageError, ImageFacts};
use crate::setup_log::SetupLog;
use crate::trust::Bundle;
use anyhow::anyhow;
use flight::Flights;
use pins::{Meant, Pins};
use prepared::Prepared;
use sidings_environment::{Contents, Period, Weight};
use sidings_proto::image::Fetched;
use sidings_proto::runner::ImageUse;
use sidings_proto::{Commit, Environment, RunId, Secret};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

pub(crate) mod budget;
mod building;
mod context;
mod flaws;
mod fleet;
mod flight;
mod labels;
mod listing;
mod pins;
mod prepared;
mod recipe;
mod sharing;
mod transport;
mod trusting;

pub use fleet::Fleet;
pub(crate) use labels::KEY as KEY_LABEL;
pub use sharing::Share;

/// What an image's labels say of where it comes from, and which images it may come from.
#[derive(Clone, Debug)]
pub struct BuildMeta {
    /// The project's name.
    pub project: String,
    /// The run that needs it first.
    pub run: RunId,
    /// The commit that its Dockerfile is of.
    pub commit: Commit,
    /// The project's repository, empty when it has none.
    pub repo_url: String,
    /// Git made the project's folder from the commit, and nobody touched it since.
    pub checked_out: bool,
    /// The digests that count in the run, `sha256:…` by reference.
    pub locked: BTreeMap<String, String>,
}

/// An image that is on this host.
#[derive(Debug)]
pub struct ReadyImage {
    /// What containers are made from.
    pub reference: String,
    /// What the engine knows of it.
    pub facts: ImageFacts,
    /// What the attempt reports of it.
    pub use_: ImageUse,
    /// What others are to have of it.
    pub share: Option<Share>,
    /// What keeps it on this host, if it was built for a key: as long as this lives.
    pub hold: Option<Hold>,
}

/// Makes images ready, each of them once.
pub struct Images {
    engine: Arc<dyn Engine>,
    facts: EngineFacts,
    contexts: PathBuf,
    flights: Flights,
    contents: Mutex<BTreeMap<String, Arc<Contents>>>,
    bundle: Option<Bundle>,
    holds: Arc<Holds>,
    /// One image is read at a time for what is in it.
    listing: tokio::sync::Mutex<()>,
    /// Where images are put for others, `host/path`; with the controller when none.
    registry: Option<String>,
}

impl std::fmt::Debug for Images {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Images").field("contexts", &self.contexts).finish_non_exhaustive()
    }
}

/// What a reference or a key was found or made to be.
struct Found {
    reference: String,
    facts: ImageFacts,
    key: Option<String>,
    built: bool,
    fetched: Option<Fetched>,
    share: Option<Share>,
    hold: Option<Hold>,
}

/// An image to be built, once it is known what it is.
struct Wanted<'a> {
    prepared: &'a Prepared,
    meta: &'a BuildMeta,
    secrets: &'a BTreeMap<String, Secret>,
    /// It names secrets, whether this job has them or not.
    is_secret: bool,
    weight: &'a Weight,
    tag: &'a str,
    /// The layers of its base images, which are on this host.
    bases: &'a [Vec<String>],
}

impl Wanted<'_> {
    fn key(&self) -> &str {
        &self.weight.key
    }

    /// It is here, and was not built here now.
    fn found(&self, facts: ImageFacts, fetched: Option<Fetched>) -> Found {
        let (reference, key) = (self.tag.to_owned(), Some(self.key().to_owned()));
        Found { reference, facts, key, built: false, fetched, share: None, hold: None }
    }
}

impl Images {
    /// `dir` is the runner's data folder; build contexts are packed in a folder of it and removed again.
    pub fn new(engine: Arc<dyn Engine>, facts: EngineFacts, dir: PathBuf) -> Images {
        let contexts = dir.join("contexts");
        // A runner that was killed in a build may have left one.
        let _ = std::fs::remove_dir_all(&contexts);
        Images {
            engine,
            facts,
            contexts,
            flights: Flights::default(),
            contents: Mutex::default(),
            bundle: None,
            holds: Arc::default(),
            listing: tokio::sync::Mutex::default(),
            registry: None,
        }
    }

    /// Has every `RUN` of a build trust these authorities.
    #[must_use]
    pub(crate) fn trusting(self, bundle: Option<Bundle>) -> Images {
        Images { bundle, ..self }
    }

    /// Tells whoever cleans up which images jobs have.
    #[must_use]
    pub(crate) fn held_in(self, holds: Arc<Holds>) -> Images {
        Images { holds, ..self }
    }

    /// Puts what is built here into this registry, for the others.
    #[must_use]
    pub fn shared_by(self, registry: Option<String>) -> Images {
        Images { registry, ..self }
    }

    /// Has the environment's image on this host, with the help of the fleet if there is one. `source` is the project at its commit, as yet untouched by steps;
    /// `values` are those of the job's secrets, by name.
    pub async fn ready(
        &self,
        environment: &Environment,
        source: &Path,
        meta: &BuildMeta,
        values: &BTreeMap<String, Secret>,
        fleet: Option<&Arc<dyn Fleet>>,
        log: &SetupLog,
    ) -> Result<ReadyImage, ImageError> {
        let began = Instant::now();
        let found = match environment {
            Environment::Image { reference } => {
                self.fetched(reference, Pins { locked: &meta.locked, fleet }, log).await?
            }
            Environment::Build { context, dockerfile, target, args, secrets, refresh_ms } => {
                let is_secret = !secrets.is_empty();
                let value = |(id, name): (&String, &String)| Some((id.clone(), values.get(name)?.clone()));
                let secrets = secrets.iter().filter_map(value).collect();
                let order = prepared::Order {
                    root: source.to_owned(),
                    context: context.clone(),
                    dockerfile: dockerfile.clone(),
                    target: target.clone(),
                    args: args.clone(),
                    platform: self.facts.platform(),
                    // The run's time, so that all its jobs want the same image.
                    period: refresh_ms.map(|every| Period::at(meta.run.made(), every)),
                    commit_time: meta.commit.time,
                    checked_out: meta.checked_out,
                };
                self.built(order, meta, (secrets, is_secret), fleet, log).await?
            }
        };
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Found { reference, facts, key, built, fetched, share, hold } = found;
        let use_ = ImageUse { reference: reference.clone(), id: facts.id.clone(), key, built, took_ms, fetched };
        Ok(ReadyImage { reference, facts, use_, share, hold })
    }

    async fn fetched(&self, reference: &str, pins: Pins<'_>, log: &SetupLog) -> Result<Found, ImageError> {
        let Meant { facts, .. } = self.meant(reference, pins, log).await?;
        Ok(Found {
            reference: reference.to_owned(),
            facts,
            key: None,
            built: false,
            fetched: None,
            share: None,
            hold: None,
        })
    }

    /// The image, from this host or else its registry; fetched once even when many ask.
    async fn have(&self, reference: &str, log: &SetupLog) -> Result<ImageFacts, ImageError> {
        if let Some(facts) = self.here(reference).await? {
            return Ok(facts);
        }
        let waiting = format!("waiting for {reference}, which another job is pulling");
        let pull = async || match self.here(reference).await? {
            Some(facts) => Ok(facts),
            None => self.engine.pull_image(reference, log).await,
        };
        self.flights.alone(&format!("pull {reference}"), log, &waiting, pull).await
    }

    async fn here(&self, reference: &str) -> Result<Option<ImageFacts>, ImageError> {
        self.engine.inspect_image(reference).await.map_err(ImageError::Engine)
    }

    async fn built(
        &self,
        order: prepared::Order,
        meta: &BuildMeta,
        (secrets, is_secret): (BTreeMap<String, Secret>, bool),
        fleet: Option<&Arc<dyn Fleet>>,
        log: &SetupLog,
    ) -> Result<Found, ImageError> {
        let mut prepared = blocking(move || Prepared::read(order)).await?;
        let pins = Pins { locked: &meta.locked, fleet };
        let (weight, bases) = self.weight(&mut prepared, meta, pins, log).await?;
        let key = weight.key.clone();
        let tag = labels::tag(&meta.project, &key);
        // From here on: what is found must still be there when its containers are made.
        let hold = self.holds.hold(&key, &tag).await;
        let waiting = format!("waiting for the image {tag}, which another job is building");
        let (secrets, bases) = (&secrets, bases.as_slice());
        let wanted = Wanted { prepared: &prepared, meta, secrets, is_secret, weight: &weight, tag: &tag, bases };
        let have = async || self.have_built(&wanted, fleet, log).await;
        // With another project's secrets the same build may end in another way.
        let flight = if secrets.is_empty() { &key } else { &tag };
        let found = self.flights.alone(flight, log, &waiting, have).await?;
        if found.built || found.fetched.is_some() {
            self.holds.has_made_one();
        }
        Ok(Found { hold: Some(hold), ..found })
    }

    /// The key and what went into it, and the layers of the base images: those are on this host then.
    async fn weight(
        &self,
        prepared: &mut Prepared,
        meta: &BuildMeta,
        pins: Pins<'_>,
        log: &SetupLog,
    ) -> Result<(Weight, Vec<Vec<String>>), ImageError> {
        let (bases, of_bases) = self.bases(prepared, pins, log).await?;
        let (prepared, contents) = (prepared.clone(), self.contents_of(&meta.repo_url));
        let weight = blocking(move || prepared.weight(&bases, &contents)).await?;
        Ok((weight, of_bases))
    }

    fn contents_of(&self, repo_url: &str) -> Arc<Contents> {
        let mut all = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(repo_url.to_owned()).or_default())
    }

    async fn have_built(
        &self,
        wanted: &Wanted<'_>,
        fleet: Option<&Arc<dyn Fleet>>,
        log: &SetupLog,
    ) -> Result<Found, ImageError> {
        let found = match (self.in_stock(wanted).await?, fleet) {
            (Some(facts), _) => wanted.found(facts, None),
            (None, Some(fleet)) => self.of_fleet(wanted, fleet, log).await?,
            (None, None) => self.build(wanted, Vec::new(), log).await?,
        };
        if found.built || found.fetched.is_some() {
            self.uses(&found.facts, wanted.tag).await;
        }
        let share = || Some(Share::of(&found.facts, wanted.key(), fleet?));
        Ok(Found { share: found.share.or_else(share), ..found })
    }

    /// The image of the key, if this host has it. One that is removed while it is looked at is not here.
    async fn in_stock(&self, wanted: &Wanted<'_>) -> Result<Option<ImageFacts>, ImageError> {
        let is_it = |facts: &ImageFacts| facts.labels.get(labels::KEY).is_some_and(|of| of == wanted.key());
        let Some(facts) = self.here(wanted.tag).await?.filter(is_it) else { return Ok(None) };
        if self.uses(&facts, wanted.tag).await {
            return Ok(Some(facts));
        }
        Ok(self.here(wanted.tag).await?.filter(is_it))
    }

    /// Gives an image its name once more: the engine notes when, and so all runners on it know that it is in use.
    async fn uses(&self, facts: &ImageFacts, tag: &str) -> bool {
        let named = self.engine.tag_image(&facts.id, tag).await;
        named.inspect_err(|error| tracing::debug!(error = format!("{error:#}"), tag, "could not name an image")).is_ok()
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ImageError> + Send + 'static,
) -> Result<T, ImageError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ImageError::Engine(anyhow!(error)))?
}
