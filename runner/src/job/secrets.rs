//! The secrets of an attempt: asked for before anything else is done, held in memory alone, given to the containers and
//! builds that name them, and masked in all that this runner says of the job.
//!
//! A job whose secrets are missing or not for its run ends here, before it began.

use super::course::{Course, Halt, ours};
use anyhow::Context;
use futures::future::BoxFuture;
use sidings_mask::Finder;
use sidings_proto::runner::StepResult;
use sidings_proto::step::{SECRETS_MOUNT, StepInput};
use sidings_proto::{Failure, FailureClass, Secret, SecretForm, SecretUse, SecretsAnswer, Verdict};
use std::collections::BTreeMap;
use std::time::Duration;

/// Asks the controller for the secrets of the attempt at hand.
pub(crate) type AskSecrets = Box<dyn Fn() -> BoxFuture<'static, anyhow::Result<SecretsAnswer>> + Send + Sync>;

/// A controller that does not answer may be restarting.
const ASK_AGAIN: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

/// What an attempt was given.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    values: BTreeMap<String, Secret>,
    finder: Option<Finder>,
}

impl Course<'_> {
    /// Gets the secrets that the job names, if it names any.
    pub(super) async fn get_secrets(&self) -> Result<(), Halt> {
        if self.assignment.spec.secrets().is_empty() {
            return Ok(());
        }
        match self.ask_for_secrets().await.map_err(|error| ours("get the secrets", &error))? {
            SecretsAnswer::Given { values } => {
                self.remember(values);
                Ok(())
            }
            SecretsAnswer::Refused { reasons } => {
                let message = reasons.join("; ");
                self.setup.note(&message);
                Err(Halt::Failed(Failure { class: FailureClass::SecretRefused, message }))
            }
        }
    }

    async fn ask_for_secrets(&self) -> anyhow::Result<SecretsAnswer> {
        for pause in ASK_AGAIN {
            match (self.channel.secrets)().await {
                Ok(answer) => return Ok(answer),
                Err(error) => tracing::debug!(error = format!("{error:#}"), "secrets were not given; asking again"),
            }
            tokio::time::sleep(pause).await;
        }
        (self.channel.secrets)().await.context("ask the controller")
    }

    fn remember(&self, values: BTreeMap<String, Secret>) {
        let finder = Finder::of(values.values().map(Secret::expose));
        if let Some(finder) = &finder {
            self.setup.mask(finder.clone());
        }
        let names: Vec<&str> = values.keys().map(String::as_str).collect();
        self.setup.note(&format!("secrets: {}", names.join(", ")));
        // It is kept once, before anything looks.
        let _ = self.secrets.set(Secrets { values, finder });
    }

    /// The values of all secrets, by name.
    pub(super) fn secret_values(&self) -> BTreeMap<String, Secret> {
        self.secrets.get().map(|secrets| secrets.values.clone()).unwrap_or_default()
    }

    /// What the helper of a step or service is told, when the job has secrets: those that this one names, and all of
    /// them to be masked, since what one step knows another may print.
    pub(super) fn input(&self, named: &BTreeMap<String, SecretUse>) -> Option<StepInput> {
        let Secrets { values, .. } = self.secrets.get()?;
        let of = |form: SecretForm| -> BTreeMap<String, Secret> {
            let named = named.iter().filter(|(_, used)| used.form == form);
            named.filter_map(|(name, used)| Some((name.clone(), values.get(&used.secret)?.clone()))).collect()
        };
        let folder = SECRETS_MOUNT.to_owned();
        let masked = values.values().cloned().collect();
        Some(StepInput { environment: of(SecretForm::Environment), files: of(SecretForm::File), folder, masked })
    }

    /// What finds them, if there is anything to be found.
    pub(super) fn finder(&self) -> Option<Finder> {
        self.secrets.get().and_then(|secrets| secrets.finder.clone())
    }

    /// A verdict as it may be told.
    pub(super) fn shown(&self, verdict: Verdict) -> Verdict {
        match (verdict, self.finder()) {
            (Verdict::Failed(failure), Some(finder)) => {
                Verdict::Failed(Failure { message: finder.masked(&failure.message), ..failure })
            }
            (verdict, _) => verdict,
        }
    }

    /// A result as it may be told.
    pub(super) fn shown_result(&self, result: StepResult) -> StepResult {
        let verdict = self.shown(result.verdict);
        StepResult { verdict, ..result }
    }
}
