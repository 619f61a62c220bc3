//! Where this program keeps things, by the XDG base directory rules.

use crate::exit::Refusal;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What this machine must not lose: the given folder, `$XDG_DATA_HOME/sidings`, or `~/.local/share/sidings`.
pub(crate) fn data(given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    match given {
        Some(folder) => Ok(std::path::absolute(folder)?),
        None => sidings(std::env::var_os("XDG_DATA_HOME"), home(), ".local/share"),
    }
}

/// What may be removed at any time: `$XDG_CACHE_HOME/sidings`, or `~/.cache/sidings`.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    sidings(std::env::var_os("XDG_CACHE_HOME"), home(), ".cache")
}

fn home() -> Option<OsString> {
    std::env::var_os("HOME")
}

/// By the rules a relative path in the variable does not count.
fn sidings(xdg: Option<OsString>, home: Option<OsString>, below_home: &str) -> anyhow::Result<PathBuf> {
    let xdg = xdg.map(PathBuf::from).filter(|folder| folder.is_absolute());
    let home = home.map(PathBuf::from).filter(|folder| folder.is_absolute());
    let base = xdg.or_else(|| home.map(|home| home.join(below_home)));
    let base = base.ok_or_else(|| Refusal::configuration("HOME is not set: say with --data where to keep things"))?;
    Ok(base.join("sidings"))
}

/// Makes a folder that only this user may look into.
pub(crate) fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(xdg: Option<&str>, home: Option<&str>) -> Option<PathBuf> {
        sidings(xdg.map(OsString::from), home.map(OsString::from), ".cache").ok()
    }

    #[test]
    fn the_variable_goes_before_the_home_folder() {
        assert_eq!(folder(Some("/x"), Some("/home/me")), Some(PathBuf::from("/x/sidings")));
        assert_eq!(folder(None, Some("/home/me")), Some(PathBuf::from("/home/me/.cache/sidings")));
        assert_eq!(folder(Some("relative"), Some("/home/me")), Some(PathBuf::from("/home/me/.cache/sidings")));
        assert_eq!(folder(Some(""), None), None);
    }
}
