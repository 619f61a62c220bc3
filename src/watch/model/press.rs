//! What a key does.

use super::{Deed, Pane, Place, Question, Watching, Wish};
use crate::watch::keys::Key;
use sidings_proto::api::{JobView, State, WaitFor};
use sidings_proto::{Timestamp, Verdict};

/// Columns that a log moves sideways at once.
const SIDEWAYS: usize = 16;

impl Watching {
    /// A person pressed a key.
    pub(in crate::watch) fn press(&mut self, key: Key) -> Vec<Wish> {
        if key == Key::Interrupt {
            return vec![Wish::Interrupt];
        }
        if let Some(question) = self.question.take() {
            return self.answer(question, key);
        }
        if self.search.typing {
            self.type_search(key);
            return Vec::new();
        }
        if std::mem::take(&mut self.help) {
            return Vec::new();
        }
        self.said.clear();
        match key {
            Key::Letter(letter) => self.letter(letter),
            Key::Next => self.turn(true),
            Key::Before => self.turn(false),
            Key::Enter => self.enter(),
            Key::Escape => self.escape(),
            Key::Up | Key::Down | Key::Left | Key::Right | Key::PageUp | Key::PageDown | Key::Home | Key::End => {
                self.go(key)
            }
            Key::Erase | Key::Interrupt => Vec::new(),
        }
    }

    fn letter(&mut self, letter: char) -> Vec<Wish> {
        match letter {
            'q' => return vec![Wish::Leave],
            'j' => return self.go(Key::Down),
            'k' => return self.go(Key::Up),
            'h' => return self.go(Key::Left),
            'l' => return self.go(Key::Right),
            'g' => return self.go(Key::Home),
            'G' => return self.go(Key::End),
            'f' => return self.go_to_failed(),
            'o' => return self.page(),
            'z' => self.wide = !self.wide,
            '?' => self.help = true,
            '/' => self.search.begin(),
            'n' => self.find_on(true),
            'N' => self.find_on(false),
            'c' => self.ask_to_cancel(),
            'r' => self.ask_to_retry(),
            'a' => self.ask_to_approve(),
            _ => {}
        }
        Vec::new()
    }

    fn turn(&mut self, on: bool) -> Vec<Wish> {
        self.pane = match (self.pane, on) {
            (Pane::Runs, true) | (Pane::Log, false) => Pane::Jobs,
            (Pane::Jobs, true) | (Pane::Runs, false) => Pane::Log,
            (Pane::Log, true) | (Pane::Jobs, false) => Pane::Runs,
        };
        Vec::new()
    }

    fn enter(&mut self) -> Vec<Wish> {
        match self.pane {
            Pane::Runs => self.pane = Pane::Jobs,
            Pane::Jobs => self.pane = Pane::Log,
            Pane::Log => self.wide = !self.wide,
        }
        Vec::new()
    }

    fn escape(&mut self) -> Vec<Wish> {
        match (self.wide, self.pane) {
            (true, _) => self.wide = false,
            (false, Pane::Log) => self.pane = Pane::Jobs,
            (false, Pane::Jobs | Pane::Runs) => self.pane = Pane::Runs,
        }
        Vec::new()
    }

    fn go(&mut self, key: Key) -> Vec<Wish> {
        match (self.pane, key) {
            (Pane::Runs, Key::Right) => self.enter(),
            (Pane::Jobs, Key::Right) => self.enter(),
            (Pane::Jobs, Key::Left) => self.escape(),
            (Pane::Runs, _) => self.go_in_runs(key),
            (Pane::Jobs, _) => self.go_in_jobs(key),
            (Pane::Log, _) => {
                self.go_in_log(key);
                Vec::new()
            }
        }
    }

    fn go_in_runs(&mut self, key: Key) -> Vec<Wish> {
        let at = self.runs.iter().position(|run| Some(run.id) == self.chosen);
        let to = moved(at, self.runs.len(), key);
        to.map(|to| self.runs[to].id).map(|run| self.choose(run)).unwrap_or_default()
    }

    fn go_in_jobs(&mut self, key: Key) -> Vec<Wish> {
        // A row's time does not matter here.
        let places: Vec<Place> = self.rows(Timestamp::default()).iter().map(|row| row.place).collect();
        let at = places.iter().position(|place| Some(*place) == self.place);
        match moved(at, places.len(), key) {
            Some(to) => self.go_to(places[to]),
            None => Vec::new(),
        }
    }

    fn go_to(&mut self, place: Place) -> Vec<Wish> {
        if self.place != Some(place) {
            // Whoever goes somewhere wants to see it, however far up the log was read.
            self.text.iter_mut().for_each(super::Text::follow);
            self.place = Some(place);
        }
        self.look()
    }

