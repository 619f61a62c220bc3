//! Which image a reference means in a run: the one of its digest, if it is written with one or locked to one; else the
//! one that the first job of the run took, which every other job takes as well.
//!
//! An image that only this host has, and no registry, has no digest: it is taken as it is here.

use super::prepared::Prepared;
use super::{Fleet, Images};
use crate::engine::{ImageError, ImageFacts};
use crate::setup_log::SetupLog;
use sidings_environment::Base;
use sidings_proto::digest::{DigestsKept, DigestsTold};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known of a run's references.
#[derive(Clone, Copy)]
pub(super) struct Pins<'a> {
    /// By the lock file, or by the run that this one repeats exactly.
    pub(super) locked: &'a BTreeMap<String, String>,
    pub(super) fleet: Option<&'a Arc<dyn Fleet>>,
}

/// An image on this host that a reference means.
#[derive(Debug)]
pub(super) struct Meant {
    /// What the engine knows it by.
    pub(super) name: String,
    pub(super) digest: Option<String>,
    pub(super) facts: ImageFacts,
}

impl Meant {
    fn of(name: &str, digest: &str, facts: ImageFacts) -> Meant {
        let whole = format!("{name}@{digest}");
        // By a mirror's digest an image has the mirror's name only.
        let own = facts.digests.iter().any(|known| same_repository(known, &whole));
        let other = facts.digests.iter().find(|known| known.ends_with(&format!("@{digest}")));
        let name = other.filter(|_| !own).cloned().unwrap_or(whole);
        Meant { name, digest: Some(digest.to_owned()), facts }
    }
}

impl Images {
    /// Has the image on this host that a reference means in this run.
    pub(super) async fn meant(&self, reference: &str, pins: Pins<'_>, log: &SetupLog) -> Result<Meant, ImageError> {
        let (name, written) = reference.split_once('@').map_or((reference, None), |(name, it)| (name, Some(it)));
        match (pins.locked.get(name), written) {
            (Some(locked), Some(written)) if locked != written => Err(ImageError::User(format!(
                "{name} is written with {written} and locked to {locked}: let `sidings lock` take the one that is meant"
            ))),
            (Some(digest), _) => {
                let facts = self.have_locked(name, digest, log).await?;
                pins.agree(reference, Some(digest), log).await;
                Ok(Meant::of(name, digest, facts))
            }
            (None, Some(digest)) => {
                let facts = self.have(reference, log).await?;
                pins.agree(reference, Some(digest), log).await;
                Ok(Meant::of(name, digest, facts))
            }
            (None, None) => self.resolved(name, pins, log).await,
        }
    }

    /// What a build's base images are, and their layers; the Dockerfile names them by their digests afterwards.
    pub(super) async fn bases(
        &self,
        prepared: &mut Prepared,
        pins: Pins<'_>,
        log: &SetupLog,
    ) -> Result<(BTreeMap<String, Base>, Vec<Vec<String>>), ImageError> {
        let (mut bases, mut of_bases, mut names) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        for reference in prepared.reading.bases() {
            let Meant { name, digest, facts } = self.base(prepared, &reference, pins, log).await?;
            let ImageFacts { id, env, on_build, layers, .. } = facts;
            of_bases.push(layers);
            names.insert(reference.clone(), name);
            bases.insert(reference, Base { id: digest.unwrap_or(id), env, on_build });
        }
        prepared.name(&names)?;
        Ok((bases, of_bases))
    }

    /// A frontend that is not Docker's may read the file in its own way: it is told no digests.
    async fn base(
        &self,
        prepared: &Prepared,
        reference: &str,
        pins: Pins<'_>,
        log: &SetupLog,
    ) -> Result<Meant, ImageError> {
        if prepared.reading.can_be_named() {
            return self.meant(reference, pins, log).await;
        }
        if pins.locked.contains_key(reference) {
            log.note(&format!("{reference} is locked, but the frontend of this Dockerfile cannot be told so"));
        }
        let facts = self.have(reference, log).await?;
        Ok(Meant { name: reference.to_owned(), digest: None, facts })
    }

