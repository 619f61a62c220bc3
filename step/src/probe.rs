//! Finds out whether the program of a service is ready, and says so once, in a file.
//!
//! A process of its own beside the program: the checks of a service are its children, so that they are no concern of
//! the first process, and all of it ends with the container. What checks write is no part of the service's log; the
//! end of it is told when the service is given up.

use crate::input::Private;
use crate::launch::{Identity, identity_of};
use crate::record;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal, kill_process_group};
use sidings_proto::service::{Probe, Readiness, ReadyRecord};
use sidings_proto::step::{READY_FILE, SPEC_FILE, StepSpec};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A check that is over is noticed within this time.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Told of what a check wrote.
const TOLD: u64 = 400;

/// Starts the probing of a service, if its spec says that there is some. It ends with the program's process group.
pub(crate) fn start(dir: &Path, spec: &StepSpec, private: &Private, program: &Child) -> io::Result<()> {
    if spec.readiness.is_none() {
        return Ok(());
    }
    let group = i32::try_from(program.id()).map_err(io::Error::other)?;
    let mut command = Command::new("/proc/self/exe");
    command.arg("probe").arg("--dir").arg(dir).process_group(group);
    // It is reaped with all other processes of the container.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut prober = command.spawn()?;
    if let (true, Some(stdin)) = (spec.input, &mut prober.stdin) {
        stdin.write_all(&private.encode())?;
    }
    Ok(())
}

/// Tries until the program is ready, or is not going to be.
pub(crate) fn run(dir: &Path) -> io::Result<u8> {
    let spec: StepSpec = serde_json::from_slice(&std::fs::read(dir.join(SPEC_FILE))?)?;
    let Some(readiness) = &spec.readiness else { return Ok(0) };
    let private = Private::read(&spec)?;
    let outcome = identity_of(&spec).and_then(|identity| {
        let mut prober = Prober { readiness, identity, spec: &spec, private: &private };
        prober.until_ready()
    });
    let record = ReadyRecord { at: record::now(), error: outcome.err().map(|error| private.shown(&error)) };
    record::put(dir, READY_FILE, &serde_json::to_vec(&record)?)?;
    Ok(0)
}

struct Prober<'a> {
    readiness: &'a Readiness,
    identity: Identity,
    spec: &'a StepSpec,
    private: &'a Private,
}

impl Prober<'_> {
    fn until_ready(&mut self) -> Result<(), String> {
        let lenient_until = Instant::now() + Duration::from_millis(self.readiness.start_period_ms);
        let mut failed = 0;
        loop {
            let Err(why) = self.probe() else { return Ok(()) };
            failed = if Instant::now() < lenient_until { 0 } else { failed + 1 };
            if failed >= self.readiness.retries {
                return Err(why);
            }
            std::thread::sleep(Duration::from_millis(self.readiness.interval_ms));
        }
    }

    fn probe(&self) -> Result<(), String> {
        let limit = Duration::from_millis(self.readiness.timeout_ms);
        match &self.readiness.probe {
            Probe::Run { argv } => self.check(argv, limit).unwrap_or_else(|error| Err(format!("its check: {error}"))),
            Probe::Connect { address, port } => {
                let connected = TcpStream::connect_timeout(&SocketAddr::new(*address, *port), limit);
                connected.map(drop).map_err(|error| format!("its port {port}: {error}"))
            }
        }
    }

    fn check(&self, argv: &[String], limit: Duration) -> io::Result<Result<(), String>> {
        let Some((program, arguments)) = argv.split_first() else { return Ok(Ok(())) };
        // In memory: what a check writes may be anything.
        let mut output = File::from(memfd_create("check", MemfdFlags::CLOEXEC)?);
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.spec.working_directory).process_group(0);
        command.envs(self.private.variables());
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?);
        let mut child = self.identity.spawn(&mut command)?;
        let why = match ended_within(&mut child, limit)? {
            Some(status) if status.success() => return Ok(Ok(())),
            Some(status) => format!("its check ended with {}", said(status)),
            None => format!("its check took longer than {} ms", limit.as_millis()),
        };
        Ok(Err(format!("{why}{}", last_words(&mut output)?)))
    }
}

/// Kills it, and all it started, when its time is over.
fn ended_within(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn said(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| format!("code {code}"))
}

fn last_words(output: &mut File) -> io::Result<String> {
    let length = output.seek(SeekFrom::End(0))?;
    output.seek(SeekFrom::Start(length.saturating_sub(TOLD)))?;
    let mut bytes = Vec::new();
    output.take(TOLD).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim();
    Ok(if text.is_empty() { String::new() } else { format!(": {text}") })
}
