//! The project that a folder belongs to: its root, its files as they are now, and the commit they are based on.

use anyhow::Context;
use ignore::WalkBuilder;
use sidings_git::{CommitInfo, Description, WorkTree};
use sidings_pipeline::place;
use sidings_proto::{Commit, Timestamp};
use std::path::{Path, PathBuf};

/// A project on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Project {
    /// The folder of its pipeline file; where there is none, of the repository, or the one asked about.
    pub(crate) root: PathBuf,
    /// What it is called unless the user says otherwise.
    pub(crate) name: String,
    /// What its files are based on.
    pub(crate) commit: Commit,
    /// Its default branch, as far as this tree tells.
    pub(crate) default_branch: String,
}

/// The project that a folder is in.
pub(crate) async fn project(folder: &Path) -> anyhow::Result<Project> {
    let folder = folder.canonicalize().with_context(|| format!("opening {}", folder.display()))?;
    let tree = WorkTree::find(&folder).await?;
    let top = tree.as_ref().map_or(folder.as_path(), WorkTree::root);
    let root = root_of(&folder, top);
    let said = match &tree {
        Some(tree) => Some(tree.describe().await?),
        None => None,
    };
    let origin = said.as_ref().and_then(|said| said.origin.as_deref()).filter(|_| root == top);
    let name = project_name(origin, &root);
    Ok(Project { name, commit: said.map(commit).unwrap_or_default(), default_branch: "main".to_owned(), root })
}

/// Every file and link of the project as it is now, relative to its root and sorted; what git ignores is left out.
pub(crate) async fn files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let Some(tree) = WorkTree::find(root).await? else { return without_git(root).await };
    let below = root.strip_prefix(tree.root()).context("the project lies outside its repository")?.to_owned();
    let files = tree.files().await?;
    let files: Vec<_> = files.iter().filter_map(|file| file.strip_prefix(&below).ok().map(Path::to_owned)).collect();
    // A project in a folder that an outer repository ignores is no part of that repository.
    if files.is_empty() { without_git(root).await } else { Ok(files) }
}

/// More changed paths than this are not told one by one.
const CHANGED_MOST: usize = 3000;

/// The paths of the project that this tree changes: all that differs from where its branch left the default branch.
/// None when that is not known, or when nothing differs: then everything counts as changed, for somebody asked for it.
pub(crate) async fn changed(project: &Project) -> anyhow::Result<Option<Vec<String>>> {
    let Some(tree) = WorkTree::find(&project.root).await? else { return Ok(None) };
    if project.commit.sha == NO_COMMIT {
        return Ok(None);
    }
    let paths = tree.changed(&project.default_branch, CHANGED_MOST).await.unwrap_or_else(|error| {
        tracing::warn!("what this tree changes is not known, so all counts: {error:#}");
        None
    });
    let Some(paths) = paths else { return Ok(None) };
    let below = project.root.strip_prefix(tree.root()).unwrap_or(Path::new(""));
    let inside = |path: &String| Some(Path::new(path).strip_prefix(below).ok()?.to_string_lossy().into_owned());
    let paths: Vec<String> = paths.iter().filter_map(inside).collect();
    Ok((!paths.is_empty()).then_some(paths))
}

/// The nearest folder with a pipeline, from `folder` up to `top`; else `top`.
fn root_of(folder: &Path, top: &Path) -> PathBuf {
    let inside = folder.ancestors().take_while(|above| above.starts_with(top));
    let with_pipeline = inside.filter(|above| pipelines(above) != Ok(Vec::new())).map(Path::to_owned);
    with_pipeline.into_iter().next().unwrap_or_else(|| top.to_owned())
}

/// The names of the pipelines that a folder has as a project's root, or what is wrong with where they are.
pub(crate) fn pipelines(root: &Path) -> Result<Vec<Option<String>>, String> {
    let single = root.join(place::FILE).is_file().then(|| place::FILE.to_owned());
    let folder = std::fs::read_dir(root.join(place::FOLDER)).into_iter().flatten().map_while(Result::ok);
    let files = folder.filter(|entry| entry.path().is_file());
    let several = files.map(|entry| format!("{}/{}", place::FOLDER, entry.file_name().to_string_lossy()));
    let paths: Vec<String> = several.chain(single).collect();
    place::names(paths.iter().map(String::as_str))
}

fn commit(said: Description) -> Commit {
    let reference = said.reference.unwrap_or_default();
    let Some(CommitInfo { commit, author, time, message, .. }) = said.head else {
        return Commit { sha: NO_COMMIT.to_owned(), reference, ..Commit::default() };
    };
    let time = Timestamp(time.saturating_mul(1_000));
    Commit { sha: commit.as_str().to_owned(), reference, message, author, before: None, time }
}

/// What stands for the commit of a tree that has none.
pub(crate) const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

