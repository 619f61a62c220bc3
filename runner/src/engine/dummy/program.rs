//! The few words that the dummy obeys.

use super::spool::Spool;
use crate::engine::StepContainer;
use anyhow::Context;
use sidings_mask::Finder;
use sidings_proto::Secret;
use sidings_proto::log::{MAX_PAYLOAD, Stream};
use sidings_proto::step::{StepInput, StepSpec};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A step that is going to run.
#[derive(Debug)]
pub(super) struct Program {
    script: String,
    env: BTreeMap<String, String>,
    workspace: Option<PathBuf>,
    grace: Duration,
    masked: Option<Finder>,
    hold: bool,
    spool: Spool,
    terminate: CancellationToken,
}

/// How a line ended.
enum After {
    NextLine,
    Exit(i32),
    Signal(i32),
    Vanish,
    Lie,
}

impl Program {
    pub(super) fn new(spec: StepSpec, step: StepContainer, terminate: CancellationToken) -> anyhow::Result<Program> {
        let spool = Spool::new(&step.step_dir, &spec)?;
        let script = match &spec.argv[..] {
            [sh, e, c, script] if sh == "sh" && e == "-e" && c == "-c" => script.clone(),
            argv => argv.join(" "),
        };
        let StepInput { environment, files, folder, masked } = step.input.unwrap_or_default();
        let mut env = step.env;
        env.extend(environment.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())));
        env.extend(files.keys().map(|name| (name.clone(), format!("{folder}/{name}"))));
        let masked = Finder::of(masked.iter().map(Secret::expose));
        Ok(Program {
            script,
            env,
            workspace: step.workspace,
            grace: Duration::from_millis(spec.grace_ms),
            hold: spec.hold,
            masked,
            spool,
            terminate,
        })
    }

    /// Runs it to its end; gives the code that the engine would see.
    pub(super) async fn run(mut self) -> i64 {
        let after = self.lines().await;
        let (code, signal, lie) = match after {
            Ok(After::NextLine) => (0, None, false),
            Ok(After::Exit(code)) => (code, None, false),
            Ok(After::Signal(signal)) => (128 + signal, Some(signal), false),
            Ok(After::Lie) => (0, None, true),
            Ok(After::Vanish) => return 0,
            Err(error) => return failed(&error),
        };
        let hold = self.hold;
        match self.spool.end(code, signal, lie) {
            Ok(()) if hold && code != 0 => std::future::pending().await,
            Ok(()) => i64::from(code),
            Err(error) => failed(&error),
        }
    }

    async fn lines(&mut self) -> anyhow::Result<After> {
        let script = std::mem::take(&mut self.script);
        let mut deaf = false;
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            deaf |= word == "deaf";
            match self.line(word, rest.trim(), deaf).await? {
                After::NextLine => {}
                end @ (After::Exit(_) | After::Signal(_) | After::Vanish | After::Lie) => return Ok(end),
            }
        }
        Ok(After::NextLine)
    }

    async fn line(&mut self, word: &str, rest: &str, deaf: bool) -> anyhow::Result<After> {
        match word {
            "true" | ":" | "deaf" => {}
            "false" => return Ok(After::Exit(1)),
            "exit" => return Ok(After::Exit(rest.parse().unwrap_or(2))),
            "forge" => self.spool.forge()?,
            "litter" => return self.spool.litter().map(|()| After::Vanish),
            "garble" => self.spool.garble()?,
            "vanish" => return Ok(After::Vanish),
            "lie" => return Ok(After::Lie),
            "ready" => self.spool.ready(None)?,
            "unready" => self.spool.ready(Some(rest.to_owned()))?,
            "echo" => self.say(&unquoted(rest))?,
            "printf" => self.say(&unquoted(rest.trim_start_matches(r"'%s\n' ")))?,
            "write" => self.write(rest)?,
            "env" => self.say(&self.env.get(rest).cloned().unwrap_or_default())?,
            "fill" => self.fill(rest.parse().unwrap_or(0)).await?,
            "sleep" => return Ok(self.sleep(rest.parse().unwrap_or(0.0), deaf).await),
            _ => {
                self.spool.print(Stream::Stderr, format!("{word}: the dummy does not know this word\n").as_bytes())?;
                return Ok(After::Exit(127));
            }
        }
        Ok(After::NextLine)
    }

    /// A file of the workspace, and its text.
    fn write(&self, rest: &str) -> anyhow::Result<()> {
        let (file, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let workspace = self.workspace.as_ref().context("there is no workspace")?;
        std::fs::write(workspace.join(file), text).context("write a file")
    }

    fn say(&mut self, text: &str) -> anyhow::Result<()> {
        let shown = self.masked.as_ref().map_or_else(|| text.to_owned(), |masked| masked.masked(text));
        self.spool.print(Stream::Stdout, format!("{shown}\n").as_bytes())
    }

    async fn fill(&mut self, bytes: usize) -> anyhow::Result<()> {
        let line = [b'x'; MAX_PAYLOAD];
        let mut left = bytes;
        while left > 0 {
            let piece = left.min(MAX_PAYLOAD);
            self.spool.print(Stream::Stdout, &line[..piece])?;
            left -= piece;
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn sleep(&self, seconds: f64, deaf: bool) -> After {
        let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let killed = async {
            self.terminate.cancelled().await;
            if deaf {
                tokio::time::sleep(self.grace).await;
                return 9;
            }
            15
        };
        tokio::select! {
            biased;
            signal = killed => After::Signal(signal),
            () = tokio::time::sleep(time) => After::NextLine,
        }
    }
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(text);
    inner.replace(r"'\''", "'")
}

fn failed(error: &anyhow::Error) -> i64 {
    tracing::warn!(error = format!("{error:#}"), "a dummy step failed");
    137
}
