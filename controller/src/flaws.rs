//! Known flaws of the images that jobs run in: what is in an image, held against the dump that the operator keeps on
//! disk, and judged by the policies that a run came with. Each image is looked up again when an hour has passed.

mod dump;

use crate::inventories::Inventories;
use anyhow::{Context, ensure};
pub use dump::read_dump;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sidings_flaws::{Audit, Auditor, Finding, IgnoreRule, Ignores, Severity};
use sidings_inventory::Inventory;
use sidings_proto::Timestamp;
use sidings_proto::flaws::{FlawLimits, FlawSeverity, FlawsJudged};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// An audit counts for so long, whatever the dump says meanwhile.
const COUNTS_MS: i64 = 3_600_000;
/// Audits that are kept.
const KEPT_MOST: usize = 256;
/// Flaws that a message names.
const NAMED: usize = 5;

/// What is known of flaws.
pub(crate) struct Flaws {
    /// An OSV dump: a zip, or a folder of them.
    dump: Option<PathBuf>,
    inventories: Arc<Inventories>,
    audits: Mutex<Audits>,
    /// A dump is read by one at a time; who only asks for what was found does not wait for that.
    reading: tokio::sync::Mutex<()>,
}

/// By project and key, and when each was made.
type Audits = BTreeMap<(String, String), (Timestamp, Arc<Audit>)>;

