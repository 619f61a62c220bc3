//! The post-receive hook of a local repository: how it is put there, and what it does. It reports what was pushed
//! and shows the pusher the run; whatever goes wrong, the push does not fail.

use crate::args::{HookArgs, HookCommand, Trust};
use crate::client::Client;
use crate::exit::{Exit, Refusal};
use anyhow::Context;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sidings_proto::TokenId;
use sidings_proto::api::{Push, PushAnswer, RunSummary, RunView};
use std::fs::{self, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// By this line a hook is known as ours.
const MARK: &str = "# Written by `sidings project add`";
/// Holds the token, so only the repository's owner may read it.
const SETTINGS: &str = "sidings-hook.json";
/// A pusher does not wait longer than this for a controller.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the hook needs to know.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) server: String,
    pub(super) project: String,
    pub(super) token: String,
    /// The token's public name, by which the next hook's making revokes it.
    #[serde(default)]
    pub(super) token_id: Option<TokenId>,
    #[serde(default)]
    pub(super) ca_bundle: Option<PathBuf>,
}

impl Settings {
    /// Those of the hook that is there; none when there is none of ours.
    pub(super) fn of(repo: &Path) -> Option<Settings> {
        serde_json::from_slice(&fs::read(repo.join(SETTINGS)).ok()?).ok()
    }
}

/// What was written.
#[derive(Debug)]
pub(super) struct Installed {
    /// The hook.
    pub(super) script: PathBuf,
}

/// Refuses when the repository has a hook that is not ours.
pub(super) fn may_install(repo: &Path) -> anyhow::Result<()> {
    let script = script_of(repo);
    let theirs = fs::read(&script).is_ok_and(|text| !String::from_utf8_lossy(&text).contains(MARK));
    if !theirs {
        return Ok(());
    }
    Err(Refusal::configuration(format!(
        "{} is there already and stays as it is: move it away and call this again, or let it call\n  {} hook post-receive\n\
         with what it gets on stdin",
        script.display(),
        this_program()?.display(),
    )))
}

/// Writes the hook and what it needs to know; ours of before is replaced.
pub(super) fn install(repo: &Path, settings: &Settings) -> anyhow::Result<Installed> {
    write(&repo.join(SETTINGS), 0o600, &serde_json::to_vec_pretty(settings)?)?;
    let script = script_of(repo);
    fs::create_dir_all(repo.join("hooks"))?;
    write(&script, 0o755, script_text(&this_program()?, &settings.server).as_bytes())?;
    Ok(Installed { script })
}

/// Does what git asks of a hook.
pub(super) async fn hook(args: HookArgs) -> Exit {
    let HookCommand::PostReceive { repo } = args.command;
    if let Err(error) = post_receive(&repo).await {
        eprintln!("sidings: this push made no run: {error:#}");
    }
    Exit::Passed
}

async fn post_receive(repo: &Path) -> anyhow::Result<()> {
    let mut refs = String::new();
    std::io::stdin().read_to_string(&mut refs).context("reading what was pushed")?;
    let path = repo.join(SETTINGS);
    let settings = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let settings: Settings =
        serde_json::from_slice(&settings).with_context(|| format!("reading {}", path.display()))?;
    let trust = Trust { ca_bundle: settings.ca_bundle };
    let client = Client::open_trusting(&settings.server, Some(SecretString::from(settings.token)), &trust)?;
    for push in refs.lines().filter_map(pushed) {
        let answer = tokio::time::timeout(PATIENCE, client.push(&settings.project, &push)).await;
        let answer = answer.context("the controller takes too long")??;
        told(&push, &answer).iter().for_each(|line| eprintln!("sidings: {line}"));
    }
    Ok(())
}

/// A line of what git gives on stdin: old, new, ref. Only branches and tags make runs.
fn pushed(line: &str) -> Option<Push> {
    let mut words = line.split(' ');
    let (before, after, reference) = (words.next()?, words.next()?, words.next()?);
    let counts = reference.starts_with("refs/heads/") || reference.starts_with("refs/tags/");
    let push = || Push { reference: reference.to_owned(), before: before.to_owned(), after: after.to_owned() };
    counts.then(push)
}

fn told(push: &Push, answer: &PushAnswer) -> Vec<String> {
    let made = |run: &RunView| {
        let RunSummary { project, number, pipeline, .. } = &run.summary;
        let pipeline = pipeline.as_ref().map(|name| format!("{name}  ")).unwrap_or_default();
        format!("{project}@{number}  {pipeline}{}", run.url)
    };
    let not_made = answer.reasons.iter().map(|reason| format!("no run of {}: {reason}", push.reference));
    answer.runs.iter().map(made).chain(not_made).collect()
}

fn script_of(repo: &Path) -> PathBuf {
    repo.join("hooks").join("post-receive")
}

fn this_program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("finding this program")
}

fn script_text(program: &Path, server: &str) -> String {
    let program = program.display().to_string().replace('\'', r"'\''");
    format!(
        "#!/bin/sh\n{MARK}: reports pushes to {server}.\n# Whatever goes wrong here, the push does not fail.\n\
         '{program}' hook post-receive || :\n"
    )
}

/// The mode is right before there is anything to read, and stays right when the file was there.
fn write(path: &Path, mode: u32, bytes: &[u8]) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    fs::rename(&new, path).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZEROS: &str = "0000000000000000000000000000000000000000";

    #[test]
    fn branches_and_tags_are_reported_and_nothing_else() {
        let line = format!("{ZEROS} 3f2a refs/heads/a/b");
        let push = pushed(&line).unwrap();
        assert_eq!(
            (push.before.as_str(), push.after.as_str(), push.reference.as_str()),
            (ZEROS, "3f2a", "refs/heads/a/b")
        );
        assert!(pushed("1 2 refs/tags/v1").is_some());
        assert!(pushed("1 2 refs/notes/commits").is_none());
        assert!(pushed("nonsense").is_none());
    }

    #[test]
    fn the_token_is_for_the_owner_only_and_the_hook_can_be_run() {
        let repo = tempfile::tempdir().unwrap();
        let settings = |token: &str| Settings {
            server: "http://127.0.0.1:7117".to_owned(),
            project: "demo".to_owned(),
            token: token.to_owned(),
            token_id: None,
            ca_bundle: None,
        };
        install(repo.path(), &settings("sid_x")).unwrap();
        install(repo.path(), &settings("sid_y")).unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(repo.path().join(SETTINGS)), 0o600);
        assert_eq!(mode(script_of(repo.path())), 0o755);
        assert!(fs::read_to_string(repo.path().join(SETTINGS)).unwrap().contains("sid_y"));
        assert!(may_install(repo.path()).is_ok());
    }

    #[test]
    fn a_hook_of_somebody_else_stays() {
        let repo = tempfile::tempdir().unwrap();
        fs::create_dir(repo.path().join("hooks")).unwrap();
        fs::write(script_of(repo.path()), "#!/bin/sh\necho mine\n").unwrap();
        let error = may_install(repo.path()).unwrap_err();
        assert!(error.to_string().contains("hook post-receive"), "{error}");
    }

    #[test]
    fn the_hook_never_fails_even_without_its_program() {
        let text = script_text(Path::new("/no/such/it's/sidings"), "http://127.0.0.1:7117");
        let status = std::process::Command::new("sh").arg("-c").arg(&text).stderr(std::process::Stdio::null()).status();
        assert!(status.unwrap().success());
    }
}
