//! What is copied into an image: files that are secrets, and downloads that nobody checks.

use crate::policy::reach::values;
use crate::policy::{Finding, Rule};
use crate::suggest::quoted;
use parse_dockerfile::{AddInstruction, Source, UnescapedString};

/// Names of files that hold secrets.
const SECRET: [&str; 12] = [
    ".env",
    ".npmrc",
    ".netrc",
    ".pypirc",
    ".git-credentials",
    ".htpasswd",
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
    "credentials",
    "credentials.json",
    ".dockerconfigjson",
];
/// Folders of such.
const FOLDERS: [&str; 4] = [".ssh", ".aws", ".gnupg", ".kube"];

/// What is to be said of the files that a `COPY` or an `ADD` names.
pub(in crate::policy) fn copied(sources: &[Source<'_>]) -> Vec<Finding> {
    let paths = sources.iter().filter_map(path);
    let secret = paths.filter(|path| is_secret(&path.value));
    secret
        .map(|path| Finding {
            rule: Rule::SecretInImage,
            span: path.span.clone(),
            message: format!("{} looks like a secret", quoted(&path.value)),
            why: "it stays in the layer, also when a later one removes it",
            help: "keep it out by `.dockerignore`, and read it by `RUN --mount=type=secret`".to_owned(),
        })
        .collect()
}

/// None for what is in the Dockerfile itself.
fn path<'s, 'a>(source: &'s Source<'a>) -> Option<&'s UnescapedString<'a>> {
    if let Source::Path(path) = source { Some(path) } else { None }
}

fn is_secret(path: &str) -> bool {
    if path.contains("://") {
        return false;
    }
    let mut parts = path.trim_end_matches('/').rsplit('/');
    let name = parts.next().unwrap_or_default();
    let folder = FOLDERS.contains(&name) || parts.any(|part| FOLDERS.contains(&part));
    folder || SECRET.contains(&name) || name.ends_with(".key") || name.ends_with(".p12") || name.ends_with(".pfx")
}

/// What is to be said of the addresses that an `ADD` names.
pub(in crate::policy) fn downloaded(add: &AddInstruction<'_>, text: &str) -> Vec<Finding> {
    if !values(&add.options, "checksum").is_empty() {
        return Vec::new();
    }
    let paths = add.src.iter().filter_map(path);
    let remote = paths.filter(|path| {
        let address = path.value.as_ref();
        (address.starts_with("http://") || address.starts_with("https://")) && !is_git(address)
    });
    remote
        .map(|path| Finding {
            rule: Rule::UncheckedDownload,
            span: path.span.clone(),
            message: format!("{} is added without a checksum", quoted(&path.value)),
            why: "whatever the address gives on the day of the build",
            help: format!("write `ADD --checksum=sha256:… {}`", text.get(path.span.clone()).unwrap_or("ADDRESS")),
        })
        .collect()
}

fn is_git(address: &str) -> bool {
    address.split(['#', '?']).next().unwrap_or_default().ends_with(".git")
}
