use super::changes::{Change, Changes, Rights};
use super::merge::merge;
use super::tree::Kind;
use super::view::View;
use super::{NotMerged, Sibling, merge_into};
use rustix::fs::{CWD, FileType, Mode, XattrFlags, mknodat, setxattr};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A workspace, and views of it that are changed by hand.
struct Scene {
    dir: TempDir,
    views: Vec<Sibling>,
}

impl Scene {
    fn new(prepare: impl FnOnce(&Path)) -> Scene {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("workspace")).unwrap();
        prepare(&dir.path().join("workspace"));
        Scene { dir, views: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What is written is what an overlay would have in its upper folder.
    fn layer(&mut self, change: impl FnOnce(&Path)) -> &mut Scene {
        let view = View::layer(&self.path("workspace"), &self.path(&format!("view-{}", self.views.len()))).unwrap();
        change(view.root());
        self.add(view)
    }

    async fn copy(&mut self, change: impl FnOnce(&Path)) -> &mut Scene {
        let place = self.path(&format!("view-{}", self.views.len()));
        let view = View::copy(&self.path("workspace"), &place).await.unwrap();
        change(view.root());
        self.add(view)
    }

    fn add(&mut self, view: View) -> &mut Scene {
        let name = ["one", "two", "three"][self.views.len()].to_owned();
        self.views.push(Sibling { name, view });
        self
    }

    fn merge(&self) -> Result<usize, NotMerged> {
        merge_into(&self.path("workspace"), &self.views, &self.path("replaced"))
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path("workspace").join(path)).unwrap()
    }

    fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path("workspace").join(path)).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn whiteout(path: &Path) {
    mknodat(CWD, path, FileType::CharacterDevice, Mode::RUSR, 0).unwrap();
}

fn note(path: &Path, name: &str, value: &[u8]) {
    setxattr(path, name, value, XattrFlags::empty()).unwrap();
}

