//! `--shell`: a shell in the container of each step that fails, one after the other, before it is removed. It is refused
//! where there is no terminal, and none is opened in a run that is being cancelled.

use super::terminal;
use crate::exit::Refusal;
use crate::follow::{Asides, LogId, Wishes};
use crate::render::style::{BAD, paint};
use async_trait::async_trait;
use sidings_proto::step::WORKSPACE;
use sidings_runner::{Attendant, HeldStep};
use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::Arc;

/// Of a container's id, as `docker ps` shows it.
const ID_SHOWN: usize = 12;

/// Lets the person at this terminal into steps that failed.
#[derive(Debug)]
struct Shells {
    wishes: Wishes,
}

/// Whom the runner calls when a step fails, and who then wants the terminal; nobody, where no shell is wanted.
///
/// # Errors
/// There is no terminal.
pub(super) fn offered(wanted: bool) -> anyhow::Result<(Option<Arc<dyn Attendant>>, Asides)> {
    if !wanted {
        return Ok((None, Asides::none()));
    }
    let streams = [("stdin", std::io::stdin().is_terminal()), ("stdout", std::io::stdout().is_terminal())];
    if let Some((stream, _)) = streams.into_iter().find(|(_, is_terminal)| !is_terminal) {
        return Err(Refusal::usage(format!(
            "`--shell` needs a terminal to type in and to show on, and {stream} is none here; start it in a terminal, \
             without a pipe or redirection, or leave `--shell` out"
        )));
    }
    let (wishes, asides) = Asides::new();
    Ok((Some(Arc::new(Shells { wishes })), asides))
}

#[async_trait]
impl Attendant for Shells {
    async fn step_failed(&self, held: HeldStep) {
        let log = LogId { job: held.attempt.job, fence: held.attempt.fence, step: held.step };
        let Some(_turn) = self.wishes.turn(log).await else { return };
        anstream::eprint!("{}", invitation(&held));
        match terminal::lend(&held).await {
            Ok(()) => anstream::eprintln!("left the shell of {} / {}; the run goes on", held.job, held.name),
            Err(error) => anstream::eprintln!("no shell for {} / {}: {error:#}", held.job, held.name),
        }
    }
}

/// What a person is to know before the first prompt.
fn invitation(held: &HeldStep) -> String {
    let id: String = held.container.0.chars().take(ID_SHOWN).collect();
    let here = held.workspace.as_ref().map(|path| format!(", on this machine {}", path.display()));
    let mut text =
        format!("{} {}: {}\n", paint(BAD, '✗'), paint(BAD, format!("{} / {}", held.job, held.name)), held.failure);
    let lines = [
        format!("a shell in its container {id}, as the step left it; nothing of it is logged or masked"),
        format!("workspace: {WORKSPACE}{}", here.unwrap_or_default()),
        "`exit` leaves it: the run then goes on, and its verdict stays".to_owned(),
    ];
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
    text
}
