//! Watches over a running program: its output, its end, the end of all it left behind, and requests to stop.
//!
//! One thread and one `poll`. A process that keeps a pipe open cannot hold the step up: once the program has ended,
//! what is left of it is asked to stop, killed soon after, and then no longer listened to.

use crate::signals::Signals;
use crate::spool::Spool;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process_group, wait};
use sidings_proto::log::{MAX_PAYLOAD, Stream};
use sidings_proto::step::StepSpec;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::process::{Child, ChildStderr, ChildStdout};
use std::time::{Duration, Instant};

/// What the program left behind gets this long between SIGTERM and SIGKILL.
const LEFTOVERS_GRACE: Duration = Duration::from_millis(500);
/// Output is awaited this long after everything should be dead.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Larger pipes mean fewer wake-ups for a program that writes much. The kernel may refuse.
const PIPE_SIZE: usize = 512 * 1024;

/// How the program ended.
pub(crate) struct End {
    pub(crate) code: i32,
    pub(crate) signal: Option<i32>,
    pub(crate) error: Option<String>,
}

/// Returns when the program and all it started are over, the output included.
pub(crate) fn supervise(child: Child, spec: &StepSpec, signals: &mut Signals, spool: &mut Spool) -> io::Result<End> {
    let mut watch = Watch::new(child, Duration::from_millis(spec.grace_ms))?;
    while !watch.is_over() {
        let ready = watch.await_news(signals)?;
        watch.read_pipes(ready, spool)?;
        if ready.signal {
            watch.forward(&signals.stops());
            watch.reap();
        }
        watch.keep_deadlines(spool)?;
    }
    watch.drain(signals, spool)?;
    Ok(watch.end.unwrap_or_else(unkillable))
}

struct Watch {
    program: Pid,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    buffer: Vec<u8>,
    grace: Duration,
    end: Option<End>,
    /// No process is left but this one.
    alone: bool,
    kill_at: Option<Instant>,
    give_up_at: Option<Instant>,
}

#[derive(Clone, Copy)]
struct Ready {
    stdout: bool,
    stderr: bool,
    signal: bool,
}

impl Watch {
    fn new(mut child: Child, grace: Duration) -> io::Result<Watch> {
        let program = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let program = program.ok_or_else(|| io::Error::other("the kernel gave an impossible process id"))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let pipes = [stdout.as_ref().map(AsFd::as_fd), stderr.as_ref().map(AsFd::as_fd)];
        for pipe in pipes.into_iter().flatten() {
            let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_SIZE);
        }
        let buffer = vec![0; MAX_PAYLOAD];
        Ok(Watch { program, stdout, stderr, buffer, grace, end: None, alone: false, kill_at: None, give_up_at: None })
    }

    fn is_over(&self) -> bool {
        let silent = self.stdout.is_none() && self.stderr.is_none();
        (self.end.is_some() && self.alone && silent) || self.give_up_at.is_some_and(|at| at <= Instant::now())
    }

    /// Waits for output, a signal or a deadline.
    fn await_news(&self, signals: &Signals) -> io::Result<Ready> {
        let mut fds = vec![PollFd::from_borrowed_fd(signals.readable(), PollFlags::IN)];
        fds.extend(self.stdout.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        fds.extend(self.stderr.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        match poll(&mut fds, self.time_left().as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut news = fds.iter().map(|fd| !fd.revents().is_empty());
        let signal = news.next().unwrap_or(false);
        let stdout = self.stdout.is_some() && news.next().unwrap_or(false);
        let stderr = self.stderr.is_some() && news.next().unwrap_or(false);
        Ok(Ready { stdout, stderr, signal })
    }

    fn time_left(&self) -> Option<Timespec> {
        let next = [self.kill_at, self.give_up_at].into_iter().flatten().min()?;
        // A millisecond more, so that a wake-up is never just before the deadline.
        let left = next.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        Timespec::try_from(left).ok()
    }

    /// Reads what is still in the pipes, and no more than they hold, once nobody is awaited any longer.
    fn drain(&mut self, signals: &Signals, spool: &mut Spool) -> io::Result<()> {
        for _ in 0..PIPE_SIZE.div_ceil(MAX_PAYLOAD) {
            self.give_up_at = Some(Instant::now());
            let ready = self.await_news(signals)?;
            self.read_pipes(ready, spool)?;
        }
        Ok(())
    }

    fn read_pipes(&mut self, ready: Ready, spool: &mut Spool) -> io::Result<()> {
        if ready.stdout {
            pass_on(&mut self.stdout, Stream::Stdout, &mut self.buffer, spool)?;
        }
        if ready.stderr {
            pass_on(&mut self.stderr, Stream::Stderr, &mut self.buffer, spool)?;
        }
        Ok(())
    }

    /// Hands requests to stop on to the program's group; the first one starts the grace time.
    fn forward(&mut self, stops: &[Signal]) {
        for signal in stops {
            let _ = kill_process_group(self.program, *signal);
            self.kill_at.get_or_insert(Instant::now() + self.grace);
        }
    }

    fn reap(&mut self) {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.program => self.program_ended(status),
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return,
                Err(_) => {
                    self.alone = true;
                    self.kill_at = None;
                    self.give_up_at.get_or_insert(Instant::now() + LAST_WORDS);
                    return;
                }
            }
        }
    }

    /// Whatever the program left behind is to stop as well. The signal reaches nobody when nothing is left.
    fn program_ended(&mut self, status: WaitStatus) {
        self.end = Some(end_of(status));
        if self.give_up_at.is_some() {
            return;
        }
        let soon = Instant::now() + LEFTOVERS_GRACE;
        self.kill_at = Some(self.kill_at.map_or(soon, |at| at.min(soon)));
        self.signal_all(Signal::TERM);
    }

    fn keep_deadlines(&mut self, spool: &mut Spool) -> io::Result<()> {
        if self.give_up_at.is_some() || self.kill_at.is_none_or(|at| at > Instant::now()) {
            return Ok(());
        }
        if self.end.is_none() {
            spool.note(&format!("still running {} ms after it was asked to stop: killed", self.grace.as_millis()))?;
        }
        self.signal_all(Signal::KILL);
        self.kill_at = None;
        self.give_up_at = Some(Instant::now() + LAST_WORDS);
        Ok(())
    }

    /// As the first process of a container: everything in it. Elsewhere only the program's group may be meant.
    fn signal_all(&self, signal: Signal) {
        let everything = getpid() == Pid::INIT;
        let _ = kill_process_group(if everything { Pid::INIT } else { self.program }, signal);
    }
}

/// Reads once, which is all that `poll` promised not to block.
fn pass_on<R: Read>(pipe: &mut Option<R>, stream: Stream, buffer: &mut [u8], spool: &mut Spool) -> io::Result<()> {
    let Some(open) = pipe else { return Ok(()) };
    match open.read(buffer) {
        Ok(0) => *pipe = None,
        Ok(len) => spool.take(stream, &buffer[..len])?,
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

fn end_of(status: WaitStatus) -> End {
    let signal = status.terminating_signal();
    let code = status.exit_status().or(signal.map(|number| 128 + number)).unwrap_or(255);
    End { code, signal, error: None }
}

/// The kernel did not end the program, so nothing is known of it but that it has to be taken for killed.
fn unkillable() -> End {
    let error = Some("the program did not end after SIGKILL".to_owned());
    End { code: 128 + Signal::KILL.as_raw(), signal: Some(Signal::KILL.as_raw()), error }
}
