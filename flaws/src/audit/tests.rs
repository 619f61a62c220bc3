use super::*;
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use sidings_inventory::{Distribution, Layer, Made, PackageSource, Sureness};
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const TODAY: Date = date(2026, 11, 22);
const WORST: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

fn package(kind: Kind, name: &str, version: &str) -> Package {
    Package {
        kind,
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: None,
        source: None,
        licences: Vec::new(),
        purl: String::new(),
        layer: 1,
        paths: Vec::new(),
    }
}

fn image(packages: Vec<Package>) -> Inventory {
    let made = Made { line: 3, instruction: "RUN apt-get install".to_owned(), sure: Sureness::Text };
    let layers = vec![Layer { number: 1, made: Some(made), ..Layer::default() }];
    let mut inventory = Inventory { layers, packages, ..Inventory::default() };
    inventory.image.distribution = Some(Distribution { id: "debian".to_owned(), version: "12".to_owned() });
    inventory
}

fn entry(id: &str, ecosystem: &str, name: &str, fixed: &str) -> Value {
    json!({
        "id": id,
        "summary": "a flaw",
        "severity": [{"type": "CVSS_V3", "score": WORST}],
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
            "versions": null,
        }],
    })
}

fn with(mut entry: Value, key: &str, value: Value) -> Value {
    entry[key] = value;
    entry
}

fn audit(inventory: &Inventory, dump: &[Value], ignores: &str) -> Audit {
    let mut auditor = Auditor::new(inventory);
    for (number, entry) in dump.iter().enumerate() {
        auditor.read(&format!("{number}.json"), entry.to_string().as_bytes());
    }
    auditor.finish(&Ignores::read(ignores, TODAY).unwrap())
}

fn named(audit: &Audit) -> Vec<String> {
    let line = |it: &Finding| {
        let fixed = it.fixed.as_deref().unwrap_or("-");
        format!("{} {} {} {} → {fixed}", it.severity.name(), it.id, it.package, it.version)
    };
    audit.findings.iter().map(line).collect()
}

#[test]
fn a_package_of_debian_is_found_under_its_source_and_release() {
    let mut ssl = package(Kind::Deb, "libssl3", "3.0.15-1~deb12u1+b1");
    ssl.source = Some(PackageSource { name: "openssl".to_owned(), version: Some("3.0.15-1~deb12u1".to_owned()) });
    let inventory = image(vec![ssl]);
    let dump = [
        entry("DEBIAN-CVE-1", "Debian:12", "openssl", "3.0.16-1~deb12u1"),
        entry("DEBIAN-CVE-2", "Debian:12", "openssl", "3.0.15-1~deb12u1"),
        entry("DEBIAN-CVE-3", "Debian:13", "openssl", "9"),
        entry("DEBIAN-CVE-4", "Debian:12", "libssl3", "9"),
        entry("DEBIAN-CVE-5", "Alpine:v3.19", "openssl", "9"),
    ];
    let audit = audit(&inventory, &dump, "[]");
    assert_eq!(named(&audit), ["critical DEBIAN-CVE-1 libssl3 3.0.15-1~deb12u1+b1 → 3.0.16-1~deb12u1"]);
    assert_eq!((audit.findings[0].score, audit.findings[0].layer, audit.findings[0].line), (Some(9.8), 1, Some(3)));
    assert_eq!((audit.entries, audit.not_looked), (5, vec![]));
}

#[test]
fn names_of_python_are_the_same_in_any_spelling() {
    let inventory = image(vec![package(Kind::Python, "Zope.Interface", "5.0rc1")]);
    let audit = audit(&inventory, &[entry("PYSEC-1", "PyPI", "zope_interface", "5.0")], "[]");
    assert_eq!(named(&audit), ["critical PYSEC-1 Zope.Interface 5.0rc1 → 5.0"]);
}

