//! Archives as nobody should make them.

use super::*;
use sidings_proto::snapshot::Bounds;
use std::os::unix::fs::PermissionsExt;
use tar::{Builder, EntryType, Header};

struct Tar {
    builder: Builder<Vec<u8>>,
}

impl Tar {
    fn new() -> Tar {
        Tar { builder: Builder::new(Vec::new()) }
    }

    /// An entry whose name and target are written as they are, without the library's checks.
    fn raw(mut self, kind: EntryType, name: &[u8], link: &[u8], mode: u32, content: &[u8]) -> Tar {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name);
        header.as_gnu_mut().unwrap().linkname[..link.len()].copy_from_slice(link);
        header.set_cksum();
        self.builder.append(&header, content).unwrap();
        self
    }

    fn file(self, name: &str, text: &str) -> Tar {
        self.raw(EntryType::Regular, name.as_bytes(), b"", 0o644, text.as_bytes())
    }

    fn folder(self, name: &str) -> Tar {
        self.raw(EntryType::Directory, name.as_bytes(), b"", 0o755, b"")
    }

    fn link(self, name: &str, target: &str) -> Tar {
        self.raw(EntryType::Symlink, name.as_bytes(), target.as_bytes(), 0o777, b"")
    }

    fn unpack(self) -> Out {
        self.within(BOUNDS)
    }

    fn within(self, bounds: Bounds) -> Out {
        Out::of(&zstd::encode_all(&self.builder.into_inner().unwrap()[..], 3).unwrap(), bounds)
    }
}

struct Out {
    dir: tempfile::TempDir,
    result: String,
}

impl Out {
    fn of(archive: &[u8], bounds: Bounds) -> Out {
        let dir = tempfile::tempdir().unwrap();
        let into = dir.path().join("in/to");
        std::fs::create_dir_all(&into).unwrap();
        let file = dir.path().join("archive");
        std::fs::write(&file, archive).unwrap();
        let result = match unpack(File::open(&file).unwrap(), &into, bounds) {
            Ok(unpacked) => format!("{} entries", unpacked.entries),
            Err(error) => format!("{error:#}"),
        };
        Out { dir, result }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("in/to").join(name)
    }

    /// Nothing was made beside the folder that was unpacked into.
    #[track_caller]
    fn refused(&self, reason: &str) {
        assert!(self.result.contains(reason), "{}", self.result);
        let count = |path: &Path| std::fs::read_dir(path).unwrap().count();
        assert_eq!((count(self.dir.path()), count(&self.dir.path().join("in"))), (2, 1));
    }
}

#[test]
fn files_folders_and_links_come_out() {
    let long = format!("{}/file", "deep/".repeat(60));
    let mut tar = Tar::new().folder("src/").file("src/main.c", "int main;").file("./top", "").link("src/up", "../top");
    tar = tar.link("chain", "src/up").raw(EntryType::Regular, b"run.sh", b"", 0o4777, b"#!/bin/sh");
    let mut header = Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o600);
    tar.builder.append_data(&mut header, &long, &b"x"[..]).unwrap();
    let out = tar.unpack();
    assert_eq!(out.result, "7 entries");
    assert_eq!(std::fs::read_to_string(out.path("src/main.c")).unwrap(), "int main;");
    assert_eq!(std::fs::read_link(out.path("src/up")).unwrap(), Path::new("../top"));
    assert!(out.path("chain").exists() && out.path(&long).exists());
    let mode = |name: &str| out.path(name).metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("run.sh") & 0o6100, 0o100);
    assert_eq!(mode("src/main.c") & 0o111, 0);
}

#[test]
fn names_that_lead_outside_are_refused() {
    for name in ["../out", "/tmp/out", "a/../../out", "a/..", "src/../../../etc/passwd"] {
        Tar::new().file(name, "x").unpack().refused("the path leads outside");
        Tar::new().folder(name).unpack().refused("the path leads outside");
    }
}

#[test]
fn links_that_lead_outside_come_out_as_they_are_as_from_git() {
    let targets = ["/etc/passwd", "..", "../x", "a/../../..", "./../..", "d/../..", "../../nowhere"];
    for target in targets {
        let out = Tar::new().folder("d").link("d/link", target).unpack();
        assert_eq!(out.result, "2 entries");
        assert_eq!(std::fs::read_link(out.path("d/link")).unwrap(), Path::new(target));
    }
    for target in ["", "a\0b"] {
        let tar = Tar::new().raw(EntryType::GNULongLink, b"long", b"", 0o644, target.as_bytes()).link("a", "");
        tar.unpack().refused("the link's target is empty or has a NUL in it");
    }
}

