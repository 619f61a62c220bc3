//! Known flaws of an image, by the layer that brought them; nothing where the controller has no dump to know them by.

use crate::http::App;
use sidings_flaws::{Audit, Finding, Severity};
use sidings_proto::inventory::BuiltImage;
use std::collections::BTreeMap;

/// Flaws that are shown.
const SHOWN: usize = 300;
/// From the worst.
const SEVERITIES: [Severity; 6] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Negligible, Severity::Unknown];

/// What is known of flaws.
pub(super) struct Flawed {
    /// How many of each severity, the worst first.
    pub(super) counts: Vec<(&'static str, usize)>,
    pub(super) flaws: Vec<Flaw>,
    pub(super) more: usize,
    /// Why packages were not looked at, and how many.
    pub(super) left: Vec<(String, usize)>,
    by_layer: BTreeMap<usize, BTreeMap<Severity, usize>>,
}

/// One of them.
pub(super) struct Flaw {
    pub(super) severity: &'static str,
    pub(super) score: Option<String>,
    pub(super) id: String,
    pub(super) aliases: String,
    pub(super) package: String,
    pub(super) version: String,
    pub(super) fixed: Option<String>,
    pub(super) layer: usize,
    pub(super) line: Option<usize>,
    pub(super) summary: String,
}

/// What is known of an image; and, where looking failed, that it did.
pub(super) async fn of(app: &App, image: &BuiltImage) -> (Option<Flawed>, bool) {
    match app.flaws.audit((&image.project, &image.key), app.shell.now()).await {
        Ok(audit) => (audit.map(|audit| Flawed::of(&audit)), false),
        Err(error) => {
            tracing::warn!(key = image.key, "known flaws of an image could not be looked up: {error:#}");
            (None, true)
        }
    }
}

impl Flawed {
    fn of(audit: &Audit) -> Self {
        let mut by_layer: BTreeMap<usize, BTreeMap<Severity, usize>> = BTreeMap::new();
        let mut all = BTreeMap::new();
        for finding in &audit.findings {
            *by_layer.entry(finding.layer).or_default().entry(finding.severity).or_insert(0) += 1;
            *all.entry(finding.severity).or_insert(0) += 1;
        }
        Self {
            counts: counted(&all),
            flaws: audit.findings.iter().take(SHOWN).map(flaw).collect(),
            more: audit.findings.len().saturating_sub(SHOWN),
            left: audit.not_looked.iter().map(|left| (left.why.clone(), left.packages.len())).collect(),
            by_layer,
        }
    }

    /// Those of a layer, in words.
    pub(super) fn of_layer(&self, layer: usize) -> String {
        let counts = self.by_layer.get(&layer).map(counted).unwrap_or_default();
        let words: Vec<_> = counts.into_iter().map(|(severity, many)| format!("{many} {severity}")).collect();
        words.join(", ")
    }
}

fn counted(counts: &BTreeMap<Severity, usize>) -> Vec<(&'static str, usize)> {
    SEVERITIES.into_iter().filter_map(|severity| Some((severity.name(), *counts.get(&severity)?))).collect()
}

fn flaw(finding: &Finding) -> Flaw {
    Flaw {
        severity: finding.severity.name(),
        score: finding.score.map(|score| format!("{score:.1}")),
        id: finding.id.clone(),
        aliases: finding.aliases.join(", "),
        package: finding.package.clone(),
        version: finding.version.clone(),
        fixed: finding.fixed.clone(),
        layer: finding.layer,
        line: finding.line,
        summary: finding.summary.clone(),
    }
}
