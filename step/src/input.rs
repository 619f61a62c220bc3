//! The secrets of a step: read from standard input, put into files in memory and among the program's variables, and
//! kept by the helper only to mask the log.
//!
//! The helper runs beside a program that may be root as well. It makes itself unreadable first, so that no `/proc/1/mem`
//! gives a program what its own step did not name.

use crate::account::Account;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use sidings_mask::Finder;
use sidings_proto::Secret;
use sidings_proto::step::{StepInput, StepSpec};
use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// A job has no use for more; a length beyond it is no length.
const MAX: u32 = 256 * 1024 * 1024;

/// What the helper was told in private.
#[derive(Debug, Default)]
pub(crate) struct Private {
    input: StepInput,
    pub(crate) masked: Option<Finder>,
}

impl Private {
    /// Reads the input that the spec announces; nothing where there is none.
    pub(crate) fn read(spec: &StepSpec) -> io::Result<Private> {
        if !spec.input {
            return Ok(Private::default());
        }
        Private::read_from(&mut io::stdin().lock())
    }

    /// Reads it, and no byte that follows.
    pub(crate) fn read_from(stdin: &mut impl Read) -> io::Result<Private> {
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        let mut length = [0; 4];
        stdin.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length > MAX {
            return Err(io::Error::other("the input is too long"));
        }
        let mut json = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        stdin.read_exact(&mut json)?;
        let input: StepInput = serde_json::from_slice(&json)?;
        let masked = Finder::of(input.masked.iter().map(Secret::expose));
        Ok(Private { input, masked })
    }

    /// The same for a process of ours beside the program: it needs the variables and the mask, the files are there.
    pub(crate) fn encode(&self) -> Vec<u8> {
        self.input.encode()
    }

    /// What the program's variables are beside those that the engine set.
    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let values = self.input.environment.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
        let paths = self.input.files.keys().map(|name| (name.clone(), self.path(name).display().to_string()));
        values.chain(paths).collect()
    }

    /// Makes the files, for the program's user alone.
    pub(crate) fn make_files(&self, account: &Account) -> io::Result<()> {
        self.input.files.iter().try_for_each(|(name, value)| {
            let mut file = File::options().write(true).create_new(true).mode(0o400).open(self.path(name))?;
            file.write_all(value.expose().as_bytes())?;
            file.set_permissions(Permissions::from_mode(0o400))?;
            fchown(&file, Some(account.uid), Some(account.gid))
        })
    }

    /// A text of ours, as it may be seen.
    pub(crate) fn shown(&self, text: &str) -> String {
        self.masked.as_ref().map_or_else(|| text.to_owned(), |masked| masked.masked(text))
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(&self.input.folder).join(name)
    }
}
