//! Who this host is to registries: a file in the form of Docker's `config.json`, with the credentials themselves or
//! with programs that have them. Whatever else the file holds is Docker's business.

use super::reference::canonical;
use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sidings_mask::Finder;
use sidings_proto::Secret;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

const FILE_MAX: u64 = 1024 * 1024;
/// For a program that has credentials; some ask a cloud for them.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// What such a program says of a registry that it knows nothing of.
const NOT_FOUND: &str = "credentials not found";
/// What stands for a user's name beside a token.
const TOKEN_USER: &str = "<token>";
/// The Hub's name in Docker's own files.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// A file with credentials, which was in order when it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialsFile {
    path: PathBuf,
}

/// What opens a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: Option<Secret>,
    pub(crate) identity_token: Option<Secret>,
    pub(crate) registry_token: Option<Secret>,
}

/// What is read of the file.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entries {
    auths: BTreeMap<String, Entry>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
    identitytoken: Option<Secret>,
    registrytoken: Option<Secret>,
}

/// The answer of a program.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: Secret,
}

impl CredentialsFile {
    /// Takes a file that the operator names.
    ///
    /// # Errors
    /// One line that says what is wrong with it, and nothing that is in it.
    pub fn at(path: &Path) -> Result<CredentialsFile, String> {
        let file = CredentialsFile { path: path.to_owned() };
        let entries = file.entries().map_err(|error| format!("--registry-auth {}: {error:#}", path.display()))?;
        for program in entries.cred_helpers.values().chain(&entries.creds_store) {
            checked(program).map_err(|error| format!("--registry-auth {}: {error}", path.display()))?;
        }
        Ok(file)
    }

    /// Whether others than its owner can read it.
    pub fn is_open_to_others(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|metadata| metadata.mode() & 0o044 != 0)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the registries that it says something of.
    pub fn registries(&self) -> Vec<String> {
        let entries = self.entries().unwrap_or_default();
        let mut names: Vec<String> =
            entries.auths.keys().chain(entries.cred_helpers.keys()).map(|key| host_of(key)).collect();
        names.sort();
        names.dedup();
        names
    }

    /// What opens the registry of this name. A program that was named for it comes first, then the one for all.
    pub(super) async fn of(&self, host: &str) -> anyhow::Result<Option<Credentials>> {
        let entries = self.entries().with_context(|| format!("reading {}", self.path.display()))?;
        let host = canonical(host);
        let own = entries.cred_helpers.iter().find(|(key, _)| host_of(key) == host).map(|(_, program)| program);
        if let Some(program) = own.or(entries.creds_store.as_ref())
            && let Some(found) = ask(program, &host).await?
        {
            return Ok(Some(found));
        }
        let entry = entries.auths.into_iter().find(|(key, _)| host_of(key) == host);
        entry.map(|(_, entry)| entry.credentials()).transpose().map(Option::flatten)
    }

    fn entries(&self) -> anyhow::Result<Entries> {
        let length = std::fs::metadata(&self.path)?.len();
        ensure!(length <= FILE_MAX, "it is longer than {FILE_MAX} bytes");
        let text = std::fs::read_to_string(&self.path)?;
        // What serde says may quote what it found.
        serde_json::from_str(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            anyhow::anyhow!("line {line}, column {column}: this is no configuration of Docker's (`{{\"auths\": …}}`)")
        })
    }
}

impl Entry {
    /// Docker leaves an empty one beside a program that has the credentials.
    fn credentials(self) -> anyhow::Result<Option<Credentials>> {
        let Entry { auth, username, password, identitytoken, registrytoken } = self;
        let some = |secret: Option<Secret>| secret.filter(|secret| !secret.expose().is_empty());
        let (username, password) = match some(auth) {
            Some(auth) => decoded(&auth).context("`auth` is not `user:password` in base64")?,
            None => (username.unwrap_or_default(), some(password)),
        };
        let found = Credentials {
            username,
            password,
            identity_token: some(identitytoken),
            registry_token: some(registrytoken),
        };
        let empty = found.password.is_none() && found.identity_token.is_none() && found.registry_token.is_none();
        Ok((!empty).then_some(found))
    }
}

impl Credentials {
    /// Finds them in a text, wherever somebody may have put them.
    pub(crate) fn finder(&self) -> Option<Finder> {
        let all = [&self.password, &self.identity_token, &self.registry_token];
        let pair = self.password.as_ref().map(|password| format!("{}:{}", self.username, password.expose()));
        let values = all.into_iter().flatten().map(Secret::expose).chain(pair.as_deref());
        Finder::of(values.collect::<Vec<_>>())
    }
}

fn decoded(auth: &Secret) -> Option<(String, Option<Secret>)> {
    let bytes = STANDARD.decode(auth.expose().trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (username, password) = text.trim_end_matches('\0').split_once(':')?;
    Some((username.to_owned(), Some(Secret::new(password)).filter(|password| !password.expose().is_empty())))
}

/// The registry of a key of the file: a name, or an address of it.
fn host_of(key: &str) -> String {
    let name = key.split_once("://").map_or(key, |(_, rest)| rest);
    canonical(name.split('/').next().unwrap_or_default())
}

/// A program is looked up on the PATH by a name of this form only.
fn checked(program: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match !program.is_empty() && program.chars().all(plain) {
        true => Ok(format!("docker-credential-{program}")),
        false => Err(format!("`{program}` is no name of a credential helper")),
    }
}

/// Asks a program of the operator's for what opens a registry.
async fn ask(program: &str, host: &str) -> anyhow::Result<Option<Credentials>> {
    let name = checked(program).map_err(anyhow::Error::msg)?;
    let key = if host == super::reference::HUB { HUB_KEY } else { host };
    let answer = tokio::time::timeout(ANSWER_WITHIN, call(&name, key)).await;
    answered(&name, &answer.with_context(|| format!("{name} did not answer within {} s", ANSWER_WITHIN.as_secs()))??)
}

/// What a program said; none when it knows nothing of the registry.
fn answered(name: &str, output: &Output) -> anyhow::Result<Option<Credentials>> {
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        // On its standard output it says why; never more than that.
        if said.contains(NOT_FOUND) {
            return Ok(None);
        }
        bail!("{name} ended with {}", output.status);
    }
    let answer: Answer =
        serde_json::from_str(&said).map_err(|_| anyhow::anyhow!("{name} did not answer in its form"))?;
    Ok(Some(match answer.username.as_str() {
        TOKEN_USER => Credentials { identity_token: Some(answer.secret), ..Credentials::default() },
        _ => Credentials { username: answer.username, password: Some(answer.secret), ..Credentials::default() },
    }))
}

async fn call(name: &str, key: &str) -> anyhow::Result<Output> {
    let mut command = tokio::process::Command::new(name);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
    let mut input = child.stdin.take().context("it has no standard input")?;
    // One that asks nothing may be gone already.
    let _ = input.write_all(format!("{key}\n").as_bytes()).await;
    drop(input);
    Ok(child.wait_with_output().await?)
}

#[cfg(test)]
mod tests;
