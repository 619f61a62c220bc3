//! An audit: entries come one by one and are held against what the inventory has; of each only what it says of a package of
//! the image is kept. At the end, findings that are the same flaw under several names are one.

use crate::affected::{Said, said};
use crate::ecosystem::{Sought, covers, key, sought};
use crate::entry::{Affected, Entry};
use crate::ignoring::{Ignored, Ignores};
use crate::order::Version;
use crate::severity::{Severity, severity};
use serde::Serialize;
use sidings_inventory::{Inventory, Kind, Package, Remark};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// Bytes of an entry: the largest of today list all versions of a package and have two megabytes.
const MOST: u64 = 16 << 20;
/// Bad files are named up to here, and counted past it.
const NAMED: usize = 20;

/// What an audit found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Audit {
    /// The worst first.
    pub findings: Vec<Finding>,
    /// Findings that somebody decided to live with.
    pub ignored: Vec<Ignored>,
    /// What could not be looked at, and so is not known to be sound.
    pub not_looked: Vec<NotLooked>,
    /// What the inventory could not read.
    pub remarks: Vec<Remark>,
    /// Entries that were read.
    pub entries: u64,
    /// Of these, ones that were taken back.
    pub withdrawn: u64,
    /// Files that are no entries, the first ones of them.
    pub bad: Vec<BadFile>,
    /// And how many in all.
    pub bad_files: u64,
}

/// A flaw of a package.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The base score, where there is one.
    pub score: Option<f64>,
    /// What the entry is called.
    pub id: String,
    /// What else the same flaw is called.
    pub aliases: Vec<String>,
    /// Who packs it.
    pub kind: Kind,
    /// As its ecosystem calls it.
    pub package: String,
    /// The one in the image.
    pub version: String,
    /// The first one that does not have the flaw, of the source where the package has one.
    pub fixed: Option<String>,
    /// The entry's own line.
    pub summary: String,
    /// The layer that brought the package.
    pub layer: usize,
    /// The line of the Dockerfile that made the layer.
    pub line: Option<usize>,
    /// The day to which it was ignored.
    pub ignored_until: Option<String>,
}

/// Packages that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotLooked {
    /// Who packs them.
    pub kind: Kind,
    /// Why.
    pub why: String,
    /// Which, with their versions.
    pub packages: Vec<String>,
}

/// A file that is no entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadFile {
    /// As it was given.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
}

/// Takes entries in.
#[derive(Debug)]
pub struct Auditor<'i> {
    inventory: &'i Inventory,
    /// By the name that entries have for it.
    wanted: BTreeMap<String, Vec<Wanted>>,
    /// The ecosystems that are wanted, and whether the dump has any entry of each.
    covered: BTreeMap<String, bool>,
    hits: BTreeMap<usize, Vec<Hit>>,
    not_looked: BTreeMap<(Kind, String), BTreeSet<String>>,
    audit: Audit,
}

#[derive(Debug)]
struct Wanted {
    /// Its place in the inventory.
    package: usize,
    sought: Sought,
    version: Version,
}

/// A flaw of one package, under all its names.
#[derive(Debug)]
struct Hit {
    severity: Severity,
    tenths: Option<u32>,
    id: String,
    names: BTreeSet<String>,
    fixed: Option<String>,
    summary: String,
}

