//! Known flaws of an image that a job is about to run in, by the policies that its run came with. The controller knows
//! them; where it does not know what is in the image, the image is read here first.

use super::Images;
use super::fleet::Fleet;
use crate::engine::{ImageError, ImageFacts};
use crate::setup_log::SetupLog;
use anyhow::Context;
use sidings_proto::flaws::FlawsJudged;

impl Images {
    /// Says in the log what is to be said of the image's flaws; an error of the user's refuses it.
    pub(crate) async fn look_for_flaws(
        &self,
        (key, facts): (&str, &ImageFacts),
        fleet: &dyn Fleet,
        log: &SetupLog,
    ) -> Result<(), ImageError> {
        let judged = self.judged(key, facts, fleet).await.context("asking for the image's known flaws");
        let FlawsJudged { denied, warnings } = judged.map_err(ImageError::Engine)?;
        warnings.iter().for_each(|warning| log.note(&format!("warning: {warning}")));
        match denied {
            Some(why) => Err(ImageError::User(format!("the image is not used: {why}"))),
            None => Ok(()),
        }
    }

    async fn judged(&self, key: &str, facts: &ImageFacts, fleet: &dyn Fleet) -> anyhow::Result<FlawsJudged> {
        if let Some(judged) = fleet.judge(key).await? {
            return Ok(judged);
        }
        self.list(facts, key, fleet).await.context("reading what is in the image")?;
        fleet.judge(key).await?.context("the controller does not know what it was told")
    }
}