    async fn have_locked(&self, name: &str, digest: &str, log: &SetupLog) -> Result<ImageFacts, ImageError> {
        match self.have(&format!("{name}@{digest}"), log).await {
            Err(ImageError::User(said)) => Err(ImageError::User(self.gone(name, digest, &said).await)),
            have => have,
        }
    }

    /// What to say of a digest that cannot be had.
    async fn gone(&self, name: &str, digest: &str, said: &str) -> String {
        let now = match self.engine.registry_digest(name).await {
            Ok(now) => format!("its registry has {now} for it now"),
            Err(error) => format!("and what its registry has for it now it does not tell: {error:#}"),
        };
        format!(
            "{name} is locked to {digest}, which cannot be had; {now}\n{said}\n\
             `sidings lock --update {name}` takes what the registry has"
        )
    }

    async fn resolved(&self, name: &str, pins: Pins<'_>, log: &SetupLog) -> Result<Meant, ImageError> {
        let here = self.here(name).await?;
        let found = here.as_ref().and_then(digest);
        let first = pins.agree(name, found.as_deref(), log).await;
        let facts = match (first, here) {
            (Some(digest), Some(facts)) if has(&facts, &digest) => return Ok(Meant::of(name, &digest, facts)),
            (Some(digest), _) => {
                let facts = self.have(&format!("{name}@{digest}"), log).await?;
                return Ok(Meant::of(name, &digest, facts));
            }
            (None, Some(facts)) => facts,
            (None, None) => self.have(name, log).await?,
        };
        let Some(found) = digest(&facts) else { return Ok(Meant { name: name.to_owned(), digest: None, facts }) };
        // Another job may have found another one meanwhile.
        let digest = pins.agree(name, Some(&found), log).await.unwrap_or(found);
        let facts = match has(&facts, &digest) {
            true => facts,
            false => self.have(&format!("{name}@{digest}"), log).await?,
        };
        Ok(Meant::of(name, &digest, facts))
    }
}

impl Pins<'_> {
    /// Tells the run what was found, if anything was, and gives what counts for it. Without an answer every job goes
    /// by itself.
    async fn agree(&self, reference: &str, found: Option<&str>, log: &SetupLog) -> Option<String> {
        let own = found.map(str::to_owned);
        let Some(fleet) = self.fleet else { return own };
        let name = reference.to_owned();
        let told = match own.clone() {
            Some(digest) => DigestsTold { found: BTreeMap::from([(name, digest)]), ..DigestsTold::default() },
            None => DigestsTold { wanted: BTreeSet::from([name]), ..DigestsTold::default() },
        };
        match fleet.agree(told).await {
            Ok(DigestsKept { mut digests, new }) => {
                let kept = digests.remove(reference);
                let open = !self.locked.contains_key(reference) && !reference.contains('@');
                if let Some(digest) = kept.as_ref().filter(|_| open && new.contains(reference)) {
                    log.note(&format!(
                        "{reference} is not locked; in this run it is {digest}. `sidings lock` keeps it so"
                    ));
                }
                kept.or(own)
            }
            Err(error) => {
                log.note(&format!("which image {reference} is was not agreed on with the other jobs: {error:#}"));
                own
            }
        }
    }
}

/// The digest by which its registry knows an image, the same one whenever it is asked.
fn digest(facts: &ImageFacts) -> Option<String> {
    facts.digests.iter().filter_map(|known| Some(known.split_once('@')?.1.to_owned())).min()
}

fn has(facts: &ImageFacts, digest: &str) -> bool {
    facts.digests.iter().any(|known| known.split_once('@').is_some_and(|(_, own)| own == digest))
}

fn same_repository(known: &str, whole: &str) -> bool {
    use crate::registry::Reference;
    Reference::of(known).to_string() == Reference::of(whole).to_string()
}

#[cfg(test)]
mod tests;
