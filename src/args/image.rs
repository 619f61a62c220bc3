//! `sidings image`.

use super::Remote;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `sidings image`.
#[derive(Debug, Args)]
pub(crate) struct ImageArgs {
    #[command(subcommand)]
    pub(crate) command: ImageCommand,
}

/// `sidings image …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    /// Print the key of the image that a Dockerfile makes: as long as it stays the same, nothing is built.
    Key(KeyArgs),
    /// List what is in an image: its layers, and its packages by the layer and the Dockerfile's line that brought them.
    Show(ShowImageArgs),
    /// Compare what is in two images.
    Diff(DiffImagesArgs),
    /// Print an image's bill of materials.
    Sbom(SbomArgs),
    /// List the images that runners built, those used last first.
    List(ListImagesArgs),
    /// Find who has a package: the images that hold it, and the line of the Dockerfile that brought it.
    Find(FindPackageArgs),
    /// List the known flaws of an image's packages, out of an OSV dump on disk.
    Audit(AuditArgs),
}

/// `sidings image key`.
#[derive(Debug, Args)]
#[command(after_help = "\
Files that git does not ignore are taken as they are now, committed or not. No engine is needed; what the base images \
are is asked of the local one, and told when it is not known.")]
pub(crate) struct KeyArgs {
    /// A folder with a Dockerfile; without one the image that this directory's pipeline runs in.
    #[arg(conflicts_with = "env")]
    pub(crate) folder: Option<PathBuf>,
    /// An image of the pipeline, by its name under `images`.
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// Which pipeline, where the project has several.
    #[arg(long, value_name = "NAME", conflicts_with = "folder")]
    pub(crate) pipeline: Option<String>,
    /// List all that the key is made of, and what no commit pins.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Compare two commits: which of these differ.
    #[arg(long, num_args = 2, value_names = ["REV1", "REV2"], conflicts_with = "explain")]
    pub(crate) diff: Option<Vec<String>>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which Dockerfile an image's layers are laid beside.
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// The Dockerfile that the image was built from; without it the one that the image carries, if Sidings built it.
    #[arg(long, value_name = "FILE")]
    pub(crate) dockerfile: Option<PathBuf>,
    /// The stage that was built; without it the one that fits best.
    #[arg(long, value_name = "STAGE")]
    pub(crate) target: Option<String>,
}

/// `sidings image show`.
#[derive(Debug, Args)]
pub(crate) struct ShowImageArgs {
    /// An image of the local engine, a file that `docker save` wrote (it ends in `.tar`), or `key:HEX`: one that a runner
    /// built, by the beginning of its key.
    pub(crate) image: String,
    #[command(flatten)]
    pub(crate) trace: TraceArgs,
    #[command(flatten)]
    pub(crate) remote: Remote,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sidings image list`.
#[derive(Debug, Args)]
pub(crate) struct ListImagesArgs {
    /// Only those of this project.
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sidings image find`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 somebody has it; 1 nobody has.")]
pub(crate) struct FindPackageArgs {
    /// The package's own name, or that of the source it was built from.
    pub(crate) name: String,
    /// Only this version.
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// Only images of this project.
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sidings image diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffImagesArgs {
    /// An image of the local engine, a file that `docker save` wrote (it ends in `.tar`), or `key:HEX`: one that a runner
    /// built, by the beginning of its key.
    pub(crate) before: String,
    /// The image to compare it with.
    pub(crate) after: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sidings image sbom`.
#[derive(Debug, Args)]
pub(crate) struct SbomArgs {
    /// An image of the local engine, a file that `docker save` wrote (it ends in `.tar`), or `key:HEX`: one that a runner
    /// built, by the beginning of its key.
    pub(crate) image: String,
    #[command(flatten)]
    pub(crate) trace: TraceArgs,
    #[command(flatten)]
    pub(crate) remote: Remote,
    /// The form of the document.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: SbomFormat,
}

/// A form of a bill of materials.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum SbomFormat {
    /// CycloneDX 1.6, as JSON.
    #[default]
    Cyclonedx,
    /// SPDX 2.3, as JSON.
    Spdx,
}

/// `sidings image audit`.
#[derive(Debug, Args)]
#[command(after_help = "\
What could not be looked at is listed too: packages of which the dump has no entries, versions that cannot be compared, \
files that are no entries.

Exit codes: 0 no flaw is as bad as --fail-on, or no limit was given; 1 one is; 2 there is no such image or folder, or no \
entry in it; 64 the file of --ignore is wrong.")]
pub(crate) struct AuditArgs {
    /// An image of the local engine, a file that `docker save` wrote (it ends in `.tar`), or `key:HEX`: one that a runner
    /// built, by the beginning of its key.
    pub(crate) image: String,
    /// The dump: a zip, or a folder, of which all files ending in `.json` or `.zip` are read, and those of the folders in it.
    #[arg(long, value_name = "PATH")]
    pub(crate) flaws: PathBuf,
    /// End with 1 where a flaw is as bad as this, or worse; one that nobody rated is taken for low.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
    /// Flaws to live with: a YAML list of `id`, `reason`, `until` (its last day) and, for only one, `package`.
    #[arg(long, value_name = "FILE")]
    pub(crate) ignore: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trace: TraceArgs,
    #[command(flatten)]
    pub(crate) remote: Remote,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// From which severity on an audit fails.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FailOn {
    /// A base score from 9, and packages that are malicious themselves.
    Critical,
    /// From 7.
    High,
    /// From 4.
    Medium,
    /// Above 0, and what nobody rated.
    Low,
}

/// The beginning of an image key, as `key:HEX` or without the word.
pub(crate) fn image_key(text: &str) -> Result<String, String> {
    let key = text.strip_prefix("key:").unwrap_or(text).to_ascii_lowercase();
    let is_one = (1..=64).contains(&key.len()) && key.bytes().all(|digit| digit.is_ascii_hexdigit());
    let wrong = || {
        format!(
            "`{text}` begins no image key: those are digits and the letters a to f, as `sidings image list` has them"
        )
    };
    if is_one { Ok(key) } else { Err(wrong()) }
}
