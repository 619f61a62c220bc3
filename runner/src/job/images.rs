//! The images of a job's environments: each made ready once, judged by the run's policy, and given to others.

use super::course::{Course, Halt, Images, ours, seconds};
use crate::engine::{ImageError, ImageFacts};
use crate::image::{ReadyImage, Share, budget};
use futures::future::try_join_all;
use futures::{StreamExt, stream};
use sidings_proto::runner::{ImageUse, Phase, Progress};
use sidings_proto::{Environment, Failure, FailureClass};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

impl Course<'_> {
    pub(super) async fn get_images(&self, shares: UnboundedSender<Share>) -> Result<Images, Halt> {
        self.phase(Phase::Image);
        let distinct: BTreeSet<&Environment> = self.assignment.spec.environments().collect();
        let ready = try_join_all(distinct.into_iter().map(|environment| self.get_image(environment, &shares))).await?;
        Ok(ready.into_iter().collect())
    }

    async fn get_image(
        &self,
        environment: &Environment,
        shares: &UnboundedSender<Share>,
    ) -> Result<(Environment, ImageFacts), Halt> {
        let meta = super::build_meta(self.assignment);
        let (workspace, secrets) = (self.folder.workspace(), self.secret_values());
        let images = &self.tools.images;
        let fleet = self.channel.fleet.as_ref();
        let ready = images.ready(environment, &workspace, &meta, &secrets, fleet, self.setup).await;
        let ReadyImage { facts, use_, share, hold, .. } = ready.map_err(|error| self.no_image(error))?;
        self.account.hold(hold);
        // An image that was there at once is in the report; it is no news for the log.
        if use_.built || use_.took_ms >= AT_ONCE_MS {
            self.setup.note(&image_note(&use_));
        }
        if let Err(refusal) = self.judged(&use_, &facts).await {
            if let Some(share) = share {
                images.withhold(&share).await;
            }
            return Err(self.no_image(refusal));
        }
        if let Some(share) = share {
            // It is received for as long as there are images to come.
            let _ = shares.send(share);
        }
        self.account.images().push(use_.clone());
        self.channel.telling.progress(Progress::ImageReady(use_));
        Ok((environment.clone(), facts))
    }

    /// Whether the policy lets an image be used that was built: by its size, and by its known flaws.
    async fn judged(&self, image: &ImageUse, facts: &ImageFacts) -> Result<(), ImageError> {
        let Some(key) = &image.key else { return Ok(()) };
        let said = budget::judged(self.assignment.spec.image_budget, &image.reference, facts.bytes);
        said.map_err(ImageError::User)?.iter().for_each(|warning| self.setup.note(warning));
        match &self.channel.fleet {
            Some(fleet) if self.assignment.run.flaws_judged => {
                self.tools.images.look_for_flaws((key, facts), &**fleet, self.setup).await
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Gives others what was built here as soon as it is, beside all else: whoever waits for it may have another image
    /// that this job waits for. A job that is stopped gives up; what nobody was told of passes on when it is over.
    pub(super) async fn share_images(&self, built: UnboundedReceiver<Share>) {
        let built = stream::unfold(built, |mut built| async { Some((built.recv().await?, built)) });
        let share = |share: Share| async move { self.tools.images.share(&share, self.setup).await };
        let _ = self.stops.unless(built.for_each_concurrent(None, share)).await;
    }

    fn no_image(&self, error: ImageError) -> Halt {
        match error {
            ImageError::User(message) => {
                self.setup.note(&message);
                Halt::Failed(Failure { class: FailureClass::ImageBuildFailed, message })
            }
            ImageError::Engine(error) => {
                self.setup.note(&format!("the container engine failed: {error:#}"));
                ours("get the image", &error)
            }
        }
    }
}

/// Nobody notices that an image took less.
const AT_ONCE_MS: u64 = 100;

fn image_note(image: &ImageUse) -> String {
    let how = match &image.fetched {
        Some(fetched) => format!("fetched from runner {}'s build{},", fetched.from, fetched.amount()),
        None if image.built => "built here".to_owned(),
        None => "found".to_owned(),
    };
    let key = image.key.as_ref().map(|key| format!(", key {}", key.get(..16).unwrap_or(key))).unwrap_or_default();
    let took = seconds(Duration::from_millis(image.took_ms));
    format!("image {} ({}{key}) {how} in {took}", image.reference, image.id.get(..19).unwrap_or(&image.id))
}
