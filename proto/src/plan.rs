//! What a pipeline's text means for one commit: the jobs that must run, fully spelled out.

use crate::split::Tests;
use crate::{Artifacts, Cache, Concurrency, FlawLimits, Resources, Scheduling, SecretUse, Service};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A Dockerfile's size in bytes, at most. Longer ones are not written by people.
pub const DOCKERFILE_MAX: u64 = 256 * 1024;

/// The size in bytes, at most, of a script as the shell gets it, and of a variable's value. Each is one argument of a
/// program, and Linux takes 128 KiB in one.
pub const ARGUMENT_MAX: usize = 64 * 1024;

/// A step's number in its job: 1 for the first, in the order of the file. 0 is the job's own log (source and image).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct StepNo(pub u32);

impl StepNo {
    /// The log of what the runner itself does for a job: getting the source, building the image.
    pub const SETUP: StepNo = StepNo(0);
    /// The first of a job's services: their logs, results and events go by numbers that no step has.
    pub const FIRST_SERVICE: StepNo = StepNo(10_001);
}

impl fmt::Display for StepNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// All jobs of one run. Valid once built: names are unique and `needs` is a directed acyclic graph over them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// In the order of the file.
    pub jobs: Vec<PlannedJob>,
    /// The run may take so long from when its first job begins, in milliseconds; without end when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// When a job that may not fail does, those that have not started are skipped and the others cancelled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fail_fast: bool,
    /// The values of the run's inputs, by their names; steps have `NAME` as the variable `INPUT_NAME`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
    /// The runs that do not go on at the same time as this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// The digests of images, `sha256:…` by reference, that its lock file says, or the run that it repeats exactly.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub locked: BTreeMap<String, String>,
    /// What is said of known flaws of the images that its jobs run in, by each policy for itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flaw_limits: Vec<FlawLimits>,
}

/// One job of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedJob {
    /// Unique in the plan.
    pub name: String,
    /// The names of the jobs that must have passed (or been skipped by their condition) first.
    pub needs: Vec<String>,
    /// Why it is not to run, when its condition is false.
    pub skip: Option<String>,
    /// Its failure does not fail the run, nor hold back those that need it.
    pub allow_failure: bool,
    /// When, where and how often it runs.
    #[serde(default, skip_serializing_if = "Scheduling::is_unsaid")]
    pub scheduling: Scheduling,
    /// What a runner is given.
    pub spec: JobSpec,
    /// How the jobs it needs must have ended for it to run.
    #[serde(default, skip_serializing_if = "RunsOn::is_success")]
    pub runs_on: RunsOn,
    /// The job of the file that this is one of, where a matrix or `parallelism` makes several of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// After what something runs: of a job, how the jobs it needs ended; of a step, how the steps before it did. What may
/// fail and did counts as success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunsOn {
    /// Nothing failed.
    #[default]
    Success,
    /// Something failed.
    Failure,
    /// Either way.
    Always,
}

impl RunsOn {
    /// What goes without saying.
    pub fn is_success(&self) -> bool {
        *self == RunsOn::Success
    }

    /// Whether it runs now.
    pub fn holds(self, something_failed: bool) -> bool {
        match self {
            RunsOn::Success => !something_failed,
            RunsOn::Failure => something_failed,
            RunsOn::Always => true,
        }
    }
}

/// Which one a job is of the copies that `parallelism` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// From 1.
    pub index: u32,
    /// How many there are.
    pub total: u32,
}

impl Default for Node {
    fn default() -> Self {
        Node { index: 1, total: 1 }
    }
}

impl Node {
    /// What goes without saying.
    pub fn is_only(&self) -> bool {
        self.total == 1
    }
}

/// What a runner is told of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct JobSpec {
    /// Run in order.
    pub stages: Vec<Stage>,
    /// For the whole job, from the source to the last step.
    pub timeout_ms: u64,
    /// Which of the job's copies this is.
    #[serde(default, skip_serializing_if = "Node::is_only")]
    pub node: Node,
    /// Run beside the steps, in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// What is kept of its workspace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifacts>,
    /// The jobs it needs that may have kept files; these are put into its workspace, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// Folders that go from run to run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<Cache>,
    /// The files in which its steps tell of tests.
    #[serde(default, skip_serializing_if = "Reports::is_unsaid")]
    pub reports: Reports,
    /// The tests that its copies share, in a queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<Tests>,
    /// How large the images may be that are built for it.
    #[serde(default, skip_serializing_if = "ImageBudget::is_usual")]
    pub image_budget: ImageBudget,
}

/// How large a built image may be, in bytes of all its layers, those of its base included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImageBudget {
    /// A larger one is told of.
    pub warn: u64,
    /// A larger one is not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deny: Option<u64>,
}

impl Default for ImageBudget {
    fn default() -> ImageBudget {
        ImageBudget { warn: 1_500_000_000, deny: None }
    }
}

impl ImageBudget {
    /// What goes without saying.
    pub fn is_usual(&self) -> bool {
        *self == ImageBudget::default()
    }
}