/// The last part of the remote's address, or of the folder; in the letters that a project's name may have.
pub(crate) fn project_name(origin: Option<&str>, root: &Path) -> String {
    let of_origin = origin.map(|url| url.trim_end_matches('/')).and_then(|url| url.rsplit(['/', ':']).next());
    let of_origin = of_origin.map(|name| name.strip_suffix(".git").unwrap_or(name).to_owned());
    let of_folder = root.file_name().map(|name| name.to_string_lossy().into_owned());
    let names = of_origin.into_iter().chain(of_folder).map(|name| sanitised(&name));
    names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "project".to_owned())
}

fn sanitised(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(allowed).collect();
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).trim_end_matches('-');
    name.chars().take(100).collect()
}

async fn without_git(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let root = root.to_owned();
    tokio::task::spawn_blocking(move || files_without_git(&root)).await?
}

fn files_without_git(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut walk = WalkBuilder::new(root);
    walk.standard_filters(false).git_ignore(true).require_git(false).filter_entry(|entry| entry.file_name() != ".git");
    let mut files = Vec::new();
    for entry in walk.build() {
        let entry = entry.context("listing the files")?;
        if entry.file_type().is_some_and(|kind| kind.is_file() || kind.is_symlink()) {
            files.push(entry.path().strip_prefix(root)?.to_owned());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::process::Command;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        folder
    }

    fn git(folder: &Path, args: &[&str]) {
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=trunk"];
        let output = Command::new("git").current_dir(folder).args(identity).args(args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    fn names(files: &[PathBuf]) -> Vec<&str> {
        files.iter().map(|file| file.to_str().unwrap()).collect()
    }

    #[test]
    fn a_project_is_named_after_its_remote_or_its_folder() {
        let name = |origin| project_name(origin, Path::new("/home/me/My Project"));
        assert_eq!(name(None), "my-project");
        assert_eq!(name(Some("git@github.com:acme/Departure.Board.git")), "departure.board");
        assert_eq!(name(Some("https://git.example/a/b/")), "b");
        assert_eq!(name(Some("/srv/git/demo.git")), "demo");
        assert_eq!(name(Some("host:---")), "my-project");
        assert_eq!(project_name(None, Path::new("/")), "project");
    }

    #[tokio::test]
    async fn outside_git_ignored_files_are_left_out() {
        let folder = folder(&[".sidings.yml", "src/a.c", "out/a.o", ".hidden/x", ".git/HEAD"]);
        fs::write(folder.path().join(".gitignore"), "out/\n").unwrap();
        fs::remove_dir_all(folder.path().join(".git")).unwrap();
        let files = files(folder.path()).await.unwrap();
        assert_eq!(names(&files), [".gitignore", ".hidden/x", ".sidings.yml", "src/a.c"]);
    }

    #[test]
    fn a_folder_of_pipelines_makes_a_project_as_well() {
        let folder =
            folder(&["part/.sidings/test.yml", "part/.sidings/docs.yml", "part/.sidings/more/x.yml", "part/a/b"]);
        let part = folder.path().join("part");
        assert_eq!(root_of(&part.join("a"), folder.path()), part);
        assert_eq!(root_of(&part.join(".sidings"), folder.path()), part);
        assert_eq!(pipelines(&part).unwrap(), [Some("docs".to_owned()), Some("test".to_owned())]);
        assert_eq!(pipelines(&part.join("a")).unwrap(), []);
    }

    #[tokio::test]
    async fn the_project_is_the_nearest_folder_with_a_pipeline() {
        let folder = folder(&["README", "part/.sidings.yml", "part/deep/er/x", "other/y"]);
        git(folder.path(), &["init", "-q"]);
        git(folder.path(), &["add", "."]);
        git(folder.path(), &["commit", "-q", "-m", "All of it"]);
        fs::write(folder.path().join("part/new"), "x").unwrap();
        let root = folder.path().canonicalize().unwrap();

        let part = project(&root.join("part/deep/er")).await.unwrap();
        assert_eq!((part.root.clone(), part.name.as_str()), (root.join("part"), "part"));
        assert_eq!(
            (part.commit.reference.as_str(), part.commit.author.as_str()),
            ("refs/heads/trunk", "Ada <ada@example.org>")
        );
        assert_eq!(names(&files(&part.root).await.unwrap()), [".sidings.yml", "deep/er/x", "new"]);
        assert_eq!(project(&root.join("other")).await.unwrap().root, root);
    }

    #[tokio::test]
    async fn a_tree_without_a_commit_is_told_by_zeros() {
        let folder = folder(&[".sidings.yml"]);
        git(folder.path(), &["init", "-q"]);
        let project = project(folder.path()).await.unwrap();
        assert_eq!(project.commit.sha, NO_COMMIT);
    }
}
