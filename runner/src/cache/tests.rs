use super::pack::Packed;
use super::*;
use std::os::unix::fs::{PermissionsExt, symlink};

struct Scene {
    dir: tempfile::TempDir,
    copies: Copies,
}

impl Scene {
    fn new() -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let copies = Copies::open(dir.path().join("caches")).unwrap();
        Scene { dir, copies }
    }

    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.dir.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Packs a folder, or a path in it, and takes the copy.
    fn packed(&self, root: &Path, path: &str) -> Packed {
        let part = self.copies.part();
        let parts = [Part { root: root.to_owned(), path: path.into(), name: Path::new("0").join(path) }];
        let packed = pack(&parts, &part).unwrap();
        self.copies.take(&part, &packed.blob).unwrap();
        packed
    }
}

#[test]
fn what_is_packed_comes_out_again_and_links_are_links() {
    let scene = Scene::new();
    let from = scene.folder("from");
    fs::create_dir_all(from.join("deep/empty")).unwrap();
    fs::write(from.join("deep/tool"), "tool").unwrap();
    fs::set_permissions(from.join("deep/tool"), PermissionsExt::from_mode(0o700)).unwrap();
    fs::write(scene.dir.path().join("secret"), "secret").unwrap();
    symlink("../secret", from.join("out")).unwrap();
    symlink("/etc", from.join("etc")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, from.join("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    let packed = scene.packed(&from, "");
    assert_eq!(packed.entries, 5);
    let into = scene.folder("into");
    assert!(scene.copies.unpack(&packed.blob, &into).unwrap());
    let at = |path: &str| into.join("0").join(path);
    assert_eq!(fs::read_to_string(at("deep/tool")).unwrap(), "tool");
    assert_eq!(fs::metadata(at("deep/tool")).unwrap().permissions().mode() & 0o777, 0o755);
    assert!(at("deep/empty").is_dir() && !at("pipe").exists());
    assert_eq!(fs::read_link(at("out")).unwrap(), Path::new("../secret"));
    assert_eq!(fs::read_link(at("etc")).unwrap(), Path::new("/etc"));
}

#[test]
fn a_path_that_a_step_made_a_link_of_is_packed_as_that_and_one_behind_a_link_not_at_all() {
    let scene = Scene::new();
    let (workspace, outside) = (scene.folder("workspace"), scene.folder("outside"));
    fs::create_dir(outside.join("inner")).unwrap();
    fs::write(outside.join("inner/secret"), "secret").unwrap();
    symlink("../outside", workspace.join("target")).unwrap();
    assert_eq!(scene.packed(&workspace, "target").entries, 1);
    assert_eq!(scene.packed(&workspace, "target/inner").entries, 0);
    assert_eq!(scene.packed(&workspace, "nothing").entries, 0);
}

#[test]
fn a_copy_that_is_not_what_its_name_says_is_none() {
    let scene = Scene::new();
    let from = scene.folder("from");
    fs::write(from.join("a"), "a").unwrap();
    let packed = scene.packed(&from, "");
    fs::write(scene.copies.file(&packed.blob), "changed").unwrap();
    assert!(!scene.copies.unpack(&packed.blob, &scene.folder("into")).unwrap());
    assert!(!scene.copies.file(&packed.blob).exists());
    assert!(!scene.copies.unpack(&packed.blob, &scene.folder("into")).unwrap());
}

#[test]
fn copies_that_nothing_asks_for_go_and_so_does_what_was_left_half_written() {
    let scene = Scene::new();
    let (old, new) = (scene.dir.path().join("caches/old"), scene.dir.path().join("caches/new"));
    fs::write(&old, "x").unwrap();
    fs::write(&new, "x").unwrap();
    let long_ago = SystemTime::now() - UNUSED - Duration::from_secs(60);
    File::options().append(true).open(&old).unwrap().set_modified(long_ago).unwrap();
    let part = scene.copies.part();
    fs::write(&part, "half").unwrap();
    scene.copies.trim().unwrap();
    assert!(!old.exists() && new.exists() && part.exists());
    Copies::open(scene.dir.path().join("caches")).unwrap();
    assert!(new.exists() && !part.exists());
}

#[test]
fn a_key_stands_for_the_names_and_contents_of_its_files() {
    let scene = Scene::new();
    let workspace = scene.folder("workspace");
    fs::create_dir(workspace.join("sub")).unwrap();
    let write = |path: &str, text: &str| fs::write(workspace.join(path), text).unwrap();
    write("a.lock", "1");
    let template = |files: &[&str]| {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        KeyTemplate { parts: vec![KeyPart::Text { text: "pip-".to_owned() }, KeyPart::Checksum { files }] }
    };
    let key_of = |files: &[&str]| key(&template(files), &workspace).unwrap();
    let (first, missing) = key_of(&["a.lock"]);
    assert!(first.starts_with("pip-") && first.len() == 4 + DIGITS && missing.is_empty(), "{first}");
    assert_eq!(key_of(&["a.lock"]).0, first);
    let several = key_of(&["**/*.lock"]).0;
    write("sub/b.lock", "1");
    assert_ne!(key_of(&["**/*.lock"]).0, several);
    write("a.lock", "2");
    assert_ne!(key_of(&["a.lock"]).0, first);
    assert_eq!(key_of(&["none"]).1, ["none"]);
    symlink("/etc/passwd", workspace.join("link")).unwrap();
    assert_eq!(key_of(&["link"]).1, ["link"]);
}
