//! JUnit files of all dialects: elements in, cases and remarks out.

use crate::attributes::{Attributes, entity};
use crate::case::{Part, Reading, named, part};
use crate::counted::{Has, Said};
use crate::tame::Tame;
use crate::text::one_line;
use crate::{Found, Keep, Room, duration};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use sidings_proto::{TestCase, TestCounts, TestOutcome};
use std::io::Read;

/// Elements in one another. Suites in suites, as PHPUnit has them, make fewer than ten.
const DEPTH: usize = 100;
/// Remarks on one file.
const REMARKS: usize = 20;

/// Reads one file. Kept cases go to `keep` in their order; whatever is wrong, what came before it counts.
pub fn read(input: impl Read, room: &mut Room, keep: Keep<'_>) -> Found {
    let mut reader = Reader::from_reader(Tame::new(input));
    reader.config_mut().allow_dangling_amp = true;
    let mut file = File::new(room, keep);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let taken = match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) => break,
            Ok(event) => file.take(&event),
            Err(error) => Err(spoken(&error)),
        };
        if let Err(wrong) = taken {
            file.broken(&wrong);
            break;
        }
    }
    file.end(reader.get_ref())
}

/// An element that is open.
#[derive(Debug)]
enum Frame {
    Suite(Suite),
    Case(Box<Reading>),
    Part(Part),
    Other,
}

#[derive(Debug, Default)]
struct Suite {
    name: String,
    file: Option<String>,
    said: Said,
    has: Has,
}

struct File<'a> {
    room: &'a mut Room,
    keep: Keep<'a>,
    open: Vec<Frame>,
    counts: TestCounts,
    remarks: Vec<String>,
    more_remarks: u64,
    not_kept: u64,
    root: Option<String>,
    broken: bool,
    /// A time that is none was told of.
    told_of_time: bool,
    /// Suites failed as such, so that their counts say little.
    of_suites: bool,
}