impl<'i> Auditor<'i> {
    /// Ready for entries.
    pub fn new(inventory: &'i Inventory) -> Auditor<'i> {
        let mut auditor = Auditor {
            inventory,
            wanted: BTreeMap::new(),
            covered: BTreeMap::new(),
            hits: BTreeMap::new(),
            not_looked: BTreeMap::new(),
            audit: Audit { remarks: inventory.remarks.clone(), ..Audit::default() },
        };
        for place in 0..inventory.packages.len() {
            if let Err(why) = auditor.want(place) {
                auditor.skip(place, why);
            }
        }
        auditor
    }

    fn want(&mut self, place: usize) -> Result<(), String> {
        let sought = sought(&self.inventory.packages[place], self.inventory.image.distribution.as_ref())?;
        let parsed = sought.order.parse(&sought.version);
        let version = parsed.ok_or_else(|| "its version is none by the rules of its ecosystem".to_owned())?;
        self.covered.entry(sought.ecosystem.clone()).or_default();
        for name in sought.names.iter().collect::<BTreeSet<_>>() {
            let wanted = Wanted { package: place, sought: sought.clone(), version: version.clone() };
            self.wanted.entry(name.clone()).or_default().push(wanted);
        }
        Ok(())
    }

    fn skip(&mut self, place: usize, why: String) {
        let package = &self.inventory.packages[place];
        let named = format!("{} {}", package.name, package.version).trim_end().to_owned();
        self.not_looked.entry((package.kind, why)).or_default().insert(named);
    }

    /// Takes a file of the dump in. What is wrong with it is counted and named; it stops nothing.
    pub fn read(&mut self, name: &str, from: impl Read) {
        match entry(from) {
            Ok(entry) => self.entry(&entry),
            Err(why) => self.bad(name, why),
        }
    }

    /// Counts a file that could not even be opened.
    pub fn bad(&mut self, name: &str, why: String) {
        self.audit.bad_files += 1;
        if self.audit.bad.len() < NAMED {
            self.audit.bad.push(BadFile { name: name.to_owned(), why });
        }
    }

    fn entry(&mut self, entry: &Entry) {
        self.audit.entries += 1;
        self.audit.withdrawn += u64::from(entry.withdrawn.is_some());
        for affected in &entry.affected {
            for (sought, covered) in &mut self.covered {
                *covered |= covers(sought, &affected.package.ecosystem);
            }
            if entry.withdrawn.is_none() {
                self.affected(entry, affected);
            }
        }
    }

    fn affected(&mut self, entry: &Entry, affected: &Affected) {
        let told = &affected.package;
        let mut left_open = Vec::new();
        for wanted in self.wanted.get(&key(&told.ecosystem, &told.name)).into_iter().flatten() {
            if !covers(&wanted.sought.ecosystem, &told.ecosystem) {
                continue;
            }
            match said(affected, wanted.sought.order, &wanted.version, &wanted.sought.version) {
                Said::Sound => {}
                Said::Unreadable(text) => left_open.push((wanted.package, text)),
                Said::Affected { fixed } => {
                    self.hits.entry(wanted.package).or_default().push(Hit::new(entry, affected, fixed));
                }
            }
        }
        for (place, text) in left_open {
            self.skip(place, format!("{} tells a version that is none by its ecosystem's rules: {text}", entry.id));
        }
    }

    /// What came of it, without what the list ignores.
    pub fn finish(mut self, ignores: &Ignores) -> Audit {
        self.skip_uncovered();
        let by_why = std::mem::take(&mut self.not_looked).into_iter();
        self.audit.not_looked =
            by_why.map(|((kind, why), names)| NotLooked { kind, why, packages: names.into_iter().collect() }).collect();
        for (place, hits) in std::mem::take(&mut self.hits) {
            let package = &self.inventory.packages[place];
            for hit in one_for_each_flaw(hits) {
                match ignores.why(&hit.names, &package.name) {
                    Some((reason, until)) => {
                        let (package, version) = (package.name.clone(), package.version.clone());
                        self.audit.ignored.push(Ignored { id: hit.id, package, version, reason, until });
                    }
                    None => self.audit.findings.push(self.finding(package, hit, ignores)),
                }
            }
        }
        self.audit.ignored.sort();
        self.audit.findings.sort_by(|a, b| b.rank().cmp(&a.rank()).then_with(|| a.place().cmp(&b.place())));
        self.audit
    }

    /// Packages of which the dump cannot know anything.
    fn skip_uncovered(&mut self) {
        let all: Vec<(usize, String)> = self
            .wanted
            .values()
            .flatten()
            .filter(|wanted| !self.covered.get(&wanted.sought.ecosystem).copied().unwrap_or_default())
            .map(|wanted| (wanted.package, wanted.sought.ecosystem.clone()))
            .collect();
        for (place, ecosystem) in all {
            self.skip(place, format!("the dump has no entry of {ecosystem}"));
        }
    }

    fn finding(&self, package: &Package, hit: Hit, ignores: &Ignores) -> Finding {
        let made = self.inventory.layer(package.layer).and_then(|layer| layer.made.as_ref());
        Finding {
            severity: hit.severity,
            score: hit.tenths.map(|tenths| f64::from(tenths) / 10.0),
            ignored_until: ignores.expired(&hit.names, &package.name),
            aliases: hit.names.into_iter().filter(|name| *name != hit.id).collect(),
            id: hit.id,
            kind: package.kind,
            package: package.name.clone(),
            version: package.version.clone(),
            fixed: hit.fixed,
            summary: hit.summary,
            layer: package.layer,
            line: made.map(|made| made.line),
        }
    }
}

impl Finding {
    fn names(&self) -> BTreeSet<String> {
        self.aliases.iter().chain([&self.id]).cloned().collect()
    }
}

impl Audit {
    /// The findings that are as bad as `limit`, or worse, and that the list does not ignore; the worst first.
    pub fn reaching_but<'a>(
        &'a self,
        limit: Severity,
        ignores: &'a Ignores,
    ) -> impl Iterator<Item = &'a Finding> + use<'a> {
        let counts = |finding: &&Finding| ignores.why(&finding.names(), &finding.package).is_none();
        self.findings.iter().filter(move |finding| finding.severity.reaches(limit)).filter(counts)
    }

