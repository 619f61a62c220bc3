//! Which keys each part of a file has, and which it will have.

/// The keys of one kind of map.
pub(super) struct Shape {
    /// `a job`.
    pub(super) what: &'static str,
    /// Those that mean something.
    pub(super) keys: &'static [&'static str],
    /// Those that are described and not there yet.
    pub(super) later: &'static [&'static str],
}

pub(super) const PIPELINE: Shape = Shape {
    what: "a pipeline",
    keys: &["build", "image", "images", "environment", "when", "jobs"],
    later: &["concurrency"],
};

pub(super) const IMAGE: Shape = Shape { what: "an entry of `images`", keys: &["build", "image"], later: &[] };

pub(super) const BUILD: Shape =
    Shape { what: "a `build`", keys: &["context", "dockerfile", "target", "args"], later: &["refresh", "secrets"] };

pub(super) const JOB: Shape = Shape {
    what: "a job",
    keys: &["build", "image", "needs", "when", "environment", "working_directory", "timeout", "allow_failure", "steps"],
    later: &[
        "approval",
        "artifacts",
        "cache",
        "concurrency",
        "labels",
        "matrix",
        "parallelism",
        "resources",
        "retry",
        "services",
        "shell",
        "tests",
    ],
};

pub(super) const STEP: Shape = Shape {
    what: "a step",
    keys: &[
        "name",
        "run",
        "commands",
        "build",
        "image",
        "when",
        "environment",
        "working_directory",
        "timeout",
        "allow_failure",
    ],
    later: &["shell"],
};

pub(super) const GROUP: Shape = Shape { what: "a `parallel` group", keys: &["parallel", "name"], later: &["merge"] };

pub(super) const WHEN: Shape =
    Shape { what: "a condition", keys: &["event", "branch", "tag", "not"], later: &["matrix", "path", "status"] };

/// In the order in which a key that is somewhere else is looked for.
pub(super) const ALL: [&Shape; 7] = [&STEP, &JOB, &PIPELINE, &BUILD, &WHEN, &IMAGE, &GROUP];

/// What others call a thing, and what it is called here.
pub(super) const SYNONYMS: &[(&str, &str)] = &[
    ("env", "environment"),
    ("variables", "environment"),
    ("vars", "environment"),
    ("depends_on", "needs"),
    ("dependencies", "needs"),
    ("requires", "needs"),
    ("after", "needs"),
    ("script", "commands"),
    ("command", "run"),
    ("cmd", "run"),
    ("sh", "run"),
    ("container", "image"),
    ("docker", "image"),
    ("only", "when"),
    ("rules", "when"),
    ("if", "when"),
    ("on", "when"),
    ("trigger", "when"),
    ("timeout-minutes", "timeout"),
    ("timeout_minutes", "timeout"),
    ("continue-on-error", "allow_failure"),
    ("failure", "allow_failure"),
    ("strategy", "matrix"),
    ("tags", "labels"),
    ("runs-on", "labels"),
    ("directory", "working_directory"),
    ("workdir", "working_directory"),
    ("cwd", "working_directory"),
    ("workspace", "working_directory"),
    ("file", "dockerfile"),
    ("stage", "target"),
    ("build_args", "args"),
    ("ref", "branch"),
    ("branches", "branch"),
    ("events", "event"),
    ("paths", "path"),
    ("except", "not"),
    ("ignore", "not"),
    ("pipeline", "jobs"),
    ("stages", "jobs"),
    ("workflows", "jobs"),
    ("tasks", "jobs"),
];
