//! What a runner of this host would be told of the network, where it is told something: whom to trust, and how to get
//! at registries.

use super::Finding;
use crate::args::{DoctorArgs, RegistryAccess};
use sidings_runner::Authorities;
use sidings_runner::registry::CredentialsFile;
use std::path::Path;

pub(super) fn all(args: &DoctorArgs) -> Vec<Finding> {
    let authorities = args.remote.trust.ca_bundle.as_deref().map(authorities);
    authorities.into_iter().chain(registries(&args.registry)).collect()
}

fn authorities(file: &Path) -> Finding {
    match Authorities::read(file) {
        Ok(found) => {
            let found = format!("{} of {} in steps and builds", certificates(found.count()), file.display());
            Finding::ok("trust", found)
        }
        Err(error) => Finding::fail("trust", error, "name a file of certificates in PEM, or none"),
    }
}

fn certificates(count: usize) -> String {
    if count == 1 { "1 certificate".to_owned() } else { format!("{count} certificates") }
}

fn registries(access: &RegistryAccess) -> Option<Finding> {
    let mirrors: Vec<String> = access.registry_mirrors.iter().map(ToString::to_string).collect();
    let mirrors = (!mirrors.is_empty()).then(|| format!("mirrors: {}", mirrors.join(", ")));
    let Some(file) = &access.registry_auth else { return mirrors.map(|found| Finding::ok("registries", found)) };
    let credentials = match CredentialsFile::at(file) {
        Ok(credentials) => credentials,
        Err(error) => {
            return Some(Finding::fail("registries", error, "name a file in the form of Docker's config.json"));
        }
    };
    let named = Some(credentials.registries().join(", ")).filter(|named| !named.is_empty());
    let opened = format!("credentials for {}", named.as_deref().unwrap_or("what a helper knows"));
    let found = [Some(opened), mirrors].into_iter().flatten().collect::<Vec<_>>().join("; ");
    Some(match credentials.is_open_to_others() {
        true => Finding::warn("registries", found, format!("others can read them: `chmod 600 {}`", file.display())),
        false => Finding::ok("registries", found),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Grade;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_not_told_is_not_looked_at() {
        assert!(registries(&RegistryAccess::default()).is_none());
    }

    #[test]
    fn registries_are_named_and_credentials_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, r#"{"auths": {"reg.corp": {"auth": "bWU6aHVudGVyMjI="}}}"#).unwrap();
        let mirror = "docker.io=reg.corp/hub".parse().unwrap();
        let access = RegistryAccess { registry_auth: Some(file.clone()), registry_mirrors: vec![mirror] };
        let graded = |mode: u32| {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let finding = registries(&access).unwrap();
            assert_eq!(finding.found, "credentials for reg.corp; mirrors: docker.io=reg.corp/hub");
            finding.grade
        };
        assert_eq!((graded(0o600), graded(0o644)), (Grade::Ok, Grade::Warn));
    }

    #[test]
    fn a_bundle_that_is_none_fails() {
        let finding = authorities(Path::new("/nowhere/ca.pem"));
        assert_eq!(finding.grade, Grade::Fail);
        assert!(finding.found.starts_with("--ca-bundle /nowhere/ca.pem: "), "{}", finding.found);
    }
}
