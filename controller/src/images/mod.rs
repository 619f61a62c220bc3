//! Images that are built once for the whole fleet: whose claim it is, where a built one is to be had, and when it is
//! forgotten.
//!
//! [`claims`] decides; this room keeps what was decided before it answers, and wakes those who wait. Names are of a
//! project and of whom its runs trust: a key says what goes into an image, but not with whose secrets it was built.

mod book;
pub(crate) mod claims;
mod expiry;

use crate::blobs::Blobs;
use crate::core::event::RunSpec;
use crate::shell::Shell;
use crate::store::Store;
use crate::store::stored::StoredImage;
use anyhow::Context;
use book::Book;
use claims::{Asked, Claim, Holder, Told};
use sidings_proto::image::{
    CONFIG_MAX, EARLIER_MAX, IMAGE_MAX, ImageAsk, ImageOutcome, ImagePlace, ImageTold, LAYER_MAX, LAYERS_MAX,
    MESSAGE_MAX, SharedImage, is_digest, is_key,
};
use sidings_proto::runner::LEASE_POLL_MS;
use sidings_proto::{AttemptId, BlobId, Timestamp, Trigger};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// That somebody asked is written down no more often than so.
const USED_EVERY_MS: i64 = 3_600_000;

/// What a runner tells or asks that cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The attempt is over.
    #[error("the attempt is over")]
    Stale,
    /// The claim has passed on.
    #[error("the claim has passed on to another attempt; nothing was changed")]
    StaleClaim,
    /// It makes no sense.
    #[error("{0}")]
    Wrong(String),
    /// The store failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Claims and images of all keys.
pub(crate) struct Images {
    store: Arc<dyn Store>,
    blobs: Blobs,
    book: Mutex<Book>,
    /// Some claim is not as it was.
    changed: Notify,
}

/// An attempt that a runner holds, and its run.
pub(crate) struct Caller<'a> {
    pub(crate) holder: Holder,
    pub(crate) run: &'a RunSpec,
}

/// Whose an image is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) project: String,
    /// Empty for what all runs of the project trust.
    pub(crate) scope: String,
    pub(crate) key: String,
}

/// The images that a run uses and adds to: what a pull request's run built may lack what secrets would have brought, so
/// nobody else is given it.
fn scope(run: &RunSpec) -> &'static str {
    match run.trigger {
        Trigger::PullRequest => "pull request",
        Trigger::Push | Trigger::Schedule | Trigger::Manual | Trigger::Tag | Trigger::Api => "",
    }
}

fn name(run: &RunSpec, scope: &str, key: &str) -> Name {
    Name { project: run.project.clone(), scope: scope.to_owned(), key: key.to_owned() }
}

impl Name {
    /// The image of that key that a run builds, or uses where it is not one that all trust.
    pub(crate) fn own(run: &RunSpec, key: &str) -> Name {
        name(run, scope(run), key)
    }

    /// The images of that key that a run may have used.
    pub(crate) fn usable(run: &RunSpec, key: &str) -> [Name; 2] {
        [name(run, "", key), Name::own(run, key)]
    }
}

impl Images {
    /// What the store knows.
    pub(crate) async fn open(store: Arc<dyn Store>, blobs: Blobs) -> anyhow::Result<Self> {
        let book = Book::of(store.images().await.context("reading the images")?);
        Ok(Self { store, blobs, book: Mutex::new(book), changed: Notify::new() })
    }

