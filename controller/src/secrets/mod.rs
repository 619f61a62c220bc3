//! Secrets: kept sealed, given to the attempts that may have them, and shown to nobody.
//!
//! `keys` is the key file, `seal` what encrypts. A value leaves this room only for the runner of a current attempt whose
//! plan names it; no listing has one. A secret that is missing or not allowed is refused with its name, never left out.

mod keys;
mod seal;

pub use keys::BadKeyFile;
pub(crate) use keys::Keys;

use crate::core::event::RunSpec;
use crate::store::webhooks::StoredWebhook;
use crate::store::{Sealed, Store, StoredSecret};
use crate::webhooks;
use anyhow::Context;
use sidings_proto::pattern::Pattern;
use sidings_proto::secret::{PutSecret, SecretView};
use sidings_proto::{Secret, SecretScope, SecretsAnswer, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// All secrets, and the keys to them.
pub(crate) struct Vault {
    store: Arc<dyn Store>,
    keys: Keys,
}

/// Why a secret is not kept, for who wanted it to be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(String);

impl Vault {
    /// Opens the key file, makes it where there is neither a file nor a secret, and seals with its first key what was
    /// sealed with another of its keys.
    pub(crate) async fn open(store: Arc<dyn Store>, file: &Path) -> anyhow::Result<Vault> {
        let stored = store.secrets().await.context("reading the secrets")?;
        let webhooks = store.webhooks().await.context("reading the webhooks")?;
        let keys = Keys::in_file(file, stored.is_empty() && webhooks.is_empty())?;
        let vault = Vault { store, keys };
        for secret in stored {
            let value = vault.value(&secret).ok_or_else(|| vault.keys.does_not_open(file, &secret))?;
            if !vault.keys.sealed_by_first(&secret.sealed) {
                let sealed = vault.keys.seal(&secret.bound_to(), &value)?;
                vault.store.put_secret(&StoredSecret { sealed, ..secret }).await?;
            }
        }
        for webhook in webhooks {
            let bound = webhooks::bound_to(&webhook.name);
            let value = vault.open_sealed(&bound, &webhook.sealed);
            let value = value.ok_or_else(|| vault.keys.does_not_open_webhook(file, &webhook.name))?;
            if !vault.keys.sealed_by_first(&webhook.sealed) {
                let sealed = vault.seal(&bound, &value)?;
                vault.store.put_webhook(&StoredWebhook { sealed, ..webhook }).await?;
            }
        }
        Ok(vault)
    }

    /// Seals what another room keeps; it opens as what it is bound to and as nothing else.
    pub(crate) fn seal(&self, bound_to: &[u8], value: &Secret) -> anyhow::Result<Sealed> {
        self.keys.seal(bound_to, value)
    }

    /// The reverse of [`Vault::seal`].
    pub(crate) fn open_sealed(&self, bound_to: &[u8], sealed: &Sealed) -> Option<Secret> {
        self.keys.open(bound_to, sealed)
    }

    /// Keeps a secret.
    pub(crate) async fn put(&self, new: PutSecret, now: Timestamp) -> anyhow::Result<Result<SecretView, Refused>> {
        if let Some(why) = refused(&new) {
            return Ok(Err(Refused(why)));
        }
        let PutSecret { name, scope, rules, value } = new;
        let earlier = self.store.secrets().await?.into_iter().find(|known| known.scope == scope && known.name == name);
        let created = earlier.map_or(now, |earlier| earlier.created);
        let mut secret = StoredSecret { scope, name, rules, sealed: Sealed::default(), created, changed: now };
        secret.sealed = self.keys.seal(&secret.bound_to(), &value)?;
        self.store.put_secret(&secret).await?;
        Ok(Ok(view(secret)))
    }

    /// All secrets, or those that a project may get.
    pub(crate) async fn list(&self, project: Option<&str>) -> anyhow::Result<Vec<SecretView>> {
        let scopes = project.map(SecretScope::of_project);
        let wanted = |secret: &StoredSecret| scopes.as_ref().is_none_or(|scopes| scopes.contains(&secret.scope));
        let mut secrets: Vec<_> = self.store.secrets().await?.into_iter().filter(wanted).map(view).collect();
        secrets.sort_by(|one, other| (&one.scope, &one.name).cmp(&(&other.scope, &other.name)));
        Ok(secrets)
    }

    /// Forgets a secret; false when there was none.
    pub(crate) async fn remove(&self, scope: &SecretScope, name: &str) -> anyhow::Result<bool> {
        self.store.remove_secret(scope, name).await
    }

    /// What a run's job is given of the secrets it names: all of them, or why not.
    pub(crate) async fn of_job(&self, run: &RunSpec, names: &BTreeSet<&str>) -> anyhow::Result<SecretsAnswer> {
        let (mut values, mut reasons) = (BTreeMap::new(), Vec::new());
        let stored = if names.is_empty() { Vec::new() } else { self.store.secrets().await? };
        for name in names {
            match chosen(&stored, run, name) {
                Ok(secret) => {
                    let value = self.value(secret).with_context(|| format!("opening the secret {name}"))?;
                    values.insert((*name).to_owned(), value);
                }
                Err(why) => reasons.push(why),
            }
        }
        Ok(if reasons.is_empty() { SecretsAnswer::Given { values } } else { SecretsAnswer::Refused { reasons } })
    }

    fn value(&self, secret: &StoredSecret) -> Option<Secret> {
        self.keys.open(&secret.bound_to(), &secret.sealed)
    }
}

impl StoredSecret {
    /// What a sealed value belongs to: moved to another name, project or rule it does not open.
    fn bound_to(&self) -> Vec<u8> {
        let bound = (&self.scope, &self.name, &self.rules);
        serde_json::to_vec(&bound).expect("names and words are JSON")
    }
}

/// The nearest secret of this name. One that does not allow the run does not make way for one further out.
fn chosen<'s>(stored: &'s [StoredSecret], run: &RunSpec, name: &str) -> Result<&'s StoredSecret, String> {
    let at = |scope: &SecretScope| stored.iter().find(|secret| secret.scope == *scope && secret.name == name);
    let Some(secret) = SecretScope::of_project(&run.project).iter().find_map(at) else {
        let how = format!("`sidings secret set {name} --project {}` keeps one", run.project);
        return Err(format!("there is no secret `{name}` for the project {}; {how}", run.project));
    };
    let matches = |pattern: &str, branch: &str| Pattern::parse(pattern).is_ok_and(|it| it.matches(branch));
    match secret.rules.why_not(run.trigger, &run.commit, matches) {
        None => Ok(secret),
        Some(why) => Err(format!("the secret `{name}` {why}")),
    }
}

fn refused(new: &PutSecret) -> Option<String> {
    let PutSecret { name, scope, rules, value } = new;
    if !sidings_proto::secret::is_secret_name(name) {
        return Some(
            "a secret's name has letters, digits, `_`, `-` and `.`, begins with a letter or `_`, and has at most \
            100 characters"
                .to_owned(),
        );
    }
    if let SecretScope::Project(of) | SecretScope::Group(of) = scope
        && !crate::project_name::is_right(of)
    {
        return Some(format!("`{of}` cannot be the name of a project or group"));
    }
    let unclear = |pattern: &&String| Pattern::parse(pattern).is_err();
    if let Some(pattern) = rules.branches.iter().find(unclear) {
        return Some(format!("`{pattern}` is no pattern for branches, such as `main` or `release/*`"));
    }
    sidings_proto::secret::refused_value(value.expose()).map(|why| format!("the value is refused: {why}"))
}

fn view(secret: StoredSecret) -> SecretView {
    let StoredSecret { scope, name, rules, created, changed, .. } = secret;
    SecretView { name, scope, rules, created, changed }
}

#[cfg(test)]
mod tests;
