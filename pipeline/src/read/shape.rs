//! Which keys each part of a file has, and which it will have.

/// The keys of one kind of map.
pub(super) struct Shape {
    /// `a job`.
    pub(super) what: &'static str,
    /// Where one is written.
    pub(super) place: &'static str,
    /// Those that mean something.
    pub(super) keys: &'static [&'static str],
    /// Those that are described and not there yet.
    pub(super) later: &'static [&'static str],
}

pub(super) const PIPELINE: Shape = Shape {
    what: "a pipeline",
    place: "at the top of the file",
    keys: &[
        "build",
        "image",
        "images",
        "environment",
        "labels",
        "inputs",
        "schedule",
        "timeout",
        "fail_fast",
        "concurrency",
        "when",
        "jobs",
    ],
    later: &[],
};

pub(super) const POLICY: Shape = Shape {
    what: "a policy",
    place: "at the top of a policy",
    keys: &["rules", "registries", "image_size", "flaws"],
    later: &[],
};

pub(super) const IMAGE_SIZE: Shape =
    Shape { what: "`image_size`", place: "under `image_size`", keys: &["warn", "deny"], later: &[] };

pub(super) const FLAWS: Shape =
    Shape { what: "`flaws`", place: "under `flaws`", keys: &["warn", "deny", "ignore"], later: &[] };

pub(super) const IGNORED_FLAW: Shape = Shape {
    what: "an ignored flaw",
    place: "in an ignored flaw",
    keys: &["id", "package", "reason", "until"],
    later: &[],
};

pub(super) const LOCK: Shape =
    Shape { what: "a lock file", place: "at the top of a lock file", keys: &["version", "images"], later: &[] };

pub(super) const RULES: Shape = Shape {
    what: "a rule",
    place: "under `rules`",
    keys: &[
        "latest_tag",
        "undigested_base",
        "foreign_registry",
        "root_user",
        "package_cache",
        "build_tools",
        "secret_in_image",
        "unchecked_download",
        "unpinned_packages",
    ],
    later: &[],
};

pub(super) const SCHEDULE: Shape = Shape {
    what: "an entry of `schedule`",
    place: "in an entry of `schedule`",
    keys: &["cron", "timezone", "branch", "inputs"],
    later: &[],
};

pub(super) const INPUT: Shape = Shape {
    what: "an input",
    place: "under the input's name in `inputs`",
    keys: &["type", "options", "default", "description"],
    later: &[],
};

pub(super) const IMAGE: Shape =
    Shape { what: "an entry of `images`", place: "in an entry of `images`", keys: &["build", "image"], later: &[] };

pub(super) const BUILD: Shape = Shape {
    what: "a `build`",
    place: "under `build`",
    keys: &["context", "dockerfile", "target", "args", "secrets", "refresh"],
    later: &[],
};

pub(super) const BUILD_SECRET: Shape =
    Shape { what: "a secret of a `build`", place: "under `secrets` of a `build`", keys: &["from_secret"], later: &[] };

pub(super) const SECRET: Shape =
    Shape { what: "a value from a secret", place: "beside `from_secret`", keys: &["from_secret", "as"], later: &[] };

pub(super) const JOB: Shape = Shape {
    what: "a job",
    place: "under the job's name in `jobs`",
    keys: &[
        "build",
        "image",
        "needs",
        "when",
        "matrix",
        "parallelism",
        "services",
        "environment",
        "working_directory",
        "shell",
        "timeout",
        "allow_failure",
        "retry",
        "labels",
        "resources",
        "priority",
        "concurrency",
        "approval",
        "tests",
        "reports",
        "artifacts",
        "cache",
        "steps",
    ],
    later: &[],
};

pub(super) const SERVICE: Shape = Shape {
    what: "a service",
    place: "under the service's name in `services`",
    keys: &["build", "image", "environment", "entrypoint", "command", "healthcheck"],
    later: &[],
};

pub(super) const HEALTHCHECK: Shape = Shape {
    what: "a `healthcheck`",
    place: "under `healthcheck`",
    keys: &["test", "interval", "timeout", "start_period", "retries"],
    later: &[],
};

pub(super) const STEP: Shape = Shape {
    what: "a step",
    place: "in a step under `steps`",
    keys: &[
        "name",
        "run",
        "commands",
        "build",
        "image",
        "when",
        "environment",
        "working_directory",
        "shell",
        "timeout",
        "allow_failure",
        "resources",
    ],
    later: &[],
};

pub(super) const GROUP: Shape =
    Shape { what: "a `parallel` group", place: "beside `parallel`", keys: &["parallel", "name", "merge"], later: &[] };

pub(super) const WHEN: Shape = Shape {
    what: "a condition",
    place: "under `when`",
    keys: &["event", "branch", "tag", "path", "status", "matrix", "inputs", "not"],
    later: &[],
};

pub(super) const NEED: Shape =
    Shape { what: "an item of `needs`", place: "in an item of `needs`", keys: &["job", "optional"], later: &[] };

