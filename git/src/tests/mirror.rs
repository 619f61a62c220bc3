use super::{Repo, git};
use crate::{CommitId, GitError, Mirror, Mirrors, RepoUrl};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::sync::Arc;

struct Cache {
    dir: tempfile::TempDir,
    mirrors: Mirrors,
}

impl Cache {
    fn new() -> Cache {
        let dir = tempfile::tempdir().unwrap();
        let mirrors = Mirrors::open(&dir.path().join("mirrors")).unwrap();
        Cache { dir, mirrors }
    }

    fn of(&self, repo: &Repo) -> Arc<Mirror> {
        self.mirrors.mirror(&RepoUrl::local(repo.path()).unwrap())
    }

    fn work(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The mirror's own folder: there is only one.
    fn folder(&self) -> PathBuf {
        let folders = std::fs::read_dir(self.dir.path().join("mirrors")).unwrap();
        let mut folders = folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
        folders.next().unwrap()
    }
}

fn missing() -> CommitId {
    "1".repeat(40).parse().unwrap()
}

#[tokio::test]
async fn a_commit_is_checked_out_with_all_that_is_in_it() {
    let (repo, cache) = (Repo::new(), Cache::new());
    repo.write("src/main.c", "int main;");
    symlink("src/main.c", repo.path().join("link")).unwrap();
    let first = repo.commit("first");
    repo.write("src/main.c", "changed");
    let second = repo.commit("second");
    for (commit, text) in [(&first, "int main;"), (&second, "changed")] {
        let work = cache.work(commit.as_str());
        cache.of(&repo).check_out(commit, &work).await.unwrap();
        assert_eq!(std::fs::read_to_string(work.join("src/main.c")).unwrap(), text);
        assert_eq!(std::fs::read_link(work.join("link")).unwrap().to_str(), Some("src/main.c"));
        assert_eq!(git(&work, &["rev-parse", "HEAD"]).trim(), commit.as_str());
        assert_eq!(git(&work, &["status", "--porcelain"]), "");
    }
}

#[tokio::test]
async fn a_checkout_shares_nothing_with_the_mirror() {
    let (repo, cache) = (Repo::new(), Cache::new());
    repo.write("a", "a");
    let commit = repo.commit("first");
    let work = cache.work("w");
    cache.of(&repo).check_out(&commit, &work).await.unwrap();
    assert!(!work.join(".git/objects/info/alternates").exists());
    let mut folders = vec![work.join(".git")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                assert_eq!(entry.metadata().unwrap().nlink(), 1, "{:?} is linked", entry.path());
            }
        }
    }
}

#[tokio::test]
async fn a_commit_that_is_there_is_not_fetched_again() {
    let (repo, cache) = (Repo::new(), Cache::new());
    let commit = repo.commit("first");
    cache.of(&repo).ensure(&commit).await.unwrap();
    std::fs::remove_dir_all(repo.path().join(".git")).unwrap();
    cache.of(&repo).check_out(&commit, &cache.work("w")).await.unwrap();
}

