//! What is wrong with a text, where, and what to write instead: for people and, as JSON, for programs.

use crate::source::{Source, Span};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// Everything that was found, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Whether anything keeps the pipeline from running.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|found| found.severity == Severity::Error)
    }

    /// As people see it, with excerpts, and with colours if asked for.
    pub fn render(&self, color: bool) -> String {
        crate::render::render(&self.0, color)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// One thing that is wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnostic {
    /// Whether it keeps the pipeline from running.
    pub severity: Severity,
    /// Its kind, for programs.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What was expected there.
    pub expected: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that have to do with it.
    pub related: Vec<Related>,
    #[serde(skip)]
    pub(crate) span: Span,
    #[serde(skip)]
    pub(crate) source: Arc<Source>,
}

impl PartialEq for Diagnostic {
    fn eq(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.severity, it.code, it.place.clone(), it.message.clone(), it.help.clone());
        key(self) == key(other)
    }
}

impl Eq for Diagnostic {}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The pipeline cannot run.
    Error,
    /// It can, but it is probably not what was meant.
    Warning,
}

/// A part of a file. Lines and columns count from 1; a column is a character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file's name.
    pub file: String,
    /// The line of the first character.
    pub line: usize,
    /// Its column.
    pub column: usize,
    /// The line of the first character behind it.
    pub end_line: usize,
    /// Its column.
    pub end_column: usize,
}

/// Another place that has to do with a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Related {
    /// What is there.
    pub message: String,
    /// Where.
    pub place: Place,
    #[serde(skip)]
    pub(crate) span: Span,
}

/// The kinds of diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The text is not YAML.
    Syntax,
    /// The text is larger, deeper or more repetitive than any pipeline is.
    Limit,
    /// A key stands twice in one map.
    DuplicateKey,
    /// A key that does not exist.
    UnknownKey,
    /// A key or value that is planned.
    NotSupportedYet,
    /// A key that must be there is not.
    MissingKey,
    /// Two keys that exclude one another.
    ConflictingKeys,
    /// A list where a map belongs, and the like.
    WrongType,
    /// A value that its key does not take.
    BadValue,
    /// A name that something else has already.
    DuplicateName,
    /// A job that does not exist.
    UnknownJob,
    /// A matrix that is not there, or an axis that it does not have.
    UnknownAxis,
    /// A condition or schedule names an input that is not declared.
    UnknownInput,
    /// Jobs that wait for one another.
    Cycle,
    /// A name that is not a variable's, or one that Sidings sets itself.
    BadVariable,
    /// Not an image's reference, or one that may change from one day to the next.
    BadImage,
    /// A path that leads out of the project.
    BadPath,
    /// There is no such Dockerfile at the commit.
    DockerfileMissing,
    /// The Dockerfile cannot be read.
    DockerfileInvalid,
    /// The Dockerfile has no such stage.
    UnknownStage,
    /// Something is defined and not used.
    Unused,
    /// A base image has no version.
    LatestTag,
    /// A base image has no digest.
    UndigestedBase,
    /// A base image is from a registry that the policy does not name.
    ForeignRegistry,
    /// Steps run as root.
    RootUser,
    /// A package manager's cache is left in the image.
    PackageCache,
    /// The image has compilers.
    BuildTools,
    /// A secret is written into the image.
    SecretInImage,
    /// A download has no checksum.
    UncheckedDownload,
    /// Packages have no versions.
    UnpinnedPackages,
    /// An image that the lock file does not have.
    NotLocked,
    /// An image that is written with another digest than it is locked to.
    LockMismatch,
}

impl Code {
    /// The word that stands in brackets and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Syntax => "syntax",
            Code::Limit => "limit",
            Code::DuplicateKey => "duplicate_key",
            Code::UnknownKey => "unknown_key",
            Code::NotSupportedYet => "not_supported_yet",
            Code::MissingKey => "missing_key",
            Code::ConflictingKeys => "conflicting_keys",
            Code::WrongType => "wrong_type",
            Code::BadValue => "bad_value",
            Code::DuplicateName => "duplicate_name",
            Code::UnknownJob => "unknown_job",
            Code::UnknownAxis => "unknown_axis",
            Code::UnknownInput => "unknown_input",
            Code::Cycle => "cycle",
            Code::BadVariable => "bad_variable",
            Code::BadImage => "bad_image",
            Code::BadPath => "bad_path",
            Code::DockerfileMissing => "dockerfile_missing",
            Code::DockerfileInvalid => "dockerfile_invalid",
            Code::UnknownStage => "unknown_stage",
            Code::Unused => "unused",
            Code::LatestTag => "latest_tag",
            Code::UndigestedBase => "undigested_base",
            Code::ForeignRegistry => "foreign_registry",
            Code::RootUser => "root_user",
            Code::PackageCache => "package_cache",
            Code::BuildTools => "build_tools",
            Code::SecretInImage => "secret_in_image",
            Code::UncheckedDownload => "unchecked_download",
            Code::UnpinnedPackages => "unpinned_packages",
            Code::NotLocked => "not_locked",
            Code::LockMismatch => "lock_mismatch",
        }
    }
}