impl<'a> File<'a> {
    fn new(room: &'a mut Room, keep: Keep<'a>) -> File<'a> {
        File {
            room,
            keep,
            open: Vec::new(),
            counts: TestCounts::default(),
            remarks: Vec::new(),
            more_remarks: 0,
            not_kept: 0,
            root: None,
            broken: false,
            told_of_time: false,
            of_suites: false,
        }
    }

    fn take(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::Start(element) => self.start(element)?,
            Event::Empty(element) => {
                self.start(element)?;
                self.close();
            }
            Event::End(_) => self.close(),
            Event::Text(text) => self.text(text),
            Event::CData(text) => self.text(text),
            Event::GeneralRef(reference) => self.reference(reference),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        if self.open.len() >= DEPTH {
            return Err(format!("its elements are nested more than {DEPTH} deep"));
        }
        let local = element.local_name();
        let name = local.as_ref();
        self.root.get_or_insert_with(|| named(name));
        let in_case = self.case().is_some();
        let frame = match (name, part(name)) {
            ("testsuites" | "testsuite", _) if !in_case => Frame::Suite(self.suite(&Attributes::of(element))),
            ("testcase", _) if !in_case && self.in_report() => self.new_case(&Attributes::of(element)),
            (_, Some(part)) => self.new_part(part, &Attributes::of(element)),
            _ => Frame::Other,
        };
        self.open.push(frame);
        Ok(())
    }

    /// A `testcase` alone is a report, one inside of something else is not.
    fn in_report(&self) -> bool {
        matches!(self.open.last(), None | Some(Frame::Suite(_)))
    }

    fn case(&mut self) -> Option<&mut Reading> {
        self.open.iter_mut().rev().find_map(|frame| match frame {
            Frame::Case(case) => Some(&mut **case),
            Frame::Suite(_) | Frame::Part(_) | Frame::Other => None,
        })
    }

    fn suites(&self) -> impl DoubleEndedIterator<Item = &Suite> {
        self.open.iter().filter_map(|frame| match frame {
            Frame::Suite(suite) => Some(suite),
            Frame::Case(_) | Frame::Part(_) | Frame::Other => None,
        })
    }

    fn suite(&self, attributes: &Attributes) -> Suite {
        let around = self.suites().next_back();
        let own = attributes.any(&["name"]).map(named);
        let file = attributes.any(&["file", "filepath", "filename"]).map(named);
        let said = Said {
            tests: attributes.number(&["tests"]),
            failures: attributes.number(&["failures"]),
            errors: attributes.number(&["errors"]),
            // Catch2 says of every suite that its host is yet to be determined.
            of_assertions: attributes.get("hostname") == Some("tbd"),
        };
        Suite {
            name: own.or_else(|| around.map(|suite| suite.name.clone())).unwrap_or_default(),
            file: file.or_else(|| around.and_then(|suite| suite.file.clone())),
            said,
            has: Has::default(),
        }
    }

    fn new_case(&mut self, attributes: &Attributes) -> Frame {
        let around = self.suites().next_back();
        let class = attributes.any(&["classname", "class"]).map(named);
        let file = attributes.any(&["file", "filepath", "filename"]).map(named);
        let name = attributes.any(&["name"]).map(named);
        let case = TestCase {
            suite: class.or_else(|| around.map(|suite| suite.name.clone())).unwrap_or_default(),
            file: file.or_else(|| around.and_then(|suite| suite.file.clone())),
            name: name.unwrap_or_default(),
            ..TestCase::default()
        };
        if case.name.is_empty() {
            self.remark(format!("a case of {} has no name", suite_of(&case)));
        }
        let took_ms = self.time(attributes, &case);
        Frame::Case(Box::new(Reading::new(TestCase { took_ms, ..case }, said_outcome(attributes))))
    }

    fn time(&mut self, attributes: &Attributes, case: &TestCase) -> Option<u64> {
        let text = attributes.get("time")?;
        duration::milliseconds(text).unwrap_or_else(|()| {
            // One bad clock is told of once, not for each of its cases.
            if !std::mem::replace(&mut self.told_of_time, true) {
                self.remark(format!("the time of {} is no number of seconds: {}", quoted(&case.name), quoted(text)));
            }
            None
        })
    }

    fn new_part(&mut self, part: Part, attributes: &Attributes) -> Frame {
        let (message, kind) = (attributes.get("message").unwrap_or(""), attributes.get("type").unwrap_or(""));
        match self.open.last_mut() {
            Some(Frame::Case(case)) => {
                case.part(part, message, kind);
                Frame::Part(part)
            }
            // Surefire has the output of an earlier try in it.
            Some(Frame::Part(_)) if matches!(part, Part::Output | Part::Errors) => Frame::Part(part),
            // A suite that failed as a whole, such as one that could not be loaded. No count of tests has it.
            Some(Frame::Suite(suite)) if matches!(part, Part::Failure | Part::Error) => {
                let (name, file) = ("(the suite itself)".to_owned(), suite.file.clone());
                let case = TestCase { suite: suite.name.clone(), name, file, ..TestCase::default() };
                self.of_suites = true;
                let mut reading = Reading::of_suite(case);
                reading.part(part, message, kind);
                // The one element is both: its text is the trace, its end the case's.
                Frame::Case(Box::new(reading))
            }
            _ => Frame::Other,
        }
    }

    fn text(&mut self, text: &str) {
        let part = match self.open.last() {
            Some(Frame::Part(part)) => *part,
            Some(Frame::Case(case)) if case.is_of_suite() => Part::Error,
            // The text of an element inside of a part, as markup in a message would be.
            Some(Frame::Other) => match self.open.iter().rev().find(|frame| !matches!(frame, Frame::Other)) {
                Some(Frame::Part(part)) => *part,
                Some(Frame::Suite(_) | Frame::Case(_) | Frame::Other) | None => return,
            },
            Some(Frame::Case(_) | Frame::Suite(_)) | None => return,
        };
        if let Some(case) = self.case() {
            case.text(part, text);
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) {
        match entity(reference) {
            Some(char) => self.text(char.encode_utf8(&mut [0; 4])),
            // An entity of the file's own is not expanded.
            None => self.text(&format!("&{};", &**reference)),
        }
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(Frame::Case(case)) => self.end_case(*case),
            Some(Frame::Suite(suite)) => self.end_suite(&suite),
            Some(Frame::Part(_) | Frame::Other) | None => {}
        }
    }

    fn end_case(&mut self, reading: Reading) {
        let case = reading.end(self.room);
        self.counts.add(case.outcome);
        let suite = self.open.iter_mut().rev().find_map(|frame| match frame {
            Frame::Suite(suite) => Some(suite),
            Frame::Case(_) | Frame::Part(_) | Frame::Other => None,
        });
        if let Some(suite) = suite {
            suite.has.add_own(case.outcome);
        }
        match self.room.cases.checked_sub(1) {
            Some(left) => {
                self.room.cases = left;
                (self.keep)(case);
            }
            None => self.not_kept += 1,
        }
    }

    fn end_suite(&mut self, suite: &Suite) {
        if let Some(Frame::Suite(around)) = self.open.last_mut() {
            around.has.all.add_all(suite.has.all);
        }
        // Of a broken file it goes without saying.
        let differs = suite.said.differs(&suite.has).filter(|_| !self.broken && !self.of_suites);
        if let Some(how) = differs {
            let who =
                if suite.name.is_empty() { "the file".to_owned() } else { format!("suite {}", quoted(&suite.name)) };
            self.remark(format!("{who} {how}"));
        }
    }

    fn remark(&mut self, what: String) {
        if self.remarks.len() < REMARKS {
            self.remarks.push(what);
        } else {
            self.more_remarks += 1;
        }
    }

    /// The file cannot be read on. A case that is open is one only if it is known to have failed.
    fn broken(&mut self, wrong: &str) {
        self.broken = true;
        let within = self.case().map(|case| format!(" (in the case {})", quoted(case.name()))).unwrap_or_default();
        self.remark(format!("{wrong}{within}"));
        while let Some(frame) = self.open.pop() {
            match frame {
                Frame::Case(case) if case.is_bad_already() => self.end_case(*case),
                Frame::Suite(suite) => self.end_suite(&suite),
                Frame::Case(_) | Frame::Part(_) | Frame::Other => {}
            }
        }
    }

    fn end(mut self, tame: &Tame<impl Read>) -> Found {
        if !self.open.is_empty() {
            self.broken("it ends in the middle");
        }
        if let Some(encoding) = tame.unknown_encoding() {
            let encoding = quoted(encoding);
            self.remark(format!("its encoding {encoding} is not known here: other letters than ASCII may be wrong"));
        }
        if tame.has_document_type() {
            self.remark("it has a document type, which is not read".to_owned());
        }
        if self.not_kept > 0 {
            self.remark(format!("{} of its cases are counted and not kept: there are too many", self.not_kept));
        }
        self.remarks.extend(self.nothing());
        if self.more_remarks > 0 {
            self.remarks.push(format!("and {} more", self.more_remarks));
        }
        Found { counts: self.counts, remarks: self.remarks }
    }

    /// Why there is no case, if there is none and that was not said yet.
    fn nothing(&self) -> Option<String> {
        if self.counts.total() > 0 || self.broken {
            return None;
        }
        Some(match self.root.as_deref() {
            None => "there is no XML in it".to_owned(),
            Some("testsuites" | "testsuite") => "it has no cases".to_owned(),
            Some(root) => match foreign(root) {
                Some(whose) => format!("it is no JUnit report but {whose}"),
                None => format!("it is no JUnit report: it begins with <{root}>"),
            },
        })
    }
}

