//! `tests:` of a job: how its tests are found, run and told of, so that its copies can share them.

use super::Reader;
use super::fields::{At, Fields};
use super::{path, shape};
use crate::diagnostic::Code;
use crate::report::Problem;
use crate::suggest::{did_you_mean, nearest, quoted};
use crate::yaml::Value;
use sidings_proto::split::{Mode, OnFlaky, Preset, Tests};

/// Tries of a test that failed, at most.
pub(super) const MAX_FLAKY_RETRIES: i64 = 5;
/// How often a test that failed is tried again, unless the pipeline says.
const FLAKY_RETRIES: u32 = 1;
/// What `mode` may be.
pub(super) const MODES: [(&str, Mode); 2] = [("batch", Mode::Batch), ("stream", Mode::Stream)];
/// What `on_flaky` may be.
pub(super) const ON_FLAKY: [(&str, OnFlaky); 2] = [("pass", OnFlaky::Pass), ("fail", OnFlaky::Fail)];

impl Reader<'_> {
    pub(super) fn split_tests(&mut self, at: &At<'_, '_>) -> Option<Tests> {
        if let Value::Scalar(scalar) = &at.node.value
            && !at.node.is_null()
        {
            let help = format!("write {}", quoted(&format!("tests: {{ preset: {} }}", scalar.text.trim())));
            self.wrong_type(at, "a map", Some(help));
            return None;
        }
        let fields = self.fields(at, &shape::TESTS)?;
        let preset = fields.get("preset").and_then(|at| self.preset(&at));
        let of_preset = preset.and_then(Preset::scripts);
        let knows_how = of_preset.is_some() || (fields.has_or_meant("preset") && preset.is_none());
        let discover =
            self.test_script(&fields, "discover", of_preset.as_ref().map(|(discover, _)| discover.as_str()), knows_how);
        let run = self.test_script(&fields, "run", of_preset.as_ref().map(|(_, run)| run.as_str()), knows_how);
        let mode = fields.get("mode").and_then(|at| self.split_mode(&at, preset.unwrap_or_default()));
        let mode = mode.unwrap_or_default();
        let junit = fields.get("junit").and_then(|at| self.junit_file(&at));
        let on_flaky = fields.get("on_flaky").and_then(|at| self.on_flaky(&at)).unwrap_or_default();
        let retries = fields.get("max_flaky_retries").and_then(|at| self.flaky_retries(&at));
        Some(Tests {
            suite: String::new(),
            preset: preset.unwrap_or_default(),
            discover: discover?,
            run: run?,
            mode,
            junit,
            on_flaky,
            max_flaky_retries: retries.unwrap_or(FLAKY_RETRIES),
            // It stands beside `tests`, in `parallelism`.
            width: None,
            // That is for whoever asks for a run.
            chosen: None,
            // It stands in a file of its own.
            quarantine: Vec::new(),
        })
    }

    fn preset(&mut self, at: &At<'_, '_>) -> Option<Preset> {
        let known = Preset::ALL.map(Preset::as_str);
        let text = self.text_of(at, "a preset")?;
        let preset = Preset::ALL.into_iter().find(|preset| preset.as_str() == text);
        if preset.is_none() {
            let message = format!("{} is no preset", quoted(&text));
            let help = "any runner that can list its tests and leaves JUnit works with `lines`, `discover` and `run`";
            let problem = Problem::new(Code::BadValue, &at.span, message)
                .expected(known.map(|known| format!("`{known}`")).join(", "))
                .help(help)
                .maybe_help(nearest(&text, known).map(did_you_mean));
            self.report.add(problem);
        }
        preset
    }

    /// A script that the preset may know.
    fn test_script(
        &mut self,
        fields: &Fields<'_, '_>,
        key: &'static str,
        of_preset: Option<&str>,
        knows_how: bool,
    ) -> Option<String> {
        match fields.get(key) {
            Some(at) => self.script(&at),
            None if fields.has_or_meant(key) => None,
            None if knows_how => of_preset.map(str::to_owned),
            None => {
                let (message, help) = match key {
                    "discover" => (
                        "these `tests` do not say how they are found",
                        "add `discover:` with a script that \
                        prints one test a line and runs none, or a `preset`",
                    ),
                    _ => (
                        "these `tests` do not say how they are run",
                        "add `run:` with a script that runs the tests \
                        in `$SPLIT_FILE` and leaves JUnit at `$SPLIT_JUNIT`, or a `preset`",
                    ),
                };
                self.error(Code::MissingKey, fields.span(), message, help);
                None
            }
        }
    }

    fn junit_file(&mut self, at: &At<'_, '_>) -> Option<String> {
        let file = self.text(at)?;
        match path::inside("", &file) {
            Ok(plain) if plain != "." => Some(plain),
            Ok(_) => {
                let message = format!("{} is a folder, but must be a file", quoted(&file));
                self.report.add(Problem::new(Code::BadPath, &at.span, message).help(did_you_mean("report.xml")));
                None
            }
            Err(not) => {
                let message = format!("the path {} {}", quoted(&file), not.why().replace("project", "workspace"));
                self.report.add(Problem::new(Code::BadPath, &at.span, message).expected("a file in the workspace"));
                None
            }
        }
    }

    fn split_mode(&mut self, at: &At<'_, '_>, preset: Preset) -> Option<Mode> {
        let text = self.text_of(at, "`batch` or `stream`")?;
        let Some((_, mode)) = MODES.into_iter().find(|(word, _)| *word == text) else {
            let help = "`batch`: `run` is started for each batch; `stream`: once, and it is told of batches as it goes";
            let problem = Problem::new(Code::BadValue, &at.span, format!("{} is no way to run tests", quoted(&text)))
                .expected("`batch` or `stream`")
                .help(help)
                .maybe_help(nearest(&text, MODES.map(|(word, _)| word)).map(did_you_mean));
            self.report.add(problem);
            return None;
        };
        if mode == Mode::Stream && !preset.can_stream() {
            let message = format!("the preset `{}` cannot be run as a stream", preset.as_str());
            let help = "`pytest` can, and with `lines` any `run` that keeps to its rules";
            self.report.add(Problem::new(Code::BadValue, &at.span, message).help(help));
        }
        Some(mode)
    }

    fn on_flaky(&mut self, at: &At<'_, '_>) -> Option<OnFlaky> {
        let text = self.text_of(at, "`pass` or `fail`")?;
        let found = ON_FLAKY.into_iter().find(|(word, _)| *word == text).map(|(_, on_flaky)| on_flaky);
        if found.is_none() {
            let help = "`pass`: a test that passes when it is tried again is listed; `fail`: it makes the job red";
            let problem = Problem::new(Code::BadValue, &at.span, format!("{} is not what may happen", quoted(&text)))
                .expected("`pass` or `fail`")
                .help(help)
                .maybe_help(nearest(&text, ON_FLAKY.map(|(word, _)| word)).map(did_you_mean));
            self.report.add(problem);
        }
        found
    }

    fn flaky_retries(&mut self, at: &At<'_, '_>) -> Option<u32> {
        let expected = format!("a number from 0 to {MAX_FLAKY_RETRIES}");
        let text = self.text_of(at, &expected)?;
        let number = text.parse::<i64>().ok().filter(|number| (0..=MAX_FLAKY_RETRIES).contains(number));
        if number.is_none() {
            let message = format!("{} is not {expected}", quoted(&text));
            let problem = Problem::new(Code::BadValue, &at.span, message)
                .expected("how often a test that failed is tried again, on another copy");
            self.report.add(problem);
        }
        number.and_then(|number| u32::try_from(number).ok())
    }
}
