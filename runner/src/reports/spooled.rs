//! Test cases between those who read them and those who send them: batches in a file of ours, a line each.

use anyhow::Context;
use sidings_proto::runner::{TEST_BATCH_BYTES, TEST_BATCH_CASES, TestBatch};
use sidings_proto::{TestCase, TestReport};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes batches.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    file: BufWriter<File>,
    batch: TestBatch,
    bytes: usize,
}

/// Batches that wait to be sent.
#[derive(Debug)]
pub(crate) struct SpooledTests {
    path: PathBuf,
}

impl Spool {
    pub(super) fn create(path: &Path) -> anyhow::Result<Spool> {
        let file = File::create_new(path).with_context(|| format!("make {}", path.display()))?;
        Ok(Spool { path: path.to_owned(), file: BufWriter::new(file), batch: TestBatch::default(), bytes: 0 })
    }

    pub(super) fn add(&mut self, case: TestCase) -> anyhow::Result<()> {
        // As JSON, where a character may be two; names of keys come on top.
        let TestCase { suite, name, file, outcome: _, took_ms: _, message, output } = &case;
        let texts = [suite, name, message, output].into_iter().chain(file);
        self.bytes += 200 + texts.map(|text| 2 * text.len()).sum::<usize>();
        self.batch.cases.push(case);
        if self.bytes >= TEST_BATCH_BYTES || self.batch.cases.len() >= TEST_BATCH_CASES {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes the last batch, which says where the cases come from.
    pub(super) fn end(mut self, reports: Vec<TestReport>) -> anyhow::Result<SpooledTests> {
        if !self.batch.cases.is_empty() {
            self.flush()?;
        }
        self.batch.reports = Some(reports);
        self.flush()?;
        self.file.flush().context("write the tests")?;
        Ok(SpooledTests { path: self.path })
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.file, &self.batch).context("write the tests")?;
        self.file.write_all(b"\n").context("write the tests")?;
        self.batch.first += u32::try_from(self.batch.cases.len()).unwrap_or(u32::MAX);
        self.batch.cases.clear();
        self.bytes = 0;
        Ok(())
    }
}

impl SpooledTests {
    /// The batches in order, one at a time in memory.
    pub(crate) fn batches(&self) -> anyhow::Result<impl Iterator<Item = anyhow::Result<TestBatch>>> {
        let file = File::open(&self.path).with_context(|| format!("open {}", self.path.display()))?;
        let lines = BufReader::new(file).lines();
        Ok(lines.map(|line| serde_json::from_str(&line.context("read the tests")?).context("read the tests")))
    }
}
