//! `/etc/os-release`: whose packages these are.

use super::Evidence;
use crate::model::Distribution;

pub(super) fn distribution(text: &str) -> Option<Evidence> {
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))?;
        Some(line.trim().trim_matches(['"', '\'']).to_owned())
    };
    let id = value("ID").filter(|id| !id.is_empty())?;
    Some(Evidence::Distribution(Distribution { id, version: value("VERSION_ID").unwrap_or_default() }))
}
