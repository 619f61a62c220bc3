//! A case of the corpus: a project, what is asked for, and changes of which each says whether the key and the built
//! image change. The form, by lines:
//!
//! ```text
//! What the case shows.
//! arg NAME=value | target NAME | base REFERENCE | env NAME=value | onbuild INSTRUCTION | unbuilt WHY
//! --- path              and its lines; or: path +x, path -> target, path/, path gone
//! === same|changed|wider WHAT
//! ```
//!
//! `wider`: the key changes although the image does not; `WHAT` says why. `unbuilt`: the engine of the tests cannot
//! build it, so that the expectations rest on what the builder's documentation says.

use sidings_environment::Base;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

#[derive(Clone, Debug, Default)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) project: Project,
    pub(crate) bases: BTreeMap<String, Base>,
    pub(crate) is_built: bool,
    pub(crate) changes: Vec<Change>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Project {
    pub(crate) files: BTreeMap<String, Thing>,
    pub(crate) args: BTreeMap<String, String>,
    pub(crate) target: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Thing {
    Folder,
    File { executable: bool, text: String },
    Link(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Same,
    Changed,
    Wider,
}

#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) what: String,
    pub(crate) expected: Expected,
    pub(crate) project: Project,
}

/// All of the corpus, by name.
pub(crate) fn corpus() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("environment/tests/corpus");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| read(path.file_stem().unwrap().to_str().unwrap(), &fs::read_to_string(path).unwrap()))
        .collect()
}

fn read(name: &str, text: &str) -> Case {
    let mut sections = text.split("\n=== ");
    let mut case = Case { name: name.to_owned(), is_built: true, ..Case::default() };
    let first = sections.next().unwrap();
    let body = first.split_once('\n').expect("a case begins with what it shows").1;
    let mut project = Project::default();
    apply(&mut project, body, Some(&mut case));
    for section in sections {
        let (head, body) = section.split_once('\n').unwrap_or((section, ""));
        let (expected, what) = head.split_once(' ').unwrap_or_else(|| panic!("{name}: {head:?} says nothing"));
        let expected = match expected {
            "same" => Expected::Same,
            "changed" => Expected::Changed,
            "wider" => Expected::Wider,
            other => panic!("{name}: {other:?} is no expectation"),
        };
        let mut changed = project.clone();
        apply(&mut changed, body, None);
        case.changes.push(Change { what: what.to_owned(), expected, project: changed });
    }
    assert!(!case.changes.is_empty(), "{name} changes nothing");
    case.project = project;
    case
}

fn apply(project: &mut Project, body: &str, mut case: Option<&mut Case>) {
    let body = format!("\n{body}");
    let mut parts = body.split("\n--- ");
    let mut last = String::new();
    for line in parts.next().unwrap().lines().filter(|line| !line.is_empty()) {
        let (word, rest) = line.split_once(' ').unwrap_or_else(|| panic!("{line:?} says nothing"));
        let pair = || rest.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
        match (word, &mut case) {
            ("arg", _) => drop(project.args.insert(pair().0, pair().1)),
            ("target", _) => project.target = Some(rest.to_owned()),
            ("unbuilt", Some(case)) => case.is_built = false,
            ("base", Some(case)) => {
                last = rest.to_owned();
                case.bases.insert(last.clone(), Base { id: format!("id of {rest}"), ..Base::default() });
            }
            ("env", Some(case)) => drop(case.bases.get_mut(&last).unwrap().env.insert(pair().0, pair().1)),
            ("onbuild", Some(case)) => case.bases.get_mut(&last).unwrap().on_build.push(rest.to_owned()),
            _ => panic!("{line:?} is not understood"),
        }
    }
    for part in parts {
        let (head, text) = part.split_once('\n').unwrap_or((part, ""));
        let text = if text.is_empty() { String::new() } else { format!("{}\n", text.trim_end_matches('\n')) };
        if let Some(path) = head.strip_suffix(" gone") {
            assert!(project.files.remove(path).is_some(), "{path} was not there");
        } else if let Some((path, target)) = head.split_once(" -> ") {
            project.files.insert(path.to_owned(), Thing::Link(target.to_owned()));
        } else if let Some(path) = head.strip_suffix('/') {
            project.files.insert(path.to_owned(), Thing::Folder);
        } else {
            let path = head.strip_suffix(" +x").unwrap_or(head);
            project.files.insert(path.to_owned(), Thing::File { executable: path != head, text });
        }
    }
}

impl Project {
    /// Puts it into an empty folder.
    pub(crate) fn write(&self, folder: &Path) {
        for (path, thing) in &self.files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match thing {
                Thing::Folder => fs::create_dir_all(&path).unwrap(),
                Thing::Link(target) => symlink(target, &path).unwrap(),
                Thing::File { executable, text } => {
                    fs::write(&path, text).unwrap();
                    let mode = if *executable { 0o755 } else { 0o644 };
                    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
                }
            }
        }
    }
}