    /// Answers one who lacks an image. Who waits for a claim that is under way is answered when that is over, or when
    /// the call has been open for long enough.
    pub(crate) async fn ask(
        &self,
        shell: &Shell,
        caller: &Caller<'_>,
        ask: &ImageAsk,
        closing: &CancellationToken,
    ) -> Result<Asked, Refused> {
        if !is_key(&ask.key) {
            return Err(Refused::Wrong(format!("{:?} is no image key", ask.key)));
        }
        let until = Instant::now() + Duration::from_millis(LEASE_POLL_MS);
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let asked = self.look(shell, caller, ask).await?;
            let Asked::Wait { number, holder, .. } = &asked else { return Ok(asked) };
            if ask.waited != Some(*number) {
                return Ok(asked);
            }
            // One that has gone since is looked at again at once.
            let Some(building) = shell.live().attempt(holder.attempt) else { continue };
            tokio::select! {
                () = changed => {}
                () = building.over.cancelled() => {}
                () = tokio::time::sleep_until(until) => return Ok(asked),
                () = closing.cancelled() => return Ok(asked),
            }
        }
    }

    async fn look(&self, shell: &Shell, caller: &Caller<'_>, ask: &ImageAsk) -> Result<Asked, Refused> {
        let mut book = self.book.lock().await;
        let is_current = |attempt: AttemptId| shell.live().attempt(attempt).is_some();
        if !is_current(caller.holder.attempt) {
            return Err(Refused::Stale);
        }
        let [trusted, own] = Name::usable(caller.run, &ask.key);
        // What all trust is good enough for everybody.
        let at = if book.get(&trusted).is_some_and(|claim| claim.image().is_some()) { trusted } else { own };
        self.forget_lost(&mut book, &at, shell.now()).await?;
        let claim = book.get(&at).cloned().unwrap_or_default();
        let asked = claim.ask(shell.now(), caller.holder, ask.waited, is_current);
        match &asked {
            Asked::Yours(changed) if *changed != claim => {
                self.keep(&mut book, &at, changed.clone(), shell.now()).await?;
                self.changed.notify_waiters();
            }
            Asked::Ready(..) if book.is_stale(&at, shell.now(), USED_EVERY_MS) => {
                self.keep(&mut book, &at, claim, shell.now()).await?;
            }
            Asked::Yours(_) | Asked::Ready(..) | Asked::Wait { .. } | Asked::Failed(_) | Asked::Alone(_) => {}
        }
        Ok(asked)
    }

    /// An image of which a part is gone is none. Those that are there stay for as long as fetching takes.
    async fn forget_lost(&self, book: &mut Book, at: &Name, now: Timestamp) -> anyhow::Result<()> {
        let Some(claim) = book.get(at).cloned() else { return Ok(()) };
        let Some(image) = claim.image() else { return Ok(()) };
        for part in image.blobs() {
            if !self.blobs.renew(&part.blob).await {
                tracing::warn!(project = at.project, key = at.key, "a part of an image is gone");
                return self.keep(book, at, claim.lost(), now).await;
            }
        }
        Ok(())
    }

    async fn keep(&self, book: &mut Book, at: &Name, claim: Claim, used: Timestamp) -> anyhow::Result<()> {
        let image = StoredImage { name: at.clone(), claim, used };
        self.store.put_image(&image).await.context("keeping what is known of an image")?;
        book.put(image);
        Ok(())
    }

    /// Takes what became of a claim.
    pub(crate) async fn told(&self, shell: &Shell, caller: &Caller<'_>, told: ImageTold) -> Result<(), Refused> {
        self.check(&told).await?;
        let mut book = self.book.lock().await;
        if shell.live().attempt(caller.holder.attempt).is_none() {
            return Err(Refused::Stale);
        }
        let at = Name::own(caller.run, &told.key);
        let claim = book.get(&at).cloned().unwrap_or_default();
        match claim.told(caller.holder.attempt, told.claim, told.outcome) {
            Told::Now(claim) => {
                self.keep(&mut book, &at, claim, shell.now()).await?;
                self.changed.notify_waiters();
                Ok(())
            }
            Told::Already => Ok(()),
            Told::Stale => Err(Refused::StaleClaim),
        }
    }

    /// Images whose layers may serve a run's build, the last used first.
    pub(crate) async fn earlier(&self, run: &RunSpec) -> Vec<String> {
        let book = self.book.lock().await;
        let found = book.in_registry(&run.project, ["", scope(run)]);
        found.into_iter().take(EARLIER_MAX).map(str::to_owned).collect()
    }

    /// Whether a run may have this part of an image.
    pub(crate) async fn is_part_of(&self, run: &RunSpec, key: &str, blob: &BlobId) -> bool {
        let book = self.book.lock().await;
        let images = Name::usable(run, key);
        let mut images = images.iter().filter_map(|at| book.get(at)?.image());
        images.any(|image| image.blobs().any(|part| part.blob == *blob))
    }

    /// What a runner says of an image is looked at before others rely on it.
    async fn check(&self, told: &ImageTold) -> Result<(), Refused> {
        let wrong = |what: &str| Err(Refused::Wrong(what.to_owned()));
        match &told.outcome {
            _ if !is_key(&told.key) => wrong("that is no image key"),
            ImageOutcome::Failed { message } if message.len() > MESSAGE_MAX => wrong("the message is too long"),
            ImageOutcome::Stays { reason } if reason.len() > MESSAGE_MAX => wrong("the reason is too long"),
            ImageOutcome::Shared { image } => match wrong_about(image) {
                Some(what) => wrong(what),
                None => self.check_parts(image).await,
            },
            ImageOutcome::Failed { .. } | ImageOutcome::Stays { .. } | ImageOutcome::GivenUp => Ok(()),
        }
    }

    async fn check_parts(&self, image: &SharedImage) -> Result<(), Refused> {
        for part in image.blobs() {
            // From now on it is not removed before it is named.
            if !self.blobs.renew(&part.blob).await || self.blobs.size(&part.blob).await != Some(part.bytes) {
                return Err(Refused::Wrong(format!("the part {} of the image is not here", part.blob)));
            }
        }
        Ok(())
    }

    /// Forgets what is used no longer.
    pub(crate) async fn expire(&self, now: Timestamp) -> anyhow::Result<()> {
        let mut book = self.book.lock().await;
        for at in expiry::superfluous(book.all(), now) {
            self.store.remove_image(&at).await?;
            tracing::info!(project = at.project, key = at.key, "an image is forgotten");
            book.remove(&at);
        }
        Ok(())
    }
}

/// What about an image cannot be, if anything.
fn wrong_about(image: &SharedImage) -> Option<&'static str> {
    if !is_digest(&image.id) {
        return Some("that is no image's id");
    }
    match &image.place {
        ImagePlace::Registry { reference } => {
            let digest = reference.split_once('@').map(|(_, digest)| digest);
            let is_one = reference.len() <= 1000 && digest.is_some_and(is_digest);
            (!is_one).then_some("an image in a registry is named by its digest")
        }
        ImagePlace::Controller { config, layers } => {
            let sent = image.blobs().map(|part| part.bytes).fold(0, u64::saturating_add);
            match () {
                () if config.bytes > CONFIG_MAX => Some("the image's configuration is too large"),
                () if layers.len() > LAYERS_MAX => Some("the image has too many layers"),
                () if layers.iter().any(|layer| !is_digest(&layer.diff)) => Some("a layer has no digest"),
                () if layers.iter().any(|layer| layer.bytes > LAYER_MAX) => Some("a layer is too large"),
                () if sent > IMAGE_MAX => Some("the image is too large"),
                () => None,
            }
        }
    }
}

#[cfg(test)]
mod tests;
