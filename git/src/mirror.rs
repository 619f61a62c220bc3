//! Bare mirrors of repositories: a cache that may be thrown away at any time, shared by processes through locks.
//!
//! A mirror holds the commits that somebody asked for, each under a ref of its own. It is fetched from only when a
//! commit is missing; one that git finds broken is removed and made again.

use crate::changes;
use crate::command::{Git, Output};
use crate::{CommitId, GitError, RefName, RepoUrl};
use anyhow::{Context, anyhow, ensure};
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const KEPT_REFS: &str = "refs/sidings/commits";
/// A file larger than this is nothing that a pipeline is made from.
const FILE_MAX: u64 = 8 * 1024 * 1024;
/// Names of a folder, in bytes.
const LIST_MAX: u64 = 1024 * 1024;
/// git reads it in place of the user's and in the programs it starts itself, which do not see `-c`. Projects on this
/// machine may belong to another user; a fetch reads them and runs nothing of theirs.
const CONFIGURATION: &str = "[safe]\n\tdirectory = *\n[uploadpack]\n\tallowAnySHA1InWant = true\n";

/// A folder of mirrors.
#[derive(Debug)]
pub struct Mirrors {
    root: PathBuf,
    configuration: PathBuf,
    authorities: Option<PathBuf>,
    known: Mutex<BTreeMap<RepoUrl, Arc<Mirror>>>,
}

impl Mirrors {
    /// Makes the folder if need be.
    pub fn open(root: &Path) -> anyhow::Result<Mirrors> {
        std::fs::create_dir_all(root).with_context(|| format!("make {}", root.display()))?;
        let root = root.canonicalize().with_context(|| format!("find {}", root.display()))?;
        let configuration = root.join("gitconfig");
        std::fs::write(&configuration, CONFIGURATION).with_context(|| format!("write {}", configuration.display()))?;
        Ok(Mirrors { root, configuration, authorities: None, known: Mutex::default() })
    }

    /// Trusts the certificates in this file, and no others, over `https`; the machine's own when none.
    #[must_use]
    pub fn trusting(self, authorities: Option<PathBuf>) -> Mirrors {
        Mirrors { authorities, ..self }
    }

    /// The mirror of a repository. It is made when its first commit is asked for.
    pub fn mirror(&self, url: &RepoUrl) -> Arc<Mirror> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let name = blake3::hash(url.as_str().as_bytes()).to_hex();
            let stem = self.root.join(&name.as_str()[..32]);
            let locks = (stem.with_extension("lock"), tokio::sync::Mutex::new(()));
            let (configuration, authorities) = (self.configuration.clone(), self.authorities.clone());
            Arc::new(Mirror { url: url.clone(), dir: stem.with_extension("git"), locks, configuration, authorities })
        };
        known.entry(url.clone()).or_insert_with(make).clone()
    }
}

/// A bare mirror of one repository.
#[derive(Debug)]
pub struct Mirror {
    url: RepoUrl,
    dir: PathBuf,
    /// The file is held shared while the mirror is used and alone while it is made or removed; the mutex lets one
    /// fetch of this process run at a time, so that many who want one commit fetch it once.
    locks: (PathBuf, tokio::sync::Mutex<()>),
    configuration: PathBuf,
    authorities: Option<PathBuf>,
}

/// What a commit says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    /// Its name.
    pub commit: CommitId,
    /// Its parents' names, the first one first.
    pub parents: Vec<CommitId>,
    /// `Name <mail>`.
    pub author: String,
    /// The committer's time, in seconds since the Unix epoch.
    pub time: i64,
    /// The whole message.
    pub message: String,
}

enum Fetched {
    Yes,
    NotThere,
    Broken(String),
}

impl Mirror {
    /// Has the commit, fetching it if it is missing.
    pub async fn ensure(&self, commit: &CommitId) -> Result<(), GitError> {
        if self.has(commit) {
            return Ok(());
        }
        let _one_at_a_time = self.locks.1.lock().await;
        if self.has(commit) {
            return Ok(());
        }
        match self.fetch(commit).await? {
            Fetched::Yes => Ok(()),
            Fetched::NotThere => Err(GitError::CommitNotFound { commit: commit.clone(), url: self.url.clone() }),
            Fetched::Broken(reason) => self.make_again(commit, &reason).await,
        }
    }

