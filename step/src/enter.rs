//! A person's way into the container of a step that failed: the first shell of several that is there, at a terminal,
//! as the step's user, in its folder, with its variables and secrets.
//!
//! The secrets come over the terminal itself, before anybody types, while it shows nothing of what it is given: they
//! are no more among what the engine knows than they were for the step.

use crate::input::Private;
use crate::launch::{Identity, identity_of};
use rustix::fs::fchown;
use rustix::process::{Gid, Uid};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use sidings_proto::step::{AT_TERMINAL, SPEC_FILE, StepSpec, WORKSPACE};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::process::Command;

/// Becomes the shell. Comes back only when there is none.
pub(crate) fn run(dir: &Path, shells: &[&str]) -> io::Result<u8> {
    let stdin = io::stdin();
    let private = told_at(stdin.as_fd())?;
    let spec: StepSpec = serde_json::from_slice(&std::fs::read(dir.join(SPEC_FILE))?)?;
    let identity = identity_of(&spec).map_err(io::Error::other)?;
    hand_terminal_over(stdin.as_fd(), &identity);
    identity.assume()?;
    for shell in shells {
        let mut command = Command::new(shell);
        command.current_dir(folder(&spec)).envs(private.variables());
        match identity.exec(&mut command) {
            error if error.kind() == ErrorKind::NotFound => {}
            error => return Err(io::Error::new(error.kind(), format!("{shell}: {error}"))),
        }
    }
    Err(io::Error::new(ErrorKind::NotFound, format!("the image has no shell: there is no {}", shells.join(", no "))))
}

/// Says that it is here, and reads what it is told. The terminal echoes nothing meanwhile, and takes bytes as they are.
fn told_at(terminal: BorrowedFd<'_>) -> io::Result<Private> {
    let before = tcgetattr(terminal)?;
    let mut raw = before.clone();
    raw.make_raw();
    tcsetattr(terminal, OptionalActions::Now, &raw)?;
    say(AT_TERMINAL)?;
    // Not through the buffer of `Stdin`, which would read on into what the person types.
    let private = Private::read_from(&mut File::from(terminal.try_clone_to_owned()?))?;
    tcsetattr(terminal, OptionalActions::Now, &before)?;
    // What is typed before this would be taken as it is, without the ends of its lines.
    say(AT_TERMINAL)?;
    Ok(private)
}

fn say(byte: u8) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(&[byte])?;
    stdout.flush()
}

/// So that the user's programs can open it by its name. One who cannot is no worse off than without.
fn hand_terminal_over(terminal: BorrowedFd<'_>, identity: &Identity) {
    let (uid, gid) = (Uid::from_raw(identity.account.uid), Gid::from_raw(identity.account.gid));
    let _ = fchown(terminal, Some(uid), Some(gid));
}

/// The step may have removed its own folder.
fn folder(spec: &StepSpec) -> &Path {
    let wanted = [spec.working_directory.as_str(), WORKSPACE].into_iter().map(Path::new).find(|path| path.is_dir());
    wanted.unwrap_or(Path::new("/"))
}