/// The files in which a job's steps tell of their tests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Reports {
    /// Patterns for JUnit files, from the workspace's root.
    pub junit: Vec<String>,
    /// A job that passed has failed if there is no test in them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
}

impl Reports {
    /// What goes without saying.
    pub fn is_unsaid(&self) -> bool {
        self.junit.is_empty()
    }
}

impl JobSpec {
    /// Every step, in the order of the file.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    /// What its steps use at most, of those that run at once.
    pub fn resources(&self) -> Resources {
        let stages = self.stages.iter().map(|stage| Resources::of_all(&stage.steps));
        stages.fold(Resources::default(), Resources::or)
    }

    /// The image of every step and service.
    pub fn environments(&self) -> impl Iterator<Item = &Environment> {
        self.steps().map(|step| &step.image).chain(self.services.iter().map(|service| &service.image))
    }

    /// The names of all secrets that its steps, services and images ask for.
    pub fn secrets(&self) -> BTreeSet<&str> {
        let of_steps = self.steps().flat_map(|step| step.secrets.values());
        let of_services = self.services.iter().flat_map(|service| service.secrets.values());
        let of_images = self.environments().flat_map(Environment::secrets);
        of_steps.chain(of_services).map(|used| used.secret.as_str()).chain(of_images).collect()
    }

    /// The numbers of all logs that an attempt has beside its setup's.
    pub fn logs(&self) -> impl Iterator<Item = StepNo> {
        self.steps().map(|step| step.no).chain(self.services.iter().map(|service| service.no))
    }
}

/// One step, or the siblings of a `parallel:` group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// True for a `parallel:` group, also one of a single step: its steps run at once, each on its own view of the
    /// workspace.
    pub parallel: bool,
    /// A group's name, for people.
    #[serde(default)]
    pub name: Option<String>,
    /// What becomes of a group's changes.
    #[serde(default)]
    pub merge: Merge,
    /// At least one; exactly one when not `parallel`.
    pub steps: Vec<Step>,
}

/// What becomes of what the siblings of a `parallel:` group changed in the workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// All of it goes into the job's workspace; the same path changed differently by two siblings fails the group.
    #[default]
    Changes,
    /// None of it is kept.
    None,
}

/// One container of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Unique in the job, from 1, in the order of the file.
    pub no: StepNo,
    /// Unique in the job.
    pub name: String,
    /// The image it runs in.
    pub image: Environment,
    /// What it runs.
    pub command: Command,
    /// The pipeline's, the job's and the step's variables, merged; the variables of every step (`CI_…`) are added by
    /// the runner.
    pub environment: BTreeMap<String, String>,
    /// The variables that hold secrets, and which; none of them is in `environment`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, SecretUse>,
    /// Relative to the workspace, or absolute; the workspace when none.
    pub working_directory: Option<String>,
    /// The program that is given the script, with the arguments before it; empty for `sh -e -c`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shell: Vec<String>,
    /// None: the job's alone counts.
    pub timeout_ms: Option<u64>,
    /// Its failure does not end the job.
    pub allow_failure: bool,
    /// How the steps before it must have ended for it to run.
    #[serde(default, skip_serializing_if = "RunsOn::is_success")]
    pub runs_on: RunsOn,
    /// What its container may use.
    #[serde(default, skip_serializing_if = "Resources::is_unsaid")]
    pub resources: Resources,
}

/// What a step runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// `run:`: a script, given to the step's shell.
    Run {
        /// The text as it stands in the file.
        script: String,
    },
    /// `commands:`: each is printed and run, in one shell; the first that fails ends the step.
    Commands {
        /// At least one.
        commands: Vec<String>,
    },
    /// Neither: the image's own entry point and command.
    #[default]
    Image,
    /// The job's tests, from their queue, as long as there are any.
    Tests,
}

/// The image that steps run in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Environment {
    /// An image by its reference; never `latest`, explicit or implied.
    Image {
        /// `repository:tag` or `repository@sha256:…`.
        reference: String,
    },
    /// An image built from a Dockerfile of the project.
    Build {
        /// The context's folder, relative to the project's root, `.` for the root; never above it.
        context: String,
        /// The Dockerfile, relative to the project's root.
        dockerfile: String,
        /// The stage to build; the last one when none.
        target: Option<String>,
        /// Build arguments.
        args: BTreeMap<String, String>,
        /// The secrets that `RUN --mount=type=secret` can ask for: their names, by the ids used there.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        secrets: BTreeMap<String, String>,
        /// How often it is built anew although nothing changed, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refresh_ms: Option<u64>,
    },
}

impl Environment {
    /// The names of the secrets that its build is given.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let given = match self {
            Environment::Image { .. } => None,
            Environment::Build { secrets, .. } => Some(secrets.values()),
        };
        given.into_iter().flatten().map(String::as_str)
    }
}

/// No image at all, for values that are being put together.
impl Default for Environment {
    fn default() -> Self {
        Environment::Image { reference: String::new() }
    }
}
