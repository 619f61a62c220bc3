//! What a runner is told of the network that it works in.

use crate::exit::Refusal;
use clap::Args;
use sidings_runner::Authorities;
use sidings_runner::registry::{CredentialsFile, Mirror, Registries};
use std::path::PathBuf;

/// How a runner, its steps and its builds reach what is outside.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Reach {
    /// Certificates in PEM that are trusted beside the machine's own: by the runner, in every step and in every build.
    #[arg(long, env = "SIDINGS_CA_BUNDLE", value_name = "FILE")]
    pub(crate) ca_bundle: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) registry: RegistryAccess,
}

/// How a runner gets at registries.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RegistryAccess {
    /// Credentials for registries, in the form of Docker's config.json.
    #[arg(long, env = "SIDINGS_REGISTRY_AUTH", value_name = "FILE")]
    pub(crate) registry_auth: Option<PathBuf>,
    /// A mirror that is asked before the registry itself; may be repeated.
    #[arg(
        long = "registry-mirror",
        env = "SIDINGS_REGISTRY_MIRRORS",
        value_delimiter = ',',
        value_name = "HOST=MIRROR"
    )]
    pub(crate) registry_mirrors: Vec<Mirror>,
}

impl Reach {
    /// The certificates, checked.
    pub(crate) fn authorities(&self) -> anyhow::Result<Option<Authorities>> {
        self.ca_bundle.as_deref().map(Authorities::read).transpose().map_err(Refusal::configuration)
    }
}

impl RegistryAccess {
    /// The same, checked.
    pub(crate) fn registries(&self) -> anyhow::Result<Registries> {
        let credentials = self.registry_auth.as_deref().map(CredentialsFile::at).transpose();
        let credentials = credentials.map_err(Refusal::configuration)?;
        if let Some(file) = credentials.as_ref().filter(|file| file.is_open_to_others()) {
            tracing::warn!("others than its owner can read {}: `chmod 600` it", file.path().display());
        }
        Ok(Registries { credentials, mirrors: self.registry_mirrors.clone(), images: None })
    }

    /// On a person's own machine: what the person's Docker knows, when nothing else is named.
    pub(crate) fn registries_of_person(&self) -> anyhow::Result<Registries> {
        let registries = self.registries()?;
        if registries.credentials.is_some() {
            return Ok(registries);
        }
        let own = dockers_own().filter(|file| file.exists()).map(|file| CredentialsFile::at(&file));
        let credentials = own.and_then(|file| {
            file.inspect_err(|error| tracing::warn!("images are pulled without Docker's own credentials: {error}")).ok()
        });
        Ok(Registries { credentials, ..registries })
    }
}

fn dockers_own() -> Option<PathBuf> {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".docker")));
    folder.map(|folder| folder.join("config.json"))
}
