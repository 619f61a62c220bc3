//! The key file: a key a line, 64 hex digits each. The first one seals, all of them open, so that a new one is put
//! before the old ones, and these go once a start has sealed everything anew.

use super::seal::{KEY_LEN, Key};
use crate::store::{Sealed, StoredSecret};
use anyhow::Context;
use sidings_proto::Secret;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The key file is missing, readable by others, or not the one that sealed the secrets.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadKeyFile(String);

/// At least one key.
pub(crate) struct Keys {
    keys: Vec<Key>,
}

impl Keys {
    /// Reads the file. Where there is none it is made, if it `may_be_made`.
    pub(super) fn in_file(file: &Path, may_be_made: bool) -> anyhow::Result<Keys> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && may_be_made => make(file)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let what = "the key of the stored secrets is missing: put";
                let how = "back from your back-up, or name its place with --secrets-key";
                return Err(BadKeyFile(format!("{what} {} {how}", file.display())).into());
            }
            Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
        };
        refuse_open_to_others(file)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(|line| key(line, file)).collect::<anyhow::Result<Vec<Key>>>()?;
        if keys.is_empty() {
            return Err(BadKeyFile(format!("{} has no key in it", file.display())).into());
        }
        Ok(Keys { keys })
    }

    pub(super) fn seal(&self, bound_to: &[u8], value: &Secret) -> anyhow::Result<Sealed> {
        self.keys.first().context("there is a key")?.seal(bound_to, value)
    }

    pub(super) fn open(&self, bound_to: &[u8], sealed: &Sealed) -> Option<Secret> {
        self.keys.iter().find_map(|key| key.open(bound_to, sealed))
    }

    pub(super) fn sealed_by_first(&self, sealed: &Sealed) -> bool {
        self.keys.first().is_some_and(|key| key.sealed(sealed))
    }

    /// What to tell of a webhook whose address and signing key no key opens.
    pub(super) fn does_not_open_webhook(&self, file: &Path, name: &str) -> BadKeyFile {
        let file = file.display();
        BadKeyFile(format!("{file} does not open the stored webhook {name}: put the key file back that sealed it"))
    }

    /// What to tell of a secret that no key opens.
    pub(super) fn does_not_open(&self, file: &Path, secret: &StoredSecret) -> BadKeyFile {
        let (name, scope, file) = (&secret.name, &secret.scope, file.display());
        BadKeyFile(if self.keys.iter().any(|key| key.sealed(&secret.sealed)) {
            format!("the stored secret {name} ({scope}) was changed by somebody else: restore the database")
        } else {
            format!("{file} does not open the stored secret {name} ({scope}): put the key file back that sealed it")
        })
    }
}

fn key(line: &str, file: &Path) -> anyhow::Result<Key> {
    let wrong = || BadKeyFile(format!("{}: a key is {} hex digits, and one a line", file.display(), 2 * KEY_LEN));
    let hash = blake3::Hash::from_hex(line).map_err(|_| wrong())?;
    Key::new(hash.as_bytes())
}

/// Made for nobody else to read, and whole or not at all.
fn make(file: &Path) -> anyhow::Result<String> {
    let mut bytes = [0; KEY_LEN];
    getrandom::fill(&mut bytes).context("asking the system for random bytes")?;
    let text = format!("{}\n", blake3::Hash::from_bytes(bytes).to_hex());
    let written = file.with_extension("new");
    let making = || format!("making the key file {}", file.display());
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&written);
    let mut open = open.with_context(making)?;
    open.write_all(text.as_bytes()).and_then(|()| open.sync_all()).with_context(making)?;
    std::fs::rename(&written, file).with_context(making)?;
    Ok(text)
}

fn refuse_open_to_others(file: &Path) -> anyhow::Result<()> {
    let mode = std::fs::metadata(file).with_context(|| format!("looking at {}", file.display()))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let file = file.display();
    Err(BadKeyFile(format!("{file} can be read by others: `chmod 600 {file}`, and set the secrets anew")).into())
}