impl Flaws {
    pub(crate) fn new(dump: Option<PathBuf>, inventories: Arc<Inventories>) -> Flaws {
        Flaws { dump, inventories, audits: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }

    /// What these policies say of a project's image. None: nothing is known of what is in it.
    pub(crate) async fn judged(
        &self,
        image: (&str, &str),
        limits: &[FlawLimits],
        now: Timestamp,
    ) -> anyhow::Result<Option<FlawsJudged>> {
        if self.dump.is_none() {
            return Ok(Some(without_dump(limits, self.inventories.are_wanted())));
        }
        let today = jiff::Timestamp::from_millisecond(now.0)?.to_zoned(TimeZone::UTC).date();
        let audit = self.audit(image, now).await?;
        Ok(audit.map(|audit| judged(&audit, limits, today)))
    }

    /// All flaws of a project's image; none where nothing is known of what is in it, or of flaws at all.
    pub(crate) async fn audit(
        &self,
        (project, key): (&str, &str),
        now: Timestamp,
    ) -> anyhow::Result<Option<Arc<Audit>>> {
        let Some(dump) = self.dump.clone() else { return Ok(None) };
        let image = (project.to_owned(), key.to_owned());
        if let Some(audit) = self.kept(&image, now) {
            return Ok(Some(audit));
        }
        let _alone = self.reading.lock().await;
        // Whoever read before may have read for the same image.
        if let Some(audit) = self.kept(&image, now) {
            return Ok(Some(audit));
        }
        let Some((_, json)) = self.inventories.contents(Some(project), key).await?.into_iter().next() else {
            return Ok(None);
        };
        let audit = Arc::new(tokio::task::spawn_blocking(move || made(&json, &dump)).await??);
        self.keep(image, now, audit.clone());
        Ok(Some(audit))
    }

    fn kept(&self, image: &(String, String), now: Timestamp) -> Option<Arc<Audit>> {
        let mut audits = self.audits.lock().unwrap_or_else(PoisonError::into_inner);
        audits.retain(|_, (made, _)| now.0 - made.0 < COUNTS_MS);
        audits.get(image).map(|(_, audit)| audit.clone())
    }

    fn keep(&self, image: (String, String), now: Timestamp, audit: Arc<Audit>) {
        let mut audits = self.audits.lock().unwrap_or_else(PoisonError::into_inner);
        if audits.len() >= KEPT_MOST {
            audits.clear();
        }
        audits.insert(image, (now, audit));
    }
}

fn made(json: &[u8], dump: &Path) -> anyhow::Result<Audit> {
    let inventory: Inventory = serde_json::from_slice(json).context("reading an inventory")?;
    let mut auditor = Auditor::new(&inventory);
    read_dump(&mut auditor, dump).with_context(|| format!("reading the dump of flaws, {}", dump.display()))?;
    let audit = auditor.finish(&Ignores::default());
    ensure!(audit.entries > 0, "there is no entry of OSV in {}", dump.display());
    Ok(audit)
}

/// What is not looked at does not pass for sound, but where a controller serves one run on somebody's own machine.
fn without_dump(limits: &[FlawLimits], serves_a_fleet: bool) -> FlawsJudged {
    match limits.iter().filter_map(|limits| limits.deny).min() {
        Some(deny) if serves_a_fleet => FlawsJudged {
            denied: Some(format!(
                "the policy refuses images with {}, and this controller has no dump to know them by: \
                 its operator starts it with `--flaws`",
                from(deny)
            )),
            warnings: Vec::new(),
        },
        _ => FlawsJudged {
            denied: None,
            warnings: vec![
                "known flaws of the image are not looked up here: there is no dump of them (`--flaws`)".to_owned(),
            ],
        },
    }
}

fn judged(audit: &Audit, limits: &[FlawLimits], today: Date) -> FlawsJudged {
    let (mut denied, mut warnings) = (Vec::new(), Vec::new());
    for limits in limits {
        let ignores = ignores(limits, today);
        let found = |limit| Some((limit, told(audit, limit, &ignores)?));
        let refused = limits.deny.and_then(found);
        if refused.is_none() {
            let warned = limits.warn.and_then(found);
            warnings.extend(warned.map(|(limit, told)| format!("the image has {}: {told}", from(limit))));
        }
        let refusal = |(limit, told)| format!("the policy (`flaws`) allows no {}, and it has {told}", from(limit));
        denied.extend(refused.map(refusal));
    }
    warnings.dedup();
    let left: usize = audit.not_looked.iter().map(|left| left.packages.len()).sum();
    if let Some(first) = audit.not_looked.first() {
        let many = if left == 1 { "1 package was".to_owned() } else { format!("{left} packages were") };
        warnings.push(format!("{many} not looked up for known flaws, the first because {}", first.why));
    }
    FlawsJudged { denied: denied.into_iter().next(), warnings }
}

fn ignores(limits: &FlawLimits, today: Date) -> Ignores {
    let rule = |it: &sidings_proto::flaws::IgnoredFlaw| {
        let (id, package, reason) = (it.id.clone(), it.package.clone(), it.reason.clone());
        Some(IgnoreRule { id, package, reason, until: it.until.parse().ok()? })
    };
    Ignores::of(limits.ignore.iter().filter_map(rule), today)
}

/// The flaws from a severity on, the worst by name.
fn told(audit: &Audit, limit: FlawSeverity, ignores: &Ignores) -> Option<String> {
    let found: Vec<&Finding> = audit.reaching_but(severity(limit), ignores).collect();
    if found.is_empty() {
        return None;
    }
    let mut named: Vec<String> = found.iter().take(NAMED).map(|finding| one(finding)).collect();
    if found.len() > NAMED {
        named.push(format!("and {} more", found.len() - NAMED));
    }
    Some(named.join("; "))
}

fn one(finding: &Finding) -> String {
    let line = finding.line.map(|line| format!(", line {line}")).unwrap_or_default();
    let fixed = finding.fixed.as_ref().map(|fixed| format!(", fixed in {fixed}")).unwrap_or_default();
    format!("{} {} in {} {}{line}{fixed}", finding.severity.name(), finding.id, finding.package, finding.version)
}

fn from(limit: FlawSeverity) -> String {
    match limit {
        FlawSeverity::Critical => "critical flaws".to_owned(),
        FlawSeverity::Low | FlawSeverity::Medium | FlawSeverity::High => {
            format!("flaws that are {} or worse", limit.name())
        }
    }
}

fn severity(limit: FlawSeverity) -> Severity {
    match limit {
        FlawSeverity::Low => Severity::Low,
        FlawSeverity::Medium => Severity::Medium,
        FlawSeverity::High => Severity::High,
        FlawSeverity::Critical => Severity::Critical,
    }
}

#[cfg(test)]
mod tests;