#[test]
fn the_worst_comes_first_and_one_flaw_under_two_names_once() {
    let inventory = image(vec![package(Kind::Npm, "a", "1.0.0"), package(Kind::Npm, "b", "1.0.0")]);
    let word = json!({"severity": "MODERATE"});
    let medium = with(with(entry("GHSA-2", "npm", "b", "1.1.0"), "severity", json!([])), "database_specific", word);
    let unrated = with(entry("X-3", "npm", "b", "1.2.0"), "severity", json!([]));
    let first = with(entry("GHSA-1", "npm", "a", "1.3.0"), "aliases", json!(["CVE-1"]));
    let second = with(entry("CVE-1", "npm", "a", "1.3.0"), "severity", json!([]));
    let audit = audit(&inventory, &[unrated, medium, second, first], "[]");
    let wanted = ["critical GHSA-1 a 1.0.0 → 1.3.0", "medium GHSA-2 b 1.0.0 → 1.1.0", "unknown X-3 b 1.0.0 → 1.2.0"];
    assert_eq!(named(&audit), wanted);
    assert_eq!(audit.findings[0].aliases, ["CVE-1"]);
    assert_eq!(
        [Severity::Low, Severity::Medium, Severity::High].map(|limit| audit.reaching(limit)),
        [3, 2, 1],
        "what nobody rated counts as low"
    );
}

#[test]
fn what_was_taken_back_is_no_flaw() {
    let inventory = image(vec![package(Kind::Npm, "a", "1.0.0")]);
    let back = with(entry("GHSA-1", "npm", "a", "2.0.0"), "withdrawn", json!("2024-01-01T00:00:00Z"));
    let audit = audit(&inventory, &[back], "[]");
    assert_eq!((named(&audit).len(), audit.withdrawn), (0, 1));
}

#[test]
fn what_is_ignored_is_told_and_counts_again_when_its_day_is_over() {
    let inventory = image(vec![package(Kind::Npm, "a", "1.0.0")]);
    let dump = [with(entry("GHSA-1", "npm", "a", "2.0.0"), "aliases", json!(["CVE-1"]))];
    let now = audit(&inventory, &dump, "- {id: CVE-1, reason: not reachable, until: 2026-12-01}");
    assert_eq!(
        (now.findings.len(), now.ignored[0].id.as_str(), now.ignored[0].reason.as_str()),
        (0, "GHSA-1", "not reachable")
    );
    let over = audit(&inventory, &dump, "- {id: CVE-1, reason: not reachable, until: 2026-11-01}");
    assert_eq!((over.ignored.len(), over.findings[0].ignored_until.as_deref()), (0, Some("2026-11-01")));
}

#[test]
fn an_advisory_for_several_flaws_is_not_ignored_for_one_of_them() {
    let inventory = image(vec![package(Kind::Deb, "a", "1-1")]);
    let several = with(entry("DSA-1", "Debian:12", "a", "2"), "upstream", json!(["CVE-1", "CVE-2"]));
    let one = with(entry("DEBIAN-CVE-1", "Debian:12", "a", "2"), "upstream", json!(["CVE-1"]));
    let audit = audit(&inventory, &[several, one], "- {id: CVE-1, reason: why, until: 2026-12-01}");
    assert_eq!(named(&audit), ["critical DSA-1 a 1-1 → 2"]);
}

#[test]
fn what_could_not_be_looked_at_does_not_pass_for_sound() {
    let packages = vec![
        package(Kind::Python, "a", "french toast"),
        package(Kind::Python, "b", "1.0"),
        package(Kind::Go, "c", ""),
        package(Kind::Npm, "d", "1.0.0"),
    ];
    let inventory = image(packages);
    let dump = [entry("PYSEC-1", "PyPI", "b", "one"), entry("PYSEC-2", "PyPI", "other", "1")];
    let told: Vec<String> = audit(&inventory, &dump, "[]")
        .not_looked
        .iter()
        .map(|it| format!("{} {:?}: {}", it.kind.name(), it.packages, it.why))
        .collect();
    let wanted = [
        r#"go ["c"]: the package does not tell its version"#,
        r#"npm ["d 1.0.0"]: the dump has no entry of npm"#,
        r#"python ["b 1.0"]: PYSEC-1 tells a version that is none by its ecosystem's rules: one"#,
        r#"python ["a french toast"]: its version is none by the rules of its ecosystem"#,
    ];
    assert_eq!(told, wanted);
}