/// What else people name by mistake.
fn foreign(root: &str) -> Option<&'static str> {
    Some(match root {
        "assemblies" | "assembly" => "xUnit.net's own format; run with a JUnit logger",
        "TestRun" => "a TRX file; run with a JUnit logger",
        "test-run" | "test-results" => "NUnit's own format; run with a JUnit logger",
        "Site" => "CTest's own format; run with `ctest --output-junit`",
        "coverage" | "report" => "one of coverage",
        "Catch2TestRun" | "Catch" => "Catch2's own format; run with `--reporter junit`",
        "checkstyle" => "one of Checkstyle",
        "html" => "a web page",
        _ => return None,
    })
}

/// What the attributes of a case say of its end, where tools say it there (GoogleTest, CTest).
fn said_outcome(attributes: &Attributes) -> Option<TestOutcome> {
    let words = [attributes.get("status"), attributes.get("result")];
    words.into_iter().flatten().find_map(|word| match word.to_ascii_lowercase().as_str() {
        "fail" | "failed" | "failure" => Some(TestOutcome::Failed),
        "error" | "errored" => Some(TestOutcome::Errored),
        "skip" | "skipped" | "notrun" | "disabled" | "suppressed" | "ignored" | "pending" => Some(TestOutcome::Skipped),
        _ => None,
    })
}

fn spoken(error: &quick_xml::Error) -> String {
    use quick_xml::Error;
    match error {
        Error::Io(error) => error.to_string(),
        Error::Syntax(_) => "it ends in the middle".to_owned(),
        Error::IllFormed(_) | Error::InvalidAttr(_) | Error::Encoding(_) | Error::Escape(_) | Error::Namespace(_) => {
            format!("it is not well-formed XML: {}", one_line(&error.to_string(), 200))
        }
    }
}

fn suite_of(case: &TestCase) -> String {
    if case.suite.is_empty() { "no suite".to_owned() } else { format!("suite {}", quoted(&case.suite)) }
}

fn quoted(text: &str) -> String {
    format!("`{}`", one_line(text, 100))
}
