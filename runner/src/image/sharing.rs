//! What an image costs the fleet: one build, and for every other host a transfer. In which order that goes: asked,
//! built or fetched, shared.
//!
//! Sharing goes on beside the job's steps. Whatever fails of it is said in the log, and the image is built here.

use super::fleet::{self, Fleet, Turn};
use super::transport::{self, Stays};
use super::{Found, Images, Wanted, labels};
use crate::engine::{ImageError, ImageFacts};
use crate::setup_log::SetupLog;
use anyhow::ensure;
use sidings_proto::image::{Fetched, ImageOutcome, ImagePlace, SharedImage, counted, megabytes};
use std::sync::Arc;
use std::time::Instant;

/// An image that a job uses, and what is to be told of it.
pub struct Share {
    fleet: Arc<dyn Fleet>,
    key: String,
    facts: ImageFacts,
    /// Where it was built here for everybody.
    claim: Option<Claim>,
}

/// A claim of ours whose image is built: others wait for it, or could.
struct Claim {
    number: u64,
    bases: Vec<Vec<String>>,
    /// Its name in the fleet's registry, if there is one.
    name: Option<String>,
    wanted: bool,
    /// Whether what is in it is to be told.
    inventory: bool,
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Share").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Share {
    /// An image that is here, and was not built for others.
    pub(super) fn of(facts: &ImageFacts, key: &str, fleet: &Arc<dyn Fleet>) -> Share {
        Share { fleet: Arc::clone(fleet), key: key.to_owned(), facts: facts.clone(), claim: None }
    }
}

impl Images {
    /// Has an image that is not on this host, as the fleet has it.
    pub(super) async fn of_fleet(
        &self,
        wanted: &Wanted<'_>,
        fleet: &Arc<dyn Fleet>,
        log: &SetupLog,
    ) -> Result<Found, ImageError> {
        let key = wanted.key();
        match fleet::turn(&**fleet, key, log).await {
            Turn::Alone => self.build(wanted, Vec::new(), log).await,
            Turn::Failed(message) => Err(ImageError::User(message)),
            Turn::Fetch(image, from) => match self.fetch(wanted, &image, &**fleet, log).await {
                Ok((facts, fetched)) => Ok(wanted.found(facts, Some(Fetched { from, ..fetched }))),
                Err(error) => {
                    log.note(&format!("runner {from}'s build cannot be had: {error:#}; the image is built here"));
                    self.build(wanted, Vec::new(), log).await
                }
            },
            Turn::Build { claim, wanted: by_others, inventory, earlier } => {
                match self.build(wanted, earlier, log).await {
                    Ok(found) => {
                        let name = self.registry.as_ref();
                        let name = name.map(|registry| fleet::in_registry(registry, wanted.meta, key));
                        let bases = wanted.bases.to_vec();
                        let claim = Some(Claim { number: claim, bases, name, wanted: by_others, inventory });
                        let share = Share { claim, ..Share::of(&found.facts, key, fleet) };
                        Ok(Found { share: Some(share), ..found })
                    }
                    Err(error) => {
                        let outcome = match &error {
                            // Another job may have secrets that this one has not.
                            ImageError::User(message) if !wanted.is_secret => {
                                ImageOutcome::Failed { message: shortened(message) }
                            }
                            ImageError::User(_) | ImageError::Engine(_) => ImageOutcome::GivenUp,
                        };
                        tell(&**fleet, key, claim, outcome).await;
                        Err(error)
                    }
                }
            }
        }
    }

    async fn fetch(
        &self,
        wanted: &Wanted<'_>,
        image: &SharedImage,
        fleet: &dyn Fleet,
        log: &SetupLog,
    ) -> anyhow::Result<(ImageFacts, Fetched)> {
        let (facts, fetched) = match &image.place {
            ImagePlace::Controller { config, layers } => {
                tokio::fs::create_dir_all(&self.contexts).await?;
                let (key, tag, id) = (wanted.key(), wanted.tag, image.id.as_str());
                let parts = transport::Wanted { key, tag, id, config, layers };
                // Earlier images of the project have most of it, as a rule.
                let label = format!("{}={}", labels::PROJECT, wanted.meta.project);
                let mut here = self.engine.layers_of(&label).await?;
                here.extend_from_slice(wanted.bases);
                transport::unpack(&self.engine, parts, &here, fleet, &self.contexts).await?
            }
            ImagePlace::Registry { reference } => {
                let facts = transport::pull(&self.engine, (reference, &image.id, wanted.tag), log).await?;
                (facts, Fetched { from: String::new(), layers: None, bytes: None })
            }
        };
        let label = facts.labels.get(labels::KEY);
        ensure!(label.is_some_and(|of| of == wanted.key()), "it is not the image of this key");
        Ok((facts, fetched))
    }

