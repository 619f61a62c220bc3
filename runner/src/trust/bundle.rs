//! What steps and builds are given: one file with the machine's own authorities and the operator's, and settings for
//! the tools that take a place of it from a file only. Made once, at the start.

use super::Authorities;
use crate::engine::ImageFacts;
use anyhow::Context;
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where distributions keep the machine's own authorities in one file.
const PLACES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
const PEM: &str = "ca.pem";

/// The variables by which tools find the file.
const NAMES: [&str; 12] = [
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "CARGO_HTTP_CAINFO",
    "AWS_CA_BUNDLE",
    "DENO_CERT",
    "BUNDLE_SSL_CA_CERT",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "PERL_LWP_SSL_CA_FILE",
];

/// A folder that steps have read-only.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    folder: PathBuf,
    pem: String,
}

impl Bundle {
    /// Writes it beneath the runner's data folder. `mounted` is where containers have it.
    pub(crate) fn make(authorities: &Authorities, data: &Path, mounted: &str) -> anyhow::Result<Bundle> {
        let machines = machines();
        if machines.is_none() {
            tracing::warn!(
                "this machine has no file of authorities: steps and builds trust those of --ca-bundle alone"
            );
        }
        let pem = format!("{}\n{}", machines.unwrap_or_default().trim_end(), authorities.pem()).trim_start().to_owned();
        let folder = data.join("ca");
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let file = format!("{mounted}/{PEM}");
        write(&folder, PEM, &pem)?;
        for Settings { name, text, .. } in settings(&file) {
            write(&folder, name, &text)?;
        }
        Ok(Bundle { folder, pem })
    }

    /// One that holds this text.
    #[cfg(test)]
    pub(crate) fn of_text(folder: &Path, pem: &str) -> Bundle {
        Bundle { folder: folder.to_owned(), pem: pem.to_owned() }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The certificates on this host.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join(PEM)
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Sets the variables where neither the pipeline nor the image sets them.
    pub(crate) fn tell(&self, mounted: &str, image: &ImageFacts, environment: &mut BTreeMap<String, String>) {
        let file = format!("{mounted}/{PEM}");
        let of_settings = settings(&file).map(|of| (of.variable.to_owned(), format!("{mounted}/{}", of.name)));
        for (name, value) in variables(&file).chain(of_settings) {
            if !image.env.contains_key(&name) {
                environment.entry(name).or_insert(value);
            }
        }
    }
}

/// Each variable with the file's place.
pub(crate) fn variables(file: &str) -> impl Iterator<Item = (String, String)> + use<> {
    let file = file.to_owned();
    NAMES.into_iter().map(move |name| (name.to_owned(), file.clone()))
}

/// A file of settings that names the certificates, for a tool that takes their place from one only.
pub(crate) struct Settings {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    /// Tells the tool where it is.
    pub(crate) variable: &'static str,
}

/// For apt, and for wget.
pub(crate) fn settings(file: &str) -> [Settings; 2] {
    let of_apt = format!("Acquire::https::CAInfo \"{file}\";\n");
    let of_wget = format!("ca_certificate = {file}\n");
    [
        Settings { name: "apt.conf", text: of_apt, variable: "APT_CONFIG" },
        Settings { name: "wgetrc", text: of_wget, variable: "SYSTEM_WGETRC" },
    ]
}

/// The machine's own authorities: where `SSL_CERT_FILE` says, else where distributions keep them.
fn machines() -> Option<String> {
    let told = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let places = told.into_iter().chain(PLACES.map(PathBuf::from));
    places.filter_map(|place| std::fs::read_to_string(place).ok()).find(|text| text.contains("-----BEGIN CERTIFICATE"))
}

/// In one piece, since a runner may have been killed here; readable for whomever an image's steps run as.
fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let place = folder.join(name);
    let written = || {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        file.persist(&place)?;
        anyhow::Ok(())
    };
    written().with_context(|| format!("write {}", place.display()))
}
