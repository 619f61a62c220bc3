//! What is wanted of Dockerfiles: an operator's file, and a project's own.

use super::lint::Tree;
use crate::exit::Refusal;
use sidings_pipeline::{Diagnostics, Files, Policy, policy};
use std::path::Path;

/// What an operator's file says.
pub(super) fn of_operator(file: &Path) -> anyhow::Result<Policy> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Refusal::configuration(format!("the policy {shown} cannot be read: {error}")))?;
    Policy::read(&shown, &text).map_err(|wrong| Refusal::configuration(wrong.to_string()))
}

/// Known flaws need something to know them by.
pub(super) fn can_be_kept(policy: Option<&Policy>, flaws: Option<&Path>) -> anyhow::Result<()> {
    match flaws {
        Some(dump) if !dump.exists() => {
            Err(Refusal::configuration(format!("the dump of flaws {} is not there", dump.display())))
        }
        None if policy.is_some_and(|policy| !policy.flaw_limits().is_empty()) => {
            Err(Refusal::configuration("the policy speaks of `flaws`: name a dump of them with `--flaws`"))
        }
        Some(_) | None => Ok(()),
    }
}

/// What a project asks of itself, beyond the usual.
pub(super) fn of_project(root: &Path) -> Result<Policy, Diagnostics> {
    let own =
        Tree::of(root).read(policy::FILE).map_or(Ok(Policy::default()), |text| Policy::read(policy::FILE, &text))?;
    Ok(Policy::default().tightened(&own))
}
