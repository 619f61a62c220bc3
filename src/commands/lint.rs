//! `sidings lint`, and the look at a pipeline before it is sent anywhere.

use super::output::print;
use super::policy;
use crate::args::LintArgs;
use crate::exit::{Exit, Refusal};
use crate::worktree::{self, Project};
use anyhow::Context as _;
use rustix::fs::OFlags;
use sidings_pipeline::{Context, Diagnostics, Files, Input, place};
use sidings_proto::Trigger;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Well beyond the limits of a pipeline and of a Dockerfile.
const FILE_MAX: u64 = 1024 * 1024;

pub(super) async fn lint(args: LintArgs) -> anyhow::Result<Exit> {
    let mut all = Vec::new();
    for file in files(&args.path)? {
        let text = read(&file)?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let project = worktree::project(folder).await?;
        belongs(&file, &project)?;
        let found = look(&file.display().to_string(), &text, &project);
        all.push((file, found));
    }
    let wrong = all.iter().any(|(_, found)| found.has_errors());
    if args.json {
        let found = Diagnostics(all.into_iter().flat_map(|(_, found)| found.0).collect());
        print(&crate::client::pretty(&found)?)?;
    } else {
        for (file, found) in &all {
            print(&found.render(true))?;
            print(&verdict(file, found))?;
        }
    }
    Ok(if wrong { Exit::Configuration } else { Exit::Passed })
}

/// The pipeline files that a path means: itself, or all of a project.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut names = worktree::pipelines(path).map_err(Refusal::configuration)?;
    if names.is_empty() {
        names.push(None);
    }
    Ok(names.iter().map(|name| path.join(place::path_of(name.as_deref()))).collect())
}

/// The pipeline of a project that somebody means.
pub(super) fn meant(project: &Project, wanted: Option<&str>) -> anyhow::Result<Option<String>> {
    let names = worktree::pipelines(&project.root).map_err(Refusal::configuration)?;
    place::pick(&names, wanted).map_err(Refusal::configuration)
}

/// Whether a pipeline of a project can be run; if not, everything that is wrong is shown on stderr.
pub(super) fn is_right(project: &Project, pipeline: Option<&str>) -> anyhow::Result<bool> {
    let name = place::path_of(pipeline);
    let text = read_of(project, &name)?;
    let found = look(&name, &text, project);
    anstream::eprint!("{}", found.render(true));
    Ok(!found.has_errors())
}

fn look(name: &str, text: &str, project: &Project) -> Diagnostics {
    let context = Context {
        trigger: Trigger::Manual,
        commit: project.commit.clone(),
        default_branch: project.default_branch.clone(),
        project: project.name.clone(),
        inputs: BTreeMap::new(),
    };
    let files = Tree(project.root.clone());
    match policy::of_project(&project.root) {
        Ok(policy) => {
            sidings_pipeline::lint(&Input { file: name, text, context: &context, files: &files, policy: &policy })
        }
        Err(wrong) => wrong,
    }
}

/// The text of a project's pipeline file.
pub(super) fn read_of(project: &Project, name: &str) -> anyhow::Result<String> {
    let file = project.root.join(name);
    let text = read(&file)?;
    belongs(&file, project)?;
    Ok(text)
}

pub(super) fn read(file: &Path) -> anyhow::Result<String> {
    let shown = file.display();
    let bytes = match read_regular(file, FILE_MAX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Refusal::configuration(format!("there is no {shown}: `sidings init` writes a first one")));
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            return Err(Refusal::configuration(format!("{shown} is no regular file")));
        }
        bytes => bytes.with_context(|| format!("reading {shown}"))?,
    };
    String::from_utf8(bytes).map_err(|_| Refusal::configuration(format!("{shown} is not UTF-8")))
}

