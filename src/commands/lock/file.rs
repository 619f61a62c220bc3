//! The lock file in a project's folder.

use crate::commands::lint;
use crate::exit::Refusal;
use anyhow::Context;
use sidings_pipeline::{Files, Lock, lock};
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What a project's file says; none when there is none.
pub(super) fn read(root: &Path) -> anyhow::Result<Option<Lock>> {
    let Some(text) = lint::Tree::of(root).read(lock::FILE) else { return Ok(None) };
    Lock::read(lock::FILE, &text).map(Some).map_err(|found| Refusal::configuration(found.render(false)))
}

/// Puts it there whole or not at all; one that is right already stays.
pub(super) fn write(root: &Path, lock: &Lock) -> anyhow::Result<()> {
    let (place, text) = (root.join(lock::FILE), lock.text());
    if lint::Tree::of(root).read(lock::FILE).is_some_and(|there| there == text) {
        return Ok(());
    }
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(root)?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_permissions(Permissions::from_mode(0o644))?;
        file.persist(&place)?;
        std::io::Result::Ok(())
    };
    write().with_context(|| format!("writing {}", place.display()))
}