#[test]
fn siblings_agree_or_clash() {
    const RIGHTS: Rights = Rights { mode: 0o644, owner: None };
    const FILE: Change = Change::Leaf(Kind::File, RIGHTS);
    const TOOL: Change = Change::Leaf(Kind::File, Rights { mode: 0o755, owner: None });
    const LINK: Change = Change::Leaf(Kind::Link, RIGHTS);
    const FOLDER: Change = Change::Folder(Rights { mode: 0o755, owner: None });
    const CLOSED: Change = Change::Folder(Rights { mode: 0o700, owner: None });
    type Case<'c> = (&'c [(&'c str, Change)], &'c [(&'c str, Change)], Result<&'c [&'c str], &'c [&'c str]>);
    let cases: &[Case<'_>] = &[
        (&[("a", FILE)], &[("b", FILE)], Ok(&["a 0", "b 1"])),
        (&[("a", FILE)], &[], Ok(&["a 0"])),
        (&[("same", FILE)], &[("same", FILE)], Ok(&["same 0"])),
        (&[("a", FILE)], &[("a", FILE)], Err(&["a"])),
        (&[("same", FILE)], &[("same", TOOL)], Err(&["same"])),
        (&[("same", FILE)], &[("same", LINK)], Err(&["same"])),
        (&[("a", FILE)], &[("a", Change::Gone)], Err(&["a"])),
        (&[("a", Change::Gone)], &[("a", Change::Gone)], Ok(&["a 0"])),
        (&[("d", FOLDER), ("d/x", FILE)], &[("d", FOLDER), ("d/y", FILE)], Ok(&["d 0", "d/x 0", "d/y 1"])),
        (&[("d", FOLDER)], &[("d", CLOSED)], Err(&["d"])),
        (&[("d", Change::Gone)], &[("d/x", FILE)], Err(&["d/x"])),
        (&[("d", Change::Gone)], &[("d/e/x", FILE), ("d/y", FILE)], Err(&["d/e/x", "d/y"])),
        (&[("d", FILE)], &[("d/e/x", FILE)], Err(&["d/e/x"])),
        (&[("d", FILE)], &[("d", FOLDER), ("d/x", FILE)], Err(&["d", "d/x"])),
        (&[("d", Change::Gone)], &[("d/x", Change::Gone)], Ok(&["d 0"])),
        (&[("d", FILE)], &[("d/x", Change::Gone)], Ok(&["d 0"])),
        (&[("d", Change::Gone)], &[("d.e", FILE), ("d-e", FILE)], Ok(&["d 0", "d-e 1", "d.e 1"])),
        (&[("", CLOSED)], &[("a", FILE)], Ok(&[" 0", "a 1"])),
    ];
    for (one, two, expected) in cases {
        let changes = |list: &[(&str, Change)]| list.iter().map(|(path, change)| (path.into(), *change)).collect();
        let all: [Changes; 2] = [changes(one), changes(two)];
        let merged = merge(&all, |path, _, _| Ok(path == Path::new("same"))).unwrap();
        let merged = merged
            .map(|chosen| chosen.iter().map(|c| format!("{} {}", c.path.display(), c.sibling)).collect::<Vec<_>>())
            .map_err(|clashes| clashes.iter().map(|c| c.path.display().to_string()).collect::<Vec<_>>());
        let list = |list: &[&str]| list.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        assert_eq!(merged, expected.map(list).map_err(list), "{one:?} {two:?}");
    }
}

#[test]
fn what_an_overlay_marks_is_understood_and_its_notes_do_not_stay() {
    let mut scene = Scene::new(|workspace| {
        fs::create_dir_all(workspace.join("opaque/below")).unwrap();
        for file in ["gone", "kept", "opaque/old", "opaque/same", "opaque/below/old"] {
            fs::write(workspace.join(file), "old").unwrap();
        }
    });
    scene.layer(|upper| {
        whiteout(&upper.join("gone"));
        whiteout(&upper.join("never was there"));
        fs::create_dir_all(upper.join("opaque/below")).unwrap();
        note(&upper.join("opaque"), "user.overlay.opaque", b"y");
        fs::write(upper.join("opaque/same"), "old").unwrap();
        fs::write(upper.join("opaque/below/new"), "new").unwrap();
        for name in ["user.overlay.origin", "user.own"] {
            note(&upper.join("opaque/below/new"), name, b"x");
        }
    });
    assert_eq!(scene.merge().unwrap(), 4);
    assert_eq!(scene.names(""), ["kept", "opaque"]);
    assert_eq!(
        (scene.names("opaque"), scene.names("opaque/below")),
        (vec!["below".into(), "same".into()], vec!["new".into()])
    );
    let mut list = Vec::with_capacity(1000);
    let new = scene.path("workspace/opaque/below/new");
    rustix::fs::listxattr(new, rustix::buffer::spare_capacity(&mut list)).unwrap();
    assert_eq!(list, b"user.own\0");
}

#[test]
fn nothing_outside_of_the_workspace_is_written_read_or_removed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("keep"), "untouched").unwrap();
    fs::set_permissions(outside.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut scene = Scene::new(|workspace| {
        // Links of an earlier step, where siblings have folders and files of the same names.
        symlink(outside.path(), workspace.join("folder")).unwrap();
        symlink(outside.path().join("keep"), workspace.join("file")).unwrap();
        symlink(outside.path(), workspace.join("deleted")).unwrap();
        fs::create_dir(workspace.join("real")).unwrap();
        fs::write(workspace.join("real/keep"), "inside").unwrap();
    });
    scene.layer(|upper| {
        fs::create_dir(upper.join("folder")).unwrap();
        fs::write(upper.join("folder/planted"), "x").unwrap();
        fs::set_permissions(upper.join("folder"), fs::Permissions::from_mode(0o777)).unwrap();
        fs::write(upper.join("file"), "mine").unwrap();
        whiteout(&upper.join("deleted"));
    });
    // A link in a view, in place of a folder of the workspace.
    scene.layer(|upper| symlink(outside.path(), upper.join("real")).unwrap());
    scene.merge().unwrap();
    assert_eq!(fs::read_to_string(outside.path().join("keep")).unwrap(), "untouched");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    assert_eq!(fs::metadata(outside.path()).unwrap().mode() & 0o777, 0o755);
    assert_eq!(scene.names(""), ["file", "folder", "real"]);
    assert_eq!((scene.text("file"), scene.names("folder")), ("mine".into(), vec!["planted".into()]));
    assert_eq!(fs::read_link(scene.path("workspace/real")).unwrap(), outside.path());
}

#[test]
fn a_folder_that_one_sibling_made_a_link_is_not_written_through_by_another() {
    let outside = tempfile::tempdir().unwrap();
    let mut scene = Scene::new(|workspace| fs::create_dir(workspace.join("d")).unwrap());
    scene.layer(|upper| symlink(outside.path(), upper.join("d")).unwrap());
    scene.layer(|upper| {
        fs::create_dir(upper.join("d")).unwrap();
        fs::write(upper.join("d/planted"), "x").unwrap();
    });
    let Err(NotMerged::Clash { lines, .. }) = scene.merge() else { panic!("they clash") };
    assert_eq!(lines, ["  d/planted (\"one\", \"two\")"]);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    assert!(scene.path("workspace/d").symlink_metadata().unwrap().is_dir(), "nothing is merged");
}

#[tokio::test]
async fn pipes_are_not_waited_for_and_devices_are_refused() {
    let mut scene = Scene::new(|workspace| {
        mknodat(CWD, workspace.join("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        whiteout(&workspace.join("device"));
    });
    scene.copy(|copy| fs::write(copy.join("new"), "").unwrap()).await;
    assert_eq!(scene.merge().unwrap(), 1, "what was there before is nobody's change");
    scene
        .copy(|copy| {
            fs::remove_file(copy.join("pipe")).unwrap();
            fs::write(copy.join("pipe"), "").unwrap();
            whiteout(&copy.join("strange"));
        })
        .await;
    let error = scene.merge().unwrap_err();
    assert_eq!(error.to_string(), "the changes of step \"two\" cannot be merged: strange is a device");
}

#[test]
fn bottomless_folders_are_refused() {
    let mut scene = Scene::new(|_| ());
    scene.layer(|upper| fs::create_dir_all(upper.join("d/".repeat(300))).unwrap());
    let error = scene.merge().unwrap_err().to_string();
    assert!(
        error.contains("step \"one\"") && error.contains("more than 200 deep in d/d/") && error.len() < 400,
        "{error}"
    );
}

#[test]
fn clashing_paths_are_listed_sorted_and_not_without_end() {
    let mut scene = Scene::new(|_| ());
    for text in ["left", "right"] {
        scene.layer(|upper| {
            for n in 0..150 {
                fs::write(upper.join(format!("file {n:03}")), text).unwrap();
            }
            fs::write(upper.join(OsStr::from_bytes(b"\x1b[31mred\n\xff")), text).unwrap();
        });
    }
    let Err(NotMerged::Clash { message, lines }) = scene.merge() else { panic!("they clash") };
    assert_eq!(lines.len(), 101);
    assert_eq!(lines[0], "  \\u{1b}[31mred\\n\u{fffd} (\"one\", \"two\")");
    assert_eq!((lines[1].as_str(), lines[100].as_str()), ("  file 000 (\"one\", \"two\")", "  and 51 more"));
    assert!(message.starts_with("parallel steps changed the same paths in different ways: \\u{1b}"), "{message}");
    assert!(message.ends_with("file 003 (\"one\", \"two\"), and 146 more"), "{message}");
}

#[tokio::test]
async fn a_change_that_keeps_size_and_times_is_found_in_a_copy() {
    let mut scene = Scene::new(|workspace| fs::write(workspace.join("file"), "old").unwrap());
    scene
        .copy(|copy| {
            let before = fs::metadata(copy.join("file")).unwrap().modified().unwrap();
            fs::write(copy.join("file"), "new").unwrap();
            fs::File::options().write(true).open(copy.join("file")).unwrap().set_modified(before).unwrap();
        })
        .await;
    assert_eq!((scene.merge().unwrap(), scene.text("file").as_str()), (1, "new"));
}

#[tokio::test]
async fn a_file_that_is_only_touched_is_no_change() {
    let mut scene = Scene::new(|workspace| fs::write(workspace.join("file"), "old").unwrap());
    for _ in 0..2 {
        scene.copy(|copy| fs::write(copy.join("file"), "old").unwrap()).await;
    }
    assert_eq!(scene.merge().unwrap(), 0);
}