    fn go_to_failed(&mut self) -> Vec<Wish> {
        let Some(run) = &self.run else { return Vec::new() };
        let failed: Vec<Place> =
            run.jobs.iter().filter(|job| job.verdict.as_ref().is_some_and(Verdict::is_failed)).map(place_of).collect();
        let at = failed.iter().position(|place| self.place.is_some_and(|at| at.job == place.job));
        match failed.get(at.map_or(0, |at| (at + 1) % failed.len().max(1))) {
            Some(place) => self.go_to(*place),
            None => {
                self.said = "no job of this run has failed".to_owned();
                Vec::new()
            }
        }
    }

    fn go_in_log(&mut self, key: Key) {
        let rows = self.log_rows;
        let page = rows.saturating_sub(2).max(1).cast_signed();
        let Some(text) = &mut self.text else { return };
        match key {
            Key::Up => text.scroll(1, rows),
            Key::Down => text.scroll(-1, rows),
            Key::PageUp => text.scroll(page, rows),
            Key::PageDown => text.scroll(-page, rows),
            Key::Home => text.go_to_beginning(rows),
            Key::End => text.follow(),
            Key::Left => text.column = text.column.saturating_sub(SIDEWAYS),
            Key::Right => text.column += SIDEWAYS,
            Key::Next | Key::Before | Key::Enter | Key::Escape | Key::Erase | Key::Letter(_) | Key::Interrupt => {}
        }
    }

    fn type_search(&mut self, key: Key) {
        match key {
            Key::Letter(letter) => self.search.sought.push(letter),
            Key::Erase => drop(self.search.sought.pop()),
            Key::Escape => self.search = Default::default(),
            Key::Enter => {
                self.search.typing = false;
                self.find_on(true);
            }
            Key::Up | Key::Down | Key::Left | Key::Right | Key::PageUp | Key::PageDown => {}
            Key::Home | Key::End | Key::Next | Key::Before | Key::Interrupt => {}
        }
    }

    /// The last place comes first: what went wrong is usually near the end.
    fn find_on(&mut self, backwards: bool) {
        let rows = self.log_rows;
        let Some(text) = self.text.as_mut().filter(|_| !self.search.sought.is_empty()) else { return };
        let from = self.search.at.unwrap_or(text.total());
        match text.find(&self.search.sought, from, backwards) {
            Some(found) => {
                text.show(found, rows);
                self.search.at = Some(found);
                self.pane = Pane::Log;
            }
            None => {
                let where_ = if backwards { "further up" } else { "further down" };
                self.said = format!("{} is not {where_} in this log", crate::render::safe::quoted(&self.search.sought));
            }
        }
    }

    fn page(&mut self) -> Vec<Wish> {
        self.run.as_ref().map(|run| Wish::Do(Deed::Open(run.url.clone()))).into_iter().collect()
    }

    fn ask_to_cancel(&mut self) {
        match self.run.as_ref().map(|run| run.summary.state) {
            Some(State::Ended) => self.said = "this run is over".to_owned(),
            Some(State::Waiting | State::Queued | State::Running) => self.question = Some(Question::Cancel),
            None => {}
        }
    }

    fn ask_to_retry(&mut self) {
        self.question = self.run.as_ref().map(|_| Question::Retry);
    }

    fn ask_to_approve(&mut self) {
        let waits = |job: &&JobView| job.wait.as_ref().is_some_and(|wait| wait.kind == WaitFor::Approval);
        let asked = self.job().filter(waits).map(|job| Question::Approve { job: job.id, name: job.name.clone() });
        if asked.is_none() {
            self.said = "this job does not wait for somebody to agree".to_owned();
        }
        self.question = asked;
    }

    fn answer(&mut self, question: Question, key: Key) -> Vec<Wish> {
        let Some(run) = self.run.as_ref().map(|run| run.summary.id) else { return Vec::new() };
        let deed = match (question, key) {
            (Question::Cancel, Key::Letter('y')) => Deed::Cancel(run),
            (Question::Retry, Key::Letter('y')) => Deed::Retry { run, failed_only: false },
            (Question::Retry, Key::Letter('f')) => Deed::Retry { run, failed_only: true },
            (Question::Approve { job, .. }, Key::Letter('y')) => Deed::Approve(job),
            (Question::Cancel | Question::Retry | Question::Approve { .. }, _) => return Vec::new(),
        };
        vec![Wish::Do(deed)]
    }
}

fn place_of(job: &JobView) -> Place {
    Place { job: job.id, step: None }
}

/// Where a key leads in a list; whoever is not in it comes to its beginning.
fn moved(at: Option<usize>, length: usize, key: Key) -> Option<usize> {
    const PAGE: usize = 10;
    let last = length.checked_sub(1)?;
    let Some(at) = at else { return Some(0) };
    Some(match key {
        Key::Up => at.saturating_sub(1),
        Key::Down => (at + 1).min(last),
        Key::PageUp => at.saturating_sub(PAGE),
        Key::PageDown => (at + PAGE).min(last),
        Key::Home => 0,
        Key::End => last,
        Key::Left | Key::Right | Key::Next | Key::Before | Key::Enter | Key::Escape => at,
        Key::Erase | Key::Letter(_) | Key::Interrupt => at,
    })
}
