//! What a test runner writes, line by line, until the runner itself has ended.

use super::unstarted;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

/// Behind all that it writes.
const LAST_LINE: &str = "sidings: the test runner has ended";

/// Which of a program's two streams is read.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Output,
    Errors,
}

/// Starts it and gives each line, without its end, to `each`. What it leaves behind may hold the stream open: its end
/// is said by ourselves.
pub(super) fn follow(
    mut command: Command,
    stream: Stream,
    mut each: impl FnMut(&str) -> io::Result<()>,
) -> io::Result<ExitStatus> {
    let (lines, mut ours) = io::pipe()?;
    let theirs = ours.try_clone()?;
    command.stdin(Stdio::null());
    match stream {
        Stream::Output => command.stdout(theirs),
        Stream::Errors => command.stderr(theirs),
    };
    let mut child = command.spawn().map_err(|error| unstarted(&command, &error))?;
    // It holds the stream's other end as well.
    drop(command);
    let end = thread::spawn(move || {
        let status = child.wait();
        write!(ours, "\n{LAST_LINE}\n").and(status)
    });
    let mut empty = 0;
    for line in BufReader::new(lines).split(b'\n') {
        let line = line?;
        match String::from_utf8_lossy(&line).as_ref() {
            LAST_LINE => break,
            // The last of them is ours.
            "" => empty += 1,
            line => {
                (0..std::mem::take(&mut empty)).try_for_each(|_| each(""))?;
                each(line)?;
            }
        }
    }
    end.join().map_err(|_| io::Error::other("the end of a test runner is not known"))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lines_are_given_and_what_is_left_behind_is_not_waited_for() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo $!; echo; echo last; exit 3"]);
        let mut lines = Vec::new();
        let status = follow(command, Stream::Output, |line| {
            lines.push(line.to_owned());
            Ok(())
        });
        assert_eq!(status.unwrap().code(), Some(3));
        assert_eq!(lines[1..], ["", "last"]);
        assert!(Command::new("kill").arg(&lines[0]).status().unwrap().success(), "it is still there");
    }
}
