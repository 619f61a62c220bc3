//! What an image depends on that no commit says: what the network gives on the day of the build. It is told and does
//! not count.

use crate::dockerfile::{Deed, Step};

/// One such thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unpinned {
    /// The line of the Dockerfile, from 1; none for what a base image brings.
    pub line: Option<usize>,
    /// What may differ from one build to the next.
    pub what: String,
}

impl Unpinned {
    pub(crate) fn at(line: usize, what: impl Into<String>) -> Unpinned {
        Unpinned { line: Some(line).filter(|line| *line > 0), what: what.into() }
    }
}

/// Words of a command that fetch, and what in their arguments pins what is fetched.
const FETCHING: [(&str, &str, &[&str]); 13] = [
    ("apt-get install", "packages of apt", &["="]),
    ("apt install", "packages of apt", &["="]),
    ("apk add", "packages of apk", &["="]),
    ("dnf install", "packages of dnf", &[]),
    ("yum install", "packages of yum", &[]),
    ("pip install", "packages of pip", &["==", "--require-hashes", " -r"]),
    ("pip3 install", "packages of pip", &["==", "--require-hashes", " -r"]),
    ("npm install -g", "packages of npm", &["@"]),
    ("gem install", "packages of gem", &[" -v", ":"]),
    ("cargo install", "packages of cargo", &["--locked", "--path"]),
    ("git clone", "a git repository", &[]),
    ("curl ", "what curl fetches", &["sha256sum", "sha512sum"]),
    ("wget ", "what wget fetches", &["sha256sum", "sha512sum"]),
];

/// What a step takes from the network without saying exactly which.
pub(crate) fn of_step(step: &Step) -> Vec<Unpinned> {
    match &step.deed {
        Deed::Run { .. } => of_command(step),
        Deed::Copy(copy) if copy.adds && copy.from.is_none() && !copy.checksum => {
            let remote = copy.sources.iter().filter(|source| is_remote(source) && !is_pinned_commit(source));
            remote.map(|source| Unpinned::at(step.line, format!("what {source} gives"))).collect()
        }
        Deed::Arg(_) | Deed::Env(_) | Deed::Copy(_) | Deed::OnBuild(_) | Deed::Plain | Deed::Unknown(_) => Vec::new(),
    }
}

fn of_command(step: &Step) -> Vec<Unpinned> {
    let joined = step.text.replace("\\\n", " ");
    let text = joined.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    for (command, what, pins) in FETCHING {
        let without_options = |part: &str| part.contains(command) || with_options(part, command);
        // What pins a download may be the next command.
        let parts: Vec<&str> = if command.ends_with(' ') { vec![&text] } else { text.split(['&', '|', ';']).collect() };
        let loose = |part: &&str| without_options(part) && !pins.iter().any(|pin| part.contains(pin));
        let unpinned =
            Unpinned::at(step.line, format!("the versions of {what}").replace("versions of what", "content of what"));
        if parts.iter().any(loose) && !found.contains(&unpinned) {
            found.push(unpinned);
        }
    }
    found
}

/// `apt-get -y install` as well as `apt-get install -y`.
fn with_options(part: &str, command: &str) -> bool {
    let Some((program, verb)) = command.split_once(' ').filter(|(_, verb)| !verb.is_empty()) else { return false };
    let words: Vec<&str> = part.split(' ').filter(|word| !word.starts_with('-')).collect();
    words.windows(2).any(|pair| pair[0] == program && pair[1] == verb)
}

pub(crate) fn is_remote(source: &str) -> bool {
    source.contains("://") || source.starts_with("git@")
}

/// `…#<whole id of a commit>` names what cannot change.
fn is_pinned_commit(source: &str) -> bool {
    let Some((_, fragment)) = source.rsplit_once('#') else { return false };
    let reference = fragment.split(':').next().unwrap_or_default();
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}
