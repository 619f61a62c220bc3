use super::*;
use crate::workspace::tree::shown;
use expect_test::{Expect, expect};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

/// A workspace and, beside it, what nobody may touch.
struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    fn new(files: &[&str]) -> Scene {
        let scene = Scene { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(scene.workspace()).unwrap();
        std::fs::write(scene.dir.path().join("secret"), "secret").unwrap();
        for file in files {
            scene.write(file, file);
        }
        scene
    }

    fn workspace(&self) -> PathBuf {
        self.dir.path().join("workspace")
    }

    fn at(&self, path: &str) -> PathBuf {
        self.workspace().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        std::fs::write(self.at(path), text).unwrap();
    }

    fn link(&self, path: &str, target: &str) {
        std::fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        symlink(target, self.at(path)).unwrap();
    }

    fn find(&self, patterns: &[&str], expected: Expect) {
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let finding = find(&self.workspace(), &Wanted::parse(&patterns).unwrap()).unwrap();
        let mut text = String::new();
        for found in &finding.found {
            text += &match found {
                Found::File { path, bytes, executable } => {
                    let program = if *executable { " program" } else { "" };
                    format!("{} {bytes}{program}\n", shown(Path::new(path)))
                }
                Found::Link { path, target } => format!("{path} -> {target}\n"),
            };
        }
        for note in &finding.left_out {
            text += &format!("{note}\n");
        }
        expected.assert_eq(&text);
    }
}

#[test]
fn patterns_name_files_a_folder_stands_for_all_in_it_and_not_takes_out() {
    let scene = Scene::new(&["dist/a", "dist/tmp/b", "dist/sub/c.xml", "distant/d", "top.xml", "src/x/y.xml", "src/z"]);
    std::fs::set_permissions(scene.at("dist/a"), PermissionsExt::from_mode(0o700)).unwrap();
    scene.find(
        &["dist", "!dist/tmp", "**/*.xml", "!src/x"],
        expect![[r#"
            dist/a 6 program
            dist/sub/c.xml 14
            top.xml 7
        "#]],
    );
    scene.find(
        &["*"],
        expect![[r#"
            dist/a 6 program
            dist/sub/c.xml 14
            dist/tmp/b 10
            distant/d 9
            src/x/y.xml 11
            src/z 5
            top.xml 7
        "#]],
    );
    scene.find(
        &["src/?", "nothing/here"],
        expect![[r#"
            src/x/y.xml 11
            src/z 5
        "#]],
    );
}

#[test]
fn nothing_outside_of_the_workspace_is_looked_at_whatever_a_step_put_there() {
    let scene = Scene::new(&["dist/real"]);
    scene.link("dist/out", "/etc/passwd");
    scene.link("dist/up", "../../secret");
    scene.link("dist/by-another", "real/../../../secret");
    scene.link("dist/in", "sub/../real");
    scene.link("dist/fine", "real");
    scene.link("dist/folder", "..");
    scene.link("etc", "/etc");
    mknodat(CWD, scene.at("dist/pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    std::fs::write(scene.workspace().join(OsStr::from_bytes(b"dist/\xff\n")), "x").unwrap();
    std::fs::write(scene.at("dist/a\nb"), "x").unwrap();
    scene.find(
        &["dist", "etc/**", "etc/passwd"],
        expect![[r#"
            dist/a\nb 1
            dist/fine -> real
            dist/folder -> ..
            dist/real 9
            dist/by-another is left out: it is a link that leads out of the workspace, or down before it leads up
            dist/in is left out: it is a link that leads out of the workspace, or down before it leads up
            dist/out is left out: it is a link that leads out of the workspace, or down before it leads up
            dist/pipe is left out: it is neither a file nor a link
            dist/up is left out: it is a link that leads out of the workspace, or down before it leads up
            dist/�\n is left out: its name is not UTF-8
        "#]],
    );
}

#[test]
fn a_file_that_became_a_link_meanwhile_is_not_read() {
    let scene = Scene::new(&["dist/a", "sub/b"]);
    let wanted = Wanted::parse(&["dist".to_owned(), "sub".to_owned()]).unwrap();
    let found = find(&scene.workspace(), &wanted).unwrap().found;
    let open_later = open(scene.workspace(), "sub/b".to_owned());
    assert!(open_later().is_ok());
    std::fs::remove_file(scene.at("dist/a")).unwrap();
    scene.link("dist/a", "../../secret");
    std::fs::rename(scene.at("sub"), scene.at("moved")).unwrap();
    scene.link("sub", "..");
    std::fs::write(scene.dir.path().join("b"), "outside").unwrap();
    assert!(hash(&scene.workspace(), &found).is_err());
    assert!(open_later().is_err());
}

#[test]
fn too_deep_is_left_out() {
    let scene = Scene::new(&[&(["d"; 120].join("/") + "/file"), "d/file"]);
    scene.find(
        &["d"],
        expect![[r#"
            d/file 6
            d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/… is left out: it lies too deep
        "#]],
    );
}

/// What another job kept, unpacked.
fn unpacked(dir: &Path) -> PathBuf {
    let from = dir.join("input");
    std::fs::create_dir_all(from.join("dist/sub")).unwrap();
    std::fs::write(from.join("dist/sub/new"), "new").unwrap();
    std::fs::write(from.join("dist/old"), "newer").unwrap();
    symlink("old", from.join("dist/link")).unwrap();
    from
}

#[test]
fn files_are_put_in_place_and_never_through_a_link() {
    let scene = Scene::new(&["kept", "dist/old"]);
    let outside = scene.dir.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    scene.link("dist/sub", "../../outside");
    scene.link("dist/link", "../../secret");
    let placed = place(&unpacked(scene.dir.path()), &scene.workspace(), Links::Inside).unwrap();
    assert_eq!(placed, Placed { entries: 3, bytes: 8 });
    let read = |path: &str| std::fs::read_to_string(scene.at(path)).unwrap();
    assert_eq!((read("dist/sub/new"), read("dist/old"), read("dist/link"), read("kept")), {
        let text = |text: &str| text.to_owned();
        (text("new"), text("newer"), text("newer"), text("kept"))
    });
    assert_eq!(std::fs::read_dir(outside).unwrap().count(), 0);
    assert_eq!(std::fs::read_to_string(scene.dir.path().join("secret")).unwrap(), "secret");
}

#[test]
fn what_cannot_be_put_in_place_is_told() {
    let told = |scene: &Scene| {
        format!("{:#}", place(&unpacked(scene.dir.path()), &scene.workspace(), Links::Inside).unwrap_err())
    };
    let in_the_way = Scene::new(&["dist/old/inner"]);
    assert!(told(&in_the_way).ends_with("a folder is in its place"), "{}", told(&in_the_way));
    let leads_out = Scene::new(&[]);
    std::fs::create_dir(leads_out.dir.path().join("input")).unwrap();
    symlink("/etc", leads_out.dir.path().join("input/etc")).unwrap();
    assert!(told(&leads_out).contains("leads out"), "{}", told(&leads_out));
}
