//! Who builds the image of a key, who waits for it, and what they are told. Pure: one [`Claim`] for each key, values in
//! and values out.
//!
//! A claim is held by an attempt, so it lives exactly as long as that attempt's lease: when the attempt is over, or was
//! lost with its runner, the next one who asks gets the claim under a higher number. What is told under another number
//! or by another attempt is stale and changes nothing.

use serde::{Deserialize, Serialize};
use sidings_proto::image::{ImageOutcome, SharedImage};
use sidings_proto::{AttemptId, RunnerId, Timestamp};

/// What is known of the image of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    /// How often the claim was handed out; the number of the newest.
    pub(crate) number: u64,
    /// What became of that one, so far.
    pub(crate) state: State,
    /// The newest failure, for those who waited for it and have not heard.
    pub(crate) failed: Option<Failed>,
}

/// Where the newest claim is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// With nobody.
    #[default]
    Open,
    /// With somebody who builds.
    Building { holder: Holder, since: Timestamp },
    /// The image is to be had.
    Ready { holder: Holder, image: SharedImage },
    /// The image was built and cannot travel.
    Stays { holder: Holder, reason: String },
}

/// Who has, or had, a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub(crate) attempt: AttemptId,
    pub(crate) runner: RunnerId,
}

/// A build that failed by the user's fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failed {
    pub(crate) number: u64,
    pub(crate) holder: Holder,
    pub(crate) message: String,
}

/// The answer to one who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It can be fetched.
    Ready(Holder, SharedImage),
    /// The asker builds. The claim is to be kept before it is told so.
    Yours(Claim),
    /// Somebody else builds.
    Wait { number: u64, holder: Holder, since: Timestamp },
    /// The build that was waited for failed.
    Failed(Failed),
    /// Everybody builds for themselves.
    Alone(String),
}

/// The answer to one who tells what became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The claim is this from now on.
    Now(Claim),
    /// That was told before.
    Already,
    /// The claim has passed on.
    Stale,
}

impl Claim {
    /// Answers one who lacks the image and waited for the claim of that number, if any. `is_current` says of an attempt
    /// whether a runner holds it; the asker's is.
    pub(crate) fn ask(
        &self,
        now: Timestamp,
        asker: Holder,
        waited: Option<u64>,
        is_current: impl Fn(AttemptId) -> bool,
    ) -> Asked {
        if let Some(failed) = self.failed.as_ref().filter(|failed| waited == Some(failed.number)) {
            return Asked::Failed(failed.clone());
        }
        match &self.state {
            State::Ready { holder, image } => Asked::Ready(*holder, image.clone()),
            State::Stays { reason, .. } => Asked::Alone(reason.clone()),
            // Its own answer was lost.
            State::Building { holder, .. } if holder.attempt == asker.attempt => Asked::Yours(self.clone()),
            State::Building { holder, since } if is_current(holder.attempt) => {
                Asked::Wait { number: self.number, holder: *holder, since: *since }
            }
            State::Building { .. } | State::Open => {
                let state = State::Building { holder: asker, since: now };
                Asked::Yours(Claim { number: self.number + 1, state, failed: self.failed.clone() })
            }
        }
    }

    /// Takes what an attempt, which a runner holds, tells of a claim.
    pub(crate) fn told(&self, attempt: AttemptId, number: u64, outcome: ImageOutcome) -> Told {
        let (State::Building { holder, .. } | State::Ready { holder, .. } | State::Stays { holder, .. }) = &self.state
        else {
            return self.told_after_its_end(attempt, number, &outcome);
        };
        if (holder.attempt, self.number) != (attempt, number) {
            return self.told_after_its_end(attempt, number, &outcome);
        }
        if !matches!(self.state, State::Building { .. }) {
            return Told::Already;
        }
        let (holder, mut failed) = (*holder, self.failed.clone());
        let state = match outcome {
            ImageOutcome::Shared { image } => State::Ready { holder, image },
            ImageOutcome::Stays { reason } => State::Stays { holder, reason },
            ImageOutcome::GivenUp => State::Open,
            ImageOutcome::Failed { message } => {
                failed = Some(Failed { number, holder, message });
                State::Open
            }
        };
        Told::Now(Claim { number, state, failed })
    }

    /// A failure that is told twice was told before; whatever else comes late is stale.
    fn told_after_its_end(&self, attempt: AttemptId, number: u64, outcome: &ImageOutcome) -> Told {
        match &self.failed {
            Some(Failed { number: before, holder, message })
                if (*before, holder.attempt) == (number, attempt)
                    && *outcome == (ImageOutcome::Failed { message: message.clone() }) =>
            {
                Told::Already
            }
            Some(_) | None => Told::Stale,
        }
    }

    /// The image is no longer to be had: its parts are gone.
    pub(crate) fn lost(&self) -> Claim {
        Claim { state: State::Open, ..self.clone() }
    }

    /// The image, when it can be fetched.
    pub(crate) fn image(&self) -> Option<&SharedImage> {
        match &self.state {
            State::Ready { image, .. } => Some(image),
            State::Open | State::Building { .. } | State::Stays { .. } => None,
        }
    }

    /// Who builds.
    pub(crate) fn builder(&self) -> Option<Holder> {
        match &self.state {
            State::Building { holder, .. } => Some(*holder),
            State::Open | State::Ready { .. } | State::Stays { .. } => None,
        }
    }
}