pub(super) const RETRY: Shape = Shape { what: "a `retry`", place: "under `retry`", keys: &["max", "on"], later: &[] };

pub(super) const RESOURCES: Shape =
    Shape { what: "`resources`", place: "under `resources`", keys: &["cpus", "memory", "pids"], later: &[] };

pub(super) const CONCURRENCY: Shape =
    Shape { what: "a `concurrency`", place: "under `concurrency`", keys: &["group", "limit", "cancel"], later: &[] };

pub(super) const APPROVAL: Shape =
    Shape { what: "an `approval`", place: "under `approval`", keys: &["from"], later: &[] };

pub(super) const REPORTS: Shape =
    Shape { what: "`reports`", place: "under `reports`", keys: &["junit", "required"], later: &[] };

pub(super) const TESTS: Shape = Shape {
    what: "`tests`",
    place: "under `tests`",
    keys: &["preset", "discover", "run", "mode", "junit", "on_flaky", "max_flaky_retries"],
    later: &[],
};

pub(super) const PARALLELISM: Shape =
    Shape { what: "a `parallelism`", place: "under `parallelism`", keys: &["min", "max", "target"], later: &[] };

pub(super) const QUARANTINED: Shape = Shape {
    what: "an entry of a quarantine",
    place: "in an entry of a quarantine",
    keys: &["id", "owner", "since", "expires", "issue"],
    later: &[],
};

pub(super) const ARTIFACTS: Shape = Shape {
    what: "an entry of `artifacts`",
    place: "under `artifacts`",
    keys: &["paths", "when", "expire_in", "required"],
    later: &[],
};

pub(super) const CACHE: Shape =
    Shape { what: "a cache", place: "under `cache`", keys: &["key", "paths", "restore_keys"], later: &[] };

/// In the order in which a key that is somewhere else is looked for.
pub(super) const ALL: [&Shape; 17] = [
    &STEP,
    &JOB,
    &PIPELINE,
    &BUILD,
    &WHEN,
    &IMAGE,
    &GROUP,
    &RETRY,
    &RESOURCES,
    &CONCURRENCY,
    &APPROVAL,
    &SERVICE,
    &HEALTHCHECK,
    &REPORTS,
    &ARTIFACTS,
    &CACHE,
    &SECRET,
];

/// What to do instead of what others have and this language has not.
pub(super) const ADVICE: &[(&str, &str)] = &[
    ("after_script", "write these commands as steps of their own"),
    ("before_script", "write these commands as steps of their own"),
    ("cap_add", "capabilities are the operator's, not the pipeline's"),
    ("checkout", "the project at the commit is in the workspace of every job; take it out"),
    ("clone", "the project at the commit is in the workspace of every job; take it out"),
    ("extends", "parts of a file are used again with an anchor and `<<: *anchor`"),
    ("include", "a pipeline is one file; parts of it are used again with an anchor and `<<: *anchor`"),
    ("ports", "a service is reached by its name from the steps of its job; nothing is published on the host"),
    ("privileged", "no step is privileged"),
    ("secrets", "a secret is the value of a variable: `TOKEN: { from_secret: NAME }` under `environment`"),
    ("uses", "there are no actions here: what a step needs is in its image, and `run` is a command"),
    ("version", "the language has no versions; take it out"),
    ("volumes", "nothing of the host is mounted; the workspace is at `/workspace`"),
    ("with", "there are no actions here: what a step needs is in its image, and `run` is a command"),
];

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
    ("fail-fast", "fail_fast"),
    ("cancel-in-progress", "cancel"),
    ("cancel_in_progress", "cancel"),
    ("resource_group", "concurrency"),
    ("reviewers", "from"),
    ("approvers", "from"),
    ("retries", "retry"),
    ("when", "on"),
    ("attempts", "retry"),
    ("agents", "labels"),
    ("cpu", "cpus"),
    ("mem", "memory"),
    ("mem_limit", "memory"),
    ("pids_limit", "pids"),
    ("report", "reports"),
    ("test_reports", "reports"),
    ("test_results", "reports"),
    ("xunit", "junit"),
    ("junitxml", "junit"),
    ("path", "junit"),
    ("paths", "junit"),
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
    ("secret", "from_secret"),
    ("fromSecret", "from_secret"),
    ("ref", "branch"),
    ("branches", "branch"),
    ("events", "event"),
    ("paths", "path"),
    ("path", "paths"),
    ("files", "paths"),
    ("artifact", "artifacts"),
    ("caches", "cache"),
    ("restore-keys", "restore_keys"),
    ("fallback_keys", "restore_keys"),
    ("outputs", "artifacts"),
    ("retention-days", "expire_in"),
    ("retention", "expire_in"),
    ("expires_in", "expire_in"),
    ("if-no-files-found", "required"),
    ("except", "not"),
    ("ignore", "not"),
    ("pipeline", "jobs"),
    ("stages", "jobs"),
    ("workflows", "jobs"),
    ("tasks", "jobs"),
];
