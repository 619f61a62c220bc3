//! Keeps every line in files while a run is shown: for runs whose controller is gone when they are over.

use super::lines::Line;
use super::model::{Following, LogId, Notice};
use super::screen::Screen;
use crate::render::summary::log_file;
use sidings_proto::Timestamp;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// A screen whose lines are kept as well, a file for each step; a later attempt's take the place of an earlier one's.
pub(crate) struct Transcript {
    screen: Box<dyn Screen>,
    folder: PathBuf,
    files: BTreeMap<LogId, BufWriter<File>>,
}

impl Transcript {
    /// Keeps lines in `folder`, which is there.
    pub(crate) fn new(screen: Box<dyn Screen>, folder: PathBuf) -> Transcript {
        Transcript { screen, folder, files: BTreeMap::new() }
    }

    fn file(&mut self, following: &Following, log: LogId) -> io::Result<&mut BufWriter<File>> {
        let job = following.job(log.job).map(|job| job.name.as_str()).unwrap_or_default();
        let path = self.folder.join(log_file(job, log.step.0, &following.step_name(log)));
        Ok(match self.files.entry(log) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(BufWriter::new(File::create(path)?)),
        })
    }
}

impl Screen for Transcript {
    fn lines(&mut self, following: &Following, log: LogId, lines: &[Line]) -> io::Result<()> {
        let file = self.file(following, log)?;
        for line in lines {
            file.write_all(&line.bytes)?;
            file.write_all(b"\n")?;
        }
        self.screen.lines(following, log, lines)
    }

    fn notice(&mut self, following: &Following, notice: &Notice) -> io::Result<()> {
        self.screen.notice(following, notice)
    }

    fn remark(&mut self, text: &str) -> io::Result<()> {
        self.screen.remark(text)
    }

    fn refresh(&mut self, following: &Following, now: Timestamp) -> io::Result<()> {
        self.screen.refresh(following, now)
    }

    fn stand_aside(&mut self, following: &Following, failed: LogId) -> io::Result<()> {
        self.screen.stand_aside(following, failed)
    }

    fn close(&mut self, following: &Following, now: Timestamp) -> io::Result<()> {
        self.files.values_mut().try_for_each(BufWriter::flush)?;
        self.screen.close(following, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follow::model::Scope;
    use crate::follow::plain::Plain;
    use crate::render::sample::{NOW, half_way};
    use sidings_proto::log::Stream;

    #[test]
    fn every_line_is_in_its_steps_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut screen = Transcript::new(Box::new(Plain::new(io::sink(), None)), folder.path().to_owned());
        let mut following = Following::new(half_way(), Scope::default());
        for log in following.see(half_way()) {
            let line = Line { stream: Stream::Stdout, at: NOW, bytes: format!("of log {}", log.step).into_bytes() };
            screen.lines(&following, log, std::slice::from_ref(&line)).unwrap();
            screen.lines(&following, log, &[line]).unwrap();
        }
        screen.close(&following, NOW).unwrap();
        let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(text("unit.02-pytest.log"), "of log 2\nof log 2\n");
        assert_eq!(text("lint.00-setup.log"), "of log 0\nof log 0\n");
    }
}
