//! `/usr/share/doc/PACKAGE/copyright`: the licences' short names, where the file is of the form that has them.

use super::{Evidence, told};

/// None where the file is prose: what it means is not guessed.
pub(super) fn licences(path: &str, text: &str) -> Option<Evidence> {
    let package = path.strip_prefix("usr/share/doc/")?.strip_suffix("/copyright")?;
    let machine_readable = text.lines().take(10).any(|line| line.starts_with("Format:"));
    if !machine_readable || package.contains('/') {
        return None;
    }
    let licences = text.lines().filter_map(|line| line.strip_prefix("License:")).map(str::to_owned);
    let licences = told(licences);
    (!licences.is_empty()).then(|| Evidence::Licences { package: package.to_owned(), licences })
}
