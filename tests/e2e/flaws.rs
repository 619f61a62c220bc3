//! What the command line says of an image's known flaws, out of a small dump that is made up here: Debian's own packages
//! by their source, one of Python, and what is wrong with the dump and the list of what is ignored.

use super::inventories::Image;
use super::{submit, verdicts};
use crate::support::{Fleet, tree};
use serde_json::Value;
use std::fs::File;
use std::io::Write;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const METADATA: &str = "Metadata-Version: 2.1\nName: Some_Thing\nVersion: 1.0rc1\n";
const PYTHON: &str = r#"{"id": "PYSEC-1", "aliases": ["CVE-1"], "summary": "it does too much",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
    "affected": [{"package": {"ecosystem": "PyPI", "name": "some-thing"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.0"}]}]}]}"#;
/// Of the source of `libc6` and `libc-bin`.
const DEBIAN: &str = r#"{"id": "DEBIAN-CVE-2", "upstream": ["CVE-2"],
    "affected": [{"package": {"ecosystem": "Debian:12", "name": "glibc"}, "ecosystem_specific": {"urgency": "low"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99:1"}]}]}]}"#;
const OLD: &str = r#"{"id": "DEBIAN-CVE-3",
    "affected": [{"package": {"ecosystem": "Debian:12", "name": "glibc"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0-1"}]}]}]}"#;

#[tokio::test]
async fn an_image_is_audited_against_a_dump_on_disk() {
    let fleet = Fleet::start().await;
    let files = [
        ("Dockerfile", "FROM debian:bookworm-slim\nRUN mkdir /opt/some\nCOPY some /opt/some\n"),
        ("some/some.dist-info/METADATA", METADATA),
        ("dump/PyPI/README", ""),
        ("dump/Debian/2.json", DEBIAN),
        ("dump/Debian/3.json", OLD),
        ("dump/Debian/cut.json", "{\"id\": "),
        ("dump/README", "no entry, and none is looked for in it"),
        ("ignore.yml", "- {id: CVE-1, reason: we never call it, until: 2999-01-01}\n"),
        ("over.yml", "- {id: CVE-1, reason: we never call it, until: 2001-01-01}\n"),
        ("wrong.yml", "- {id: CVE-1, until: 2999-01-01}\n"),
        ("empty/README", ""),
    ];
    let work = tree(fleet.path("work"), &files);
    let image = Image::build(&work, "flaws");
    let audit = |arguments: &[&str]| {
        let common = ["image", "audit", image.name(), "--dockerfile", "Dockerfile"];
        fleet.sidings(&work, &[&common, arguments].concat())
    };
    // As its publisher gives it.
    let mut zip = ZipWriter::new(File::create(work.join("dump/PyPI/all.zip")).unwrap());
    zip.start_file("PYSEC-1.json", SimpleFileOptions::default()).unwrap();
    zip.write_all(PYTHON.as_bytes()).unwrap();
    zip.finish().unwrap();
    let (code, listed, stderr) = audit(&["--flaws", "dump"]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{listed}");
    let (first, rest) = listed.split_once('\n').unwrap();
    assert!(first.starts_with("1 high, ") && first.ends_with(" low, of 3 entries"), "{first}");
    let worst = rest.lines().nth(2).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(worst, "high 7.5 PYSEC-1 python Some_Thing 1.0rc1 1.0 3 3 it does too much");
    assert!(listed.contains("no entry: dump/Debian/cut.json: "), "{listed}");

    let (code, json, _) = audit(&["--flaws", "dump", "--json"]);
    let told: Value = serde_json::from_str(&json).unwrap();
    let of_debian: Vec<(&str, &Value)> = told["findings"].as_array().unwrap()[1..]
        .iter()
        .map(|it| (it["package"].as_str().unwrap(), &it["fixed"]))
        .collect();
    let fixed = Value::from("99:1");
    assert!(of_debian.contains(&("libc6", &fixed)) && of_debian.contains(&("libc-bin", &fixed)), "{of_debian:?}");
    assert_eq!((code, &told["entries"], &told["bad_files"]), (0, &Value::from(3), &Value::from(1)));

    for (arguments, wanted) in [
        (&["--fail-on", "critical"][..], 0),
        (&["--fail-on", "high"], 1),
        (&["--fail-on", "high", "--ignore", "ignore.yml"], 0),
        (&["--fail-on", "low", "--ignore", "ignore.yml"], 1),
        (&["--fail-on", "high", "--ignore", "over.yml"], 1),
    ] {
        let (code, stdout, stderr) = audit(&[&["--flaws", "dump"], arguments].concat());
        assert_eq!((code, stderr.as_str()), (wanted, ""), "{arguments:?}: {stdout}");
    }
    let (code, _, stderr) = audit(&["--flaws", "dump", "--ignore", "wrong.yml"]);
    assert_eq!((code, stderr.as_str()), (64, "error: wrong.yml: rule 1 (CVE-1): it gives no `reason`\n"));
    let (code, _, stderr) = audit(&["--flaws", "empty"]);
    assert_eq!((code, stderr.as_str()), (2, "error: empty: there is no entry of OSV in it\n"));
}

#[tokio::test]
async fn an_image_with_flaws_that_the_policy_refuses_runs_no_step() {
    let dump = tempfile::tempdir().unwrap();
    std::fs::write(dump.path().join("1.json"), PYTHON).unwrap();
    let fleet = Fleet::start_told(vec![("SIDINGS_FLAWS", dump.path().to_str().unwrap().to_owned())]).await;
    let _runner = fleet.runner("r1", 1).await;
    let policy = |rest: &str| format!("flaws: {{ warn: medium, deny: high{rest} }}\n");
    let files = [
        (".sidings.yml", "build: .\njobs: { test: { steps: [run: echo ran] } }\n"),
        ("Dockerfile", "FROM debian:bookworm-slim\nRUN mkdir /opt/some\nCOPY some /opt/some\n"),
        ("some/some.dist-info/METADATA", METADATA),
        (".sidings/policy.yml", &policy("")),
    ];
    let work = tree(fleet.path("work"), &files);
    // Once where it is built, and once more where it is there already.
    for _ in 0..2 {
        let view = fleet.client.until_ended(submit(&fleet, &work)).await;
        let told = verdicts(&view);
        assert!(told.contains("test: failed (image_build_failed), ") && told.contains("echo ran: skipped"), "{told}");
        let setup = fleet.client.log(&view.jobs[0], 0).await;
        let told = "the image is not used: the policy (`flaws`) allows no flaws that are high or worse, and it has \
            high PYSEC-1 in Some_Thing 1.0rc1, line 3, fixed in 1.0";
        assert!(setup.contains(told), "{setup}");
    }
    let ignored = ", ignore: [{ id: CVE-1, reason: we never call it, until: 2999-01-01 }]";
    std::fs::write(work.join(".sidings/policy.yml"), policy(ignored)).unwrap();
    let view = fleet.client.until_ended(submit(&fleet, &work)).await;
    assert!(verdicts(&view).starts_with("run: passed\n"), "{}", verdicts(&view));
    // Debian's own packages are none that this dump speaks of, and that is not passed over.
    let setup = fleet.client.log(&view.jobs[0], 0).await;
    assert!(
        setup.contains("warning: ") && setup.contains("not looked up for known flaws, the first because"),
        "{setup}"
    );
}
