//! Each reader on what its ecosystem really writes, and on what it does not.

use super::*;
use crate::bounds::Bounds;

/// What the reader of that path finds.
fn read(path: &str, content: &[u8]) -> Reading {
    let reader = Reader::of(path).unwrap_or(Reader::Program);
    let mut left = Left::new(Bounds::default());
    reader.read(path, content.len() as u64, &mut &content[..], &mut left).unwrap()
}

fn found(path: &str, content: &[u8]) -> Vec<Found> {
    let reading = read(path, content);
    assert_eq!(reading.remarks, Vec::<String>::new());
    match reading.evidence {
        Some(Evidence::Packages(found)) => found,
        other => panic!("{path}: {other:?}"),
    }
}

fn names(found: &[Found]) -> Vec<String> {
    found.iter().map(|it| format!("{} {}", it.name, it.version)).collect()
}

#[test]
fn dpkg_lists_what_is_unpacked() {
    let status = "Package: a\nStatus: install ok installed\nArchitecture: amd64\nSource: src (1.0)\nVersion: 1.0+b1\n\
        Description: one\n Version: 9\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 2\n\n\
        Package: half\nStatus: install ok unpacked\nVersion: 3\nConffiles:\n /etc/x 1\n";
    let found = found("var/lib/dpkg/status", status.as_bytes());
    assert_eq!(names(&found), ["a 1.0+b1", "half 3"]);
    let source = PackageSource { name: "src".to_owned(), version: Some("1.0".to_owned()) };
    assert_eq!((found[0].architecture.as_deref(), found[0].source.as_ref()), (Some("amd64"), Some(&source)));
    assert_eq!(
        names(&self::found("var/lib/dpkg/status.d/base", b"Package: base-files\nVersion: 12\n")),
        ["base-files 12"]
    );
}

#[test]
fn a_copyright_file_tells_licences_only_in_the_form_for_machines() {
    let told = |text: &str| read("usr/share/doc/zlib1g/copyright", text.as_bytes()).evidence;
    let licences = vec!["GPL-2+".to_owned(), "Zlib".to_owned()];
    assert_eq!(
        told("Format: https://…\nFiles: *\nLicense: Zlib\n text\nFiles: debian/*\nLicense: GPL-2+\nLicense: Zlib\n"),
        Some(Evidence::Licences { package: "zlib1g".to_owned(), licences })
    );
    assert_eq!(told("This is prose.\nLicense: none of your business\n"), None);
}

#[test]
fn apk_tells_fields_apart_by_case() {
    let installed = "C:Q1x\nP:musl\nV:1.2.4-r1\nA:x86_64\nL:MIT\np:so:libc.musl=1\no:musl\nF:lib\nR:libc.so\n\n\
        P:musl-utils\nV:1.2.4-r1\nA:x86_64\nL:MIT AND BSD-2-Clause\no:musl\n";
    let found = found("lib/apk/db/installed", installed.as_bytes());
    assert_eq!(names(&found), ["musl 1.2.4-r1", "musl-utils 1.2.4-r1"]);
    assert_eq!((found[0].source.is_some(), found[1].source.as_ref().unwrap().name.as_str()), (false, "musl"));
    assert_eq!(found[1].licences, ["MIT AND BSD-2-Clause"]);
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut content).unwrap();
    content
}

/// Written by rpm 4.18 itself: 30 packages, most of whose descriptions do not fit on a page.
#[test]
fn rpm_is_read_from_sqlite() {
    let mut found = found("var/lib/rpm/rpmdb.sqlite", &unpacked(include_bytes!("../../tests/rpm/rpmdb.sqlite.gz")));
    let epoch = |n: usize| if n % 2 == 1 { "1:" } else { "" };
    let mut wanted: Vec<String> = (1..=30).map(|n| format!("piece-{n} {}1.{n}-{n}.fc", epoch(n))).collect();
    wanted.sort();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(names(&found), wanted);
    assert_eq!(found[0].licences, ["MIT AND BSD-3-Clause"]);
    assert_eq!(found[0].source.as_ref().unwrap().name, "piece-1");
    assert_eq!(found[0].architecture.as_deref(), Some("noarch"));
}

/// A header with these texts.
fn header(texts: &[(u32, &str)]) -> Vec<u8> {
    let (mut index, mut values) = (Vec::new(), Vec::new());
    for (tag, text) in texts {
        index.extend([*tag, 6, values.len() as u32, 1].iter().flat_map(|word| word.to_be_bytes()));
        values.extend([text.as_bytes(), &[0]].concat());
    }
    let sizes = [texts.len() as u32, values.len() as u32].map(u32::to_be_bytes).concat();
    [sizes, index, values].concat()
}

