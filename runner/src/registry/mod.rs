//! How this host gets at registries: with whose credentials, and by which mirrors. The engine's side of it is a call;
//! what is decided here is which one.
//!
//! An image is known by its own name wherever it came from, so neither a mirror nor a credential is ever seen in a key,
//! a label or a plan. Credentials are read when they are needed, since they change under a runner that stays, and are
//! in no log.

mod credentials;
mod home;
mod mirror;
mod reference;

pub(crate) use credentials::Credentials;
pub use credentials::CredentialsFile;
pub use home::home;
pub use mirror::Mirror;
pub(crate) use reference::Reference;

/// What an operator says of registries.
#[derive(Clone, Debug, Default)]
pub struct Registries {
    /// Who this host is to them.
    pub credentials: Option<CredentialsFile>,
    /// In the order in which they are asked.
    pub mirrors: Vec<Mirror>,
    /// Where images that are built here are put for other hosts, `host/path`.
    pub images: Option<String>,
}

impl Registries {
    /// Where else a reference may be had, the first first.
    pub(crate) fn mirrored(&self, reference: &Reference) -> Vec<Reference> {
        self.mirrors.iter().filter_map(|mirror| mirror.of(reference)).collect()
    }

    /// Who this host is to the registry of this host name; nobody when none is known.
    pub(crate) async fn credentials(&self, host: &str) -> anyhow::Result<Option<Credentials>> {
        match &self.credentials {
            Some(file) => file.of(host).await,
            None => Ok(None),
        }
    }
}