#[test]
fn nothing_is_written_through_a_link_that_leads_outside() {
    for (name, target) in [("d", "../../out"), ("d", ".."), ("d", "/tmp")] {
        let tar = || Tar::new().link(name, target).file("d/file", "x").file("out", "x");
        let out = tar().unpack();
        out.refused("make the link d");
        assert!(out.path("d").symlink_metadata().unwrap().is_dir());
        Tar::new().file("d/file", "x").link("d", target).unpack().refused("make the link d");
        Tar::new().link("d", target).folder("d/deep/er").unpack().refused("make the link d");
    }
    let out = Tar::new().link("f", "../secret").file("f", "x").unpack();
    out.refused("make the link f");
}

#[test]
fn nothing_is_written_through_a_link() {
    let out = Tar::new().link("d", "elsewhere").file("d/file", "x").unpack();
    out.refused("make the link d");
    let out = Tar::new().link("f", "elsewhere").file("f", "x").unpack();
    out.refused("make the link f");
    assert!(!out.path("elsewhere").exists());
}

#[test]
fn nothing_comes_twice() {
    Tar::new().file("a", "1").file("a", "2").unpack().refused("make a file");
    Tar::new().file("a", "1").file("a/b", "2").unpack().refused("make a folder");
    Tar::new().folder("a").file("a", "1").unpack().refused("make a file");
}

#[test]
fn only_files_folders_and_links_are_taken() {
    for kind in [
        EntryType::Link,
        EntryType::Fifo,
        EntryType::Char,
        EntryType::Block,
        EntryType::GNUSparse,
        EntryType::Continuous,
    ] {
        Tar::new().file("a", "").raw(kind, b"b", b"a", 0o644, b"").unpack().refused("only files, folders and links");
    }
}

#[test]
fn a_hard_link_to_a_file_of_the_host_is_refused() {
    Tar::new().raw(EntryType::Link, b"p", b"/etc/passwd", 0o644, b"").unpack().refused("only files, folders and links");
}

#[test]
fn the_number_of_entries_is_bounded() {
    let tar = (0..5).fold(Tar::new(), |tar, n| tar.file(&format!("f{n}"), ""));
    tar.within(Bounds { entries: 4, ..BOUNDS }).refused("more than 4 entries");
}

#[test]
fn folders_that_only_names_tell_of_are_bounded_too() {
    let tar = Tar::new().file("a/b/c/d/e/f", "x");
    tar.within(Bounds { entries: 4, ..BOUNDS }).refused("more than 4 folders");
}

#[test]
fn the_size_is_bounded() {
    let tar = Tar::new().file("f", &"x".repeat(100_000));
    tar.within(Bounds { bytes: 50_000, ..BOUNDS }).refused("more comes out of the archive than may");
}

#[test]
fn a_bomb_is_defused() {
    let tar = Tar::new().file("bomb", &"\0".repeat(40 * 1024 * 1024));
    let out = tar.within(Bounds { free: 4 * 1024 * 1024, ..BOUNDS });
    out.refused("more comes out of the archive than may");
    assert!(out.path("bomb").metadata().unwrap().len() <= 4 * 1024 * 1024);
}

#[test]
fn a_tree_that_packs_to_almost_nothing_is_no_bomb() {
    let size = 100 * 1024 * 1024;
    let out = Tar::new().file("zeros", &"\0".repeat(size)).unpack();
    assert_eq!(out.result, "1 entries");
    assert_eq!(out.path("zeros").metadata().unwrap().len(), size as u64);
}

#[test]
fn endless_names_are_refused() {
    let name = vec![b'n'; 1024 * 1024];
    for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader] {
        let tar = Tar::new().raw(kind, b"long", b"", 0o644, &name).file("a", "");
        tar.unpack().refused("is longer than 16384 bytes");
    }
    Tar::new()
        .raw(EntryType::GNULongName, b"long", b"", 0o644, &name[..5000])
        .file("a", "")
        .unpack()
        .refused("too long");
}

#[test]
fn the_deepest_name_is_unpacked_and_a_longer_one_is_refused() {
    let tar = |name: &str| Tar::new().raw(EntryType::GNULongName, b"././@LongLink", b"", 0o644, name.as_bytes());
    let deep = format!("{}x", "d/".repeat(1499));
    let out = tar(&deep).file("short", "x").unpack();
    assert_eq!(out.result, "1 entries");
    assert!(out.path(&deep).exists());
    tar(&format!("{deep}yz")).file("short", "x").unpack().refused("too long");
}

