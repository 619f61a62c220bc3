use super::Repo;
use crate::WorkTree;
use std::os::unix::fs::symlink;

async fn tree(repo: &Repo) -> WorkTree {
    WorkTree::find(repo.path()).await.unwrap().unwrap()
}

async fn names(repo: &Repo) -> Vec<String> {
    let files = tree(repo).await.files().await.unwrap();
    files.iter().map(|file| file.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_folder_without_a_repository_is_no_tree() {
    let folder = tempfile::tempdir().unwrap();
    assert!(WorkTree::find(folder.path()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_tree_without_a_commit_is_described() {
    let repo = Repo::new();
    repo.write("a", "a");
    let description = tree(&repo).await.describe().await.unwrap();
    assert_eq!(description.head, None);
    assert_eq!(description.reference.as_deref(), Some("refs/heads/main"));
    assert_eq!(description.origin, None);
    assert!(description.dirty);
    assert_eq!(names(&repo).await, ["a"]);
}

#[tokio::test]
async fn a_tree_says_its_commit_branch_and_remote() {
    let repo = Repo::new();
    repo.write("dir/a", "a");
    let commit = repo.commit("first");
    repo.git(&["remote", "add", "origin", "https://example.org/p.git"]);
    let found = WorkTree::find(&repo.path().join("dir")).await.unwrap().unwrap();
    assert_eq!(found.root(), repo.path().canonicalize().unwrap());
    let description = found.describe().await.unwrap();
    assert_eq!(description.head.map(|head| head.commit), Some(commit));
    assert_eq!(description.origin.as_deref(), Some("https://example.org/p.git"));
    assert!(!description.dirty);
    repo.git(&["checkout", "--quiet", "--detach"]);
    repo.write("dir/a", "changed");
    let description = tree(&repo).await.describe().await.unwrap();
    assert_eq!(description.reference, None);
    assert!(description.dirty);
}

#[tokio::test]
async fn files_are_those_tracked_or_new_and_not_ignored() {
    let repo = Repo::new();
    repo.write(".gitignore", "*.o\n");
    repo.write("kept.c", "");
    repo.write("gone.c", "");
    repo.write("ü name\n.c", "");
    repo.commit("first");
    std::fs::remove_file(repo.path().join("gone.c")).unwrap();
    repo.write("new.c", "");
    repo.write("main.o", "");
    repo.write("inner/file", "");
    super::git(&repo.path().join("inner"), &["init", "--quiet", "."]);
    symlink("nowhere", repo.path().join("link")).unwrap();
    assert_eq!(names(&repo).await, [".gitignore", "kept.c", "link", "new.c", "ü name\n.c"]);
}

/// git's own rule: the configuration of somebody else's repository names programs that it would run.
#[tokio::test]
async fn a_tree_of_somebody_else_is_no_tree() {
    let repo = Repo::new();
    repo.write("dir/a", "a");
    repo.commit("first");
    for path in [repo.path().to_owned(), repo.path().join(".git")] {
        if std::os::unix::fs::chown(&path, Some(65_534), None).is_err() {
            // Only root can give a folder away.
            return;
        }
    }
    assert!(WorkTree::find(&repo.path().join("dir")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_tree_says_what_it_changes_since_it_left_the_default_branch() {
    let repo = Repo::new();
    repo.write(".gitignore", "*.o\n");
    repo.write("kept", "a text that is long enough to be renamed");
    repo.write("edited", "a");
    repo.commit("first");
    let changed = async |most| {
        let paths = tree(&repo).await.changed("main", most).await.unwrap()?;
        Some(paths.join(" "))
    };
    assert_eq!(changed(9).await.as_deref(), Some(""));
    repo.git(&["checkout", "--quiet", "-b", "topic"]);
    repo.write("committed", "a");
    repo.commit("second");
    repo.write("edited", "b");
    repo.write("dir/new", "a");
    repo.write("out.o", "a");
    repo.git(&["mv", "kept", "moved"]);
    assert_eq!(changed(9).await.as_deref(), Some("committed edited kept moved dir/new"));
    assert_eq!(changed(4).await, None);
    assert_eq!(tree(&repo).await.changed("trunk", 9).await.unwrap(), None);
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    assert_eq!(changed(9).await.as_deref(), Some("edited kept moved dir/new"));
}

#[tokio::test]
async fn a_commit_is_checked_out_beside_the_tree_as_it_is_stored() {
    let repo = Repo::new();
    repo.write("dir/a", "one\n");
    repo.commit("first");
    repo.write("dir/a", "two\n");
    repo.write("new", "");
    repo.git(&["config", "core.autocrlf", "true"]);
    let into = tempfile::tempdir().unwrap();
    let info = tree(&repo).await.check_out("HEAD", into.path()).await.unwrap().unwrap();
    assert_eq!(info.message, "first");
    assert_eq!(std::fs::read_to_string(into.path().join("dir/a")).unwrap(), "one\n");
    assert!(!into.path().join("new").exists());
    let other = tempfile::tempdir().unwrap();
    for ghost in ["ghost", "--help", "HEAD:dir"] {
        assert_eq!(tree(&repo).await.check_out(ghost, other.path()).await.unwrap(), None, "{ghost}");
    }
}
