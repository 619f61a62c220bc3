//! What an operator wants of environments, and a project for itself: rules about Dockerfiles, each with a level.
//!
//! A rule that is denied keeps a pipeline from running, as any other error does; one that is warned of does not. A
//! project may be stricter with itself than its operator is, never less strict.

mod dockerfile;
mod reach;
mod rules;

use crate::diagnostic::{Code, Diagnostics};
use crate::lock::Lock;
use crate::pipeline::Pipeline;
use crate::report::{Problem, Report};
use crate::source::Source;
use crate::{Files, read, yaml};
use serde::{Deserialize, Serialize};
use sidings_proto::{Environment, FlawLimits, ImageBudget};
use std::collections::{BTreeMap, BTreeSet};

/// The file of a project's own policy, below its root. It counts as it is on the default branch.
pub const FILE: &str = ".sidings/policy.yml";

/// What is done about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing.
    Allow,
    /// It is told.
    Warn,
    /// Nothing runs.
    Deny,
}

/// What is looked for in a Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A base image without a version.
    LatestTag,
    /// A base image without a digest.
    UndigestedBase,
    /// A base image from a registry that is not among those named.
    ForeignRegistry,
    /// Steps that run as root.
    RootUser,
    /// What package managers leave behind in a layer.
    PackageCache,
    /// Compilers in the image that is used.
    BuildTools,
    /// Secrets in variables, arguments and copied files.
    SecretInImage,
    /// `ADD` of an address without a checksum.
    UncheckedDownload,
    /// Packages without versions.
    UnpinnedPackages,
}

impl Rule {
    /// All of them, with what each is called and how it is taken where nobody says otherwise.
    pub const ALL: [(Rule, &'static str, Level); 9] = [
        (Rule::LatestTag, "latest_tag", Level::Warn),
        (Rule::UndigestedBase, "undigested_base", Level::Allow),
        (Rule::ForeignRegistry, "foreign_registry", Level::Deny),
        (Rule::RootUser, "root_user", Level::Allow),
        (Rule::PackageCache, "package_cache", Level::Warn),
        (Rule::BuildTools, "build_tools", Level::Allow),
        (Rule::SecretInImage, "secret_in_image", Level::Warn),
        (Rule::UncheckedDownload, "unchecked_download", Level::Warn),
        (Rule::UnpinnedPackages, "unpinned_packages", Level::Allow),
    ];

    fn code(self) -> Code {
        match self {
            Rule::LatestTag => Code::LatestTag,
            Rule::UndigestedBase => Code::UndigestedBase,
            Rule::ForeignRegistry => Code::ForeignRegistry,
            Rule::RootUser => Code::RootUser,
            Rule::PackageCache => Code::PackageCache,
            Rule::BuildTools => Code::BuildTools,
            Rule::SecretInImage => Code::SecretInImage,
            Rule::UncheckedDownload => Code::UncheckedDownload,
            Rule::UnpinnedPackages => Code::UnpinnedPackages,
        }
    }
}

/// The rules' levels, and the registries that base images may come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub(crate) levels: BTreeMap<Rule, Level>,
    /// Beginnings of references in full, `docker.io/library`; none: any.
    pub(crate) registries: Option<Vec<String>>,
    pub(crate) image_size: Sizes,
    /// Of known flaws, as each policy that was put together says.
    pub(crate) flaws: Vec<FlawLimits>,
}

/// From how many bytes on an image is told of, and from how many on it is not used, where that is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) warn: Option<u64>,
    pub(crate) deny: Option<u64>,
}