    /// Gives others what was built here, or tells them that they have to build it themselves; then tells what is in the
    /// image, if the controller does not know.
    pub async fn share(&self, share: &Share, log: &SetupLog) {
        if let Some(claim) = &share.claim {
            let outcome = self.give(share, claim, log).await;
            tell(&*share.fleet, &share.key, claim.number, outcome).await;
        }
        // After what others wait for.
        let listed = async {
            // Of the many jobs that find it at the same time one reads it.
            let _one = self.listing.lock().await;
            if self.is_unknown(share).await {
                Some(self.list(&share.facts, &share.key, &*share.fleet).await)
            } else {
                None
            }
        };
        match listed.await {
            Some(Ok(packages)) => {
                log.note(&format!("the image has {packages} packages, which the controller knows now"));
            }
            Some(Err(error)) => log.note(&format!("what is in the image could not be listed: {error:#}")),
            None => {}
        }
    }

    async fn give(&self, share: &Share, claim: &Claim, log: &SetupLog) -> ImageOutcome {
        match (&claim.name, claim.wanted) {
            (Some(name), _) => match transport::push(&self.engine, &share.facts, name, log).await {
                Ok(image) => {
                    log.note(&format!("the image is in the registry, as {name}"));
                    ImageOutcome::Shared { image }
                }
                Err(error) => {
                    log.note(&format!("the image cannot be pushed: {error:#}; it goes by way of the controller"));
                    self.by_controller(share, claim, log).await
                }
            },
            (None, true) => self.by_controller(share, claim, log).await,
            // There is nobody to have it; who comes later asks anew.
            (None, false) => ImageOutcome::GivenUp,
        }
    }

    /// What was built for everybody is unknown; what was found may have been found before the controller was there.
    async fn is_unknown(&self, share: &Share) -> bool {
        if let Some(claim) = &share.claim {
            return claim.inventory;
        }
        let wanted = share.fleet.wants_inventory(&share.key).await;
        wanted
            .inspect_err(|error| tracing::debug!(error = format!("{error:#}"), "is the image known?"))
            .unwrap_or(false)
    }

    /// Tells the others that what was built here is not for them: each is judged by what its own run came with.
    pub async fn withhold(&self, share: &Share) {
        if let Some(claim) = &share.claim {
            tell(&*share.fleet, &share.key, claim.number, ImageOutcome::GivenUp).await;
        }
    }

    async fn by_controller(&self, share: &Share, claim: &Claim, log: &SetupLog) -> ImageOutcome {
        let began = Instant::now();
        let packed = async {
            tokio::fs::create_dir_all(&self.contexts).await?;
            transport::pack(&self.engine, &share.facts, &claim.bases, &*share.fleet, &self.contexts).await
        };
        match packed.await {
            Ok(packed) => {
                let (layers, size) = (counted(packed.layers as u64), megabytes(packed.bytes));
                log.note(&format!(
                    "the image is with the controller: sent {layers}, {size} in {:.2?}",
                    began.elapsed()
                ));
                ImageOutcome::Shared { image: packed.image }
            }
            Err(Stays::TooLarge(why)) => {
                let reason = Stays::TooLarge(why).to_string();
                log.note(&format!("the image stays on this host: {reason}"));
                ImageOutcome::Stays { reason }
            }
            Err(Stays::Failed(error)) => {
                log.note(&format!("the image could not be sent to the controller, so others build it: {error:#}"));
                ImageOutcome::GivenUp
            }
        }
    }
}

async fn tell(fleet: &dyn Fleet, key: &str, claim: u64, outcome: ImageOutcome) {
    if let Err(error) = fleet::tell(fleet, key, claim, outcome).await {
        tracing::warn!(key, error = format!("{error:#}"), "what became of an image could not be told");
    }
}

/// A failure's text as others are told it.
fn shortened(message: &str) -> String {
    let most = sidings_proto::image::MESSAGE_MAX;
    message.get(..message.floor_char_boundary(most)).unwrap_or(message).to_owned()
}