    /// Where a ref of the repository points to now, as the repository says; none when it has no such ref.
    pub async fn resolve(&self, reference: &RefName) -> Result<Option<CommitId>, GitError> {
        let root = self.dir.parent().context("a mirror is in a folder")?;
        let peeled = format!("{reference}^{{}}");
        let call = self.git_at(root).reaching(&self.url);
        let output = call.args(["ls-remote", "--quiet", "--", self.url.as_str(), reference.as_str(), &peeled]).output();
        let output = output.await?;
        if !output.status.success() {
            return Err(self.unreachable(&output));
        }
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let named = |name: &str| said.lines().find_map(|line| line.split_once('\t').filter(|(_, at)| *at == name));
        let Some((commit, _)) = named(&peeled).or_else(|| named(reference.as_str())) else { return Ok(None) };
        Ok(Some(commit.parse().context("read the name of a remote commit")?))
    }

    /// A file of a commit that the mirror has; none when there is no such file. A link inside the tree is followed.
    pub async fn read_file(&self, commit: &CommitId, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let path = path.trim_start_matches("./");
        if path.is_empty() || path.starts_with('/') || path.contains(['\n', '\0']) || path.split('/').any(|p| p == "..")
        {
            return Ok(None);
        }
        let _used = self.lock_shared().await?;
        let question = format!("{commit}:{path}\n").into_bytes();
        let call = self.git().args(["cat-file", "--batch", "--follow-symlinks"]).input(question).output_max(FILE_MAX);
        let answer = call.done().await.with_context(|| format!("read {path} of commit {commit}"))?;
        Ok(blob_of(&answer).with_context(|| format!("read {path} of commit {commit}"))?)
    }

