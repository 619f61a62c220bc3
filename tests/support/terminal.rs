//! A program at a terminal of its own: what a person would type and see.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(180);

/// A program and what it showed so far.
pub(crate) struct Terminal {
    keys: File,
    shown: Receiver<Vec<u8>>,
    text: String,
    seen: usize,
    child: Child,
    /// Stays open, so that the terminal outlives the program.
    own: OwnedFd,
}

impl Terminal {
    /// Starts the program at a terminal of 100 columns and 30 rows.
    pub(crate) fn start(mut command: Command) -> Terminal {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = std::ffi::OsString::from_vec(ptsname(&master, Vec::new()).unwrap().into_bytes());
        let slave = File::options().read(true).write(true).open(name).unwrap();
        tcsetwinsize(&slave, Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let [stdin, stdout, stderr] = [(); 3].map(|()| slave.try_clone().unwrap());
        command.stdin(stdin).stdout(stdout).stderr(stderr).env("TERM", "xterm").env("NO_COLOR", "1");
        let child = command.spawn().unwrap();
        let keys = File::from(master);
        let shown = read_all(keys.try_clone().unwrap());
        Terminal { keys, shown, text: String::new(), seen: 0, child, own: slave.into() }
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until this is shown after what was waited for before, and gives what was shown up to it.
    pub(crate) fn until(&mut self, text: &str) -> String {
        let since = Instant::now();
        loop {
            if let Some(at) = self.text[self.seen..].find(text) {
                let end = self.seen + at + text.len();
                let shown = self.text[self.seen..end].to_owned();
                self.seen = end;
                return shown;
            }
            match self.shown.recv_timeout(PATIENCE.saturating_sub(since.elapsed())) {
                Ok(bytes) => self.text += &String::from_utf8_lossy(&bytes),
                Err(_) => panic!("{text:?} is not shown; this is: {}", self.text),
            }
        }
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Whether the terminal gathers lines, shows what is typed and knows Ctrl-C: all is as it was at the beginning.
    pub(crate) fn is_as_usual(&self) -> bool {
        let usual = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        tcgetattr(&self.own).unwrap().local_modes.contains(usual)
    }

    /// Waits for the program's end, and gives its code and all it showed.
    pub(crate) fn ended(self) -> (Option<i32>, String) {
        self.waited(|_| ())
    }

    /// The same, and sends SIGTERM all the while: two that come close together may count as one.
    pub(crate) fn ended_by_insisting(self) -> (Option<i32>, String) {
        self.waited(Terminal::terminate)
    }

    fn waited(mut self, meanwhile: impl Fn(&Terminal)) -> (Option<i32>, String) {
        let since = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            assert!(since.elapsed() < PATIENCE, "the program does not end");
            meanwhile(&self);
            std::thread::sleep(Duration::from_millis(50));
        };
        assert!(self.is_as_usual(), "the terminal is not as it was");
        self.text.extend(self.shown.try_iter().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        (code, std::mem::take(&mut self.text))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // It takes its containers with it. Two signals that come close together may count as one.
            let since = Instant::now();
            while self.child.try_wait().is_ok_and(|ended| ended.is_none()) && since.elapsed() < PATIENCE {
                self.terminate();
                std::thread::sleep(Duration::from_millis(50));
            }
            let _ = self.child.kill();
        }
    }
}

fn read_all(mut from: File) -> Receiver<Vec<u8>> {
    let (to, shown) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        // It fails when the last one who had the terminal open is gone.
        while let Ok(read @ 1..) = from.read(&mut buffer)
            && to.send(buffer[..read].to_vec()).is_ok()
        {}
    });
    shown
}