    /// How many findings are as bad as `limit`, or worse.
    pub fn reaching(&self, limit: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity.reaches(limit)).count()
    }
}

impl Finding {
    fn rank(&self) -> (Severity, u32) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score is from 0 to 10")]
        let tenths = (self.score.unwrap_or_default() * 10.0).round() as u32;
        (self.severity, tenths)
    }

    fn place(&self) -> (Kind, &str, &str, usize, &str) {
        (self.kind, &self.package, &self.version, self.layer, &self.id)
    }
}

impl Hit {
    fn new(entry: &Entry, affected: &Affected, fixed: Option<String>) -> Hit {
        let (severity, tenths) = severity(entry, affected);
        let mut names: BTreeSet<String> = entry.aliases.iter().cloned().collect();
        // An advisory that mends several flaws is none of them, and must not be ignored for one.
        if let [only] = entry.upstream.as_slice() {
            names.insert(only.clone());
        }
        names.insert(entry.id.clone());
        Hit { severity, tenths, id: entry.id.clone(), names, fixed, summary: entry.summary.clone() }
    }

    /// The worse of both speaks for them.
    fn with(self, other: Hit) -> Hit {
        let worse = |hit: &Hit| (hit.severity, hit.tenths, std::cmp::Reverse(hit.id.clone()));
        let (mut first, other) = if worse(&self) >= worse(&other) { (self, other) } else { (other, self) };
        first.names.extend(other.names);
        first.fixed = first.fixed.or(other.fixed);
        first
    }
}

fn one_for_each_flaw(hits: Vec<Hit>) -> Vec<Hit> {
    let mut flaws: Vec<Hit> = Vec::new();
    for hit in hits {
        let (same, others): (Vec<Hit>, Vec<Hit>) = flaws.into_iter().partition(|it| !it.names.is_disjoint(&hit.names));
        flaws = others;
        flaws.push(same.into_iter().fold(hit, Hit::with));
    }
    flaws
}

fn entry(from: impl Read) -> Result<Entry, String> {
    let mut bytes = Vec::new();
    from.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST {
        return Err(format!("it has more than {MOST} bytes"));
    }
    let entry: Entry = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if entry.id.is_empty() { Err("it has no id".to_owned()) } else { Ok(entry) }
}

#[cfg(test)]
mod tests;
