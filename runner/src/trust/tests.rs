use super::*;
use crate::engine::ImageFacts;
use std::collections::BTreeMap;
use std::process::Command;

/// A self-signed certificate of an authority, and its key.
fn authority(folder: &Path) -> (String, String) {
    let out = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=Test authority", "-keyout", "key.pem", "-out", "ca.pem"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    (read("ca.pem"), read("key.pem"))
}

#[test]
fn certificates_are_taken_and_what_stands_between_them_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, _) = authority(folder.path());
    let text = format!("# The first\r\n{}\n\n second:\n{certificate}", certificate.replace('\n', "\r\n"));
    let authorities = Authorities::parse(&text).unwrap();
    assert_eq!(authorities.count(), 2);
    assert_eq!(authorities.pem(), certificate.repeat(2));
    assert_eq!(authorities.certificates().unwrap().len(), 2);
}

#[test]
fn what_is_no_certificate_is_refused_and_its_line_named() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority(folder.path());
    let refused = |text: &str| Authorities::parse(text).unwrap_err();
    assert_eq!(refused("nothing"), "there is no certificate in PEM in it (`-----BEGIN CERTIFICATE-----`)");
    let lines = certificate.lines().count();
    assert_eq!(
        refused(&format!("{certificate}{key}")),
        format!("line {}: a private key is no part of it: every step could read it", lines + 1)
    );
    let cut = certificate.lines().take(3).collect::<Vec<_>>().join("\n");
    assert_eq!(refused(&cut), "line 1: the certificate has no end");
    assert_eq!(refused(&format!("{cut}\n{certificate}")), "line 1: the certificate has no end");
    let list = certificate.replace("CERTIFICATE", "X509 CRL");
    assert_eq!(refused(&list), "line 1: expected CERTIFICATE, found X509 CRL");
    let noise = "\n-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
    assert!(refused(noise).starts_with("line 2: this is no certificate: "), "{}", refused(noise));
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |file: &str, bytes: Option<&[u8]>| {
        let file = folder.path().join(file);
        if let Some(bytes) = bytes {
            std::fs::write(&file, bytes).unwrap();
        }
        let said = Authorities::read(&file).unwrap_err();
        said.strip_prefix(&format!("--ca-bundle {}: ", file.display())).unwrap().to_owned()
    };
    assert!(refused("none.pem", None).contains("No such file"));
    assert_eq!(refused("der", Some(b"\x30\x82\xff")), NO_TEXT);
    let long = vec![b'#'; usize::try_from(FILE_MAX).unwrap() + 1];
    assert!(refused("long.pem", Some(&long)).contains("longer than"));
}

#[test]
fn the_bundle_is_the_machines_authorities_and_the_operators() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, _) = authority(folder.path());
    let authorities = Authorities::parse(&certificate).unwrap();
    let bundle = Bundle::make(&authorities, folder.path(), "/sidings/ca").unwrap();
    let again = Bundle::make(&authorities, folder.path(), "/sidings/ca").unwrap();
    assert_eq!(bundle.pem(), again.pem());
    assert_eq!(std::fs::read_to_string(bundle.file()).unwrap(), bundle.pem());
    assert!(bundle.pem().ends_with(&certificate));
    assert!(Authorities::parse(bundle.pem()).unwrap().count() > 1, "the machine's own are in it");
}

#[test]
fn what_the_image_or_the_pipeline_sets_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, _) = authority(folder.path());
    let bundle = Bundle::make(&Authorities::parse(&certificate).unwrap(), folder.path(), "/sidings/ca").unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let image = ImageFacts { env: BTreeMap::from([pair("PIP_CERT", "/image.pem")]), ..ImageFacts::default() };
    let mut variables = BTreeMap::from([pair("CURL_CA_BUNDLE", "/mine.pem")]);
    bundle.tell("/sidings/ca", &image, &mut variables);
    assert_eq!(variables.get("PIP_CERT"), None, "the image has it");
    assert_eq!(variables["CURL_CA_BUNDLE"], "/mine.pem");
    assert_eq!(variables["SSL_CERT_FILE"], "/sidings/ca/ca.pem");
    assert_eq!(variables["APT_CONFIG"], "/sidings/ca/apt.conf");
}
