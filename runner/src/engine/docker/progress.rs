//! A builder's progress as lines for people: each part of a build is numbered when it begins, its output carries the
//! number and the seconds since, and its end says how long it took or that it was cached.

use bollard::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};
use std::collections::{BTreeMap, VecDeque};

/// Lines kept of the output of each part, for the message of a failure.
const LAST_LINES: usize = 20;

/// A line for the log, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Of the builder.
    Remark(String),
    /// Of a program that it ran.
    Output(String),
}

/// What failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// The builder's name for it: `[2/3] RUN make`, `Step 2/3 : RUN make`.
    pub(super) what: String,
    /// The last lines of its output.
    pub(super) output: Vec<String>,
}

/// What is known of a build so far.
#[derive(Default)]
pub(super) struct Progress {
    parts: BTreeMap<String, Part>,
    shown: usize,
    failed: Option<String>,
}

#[derive(Default)]
struct Part {
    name: String,
    /// None while nothing was said of it.
    number: Option<usize>,
    started: Option<f64>,
    ended: bool,
    /// A line whose end has not come.
    open: Vec<u8>,
    last: VecDeque<String>,
}

/// The classic builder's output has no parts; everything is kept under the step that it named last.
const CLASSIC: &str = "classic";

impl Progress {
    /// Takes BuildKit's news.
    pub(super) fn status(&mut self, status: &StatusResponse) -> Vec<Line> {
        let mut lines = Vec::new();
        for vertex in &status.vertexes {
            self.vertex(vertex, &mut lines);
        }
        for log in &status.logs {
            self.log(log, &mut lines);
        }
        // A part's last output may come together with its end, so ends are told last.
        for vertex in status.vertexes.iter().filter(|vertex| vertex.completed.is_some()) {
            self.end(vertex, &mut lines);
        }
        lines
    }

    /// Takes the classic builder's text.
    pub(super) fn classic(&mut self, text: &str) -> Vec<Line> {
        let mut lines = Vec::new();
        let part = self.parts.entry(CLASSIC.to_owned()).or_default();
        part.open.extend_from_slice(text.as_bytes());
        for line in part.whole_lines() {
            if line.starts_with("Step ") {
                part.name.clone_from(&line);
                part.last.clear();
                lines.push(Line::Remark(line));
            } else if line.starts_with(" ---> ") || line.starts_with("Removing intermediate container ") {
                lines.push(Line::Remark(line));
            } else {
                part.keep(&line);
                lines.push(Line::Output(line));
            }
        }
        lines
    }

    /// Lines whose end never came.
    pub(super) fn rest(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        for part in self.parts.values_mut().filter(|part| !part.open.is_empty()) {
            part.open.push(b'\n');
            for line in part.whole_lines() {
                part.keep(&line);
                lines.push(Line::Output(part.numbered(&line)));
            }
        }
        lines
    }

    /// What failed, when something did.
    pub(super) fn failed(&self) -> Option<Failed> {
        let part = self.parts.get(self.failed.as_deref().unwrap_or(CLASSIC))?;
        Some(Failed { what: part.name.clone(), output: part.last.iter().cloned().collect() })
    }

    fn vertex(&mut self, vertex: &Vertex, lines: &mut Vec<Line>) {
        let part = self.parts.entry(vertex.digest.clone()).or_default();
        part.name.clone_from(&vertex.name);
        let begins = vertex.started.is_some() && part.number.is_none() && is_worth_a_line(vertex);
        if let Some(time) = &vertex.started {
            part.started.get_or_insert(seconds(time.seconds, time.nanos));
        }
        if begins {
            self.shown += 1;
            part.number = Some(self.shown);
            lines.push(Line::Remark(format!("#{} {}", self.shown, vertex.name)));
        }
    }

    fn log(&mut self, log: &VertexLog, lines: &mut Vec<Line>) {
        let Some(part) = self.parts.get_mut(&log.vertex) else { return };
        part.open.extend_from_slice(&log.msg);
        let since = log.timestamp.as_ref().zip(part.started);
        let since = since.map(|(time, started)| (seconds(time.seconds, time.nanos) - started).max(0.0));
        for line in part.whole_lines() {
            part.keep(&line);
            let timed = since.map_or_else(|| line.clone(), |since| format!("{since:.3} {line}"));
            lines.push(Line::Output(part.numbered(&timed)));
        }
    }

    fn end(&mut self, vertex: &Vertex, lines: &mut Vec<Line>) {
        let Some(part) = self.parts.get_mut(&vertex.digest) else { return };
        if !vertex.error.is_empty() {
            self.failed.get_or_insert(vertex.digest.clone());
        }
        if part.ended || part.number.is_none() {
            return;
        }
        part.ended = true;
        let took = vertex
            .completed
            .as_ref()
            .zip(part.started)
            .map_or(0.0, |(time, started)| seconds(time.seconds, time.nanos) - started);
        let end = match (vertex.cached, vertex.error.is_empty()) {
            (_, false) => format!("ERROR: {}", vertex.error),
            (true, true) => "CACHED".to_owned(),
            (false, true) => format!("DONE {took:.1}s"),
        };
        lines.push(Line::Remark(part.numbered(&end)));
    }
}

impl Part {
    fn whole_lines(&mut self) -> Vec<String> {
        let Some(end) = self.open.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let rest = self.open.split_off(end + 1);
        let whole = std::mem::replace(&mut self.open, rest);
        let text = String::from_utf8_lossy(&whole);
        text.lines().map(str::to_owned).collect()
    }

    fn keep(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
    }

    fn numbered(&self, text: &str) -> String {
        self.number.map_or_else(|| text.to_owned(), |number| format!("#{number} {text}"))
    }
}

/// BuildKit's own housekeeping, the unpacking of the context included, is of interest to nobody, unless it fails.
fn is_worth_a_line(vertex: &Vertex) -> bool {
    let housekeeping = vertex.name.starts_with("[internal]") || vertex.name == "copy /context /";
    !housekeeping || !vertex.error.is_empty()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds since 1970 and their fractions fit a double to the microsecond"
)]
fn seconds(seconds: i64, nanos: i32) -> f64 {
    seconds as f64 + f64::from(nanos) / 1e9
}

#[cfg(test)]
mod tests;