#[tokio::test]
async fn a_missing_commit_and_a_missing_repository_are_told_apart() {
    let (repo, cache) = (Repo::new(), Cache::new());
    repo.commit("first");
    let error = cache.of(&repo).ensure(&missing()).await.unwrap_err();
    assert!(matches!(&error, GitError::CommitNotFound { commit, .. } if *commit == missing()), "{error:?}");
    let nowhere = cache.mirrors.mirror(&"file:///nowhere/at/all".parse().unwrap());
    let error = nowhere.ensure(&missing()).await.unwrap_err();
    assert!(matches!(error, GitError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_broken_mirror_is_made_again() {
    let (repo, cache) = (Repo::new(), Cache::new());
    repo.write("a", "a");
    let first = repo.commit("first");
    cache.of(&repo).ensure(&first).await.unwrap();
    // Objects lost: the ref still claims to have the commit.
    std::fs::remove_dir_all(cache.folder().join("objects")).unwrap();
    std::fs::create_dir(cache.folder().join("objects")).unwrap();
    cache.of(&repo).check_out(&first, &cache.work("1")).await.unwrap();
    assert!(cache.work("1").join("a").exists());
    // Not even a repository any more.
    std::fs::write(cache.folder().join("config"), "nonsense").unwrap();
    let second = repo.commit("second");
    cache.of(&repo).check_out(&second, &cache.work("2")).await.unwrap();
    // A lock that a killed git left.
    let third = repo.commit("third");
    std::fs::write(cache.folder().join("refs/sidings/commits").join(format!("{third}.lock")), "").unwrap();
    cache.of(&repo).check_out(&third, &cache.work("3")).await.unwrap();
}

#[tokio::test]
async fn many_at_once_get_their_own_trees() {
    let (repo, cache) = (Repo::new(), Cache::new());
    repo.write("a", "a");
    let commit = repo.commit("first");
    let mirror = cache.of(&repo);
    let all = (0..8).map(|n| {
        let (mirror, commit, work) = (mirror.clone(), commit.clone(), cache.work(&format!("w{n}")));
        tokio::spawn(async move { mirror.check_out(&commit, &work).await.map(|()| work) })
    });
    for one in all.collect::<Vec<_>>() {
        assert!(one.await.unwrap().unwrap().join("a").exists());
    }
}

#[tokio::test]
async fn files_are_read_without_a_checkout() {
    let (repo, cache) = (Repo::new(), Cache::new());
    repo.write(".sidings.yml", "jobs: {}\n");
    repo.write("dir/with space", "");
    symlink("dir/with space", repo.path().join("link")).unwrap();
    symlink("../../etc/hostname", repo.path().join("out")).unwrap();
    repo.write("big", &"x".repeat(9 * 1024 * 1024));
    let commit = repo.commit("first");
    let mirror = cache.of(&repo);
    mirror.ensure(&commit).await.unwrap();
    let read = async |path: &str| mirror.read_file(&commit, path).await.unwrap();
    assert_eq!(read(".sidings.yml").await.as_deref(), Some(&b"jobs: {}\n"[..]));
    assert_eq!(read("./dir/with space").await.as_deref(), Some(&b""[..]));
    assert_eq!(read("link").await.as_deref(), Some(&b""[..]));
    for none in ["nothing", "dir", "dir/", "out", "../x", "/etc/hostname", "", "a\nb"] {
        assert_eq!(read(none).await, None, "{none:?}");
    }
    assert!(mirror.read_file(&commit, "big").await.is_err());
}

#[tokio::test]
async fn a_commit_says_who_made_it_and_when() {
    let (repo, cache) = (Repo::new(), Cache::new());
    let first = repo.commit("first");
    let second = repo.commit("second\n\nwith a body\n");
    let mirror = cache.of(&repo);
    mirror.ensure(&second).await.unwrap();
    let info = mirror.commit_info(&second).await.unwrap();
    assert_eq!((info.commit, info.parents), (second, vec![first]));
    assert_eq!((info.author.as_str(), info.time), ("Ada <ada@example.org>", 1_700_000_000));
    assert_eq!(info.message, "second\n\nwith a body");
}

#[tokio::test]
async fn a_ref_is_resolved_where_the_repository_is() {
    let (repo, cache) = (Repo::new(), Cache::new());
    let commit = repo.commit("first");
    repo.git(&["tag", "-a", "v1", "-m", "one"]);
    let mirror = cache.of(&repo);
    for known in ["HEAD", "refs/heads/main", "refs/tags/v1"] {
        assert_eq!(mirror.resolve(&known.parse().unwrap()).await.unwrap(), Some(commit.clone()), "{known}");
    }
    assert_eq!(mirror.resolve(&"refs/heads/none".parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn nothing_of_the_repository_is_run() {
    let (repo, cache) = (Repo::new(), Cache::new());
    let mark = cache.work("mark");
    repo.write(".gitattributes", "* filter=evil\n");
    repo.write(".gitmodules", "[submodule \"s\"]\n\tpath = s\n\turl = ext::sh -c id\n");
    let commit = repo.commit("first");
    let script = repo.write(".git/hooks/post-checkout", &format!("#!/bin/sh\ntouch {}\n", mark.display()));
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    repo.git(&["config", "core.fsmonitor", script.to_str().unwrap()]);
    repo.git(&["config", "uploadpack.packObjectsHook", script.to_str().unwrap()]);
    repo.git(&["config", "filter.evil.smudge", script.to_str().unwrap()]);
    cache.of(&repo).check_out(&commit, &cache.work("w")).await.unwrap();
    assert!(!mark.exists());
}

#[tokio::test]
async fn a_sha256_repository_works_as_well() {
    let (repo, cache) = (Repo { dir: tempfile::tempdir().unwrap() }, Cache::new());
    repo.git(&["init", "--quiet", "--object-format=sha256", "."]);
    repo.write("a", "a");
    let commit = repo.commit("first");
    assert_eq!(commit.as_str().len(), 64);
    cache.of(&repo).check_out(&commit, &cache.work("w")).await.unwrap();
}
