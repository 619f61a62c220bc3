//! Layers upon each other: which files are still seen at the top, and which layer brought each package.

use crate::evidence::{Evidence, Found};
use crate::layer::Findings;
use crate::model::{Distribution, Kind, Package, Removed};
use crate::purl::purl;
use std::collections::{BTreeMap, BTreeSet};

/// What is seen, from the layers that were put on so far.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    layers: usize,
    /// By the file that says so: the package, and the layer that brought it.
    packages: BTreeMap<String, Vec<(Found, usize)>>,
    licences: BTreeMap<String, (String, Vec<String>)>,
    distributions: BTreeMap<String, Distribution>,
    dockerfile: Option<String>,
    removed: BTreeSet<Removed>,
}

/// What is left at the top.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) packages: Vec<Package>,
    pub(crate) removed: Vec<Removed>,
    pub(crate) distribution: Option<Distribution>,
    pub(crate) dockerfile: Option<String>,
}

impl Overlay {
    /// Puts a layer on top.
    pub(crate) fn put(&mut self, findings: &mut Findings) {
        self.layers += 1;
        let evidence = std::mem::take(&mut findings.evidence);
        let hidden: Vec<String> = self.packages.keys().filter(|path| findings.hides(path)).cloned().collect();
        let mut before: BTreeMap<String, Vec<(Found, usize)>> =
            hidden.into_iter().filter_map(|path| self.packages.remove_entry(&path)).collect();
        self.licences.retain(|path, _| !findings.hides(path));
        self.distributions.retain(|path, _| !findings.hides(path));
        for (path, evidence) in evidence {
            match evidence {
                Evidence::Packages(found) => {
                    let kept = self.kept(found, before.entry(path.clone()).or_default());
                    self.packages.insert(path, kept);
                }
                Evidence::Licences { package, licences } => drop(self.licences.insert(path, (package, licences))),
                Evidence::Distribution(distribution) => drop(self.distributions.insert(path, distribution)),
                Evidence::Dockerfile(text) => self.dockerfile = Some(text),
            }
        }
        for (found, layer) in before.into_values().flatten() {
            self.removed.insert(removed(&found, layer, self.layers));
        }
    }

    /// The packages of a file that was there before keep their layer; those that it no longer has stay in `before`.
    fn kept(&self, found: Vec<Found>, before: &mut Vec<(Found, usize)>) -> Vec<(Found, usize)> {
        let mut known: BTreeMap<_, usize> = before.iter().map(|(found, layer)| (identity(found), *layer)).collect();
        let kept: Vec<(Found, usize)> = found
            .into_iter()
            .map(|found| {
                let layer = known.remove(&identity(&found)).unwrap_or(self.layers);
                (found, layer)
            })
            .collect();
        let stay: BTreeSet<_> = kept.iter().map(|(found, _)| identity(found)).collect();
        before.retain(|(found, _)| !stay.contains(&identity(found)));
        kept
    }

    /// All layers are on.
    pub(crate) fn seen(self) -> Seen {
        let distribution =
            ["etc/os-release", "usr/lib/os-release"].iter().find_map(|path| self.distributions.get(*path));
        let licences: BTreeMap<&str, &[String]> =
            self.licences.values().map(|(package, licences)| (package.as_str(), licences.as_slice())).collect();
        let mut packages: BTreeMap<(Kind, String), Package> = BTreeMap::new();
        for (path, found) in self.packages.iter().flat_map(|(path, found)| found.iter().map(move |found| (path, found)))
        {
            let package = package(found, path, distribution, &licences);
            packages
                .entry((package.kind, package.purl.clone()))
                .and_modify(|known| join(known, &package))
                .or_insert(package);
        }
        let mut packages: Vec<Package> = packages.into_values().collect();
        packages.sort_by(|a, b| (a.kind, &a.name, &a.version, &a.purl).cmp(&(b.kind, &b.name, &b.version, &b.purl)));
        let mut removed = self.removed;
        // A package that another file still tells of is there.
        let there: BTreeSet<_> = packages.iter().map(|it| (it.kind, it.name.as_str(), it.version.as_str())).collect();
        removed.retain(|it| !there.contains(&(it.kind, it.name.as_str(), it.version.as_str())));
        let removed = removed.into_iter().collect();
        Seen { distribution: distribution.cloned(), dockerfile: self.dockerfile, removed, packages }
    }
}

/// One package that several files tell of came with the first of them.
fn join(known: &mut Package, again: &Package) {
    known.layer = known.layer.min(again.layer);
    known.paths.extend(again.paths.iter().cloned());
    known.licences.extend(again.licences.iter().cloned());
    known.licences.sort();
    known.licences.dedup();
}

fn package(
    (found, layer): &(Found, usize),
    path: &str,
    distribution: Option<&Distribution>,
    licences: &BTreeMap<&str, &[String]>,
) -> Package {
    let papers = licences.get(found.name.as_str()).filter(|_| found.kind == Kind::Deb && found.licences.is_empty());
    Package {
        kind: found.kind,
        name: found.name.clone(),
        version: found.version.clone(),
        architecture: found.architecture.clone(),
        source: found.source.clone(),
        licences: papers.map_or_else(|| found.licences.clone(), |papers| papers.to_vec()),
        purl: purl(found, distribution),
        layer: *layer,
        paths: vec![path.to_owned()],
    }
}

fn identity(found: &Found) -> (Kind, String, String, Option<String>) {
    (found.kind, found.name.clone(), found.version.clone(), found.architecture.clone())
}

fn removed(found: &Found, layer: usize, removed_in: usize) -> Removed {
    Removed { kind: found.kind, name: found.name.clone(), version: found.version.clone(), layer, removed_in }
}