/// Refuses a pipeline file that is a link out of its project: its text would be shown.
fn belongs(file: &Path, project: &Project) -> anyhow::Result<()> {
    match inside(&project.root, file) {
        Some(_) => Ok(()),
        None => {
            let (file, root) = (file.display(), project.root.display());
            Err(Refusal::configuration(format!("{file} leads out of its project, {root}: it is not read")))
        }
    }
}

/// Where a path leads, through its links, when that is below `root`.
fn inside(root: &Path, path: &Path) -> Option<PathBuf> {
    let place = path.canonicalize().ok()?;
    place.starts_with(root.canonicalize().ok()?).then_some(place)
}

/// Reads a file that is one: a pipe could make us wait for ever, and a device has no end. One that is too long for
/// anything a pipeline is made from is cut, and refused by whoever looks at its length.
pub(super) fn read_regular(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    let without_waiting = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(without_waiting).open(file)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn verdict(file: &Path, found: &Diagnostics) -> String {
    if found.has_errors() { String::new() } else { format!("{} is right\n", file.display()) }
}

/// The project's files as they are now. Paths lead nowhere else.
pub(super) struct Tree(PathBuf);

impl Tree {
    pub(super) fn of(root: &Path) -> Tree {
        Tree(root.to_owned())
    }
}

impl Files for Tree {
    fn read(&self, path: &str) -> Option<String> {
        let bytes = read_regular(&inside(&self.0, &self.0.join(path))?, FILE_MAX).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_below_the_root_only() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("project")).unwrap();
        std::fs::write(folder.path().join("secret"), "x").unwrap();
        std::fs::write(folder.path().join("project/Dockerfile"), "FROM scratch").unwrap();
        let tree = Tree(folder.path().join("project"));
        assert_eq!(tree.read("./Dockerfile").as_deref(), Some("FROM scratch"));
        assert_eq!(tree.read("../secret"), None);
        assert_eq!(tree.read(folder.path().join("secret").to_str().unwrap()), None);
    }

    #[test]
    fn links_lead_to_regular_files_of_the_project_only() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(folder.path().join("secret"), "x").unwrap();
        std::fs::write(root.join("Dockerfile"), "FROM scratch").unwrap();
        for (target, link) in [("../secret", "out"), ("/dev/zero", "endless"), ("Dockerfile", "inside")] {
            std::os::unix::fs::symlink(target, root.join(link)).unwrap();
        }
        let made = std::process::Command::new("mkfifo").arg(root.join("pipe")).status().unwrap();
        assert!(made.success());
        let tree = Tree(root.clone());
        assert_eq!(["out", "endless", "pipe"].map(|path| tree.read(path)), [None, None, None]);
        assert_eq!(tree.read("inside").as_deref(), Some("FROM scratch"));
        let refused = |path: &str| crate::exit::exit_of(&read(&root.join(path)).unwrap_err()).code();
        assert_eq!((refused("pipe"), refused("endless")), (64, 64));
    }

    #[tokio::test]
    async fn a_pipeline_file_that_leads_out_of_its_project_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(folder.path().join("secret"), "hunter2").unwrap();
        std::os::unix::fs::symlink("../secret", root.join(place::FILE)).unwrap();
        let project = worktree::project(&root).await.unwrap();
        let error = is_right(&project, None).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
        assert_eq!(crate::exit::exit_of(&error).code(), 64);
        let error = lint(LintArgs { path: root.clone(), json: false }).await.unwrap_err();
        assert_eq!(crate::exit::exit_of(&error).code(), 64);
    }

    #[test]
    fn a_pipeline_file_that_is_no_text_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [0xff, 0xfe]).unwrap();
        assert_eq!(crate::exit::exit_of(&read(file.path()).unwrap_err()).code(), 64);
    }

    #[test]
    fn no_pipeline_file_is_told_with_the_way_to_one() {
        let error = read(Path::new("/nowhere/.sidings.yml")).unwrap_err();
        assert!(error.to_string().contains("sidings init"));
        assert_eq!(crate::exit::exit_of(&error).code(), 64);
    }
}
