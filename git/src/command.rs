//! One call of git: its surroundings are ours alone, its time and output are bounded.

use crate::RepoUrl;
use anyhow::{Context, bail};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// For calls that only look at what is on this machine.
pub(crate) const LOCAL: Duration = Duration::from_secs(120);
/// For calls that talk to another machine.
pub(crate) const REMOTE: Duration = Duration::from_secs(15 * 60);

const ERRORS_KEPT: u64 = 64 * 1024;

/// What of the surroundings git may know: how to find programs, the user's keys, the way out of the network.
const PASSED_ON: [&str; 16] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "no_proxy",
    "NO_PROXY",
];

/// Settings that hold for every call, whatever a repository's own configuration says.
const SETTINGS: [&str; 9] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "credential.helper=",
    "advice.detachedHead=false",
    "log.showSignature=false",
];

/// A call that is being put together.
#[derive(Debug)]
pub(crate) struct Git {
    command: Command,
    input: Option<Vec<u8>>,
    output_max: u64,
    time: Duration,
}

/// What a call gave.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Git {
    /// A call in a folder. `global` stands in for the user's configuration; none: the user's own counts, for calls in
    /// the user's own tree.
    pub(crate) fn at(dir: &Path, global: Option<&Path>) -> Git {
        let mut command = Command::new("git");
        command.env_clear().current_dir(dir).kill_on_drop(true).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=20");
        for name in PASSED_ON {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs([("GIT_TERMINAL_PROMPT", "0"), ("GIT_ALLOW_PROTOCOL", "none"), ("LC_ALL", "C")]);
        command.envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_NO_LAZY_FETCH", "1"), ("GIT_OPTIONAL_LOCKS", "0")]);
        if let Some(global) = global {
            command.env("GIT_CONFIG_GLOBAL", global);
        }
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        Git { command, input: None, output_max: 16 * 1024 * 1024, time: LOCAL }
    }

    /// Trusts the certificates in this file over `https`, whatever the surroundings say.
    pub(crate) fn trusting(mut self, certificates: &Path) -> Git {
        self.command.env("GIT_SSL_CAINFO", certificates);
        self
    }

    pub(crate) fn setting(mut self, setting: &str) -> Git {
        self.command.args(["-c", setting]);
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Git {
        self.command.args(args);
        self
    }

    /// Lets this call speak the one protocol that the address needs, for as long as other machines may take.
    pub(crate) fn reaching(mut self, url: &RepoUrl) -> Git {
        self.command.env("GIT_ALLOW_PROTOCOL", url.protocol());
        self.time = REMOTE;
        self
    }

    pub(crate) fn input(mut self, bytes: Vec<u8>) -> Git {
        self.command.stdin(Stdio::piped());
        self.input = Some(bytes);
        self
    }

    /// More output than this is an error.
    pub(crate) fn output_max(mut self, bytes: u64) -> Git {
        self.output_max = bytes;
        self
    }

    /// Runs it; an exit code other than 0 is a value.
    pub(crate) async fn output(mut self) -> anyhow::Result<Output> {
        let mut child = self.command.spawn().context("start git: is it installed and on the PATH?")?;
        let exchange = exchange(&mut child, self.input, self.output_max);
        match tokio::time::timeout(self.time, exchange).await {
            Ok(output) => output,
            Err(_) => bail!("git took longer than {} s", self.time.as_secs()),
        }
    }

    /// Runs it; an exit code other than 0 is an error with git's own words.
    pub(crate) async fn done(self) -> anyhow::Result<Vec<u8>> {
        let output = self.output().await?;
        if output.status.success() { Ok(output.stdout) } else { bail!("{}", output.complaint()) }
    }
}

async fn exchange(child: &mut Child, input: Option<Vec<u8>>, output_max: u64) -> anyhow::Result<Output> {
    let stdin = child.stdin.take();
    let stdout = child.stdout.take().context("git's output is piped")?;
    let stderr = child.stderr.take().context("git's errors are piped")?;
    let write = async move {
        if let (Some(mut stdin), Some(bytes)) = (stdin, input) {
            // git may end before it read everything; its exit code tells more than the broken pipe.
            let _ = stdin.write_all(&bytes).await;
        }
        anyhow::Ok(())
    };
    let read = async {
        let bytes = read_to(stdout, output_max + 1).await?;
        if bytes.len() as u64 > output_max {
            bail!("git's output is longer than {output_max} bytes")
        }
        Ok(bytes)
    };
    let complain = async { read_to_end_keeping_first(stderr, ERRORS_KEPT).await };
    let ((), stdout, stderr) = tokio::try_join!(write, read, complain)?;
    let status = child.wait().await.context("wait for git")?;
    Ok(Output { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() })
}

async fn read_to(from: impl AsyncRead + Unpin, most: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most).read_to_end(&mut bytes).await.context("read git's output")?;
    Ok(bytes)
}

/// Reads all, so that git is never held up, and keeps the first bytes.
async fn read_to_end_keeping_first(mut from: impl AsyncRead + Unpin, most: u64) -> anyhow::Result<Vec<u8>> {
    let mut kept = Vec::new();
    (&mut from).take(most).read_to_end(&mut kept).await.context("read git's errors")?;
    tokio::io::copy(&mut from, &mut tokio::io::sink()).await.context("read git's errors")?;
    Ok(kept)
}

impl Output {
    /// What git complained of, in one line.
    pub(crate) fn complaint(&self) -> String {
        let said: Vec<&str> = self.stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let of_note =
            |line: &&str| line.starts_with("fatal:") || line.starts_with("error:") || line.starts_with("ssh:");
        let line = said.iter().copied().find(of_note).or(said.last().copied());
        match line {
            Some(line) => line.trim_start_matches("fatal: ").to_owned(),
            None => format!("git ended with {}", self.status),
        }
    }
}