/// A page of slots, then the headers, in the form that rpm's sources describe: Debian's rpm does not write it.
fn ndb(headers: &[Vec<u8>]) -> Vec<u8> {
    let words = |words: [u32; 4]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let magic = |text: &[u8; 4]| u32::from_le_bytes(*text);
    let mut slots = [words([magic(b"RpmP"), 0, 1, 1]), words([0; 4])].concat();
    let mut blobs = Vec::new();
    for (number, header) in (1..).zip(headers) {
        let offset = (4096 + blobs.len() as u32) / 16;
        let blocks = 2 + header.len().div_ceil(16) as u32;
        slots.extend(words([magic(b"Slot"), number, offset, blocks]));
        blobs.extend(words([magic(b"BlbS"), number, 1, header.len() as u32]));
        blobs.extend(header);
        blobs.resize(blobs.len().next_multiple_of(16) + 16, 0);
    }
    slots.extend(words([magic(b"Slot"), 0, 0, 0]));
    slots.resize(4096, 0);
    [slots, blobs].concat()
}

#[test]
fn rpm_is_read_from_its_own_database() {
    let one = header(&[(1000, "bash"), (1001, "5.2"), (1002, "1.fc"), (1044, "bash-src-5.2-1.fc.src.rpm")]);
    let key = header(&[(1000, "gpg-pubkey"), (1001, "1"), (1002, "2")]);
    let found = found("usr/lib/sysimage/rpm/Packages.db", &ndb(&[one, key]));
    assert_eq!(names(&found), ["bash 5.2-1.fc"]);
    assert_eq!(found[0].source.as_ref().unwrap().name, "bash-src");
}

#[test]
fn a_form_of_rpm_that_is_not_read_is_remarked_on() {
    assert_eq!(read("var/lib/rpm/Packages", b"\0\0").remarks, [rpm::OTHER]);
    assert_eq!(read("var/lib/rpm/rpmdb.sqlite-wal", b"frames").remarks, [rpm::LOG]);
    assert!(read("var/lib/rpm/rpmdb.sqlite-wal", b"").remarks.is_empty());
    assert_eq!(read("var/lib/rpm/rpmdb.sqlite", &[7; 200]).remarks.len(), 1);
    assert_eq!(read("var/lib/rpm/Packages.db", &[7; 200]).remarks.len(), 1);
}

#[test]
fn python_leaves_metadata_in_three_places() {
    let text = b"Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\nLicense: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License\n\nName: other\n";
    for path in ["a/Foo.Bar-1.0.dist-info/METADATA", "a/foo.egg-info/PKG-INFO", "a/foo-1.0.egg-info"] {
        let found = found(path, text);
        assert_eq!(names(&found), ["Foo.Bar 1.0"]);
        assert_eq!(found[0].licences, ["MIT License"]);
    }
    assert_eq!(Reader::of("a/PKG-INFO"), None);
}