impl Policy {
    /// Reads a policy's text.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(file: &str, text: &str) -> Result<Policy, Diagnostics> {
        let mut report = Report::new(Source::new(file, text));
        let policy = yaml::parse(text, &mut report).and_then(|tree| read::policy(&tree, &mut report));
        let found = report.into_diagnostics();
        if found.has_errors() { Err(found) } else { Ok(policy.unwrap_or_default()) }
    }

    /// How a finding of the rule is taken.
    pub fn level(&self, rule: Rule) -> Level {
        let usual = Rule::ALL.iter().find(|(known, ..)| *known == rule).map_or(Level::Allow, |(.., level)| *level);
        self.levels.get(&rule).copied().unwrap_or(usual)
    }

    /// This policy, and what another one asks for beyond it.
    pub fn tightened(&self, by: &Policy) -> Policy {
        let stricter = |(rule, ..): &(Rule, &str, Level)| {
            let said = self.levels.contains_key(rule) || by.levels.contains_key(rule);
            let level = by.levels.get(rule).map_or(self.level(*rule), |level| self.level(*rule).max(*level));
            said.then_some((*rule, level))
        };
        Policy {
            levels: Rule::ALL.iter().filter_map(stricter).collect(),
            image_size: self.image_size.tightened(by.image_size),
            // Each for itself: what one ignores counts for the other.
            flaws: self.flaws.iter().chain(&by.flaws).cloned().collect(),
            registries: match (&self.registries, &by.registries) {
                (Some(ours), Some(theirs)) => Some(both(ours, theirs)),
                (one, other) => one.clone().or_else(|| other.clone()),
            },
        }
    }

    /// What is said of known flaws of images.
    pub fn flaw_limits(&self) -> &[FlawLimits] {
        &self.flaws
    }

    /// How large an image may be.
    pub(crate) fn image_budget(&self) -> ImageBudget {
        let Sizes { warn, deny } = self.image_size;
        ImageBudget { warn: warn.unwrap_or(ImageBudget::default().warn), deny }
    }

    /// What the policy says of every Dockerfile that a pipeline builds.
    pub(crate) fn look(&self, pipeline: &Pipeline, files: &dyn Files) -> Diagnostics {
        // What is wrong with the lock file is told where it is read for the pipeline.
        let lock = Lock::of(files).and_then(Result::ok).unwrap_or_default();
        let found = built(pipeline).into_iter().flat_map(|(path, builds)| {
            let text = files.read(&path).unwrap_or_default();
            self.look_at(&path, &text, &builds, &lock).0
        });
        Diagnostics(found.collect())
    }

    /// What it says of one Dockerfile, for what is built of it.
    fn look_at(&self, path: &str, text: &str, builds: &BTreeSet<Build>, lock: &Lock) -> Diagnostics {
        let mut report = Report::new(Source::new(path, text));
        for finding in dockerfile::findings(self, text, builds, lock) {
            let problem = Problem::new(finding.rule.code(), &finding.span, finding.message);
            let problem = problem.expected(finding.why).help(finding.help);
            match self.level(finding.rule) {
                Level::Allow => {}
                Level::Warn => report.add(problem.warning()),
                Level::Deny => report.add(problem),
            }
        }
        report.into_diagnostics()
    }
}

impl Sizes {
    fn tightened(self, by: Sizes) -> Sizes {
        let usual = ImageBudget::default().warn;
        Sizes {
            warn: by.warn.map(|theirs| theirs.min(self.warn.unwrap_or(usual))).or(self.warn),
            deny: self.deny.into_iter().chain(by.deny).min(),
        }
    }
}

/// Those of one list that lie within one of the other, whichever is narrower.
fn both(ours: &[String], theirs: &[String]) -> Vec<String> {
    let within = |one: &&String, all: &[String]| all.iter().any(|wide| rules::base::is_within(one, wide));
    let ours_within = ours.iter().filter(|one| within(one, theirs));
    let theirs_within = theirs.iter().filter(|one| within(one, ours));
    ours_within.chain(theirs_within).cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// One way in which a Dockerfile is built.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Build {
    /// The last stage for none.
    pub(crate) target: Option<String>,
    pub(crate) args: BTreeMap<String, String>,
}

/// The Dockerfiles of a pipeline, and what it builds of each.
pub(crate) fn built(pipeline: &Pipeline) -> BTreeMap<String, BTreeSet<Build>> {
    let mut built: BTreeMap<String, BTreeSet<Build>> = BTreeMap::new();
    for job in &pipeline.jobs {
        let steps = job.stages.iter().flat_map(|stage| &stage.steps).map(|step| &step.image);
        for image in steps.chain(job.services.iter().map(|service| &service.image)) {
            if let Environment::Build { dockerfile, target, args, .. } = image.as_ref() {
                let build = Build { target: target.clone(), args: args.clone() };
                built.entry(dockerfile.clone()).or_default().insert(build);
            }
        }
    }
    built
}

/// One thing that a rule found.
#[derive(Debug)]
struct Finding {
    rule: Rule,
    span: crate::source::Span,
    message: String,
    /// A few words under the place itself.
    why: &'static str,
    help: String,
}

#[cfg(test)]
mod tests;
