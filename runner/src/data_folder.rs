//! The runner's folder: its identity, its caches, and the attempts at hand. Nothing in it could not be lost.

use crate::removal::remove_tree;
use anyhow::{Context, bail};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sidings_proto::RunnerId;
use std::fs::{File, Permissions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const IDENTITY: &str = "identity.json";

/// A data folder that is this process's alone while this value lives.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// Who the runner is, over its lives.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) runner: RunnerId,
    pub(crate) token: SecretString,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredIdentity {
    runner: RunnerId,
    token: String,
}

/// Whether some data folder holds an identity, whoever uses it.
pub(crate) fn has_identity(path: &Path) -> bool {
    path.join(IDENTITY).is_file()
}

impl DataFolder {
    /// Makes it if need be, readable for its owner alone, and locks it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<DataFolder> {
        let shown = path.display();
        std::fs::create_dir_all(path).with_context(|| format!("make {shown}"))?;
        std::fs::set_permissions(path, Permissions::from_mode(0o700)).with_context(|| format!("close {shown}"))?;
        let path = path.canonicalize().with_context(|| format!("find {shown}"))?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join("lock"));
        let lock = lock.with_context(|| format!("open the lock in {shown}"))?;
        match lock.try_lock() {
            Ok(()) => Ok(DataFolder { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => bail!("another runner uses {shown}"),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("lock {shown}")),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn mirrors(&self) -> PathBuf {
        self.path.join("mirrors")
    }

    /// Copies of caches.
    pub(crate) fn caches(&self) -> PathBuf {
        self.path.join("caches")
    }

    pub(crate) fn attempts(&self) -> PathBuf {
        self.path.join("attempts")
    }

    /// Removes what attempts of earlier lives left, and makes the folder for those to come.
    pub(crate) fn sweep_attempts(&self) -> anyhow::Result<()> {
        match remove_tree(&self.attempts()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).context("remove the attempts of earlier lives");
            }
            _ => {}
        }
        std::fs::create_dir_all(self.attempts()).context("make the folder of the attempts")
    }

    /// The identity that is kept here.
    pub(crate) fn identity(&self) -> anyhow::Result<Option<Identity>> {
        let text = match std::fs::read(self.identity_path()) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("read the runner's identity"),
        };
        let StoredIdentity { runner, token } = serde_json::from_slice(&text).context("read the runner's identity")?;
        Ok(Some(Identity { runner, token: token.into() }))
    }

    /// Keeps an identity, readable for its owner alone.
    pub(crate) fn keep_identity(&self, identity: &Identity) -> anyhow::Result<()> {
        let stored = StoredIdentity { runner: identity.runner, token: identity.token.expose_secret().to_owned() };
        let part = self.path.join("identity.part");
        let write = || -> anyhow::Result<()> {
            let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&part)?;
            file.write_all(&serde_json::to_vec(&stored)?)?;
            file.sync_all()?;
            Ok(std::fs::rename(&part, self.identity_path())?)
        };
        write().context("keep the runner's identity")
    }

    /// The controller no longer knows it.
    pub(crate) fn forget_identity(&self) -> anyhow::Result<()> {
        std::fs::remove_file(self.identity_path()).context("forget the runner's identity")
    }

    fn identity_path(&self) -> PathBuf {
        self.path.join(IDENTITY)
    }
}