#[test]
fn npm_counts_what_is_installed() {
    let path = "app/node_modules/@babel/core/package.json";
    let found = found(path, br#"{"name":"@babel/core","version":"7.1.0","licenses":[{"type":"MIT"},"ISC"]}"#);
    assert_eq!(names(&found), ["@babel/core 7.1.0"]);
    assert_eq!(found[0].licences, ["ISC", "MIT"]);
    assert_eq!(read(path, br#"{"type":"module"}"#).evidence, None);
    assert_eq!(read(path, b"{").remarks.len(), 1);
    assert_eq!(Reader::of("app/package.json"), None);
    assert_eq!(Reader::of("usr/share/nodejs/glob/package.json"), Some(Reader::Npm));
}

#[test]
fn a_gem_is_told_by_its_stub_or_else_its_file() {
    let path = "usr/lib/ruby/gems/3.1.0/specifications/net-http-0.3.0.gemspec";
    let text = b"# -*- encoding: utf-8 -*-\n# stub: net-http 0.3.0 ruby lib\n\nGem::Specification.new do |s|\n  s.licenses = [\"Ruby\".freeze, \"BSD-2-Clause\".freeze]\nend\n";
    let gem = found(path, text);
    assert_eq!(
        (names(&gem), gem[0].licences.as_slice()),
        (vec!["net-http 0.3.0".to_owned()], &["BSD-2-Clause".to_owned(), "Ruby".to_owned()][..])
    );
    let default = "var/lib/gems/3.1.0/specifications/default/google-protobuf-3.21.0-x86_64-linux.gemspec";
    assert_eq!(names(&found(default, b"Gem::Specification.new")), ["google-protobuf 3.21.0"]);
    assert_eq!(read("a/specifications/odd.gemspec", b"").remarks.len(), 1);
    assert_eq!(Reader::of("srv/app/app.gemspec"), None);
}

#[test]
fn os_release_names_the_distribution() {
    let told = |text: &str| read("etc/os-release", text.as_bytes()).evidence;
    let rocky = Distribution { id: "rocky".to_owned(), version: "9.3".to_owned() };
    assert_eq!(told("NAME=x\nID=\"rocky\"\nVERSION_ID=\"9.3\"\n"), Some(Evidence::Distribution(rocky)));
    assert_eq!(told("NAME=x\n"), None);
}

/// A program of 64 bits with these sections, each of which is also a segment at `ADDRESS` and its place in the file.
fn program(sections: &[(&str, Vec<u8>)]) -> Vec<u8> {
    const HEADER: usize = 64;
    let mut names = vec![0];
    let (mut body, mut parts) = (Vec::new(), Vec::new());
    for (name, content) in sections {
        parts.push((names.len(), HEADER + body.len(), content.len()));
        names.extend_from_slice(name.as_bytes());
        names.push(0);
        body.extend_from_slice(content);
    }
    parts.push((0, HEADER + body.len(), names.len()));
    body.extend_from_slice(&names);
    let table = HEADER + body.len();
    for (name, offset, size) in &parts {
        let mut entry = [0u8; 64];
        entry[..4].copy_from_slice(&(*name as u32).to_le_bytes());
        for (at, value) in [(16, ADDRESS + *offset as u64), (24, *offset as u64), (32, *size as u64)] {
            entry[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        body.extend_from_slice(&entry);
    }
    let segments = HEADER + body.len();
    let mut segment = [0u8; 56];
    segment[..8].copy_from_slice(&[1, 0, 0, 0, 6, 0, 0, 0]);
    segment[16..24].copy_from_slice(&ADDRESS.to_le_bytes());
    segment[32..40].copy_from_slice(&(table as u64).to_le_bytes());
    body.extend_from_slice(&segment);
    let mut header = [0u8; HEADER];
    header[..6].copy_from_slice(b"\x7fELF\x02\x01");
    header[32..40].copy_from_slice(&(segments as u64).to_le_bytes());
    header[40..48].copy_from_slice(&(table as u64).to_le_bytes());
    for (at, value) in [(54, 56), (56, 1), (58, 64), (60, parts.len()), (62, parts.len() - 1)] {
        header[at..at + 2].copy_from_slice(&(value as u16).to_le_bytes());
    }
    [header.to_vec(), body].concat()
}

const ADDRESS: u64 = 0x40_0000;

#[test]
fn an_auditable_program_tells_its_crates() {
    let json = br#"{"packages":[{"name":"serde","version":"1.0.1","source":"crates.io"},{"name":"cc","version":"1.0","source":"crates.io","kind":"build"},{"name":"own","version":"0.1.0","source":"local","root":true}]}"#;
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(json).unwrap();
    let program = program(&[(".text", vec![0x90; 100]), (".dep-v0", packed.finish().unwrap())]);
    assert_eq!(names(&found("usr/bin/own", &program)), ["serde 1.0.1", "own 0.1.0"]);
}

const MODULES: &str = "path\tgithub.com/a/own/cmd/x\nmod\tgithub.com/a/own\t(devel)\t\ndep\tgithub.com/b/c\tv1.2.3\th1:x=\n\
    dep\tgithub.com/d/e\tv0.1.0\n=>\tgithub.com/f/e\tv0.2.0\th1:y=\nbuild\t-compiler=gc\n";

fn marked() -> Vec<u8> {
    [&[1u8; 16], MODULES.as_bytes(), &[2u8; 16]].concat()
}

fn counted(text: &[u8]) -> Vec<u8> {
    let length = [0x80 | (text.len() & 0x7f) as u8, (text.len() >> 7) as u8];
    [&length, text].concat()
}

#[test]
fn a_program_of_go_tells_its_modules_in_both_forms() {
    let wanted = ["stdlib 1.22.1", "github.com/a/own ", "github.com/b/c v1.2.3", "github.com/f/e v0.2.0"];
    let mut inline = [b"\xff Go buildinf:".as_slice(), &[8, 2], &[0; 16]].concat();
    inline.extend(counted(b"go1.22.1 X:nocoverage"));
    inline.extend(counted(&marked()));
    assert_eq!(names(&found("usr/bin/x", &program(&[(".go.buildinfo", inline)]))), wanted);

    // The texts, then their headers, then the pointers to those.
    let (version, modules) = (b"go1.22.1".to_vec(), marked());
    let texts = 64 + 32 + ADDRESS;
    let headers = texts + (version.len() + modules.len()) as u64;
    let words = |words: &[u64]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let pointers = words(&[headers, headers + 16]);
    let info = [b"\xff Go buildinf:".as_slice(), &[8, 0], &pointers].concat();
    let strings = words(&[texts, version.len() as u64, texts + version.len() as u64, modules.len() as u64]);
    let data = [version, modules, strings].concat();
    let old = program(&[(".go.buildinfo", info), (".data", data)]);
    assert_eq!(names(&found("usr/bin/x", &old)), wanted);
}

#[test]
fn a_program_without_modules_is_told_by_its_path() {
    let mut info = [b"\xff Go buildinf:".as_slice(), &[8, 2], &[0; 16]].concat();
    info.extend(counted(b"go1.19.8"));
    info.extend(counted(&[&[1u8; 16], b"path\tgithub.com/tianon/gosu\n".as_slice(), &[2u8; 16]].concat()));
    let found = found("usr/sbin/gosu", &program(&[(".go.buildinfo", info)]));
    assert_eq!(names(&found), ["stdlib 1.19.8", "github.com/tianon/gosu "]);
}

#[test]
fn a_damaged_program_is_no_list_of_packages() {
    let whole = program(&[(".dep-v0", b"no zlib".to_vec())]);
    assert_eq!(read("bin/x", &whole).remarks.len(), 1);
    assert_eq!(read("bin/x", b"\x7fELF\x02\x01short").evidence, None);
}

/// A zip of stored files.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut body, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let (offset, size, length) = (body.len() as u32, content.len() as u32, name.len() as u16);
        let sizes = [size.to_le_bytes(), size.to_le_bytes()].concat();
        body.extend(
            [b"PK\x03\x04".as_slice(), &[0; 14], &sizes, &length.to_le_bytes(), &[0; 2], name.as_bytes(), content]
                .concat(),
        );
        directory.extend([b"PK\x01\x02".as_slice(), &[0; 16], &sizes, &length.to_le_bytes(), &[0; 12]].concat());
        directory.extend([&offset.to_le_bytes(), name.as_bytes()].concat());
    }
    let end = [(directory.len() as u32).to_le_bytes(), (body.len() as u32).to_le_bytes()].concat();
    let count = (files.len() as u16).to_le_bytes();
    [body, directory, [b"PK\x05\x06".as_slice(), &[0; 4], &count, &count, &end, &[0; 2]].concat()].concat()
}

const POM: &[u8] = b"# made\ngroupId=org.a\nartifactId=inner\nversion=2.0\n";

#[test]
fn an_archive_of_java_tells_itself_and_those_within() {
    let inner = zip(&[("META-INF/maven/org.a/inner/pom.properties", POM)]);
    let manifest = b"Manifest-Version: 1.0\r\nBundle-SymbolicName: org.b.ou\r\n ter;singleton:=true\r\nBundle-Version: 1.2\r\nBundle-License: Apache-2.0\r\n\r\nName: x\r\nBundle-Version: 9\r\n";
    let outer = zip(&[("META-INF/MANIFEST.MF", manifest), ("WEB-INF/lib/inner-2.0.jar", &inner)]);
    let found = found("srv/outer-1.1.war", &outer);
    assert_eq!(names(&found), ["org.a:inner 2.0", "org.b:outer 1.2"]);
    assert_eq!(found[1].licences, ["Apache-2.0"]);
    assert_eq!(names(&self::found("a/plain-3.1-beta.jar", &zip(&[]))), ["plain 3.1-beta"]);
    assert_eq!(read("a/unversioned.jar", &zip(&[])).evidence, None);
}

#[test]
fn archives_in_archives_end_somewhere() {
    let mut archive = zip(&[("META-INF/maven/org.a/inner/pom.properties", POM)]);
    for _ in 0..6 {
        archive = zip(&[("x.jar", &archive)]);
    }
    let reading = read("a.jar", &archive);
    assert_eq!(
        (reading.evidence, reading.remarks),
        (None, vec!["a.jar!x.jar!x.jar!x.jar!x.jar is too deep to be looked into".to_owned()])
    );
    assert_eq!(read("a.jar", b"not a zip").remarks.len(), 1);
}