#[test]
fn a_distribution_that_is_not_told_leaves_its_packages_open() {
    let mut inventory = image(vec![package(Kind::Deb, "a", "1")]);
    for (distribution, wanted) in [
        (None, "the image does not tell its distribution"),
        (Some(("debian", "")), "the image does not tell which release of debian it is"),
        (Some(("arch", "1")), "it is not known here how flaws of arch 1 are listed"),
        (Some(("ubuntu", "22.04")), "the dump has no entry of Ubuntu:22.04"),
    ] {
        inventory.image.distribution =
            distribution.map(|(id, version)| Distribution { id: id.to_owned(), version: version.to_owned() });
        assert_eq!(audit(&inventory, &[], "[]").not_looked[0].why, wanted);
    }
    let pro = entry("UBUNTU-1", "Ubuntu:22.04:LTS", "a", "2");
    assert_eq!(audit(&inventory, &[pro], "[]").findings.len(), 1);
}

/// As a publisher packs it.
fn zipped(files: &[(&str, &[u8])]) -> Cursor<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap()
}

#[test]
fn a_dump_may_be_a_zip() {
    let inventory = image(vec![package(Kind::Deb, "zlib", "1")]);
    let flaw = entry("DEBIAN-1", "Debian:12", "zlib", "2").to_string();
    let files: [(&str, &[u8]); 3] = [("DEBIAN-1.json", flaw.as_bytes()), ("cut.json", b"{"), ("README", b"{")];
    let mut auditor = Auditor::new(&inventory);
    auditor.read_zip("all.zip", zipped(&files));
    auditor.read_zip("none.zip", Cursor::new(b"no zip".to_vec()));
    // One byte of what is packed is another: its sum tells.
    let mut damaged = zipped(&[("long.json", flaw.as_bytes())]).into_inner();
    damaged[60] ^= 1;
    auditor.read_zip("damaged.zip", Cursor::new(damaged));
    let audit = auditor.finish(&Ignores::default());
    assert_eq!(named(&audit), ["critical DEBIAN-1 zlib 1 → 2"]);
    let bad: Vec<&str> = audit.bad.iter().map(|bad| bad.name.as_str()).collect();
    assert_eq!(bad, ["all.zip: cut.json", "none.zip", "damaged.zip: long.json"]);
}

#[test]
fn bad_files_are_counted_and_named_and_stop_nothing() {
    let inventory = image(vec![package(Kind::Npm, "a", "1.0.0")]);
    let mut auditor = Auditor::new(&inventory);
    auditor.read("cut.json", &br#"{"id": "X"#[..]);
    auditor.read("none.json", &b"{}"[..]);
    auditor.read("deep.json", "[".repeat(100_000).as_bytes());
    auditor.read("large.json", std::io::repeat(b' '));
    for number in 0..50 {
        auditor.read(&number.to_string(), &b"[]"[..]);
    }
    auditor.read("good.json", entry("GHSA-1", "npm", "a", "2.0.0").to_string().as_bytes());
    let audit = auditor.finish(&Ignores::default());
    assert_eq!((audit.entries, audit.bad_files, audit.bad.len(), audit.findings.len()), (1, 54, 20, 1));
    assert_eq!((audit.bad[1].name.as_str(), audit.bad[1].why.as_str()), ("none.json", "it has no id"));
    assert_eq!(audit.bad[3].why, "it has more than 16777216 bytes");
}
