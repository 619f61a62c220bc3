//! A process that stays alive between batches: it is given them as lines of JSON on its standard input, and tells of each
//! test as it goes. What it told is with the queue at once, so a machine that dies takes little with it, and it is known
//! which test ran when something died.

use super::batch::{Batch, code, counted};
use super::desk::{Desk, unexpected};
use super::folder::{Folder, script};
use super::watch::Watch;
use super::{Unsound, say, unexplained};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;
use sidings_proto::split::desk::{Ask, Happened, Told, Work};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::process::{ChildStdin, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What says that nothing more will come. One who fakes it is waited for.
const LAST_LINE: &[u8] = b"sidings: the process has ended\n";
/// The longest line of events.
const LINE_MAX: u64 = 64 * 1024;
/// How long a process may take to end that has nothing more to do.
const LEAVE_WITHIN: Duration = Duration::from_secs(60);

/// The process, while there is one.
#[derive(Default)]
pub(super) struct Stream {
    process: Option<Process>,
    /// Tests that failed in it.
    failed: usize,
}

impl Stream {
    /// Gives it a batch and hands over what comes of it; gives what shows in no result.
    pub(super) fn run(
        &mut self,
        desk: &mut Desk,
        work: &Work,
        folder: &Folder,
        batch: Batch<'_>,
    ) -> io::Result<Option<Unsound>> {
        let Batch { number, lease, tests } = batch;
        say(&format!("batch {number}: {}", counted(tests.len())))?;
        let gone = self.gone_since()?;
        let mut process = self.process.take().map_or_else(|| Process::start(work, folder), Ok)?;
        let watch = Watch::over(lease, process.id)?;
        let began = Instant::now();
        let is_alive = process.work_off(desk, lease, tests)?;
        let was_dropped = watch.end();
        let ended = match is_alive {
            true => None,
            false => Some(process.ended()?),
        };
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let told = desk.ask(&Ask::Done { lease, code: ended.map_or(Some(0), code), took_ms })?;
        let Told::Taken { missing, failed, .. } = told else { return Err(unexpected(&told)) };
        self.failed += failed;
        let Some(status) = ended else {
            self.process = Some(process);
            return Ok(gone);
        };
        let unsound = self.unexplained(status, missing);
        if was_dropped {
            say(&format!("batch {number} took too long and was ended"))?;
            return Ok(gone);
        }
        say(&super::batch::ended(number, status, missing, tests.len()))?;
        Ok(gone.or(unsound))
    }

    /// What the end of a process means that went when it had nothing to do; nothing while there is none, or it lives.
    fn gone_since(&mut self) -> io::Result<Option<Unsound>> {
        let Some(mut gone) = self.process.take_if(|process| !process.is_alive()) else { return Ok(None) };
        let status = gone.ended()?;
        Ok(self.unexplained(status, 0))
    }

    fn unexplained(&mut self, status: ExitStatus, missing: usize) -> Option<Unsound> {
        let explained = missing > 0 || std::mem::take(&mut self.failed) > 0;
        (!explained && !status.success()).then(|| unexplained("the process of the stream", status))
    }

    /// There is nothing more to do. What its process still did, such as taking down what it had set up, counts as well.
    pub(super) fn end(mut self) -> io::Result<Option<Unsound>> {
        let Some(process) = self.process.take() else { return Ok(None) };
        Ok(match process.leave()? {
            Some(status) => self.unexplained(status, 0),
            None => Some(format!("the process of the stream goes on {LEAVE_WITHIN:?} after its last test")),
        })
    }
}

struct Process {
    id: u32,
    input: Option<ChildStdin>,
    lines: Receiver<Vec<u8>>,
    end: Option<JoinHandle<io::Result<ExitStatus>>>,
}

impl Process {
    fn start(work: &Work, folder: &Folder) -> io::Result<Process> {
        let pipe = folder.file("events");
        // That of a process before this one is gone with it.
        let _ = fs::remove_file(&pipe);
        mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0)?;
        // With a writer of ours the reader sees no end before we say so.
        let both = OpenOptions::new().read(true).write(true).open(&pipe)?;
        let mut command = script(&work.shell, &work.run)?;
        folder.equip(&mut command);
        command.stdin(Stdio::piped()).env("SPLIT_EVENTS", &pipe).env("SPLIT_STREAM", "1");
        let mut child = command.spawn()?;
        let (id, input, mut ours) = (child.id(), child.stdin.take(), both.try_clone()?);
        let (told, lines) = channel();
        std::thread::spawn(move || read(both, &told));
        let end = std::thread::spawn(move || {
            let status = child.wait();
            ours.write_all(LAST_LINE)?;
            status
        });
        Ok(Process { id, input, lines, end: Some(end) })
    }

    fn is_alive(&self) -> bool {
        self.end.as_ref().is_some_and(|end| !end.is_finished())
    }

    /// Until each of these tests came to an end, or the process did. Whether it goes on.
    fn work_off(&mut self, desk: &mut Desk, lease: u64, tests: &[String]) -> io::Result<bool> {
        let line = format!("{}\n", json!({ "lease": lease, "atoms": tests }));
        // One that does not read has ended, or will be ended for it.
        if let Some(input) = &mut self.input {
            let _ = input.write_all(line.as_bytes()).and_then(|()| input.flush());
        }
        let mut left: BTreeSet<&str> = tests.iter().map(String::as_str).collect();
        while !left.is_empty() {
            let Ok(first) = self.lines.recv() else { return Ok(false) };
            let mut told = first;
            self.lines.try_iter().for_each(|line| told.extend(line));
            for happened in
                told.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Happened>(line).ok())
            {
                happened.end.as_deref().map(|test| left.remove(test));
            }
            let answer = desk.happened(lease, &told)?;
            let Told::Read { remarks, .. } = answer else { return Err(unexpected(&answer)) };
            remarks.iter().try_for_each(|remark| say(remark))?;
        }
        Ok(true)
    }

    /// All it told is read.
    fn ended(&mut self) -> io::Result<ExitStatus> {
        let end = self.end.take().and_then(|end| end.join().ok());
        end.unwrap_or_else(|| Err(io::Error::other("the end of a process is not known")))
    }

    /// The end of its input tells it to go; none for one that does not, which is left to the container's end.
    fn leave(mut self) -> io::Result<Option<ExitStatus>> {
        self.input = None;
        let by = Instant::now() + LEAVE_WITHIN;
        loop {
            match self.lines.recv_timeout(by.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return self.ended().map(Some),
                Err(RecvTimeoutError::Timeout) => return Ok(None),
            }
        }
    }
}

/// Hands on each line until the last.
fn read(pipe: File, told: &std::sync::mpsc::Sender<Vec<u8>>) {
    let mut pipe = BufReader::new(pipe);
    loop {
        let mut line = Vec::new();
        let read = pipe.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
        let is_last = line == LAST_LINE;
        match read {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(1..) if !is_last => {
                if told.send(line).is_err() {
                    return;
                }
            }
            Ok(_) | Err(_) => return,
        }
    }
}