#[test]
fn long_names_lead_outside_no_more_than_short_ones() {
    let tar = Tar::new().raw(EntryType::GNULongName, b"long", b"", 0o644, b"../../out\0").file("a", "x");
    tar.unpack().refused("the path leads outside");
    let tar = Tar::new().raw(EntryType::GNULongLink, b"long", b"", 0o644, b"d/../../x\0").link("a", "b");
    assert_eq!(std::fs::read_link(tar.unpack().path("a")).unwrap(), Path::new("d/../../x"));
    let tar = Tar::new().raw(EntryType::XHeader, b"pax", b"", 0o644, b"18 path=../../out\n").file("a", "x");
    tar.unpack().refused("the path leads outside");
    let tar = Tar::new().raw(EntryType::XHeader, b"pax", b"", 0o644, b"11 size=99\n").file("a", "x");
    tar.unpack().refused("sizes in pax records");
}

#[test]
fn what_is_no_archive_is_refused() {
    for bytes in [&b""[..], b"not zstd at all", &[0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0]] {
        let out = Out::of(bytes, BOUNDS);
        assert!(!out.result.ends_with("entries") || bytes.is_empty(), "{}", out.result);
    }
    let whole = zstd::encode_all(&vec![b'x'; 4096][..], 3).unwrap();
    Out::of(&whole, BOUNDS).refused("read the archive");
    let tar = Tar::new().file("f", &"text ".repeat(1000)).builder.into_inner().unwrap();
    let cut = zstd::encode_all(&tar[..1024], 3).unwrap();
    Out::of(&cut, BOUNDS).refused("");
}

#[test]
fn a_nul_in_a_name_is_refused() {
    let tar = Tar::new().raw(EntryType::GNULongName, b"long", b"", 0o644, b"a\0b\0").file("a", "x");
    tar.unpack().refused("NUL");
}

/// Serves these bytes, whatever is asked for.
fn serving(archive: &[u8]) -> Fetch {
    let archive = archive.to_owned();
    Box::new(move |path| {
        let archive = archive.clone();
        Box::pin(async move { Ok(std::fs::write(path, archive)?) })
    })
}

fn id_of(archive: &[u8]) -> BlobId {
    blake3::hash(archive).to_hex().to_string().try_into().unwrap()
}

#[tokio::test]
async fn a_snapshot_that_is_not_what_was_asked_for_is_refused_and_our_failure() {
    let dir = tempfile::tempdir().unwrap();
    let into = dir.path().join("into");
    std::fs::create_dir(&into).unwrap();
    let archive = zstd::encode_all(&Tar::new().file("a", "x").builder.into_inner().unwrap()[..], 3).unwrap();
    let wrong: BlobId = "0".repeat(64).try_into().unwrap();
    let file = dir.path().join("archive");
    let error = unpack_snapshot(&serving(&archive), &wrong, file.clone(), into.clone()).await.unwrap_err();
    assert!(matches!(&error, SourceError::Ours(why) if format!("{why:#}").contains("not what was asked for")));
    unpack_snapshot(&serving(&archive), &id_of(&archive), file.clone(), into.clone()).await.unwrap();
    assert!(into.join("a").exists() && !file.exists());
}

#[tokio::test]
async fn what_is_wrong_with_an_archive_is_the_users_failure_and_what_is_wrong_with_the_disk_is_ours() {
    let tree = || Tar::new().file("a", "x");
    let long = "n".repeat(300);
    let long_name = tree().raw(EntryType::GNULongName, b"long", b"", 0o644, long.as_bytes()).file("b", "");
    let hostile = [tree().file("../b", ""), tree().file("a", ""), tree().file("a/b", ""), long_name];
    for (n, tar) in hostile.into_iter().enumerate() {
        let archive = zstd::encode_all(&tar.builder.into_inner().unwrap()[..], 3).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let error = into_folder(&archive, &dir.path().join("archive"), dir.path().join("into"), true).await;
        assert!(matches!(error, SourceError::User(_)), "{n}: {error:?}");
    }
    let archive = zstd::encode_all(&tree().builder.into_inner().unwrap()[..], 3).unwrap();
    let cut = &archive[..archive.len() / 2];
    let dir = tempfile::tempdir().unwrap();
    let error = into_folder(cut, &dir.path().join("archive"), dir.path().join("into"), true).await;
    assert!(matches!(error, SourceError::User(_)), "{error:?}");
    let error = into_folder(&archive, &dir.path().join("archive"), dir.path().join("gone"), false).await;
    assert!(matches!(error, SourceError::Ours(_)), "{error:?}");
}

async fn into_folder(archive: &[u8], file: &Path, into: PathBuf, make: bool) -> SourceError {
    if make {
        std::fs::create_dir(&into).unwrap();
    }
    unpack_snapshot(&serving(archive), &id_of(archive), file.to_owned(), into).await.unwrap_err()
}
