//! `up`, `controller` and `runner`: the commands that stay.

use super::cleaning::Cleaning;
use super::global::secret;
use super::reach::Reach;
use super::secrets::SecretsFile;
use clap::{ArgGroup, Args, ValueEnum};
use secrecy::SecretString;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// Where this machine keeps what it must not lose.
#[derive(Debug, Args)]
pub(crate) struct DataFolder {
    /// The data folder [default: $XDG_DATA_HOME/sidings, else ~/.local/share/sidings]
    #[arg(long, env = "SIDINGS_DATA", value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
}

/// What a controller is told wherever it runs.
#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Where to listen. Loopback unless told otherwise: put TLS in front before you open it to a network.
    #[arg(long, env = "SIDINGS_LISTEN", default_value = "127.0.0.1:7117", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// The address that people and runners use, when it is not the one listened on.
    #[arg(long, env = "SIDINGS_PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// An API token to accept from the first start on, instead of a made one that is printed once.
    #[arg(long, env = "SIDINGS_API_TOKEN", hide_env_values = true, value_parser = secret, value_name = "TOKEN")]
    pub(crate) api_token: Option<SecretString>,
    /// The key file that secrets are sealed with; made where it is missing [default: secrets.key in the data folder]
    #[arg(long, env = "SIDINGS_SECRETS_KEY", value_name = "FILE")]
    pub(crate) secrets_key: Option<PathBuf>,
    /// What is wanted of every project's Dockerfiles; a project may ask more of itself.
    #[arg(long, env = "SIDINGS_POLICY", value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// What is known of flaws: a dump of OSV, a zip or a folder of them; for policies that ask for it.
    #[arg(long, env = "SIDINGS_FLAWS", value_name = "PATH")]
    pub(crate) flaws: Option<PathBuf>,
    /// Let webhooks go to loopback and private addresses as well; link-local ones are refused always.
    #[arg(long, env = "SIDINGS_WEBHOOK_PRIVATE")]
    pub(crate) webhook_private: bool,
    /// How many days the audit log reaches back.
    #[arg(long, env = "SIDINGS_AUDIT_DAYS", default_value_t = 400, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) audit_days: u32,
}

/// What a runner is told wherever it runs, for one run or for good.
#[derive(Debug, Args)]
pub(crate) struct Capacity {
    /// Jobs carried out at once [default: one for each processor, at least 2]
    #[arg(long, env = "SIDINGS_SLOTS", value_name = "NUMBER")]
    pub(crate) slots: Option<NonZeroU32>,
    /// The container engine; `dummy` has no containers and is for tests.
    #[arg(long, env = "SIDINGS_ENGINE", value_enum, default_value_t = EngineChoice::Docker)]
    pub(crate) engine: EngineChoice,
}

/// What a runner is told that stays.
#[derive(Debug, Args)]
pub(crate) struct Stay {
    /// A label of the runner; may be repeated.
    #[arg(long = "label", env = "SIDINGS_LABELS", value_delimiter = ',', value_parser = label, value_name = "KEY=VALUE")]
    pub(crate) labels: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) least_free: LeastFree,
    #[command(flatten)]
    pub(crate) cleaning: Cleaning,
}

/// When a disk counts as full.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct LeastFree {
    /// Take no jobs with less free on the disk of the data folder, in GiB [default: 5, or a tenth of the disk]
    #[arg(long = "least-free", env = "SIDINGS_LEAST_FREE", value_name = "GIB")]
    pub(crate) gib: Option<u32>,
}

impl LeastFree {
    /// The same in bytes.
    pub(crate) fn bytes(self) -> Option<u64> {
        self.gib.map(|gib| u64::from(gib) << 30)
    }
}

/// The container engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineChoice {
    /// The Docker Engine that DOCKER_HOST or the usual socket leads to.
    Docker,
    /// No containers at all; for tests.
    Dummy,
}

/// Where the controller keeps its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreChoice {
    /// A file in the data folder.
    Sqlite,
    /// Nowhere: all is forgotten when the process ends.
    Memory,
}

/// `sidings up`.
#[derive(Debug, Args)]
#[command(after_help = "\
The first start prints an API token, once. SIGTERM or Ctrl-C lets running jobs finish and takes no new ones; \
a second one stops at once.")]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) data: DataFolder,
    #[command(flatten)]
    pub(crate) listen: Listen,
    #[command(flatten)]
    pub(crate) secrets: SecretsFile,
    #[command(flatten)]
    pub(crate) capacity: Capacity,
    #[command(flatten)]
    pub(crate) stay: Stay,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// `sidings controller`.
#[derive(Debug, Args)]
pub(crate) struct ControllerArgs {
    #[command(flatten)]
    pub(crate) data: DataFolder,
    #[command(flatten)]
    pub(crate) listen: Listen,
    /// Where the controller keeps its state.
    #[arg(long, env = "SIDINGS_STORE", value_enum, default_value_t = StoreChoice::Sqlite)]
    pub(crate) store: StoreChoice,
}

/// `sidings runner`.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("registration")),
    after_help = "\
The first start needs a registration token (`sidings token create --kind registration`); later starts use the \
identity in the data folder. SIGTERM or Ctrl-C lets running jobs finish and takes no new ones; a second one stops \
at once, and the jobs go back to the queue."
)]
pub(crate) struct RunnerArgs {
    /// The controller's address.
    #[arg(long, env = "SIDINGS_CONTROLLER", default_value = "http://127.0.0.1:7117", value_name = "URL")]
    pub(crate) controller: String,
    /// A registration token, for the first start.
    #[arg(long, env = "SIDINGS_REGISTRATION_TOKEN", hide_env_values = true, value_parser = secret, group = "registration")]
    pub(crate) token: Option<SecretString>,
    /// A file with the registration token.
    #[arg(long, env = "SIDINGS_REGISTRATION_TOKEN_FILE", group = "registration", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// The runner's name [default: the host's name]
    #[arg(long, env = "SIDINGS_RUNNER_NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataFolder,
    #[command(flatten)]
    pub(crate) capacity: Capacity,
    #[command(flatten)]
    pub(crate) stay: Stay,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Where images that this runner builds are put for the others [default: with the controller]
    #[arg(long, env = "SIDINGS_REGISTRY", value_name = "HOST/PATH", value_parser = sidings_runner::registry::home)]
    pub(crate) registry: Option<String>,
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("expected KEY=VALUE, as in `{text}=yes`"))?;
    if key.is_empty() { Err("the key is empty".to_owned()) } else { Ok((key.to_owned(), value.to_owned())) }
}