    /// Which of these paths a commit has that the mirror has; of one that ends with `/`, all names in that folder.
    pub async fn list(&self, commit: &CommitId, paths: &[&str]) -> Result<Vec<String>, GitError> {
        let _used = self.lock_shared().await?;
        let call = self.git().args(["ls-tree", "-z", "--name-only", "--full-tree", commit.as_str(), "--"]).args(paths);
        let listed =
            call.output_max(LIST_MAX).done().await.with_context(|| format!("list files of commit {commit}"))?;
        let names = listed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    /// The newest commit that both come from; none when their histories have nothing in common. The mirror has both.
    pub async fn merge_base(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>, GitError> {
        let _used = self.lock_shared().await?;
        Ok(changes::merge_base(self.git(), one.as_str(), other.as_str()).await?)
    }

    /// The paths that differ between two commits that the mirror has, both names of what was renamed; none when there
    /// are more than `most`.
    pub async fn changed(&self, from: &CommitId, to: &CommitId, most: usize) -> Result<Option<Vec<String>>, GitError> {
        let _used = self.lock_shared().await?;
        let options = ["diff-tree", "-r", "--name-only", "--no-renames", "--no-ext-diff", "-z"];
        let call = self.git().args(options).args([from.as_str(), to.as_str()]);
        Ok(changes::paths(call, most).await.with_context(|| format!("compare {from} with {to}"))?)
    }

    /// What a commit that the mirror has says of itself.
    pub async fn commit_info(&self, commit: &CommitId) -> Result<CommitInfo, GitError> {
        let _used = self.lock_shared().await?;
        Ok(commit_info(self.git(), commit.as_str()).await?.with_context(|| format!("find commit {commit}"))?)
    }

    /// Makes `into`, which is empty or not there yet, a repository of its own with nothing but this commit, checked
    /// out. It shares no file with the mirror: a step may write to it.
    pub async fn check_out(&self, commit: &CommitId, into: &Path) -> Result<(), GitError> {
        self.ensure(commit).await?;
        match self.check_out_once(commit, into).await {
            Ok(()) => Ok(()),
            Err(error) => {
                // A mirror that cannot give what it claims to have is broken: the cache is not worth more than this.
                let _one_at_a_time = self.locks.1.lock().await;
                empty(into)?;
                if self.check_out_once(commit, into).await.is_ok() {
                    return Ok(());
                }
                self.make_again(commit, &format!("{error:#}")).await?;
                empty(into)?;
                Ok(self.check_out_once(commit, into).await?)
            }
        }
    }

    async fn check_out_once(&self, commit: &CommitId, into: &Path) -> anyhow::Result<()> {
        let _used = self.lock_shared().await?;
        std::fs::create_dir_all(into).with_context(|| format!("make {}", into.display()))?;
        let git = || self.git_at(into).setting("core.fsync=none");
        let init = git().args(["init", "--quiet", "--template=", "--initial-branch=main", object_format(commit), "."]);
        init.done().await.context("git init")?;
        let mirror = RepoUrl::local(&self.dir).context("address the mirror")?;
        let fetch = git().reaching(&mirror).setting("fetch.unpackLimit=1");
        let options = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1", "--"];
        let fetch = fetch.args(options).args([mirror.as_str(), commit.as_str()]);
        fetch.done().await.context("fetch from the mirror")?;
        git().args(["checkout", "--quiet", "--detach", commit.as_str(), "--"]).done().await.context("check out")?;
        let head = std::fs::read_to_string(into.join(".git/HEAD")).context("read HEAD")?;
        ensure!(head.trim() == commit.as_str(), "HEAD is {} after the checkout of {commit}", head.trim());
        Ok(())
    }

    fn has(&self, commit: &CommitId) -> bool {
        // The ref is written after the commit's objects are; looking at its file saves starting git.
        self.dir.join(KEPT_REFS).join(commit.as_str()).is_file()
    }

    async fn make_again(&self, commit: &CommitId, reason: &str) -> Result<(), GitError> {
        tracing::warn!(url = %self.url, reason, "a mirror is broken: it is made again");
        self.remove().await?;
        match self.fetch(commit).await? {
            Fetched::Yes => Ok(()),
            Fetched::NotThere => Err(GitError::CommitNotFound { commit: commit.clone(), url: self.url.clone() }),
            Fetched::Broken(reason) => Err(GitError::Failed(anyhow!(reason).context("fetch into a new mirror"))),
        }
    }

    async fn fetch(&self, commit: &CommitId) -> Result<Fetched, GitError> {
        self.init(commit).await?;
        let _used = self.lock_shared().await?;
        let kept = format!("+{commit}:{KEPT_REFS}/{commit}");
        let wanted = self.fetch_refs(&[&kept]).await?;
        if wanted.status.success() {
            return Ok(Fetched::Yes);
        }
        if !self.answers().await? {
            return Err(self.unreachable(&wanted));
        }
        if !was_refused(&wanted) {
            return Ok(Fetched::Broken(wanted.complaint()));
        }
        // Some servers give only what a branch or a tag points to: fetch those, then look.
        let all = self.fetch_refs(&["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]).await?;
        if !all.status.success() {
            return Ok(Fetched::Broken(all.complaint()));
        }
        let commit_object = format!("{commit}^{{commit}}");
        if !self.git().args(["cat-file", "-e", &commit_object]).output().await?.status.success() {
            return Ok(Fetched::NotThere);
        }
        let keep = self.git().args(["update-ref", &format!("{KEPT_REFS}/{commit}"), commit.as_str()]);
        Ok(keep.done().await.map_or_else(|error| Fetched::Broken(format!("{error:#}")), |_| Fetched::Yes))
    }

    async fn fetch_refs(&self, refs: &[&str]) -> anyhow::Result<Output> {
        let options = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--"];
        let call = self.git().reaching(&self.url).args(options).args([self.url.as_str()]).args(refs);
        call.output().await.context("git fetch")
    }

    async fn answers(&self) -> anyhow::Result<bool> {
        let call = self.git().reaching(&self.url).args(["ls-remote", "--quiet", "--", self.url.as_str(), "HEAD"]);
        Ok(call.output().await.context("git ls-remote")?.status.success())
    }

    fn unreachable(&self, output: &Output) -> GitError {
        GitError::Unreachable { url: self.url.clone(), reason: output.complaint() }
    }

    async fn init(&self, commit: &CommitId) -> anyhow::Result<()> {
        let made = self.dir.join("sidings-made");
        if made.is_file() {
            return Ok(());
        }
        let _alone = self.lock_alone().await?;
        if made.is_file() {
            return Ok(());
        }
        remove_folder(&self.dir)?;
        std::fs::create_dir_all(&self.dir).with_context(|| format!("make {}", self.dir.display()))?;
        let init = self.git().args(["init", "--quiet", "--bare", "--template=", object_format(commit), "."]);
        init.done().await.context("git init")?;
        std::fs::write(&made, self.url.as_str()).with_context(|| format!("write {}", made.display()))
    }

    async fn remove(&self) -> anyhow::Result<()> {
        let _alone = self.lock_alone().await?;
        remove_folder(&self.dir)
    }

    fn git(&self) -> Git {
        self.git_at(&self.dir)
    }

    fn git_at(&self, dir: &Path) -> Git {
        let git = Git::at(dir, Some(&self.configuration));
        match &self.authorities {
            Some(file) => git.trusting(file),
            None => git,
        }
    }

    async fn lock_shared(&self) -> anyhow::Result<File> {
        let file = self.lock_file()?;
        match file.try_lock_shared() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => wait_for(file, File::lock_shared).await,
            Err(TryLockError::Error(error)) => Err(error).context("lock a mirror"),
        }
    }

    async fn lock_alone(&self) -> anyhow::Result<File> {
        wait_for(self.lock_file()?, File::lock).await
    }

    fn lock_file(&self) -> anyhow::Result<File> {
        let path = &self.locks.0;
        let options = File::options().create(true).truncate(false).write(true).open(path);
        options.with_context(|| format!("open {}", path.display()))
    }
}

pub(crate) fn object_format(commit: &CommitId) -> &'static str {
    if commit.as_str().len() == 64 { "--object-format=sha256" } else { "--object-format=sha1" }
}

/// Whether the repository itself said that it does not give the commit.
fn was_refused(output: &Output) -> bool {
    let words = ["not our ref", "unadvertised object", "couldn't find remote ref", "mismatched algorithms"];
    words.iter().any(|words| output.stderr.contains(words))
}

async fn wait_for(file: File, lock: fn(&File) -> std::io::Result<()>) -> anyhow::Result<File> {
    let locked = tokio::task::spawn_blocking(move || lock(&file).map(|()| file)).await.context("wait for a lock")?;
    locked.context("lock a mirror")
}

/// Reads git's account of a commit; none when there is no such commit.
pub(crate) async fn commit_info(git: Git, commit: &str) -> anyhow::Result<Option<CommitInfo>> {
    let format = "--format=%H%x00%P%x00%an <%ae>%x00%ct%x00%B";
    let call = git.setting("i18n.logOutputEncoding=UTF-8").args(["log", "-1", "--no-color", format, commit, "--"]);
    let output = call.output().await?;
    if !output.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let [commit, parents, author, time, message] = said.splitn(5, '\0').collect::<Vec<_>>()[..] else {
        return Err(anyhow!("git log said something else than it was asked"));
    };
    let parents = parents.split_whitespace().map(str::parse).collect::<Result<_, _>>().context("read the parents")?;
    Ok(Some(CommitInfo {
        commit: commit.parse().context("read the commit's name")?,
        parents,
        author: author.to_owned(),
        time: time.parse().context("read the commit's time")?,
        message: message.trim_end().to_owned(),
    }))
}

/// Reads the one answer of `cat-file --batch`: `<name> blob <size>`, a line's end, the bytes, a line's end.
fn blob_of(answer: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
    let end = answer.iter().position(|b| *b == b'\n').context("git gave no answer")?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let [_, "blob", size] = head.split(' ').collect::<Vec<_>>()[..] else { return Ok(None) };
    let size: usize = size.parse().context("read a file's size")?;
    Ok(Some(answer.get(end + 1..end + 1 + size).context("git's answer ends early")?.to_vec()))
}

fn empty(folder: &Path) -> anyhow::Result<()> {
    remove_folder(folder)?;
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))
}

fn remove_folder(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
