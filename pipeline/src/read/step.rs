//! A step, and a `parallel:` group of them.

use super::fields::{At, Fields};
use super::job::Defaults;
use super::when::Place;
use super::{Chosen, Reader, shape, size};
use crate::diagnostic::Code;
use crate::pipeline::{Job, Named, Stage, Step};
use crate::report::Problem;
use crate::source::Span;
use crate::suggest::{did_you_mean, nearest, quoted};
use crate::yaml::{Node, Value};
use sidings_proto::plan::ARGUMENT_MAX;
use sidings_proto::{Command, Environment, Merge};
use std::rc::Rc;

/// Characters of a step's name.
const MAX_NAME: usize = 100;

impl Reader<'_> {
    /// A step, or a group.
    pub(super) fn stage(&mut self, at: &At<'_, '_>, job: &Job, defaults: &Defaults) -> Option<Stage> {
        if is_group(at.node) {
            return self.group(at, job, defaults);
        }
        self.step(at, job, defaults).map(|step| Stage { steps: vec![step], ..Stage::default() })
    }

    fn group(&mut self, at: &At<'_, '_>, job: &Job, defaults: &Defaults) -> Option<Stage> {
        let fields = self.fields(at, &shape::GROUP)?;
        let name = fields.get("name").and_then(|at| self.step_name(&at)).map(|name| name.text);
        let merge = fields.get("merge").and_then(|at| self.merge(&at)).unwrap_or_default();
        let at = fields.get("parallel")?;
        if let Value::Map(_) | Value::Scalar(_) = at.node.value {
            let help = "begin each of its steps with a dash: `- run: make test`";
            self.wrong_type(&at, "a list of steps", Some(help.to_owned()));
            return None;
        }
        let items = self.list(&at)?;
        if items.is_empty() {
            self.error(Code::MissingKey, &at.span, "this `parallel` group has no steps", "add at least one step");
        }
        let steps = items.iter().filter_map(|item| self.sibling(&At::item(item, "a step"), job, defaults)).collect();
        Some(Stage { parallel: true, name, merge, steps })
    }

    fn merge(&mut self, at: &At<'_, '_>) -> Option<Merge> {
        let text = self.text_of(at, "`changes` or `none`")?;
        match text.as_str() {
            "changes" => Some(Merge::Changes),
            "none" => Some(Merge::None),
            other => {
                let meant = match other.to_lowercase().as_str() {
                    "false" | "no" | "never" | "off" | "discard" => Some("none"),
                    "true" | "yes" | "all" | "on" | "always" => Some("changes"),
                    _ => nearest(other, ["changes", "none"]),
                };
                let help = "`changes`: what the siblings changed is merged; `none`: nothing of it is kept";
                let problem =
                    Problem::new(Code::BadValue, &at.span, format!("{} is not a way to merge", quoted(other)))
                        .expected("`changes` or `none`")
                        .help(help)
                        .maybe_help(meant.map(did_you_mean));
                self.report.add(problem);
                None
            }
        }
    }

    fn sibling(&mut self, at: &At<'_, '_>, job: &Job, defaults: &Defaults) -> Option<Step> {
        if is_group(at.node) {
            let help = "steps of one group all run at once; put its steps into this group, or after it";
            self.error(Code::BadValue, &at.span, "a `parallel` group cannot have another one in it", help);
            return None;
        }
        self.step(at, job, defaults)
    }

    fn step(&mut self, at: &At<'_, '_>, job: &Job, defaults: &Defaults) -> Option<Step> {
        if let Value::Scalar(scalar) = &at.node.value
            && !at.node.is_null()
        {
            let help = format!("write {}", quoted(&format!("- run: {}", scalar.text.trim())));
            self.wrong_type(at, "a map", Some(help));
            return None;
        }
        if self.plan_is_full() {
            return None;
        }
        let fields = self.fields(at, &shape::STEP)?;
        let own = self.defaults(&fields, defaults);
        let name = fields.get("name").and_then(|at| self.step_name(&at));
        let place = name.as_ref().map_or(&at.span, |name| &name.span);
        let image = self.image_of(own.image, job, place);
        let command = self.command(&fields);
        self.fits_shell(&fields, &own.shell, &command);
        let texts = size::of_image(&image) + size::of_command(&command) + size::of_variables(&own.environment);
        if !self.spend(texts + size::STEP, place) {
            return None;
        }
        Some(Step {
            image,
            command,
            environment: own.environment,
            working_directory: own.working_directory,
            shell: own.shell,
            resources: own.resources,
            when: fields.get("when").and_then(|at| self.when(&at, Place::Step)),
            timeout_ms: fields.get("timeout").and_then(|at| self.timeout(&at)),
            allow_failure: fields.get("allow_failure").and_then(|at| self.truth(&at)).unwrap_or(false),
            name,
        })
    }

    /// Where it is wrong something takes its place, which is never planned.
    pub(super) fn image_of(&mut self, chosen: Chosen, job: &Job, place: &Span) -> Rc<Environment> {
        match chosen {
            Chosen::Is(environment) => return environment,
            Chosen::Broken => {}
            Chosen::Unsaid => self.no_image(job, place),
        }
        Rc::new(Environment::Image { reference: String::new() })
    }

    fn command(&mut self, fields: &Fields<'_, '_>) -> Command {
        match (fields.entry("run"), fields.entry("commands")) {
            (None, None) => Command::Image,
            (Some(run), None) => Command::Run { script: self.script(&At::value_of(run)).unwrap_or_default() },
            (None, Some(commands)) => Command::Commands { commands: self.commands(&At::value_of(commands)) },
            (Some(run), Some(commands)) => {
                let (first, second) =
                    if run.key.span.start < commands.key.span.start { (run, commands) } else { (commands, run) };
                let problem =
                    Problem::new(Code::ConflictingKeys, &second.key.span, "`run` and `commands` stand together here")
                        .expected("one of the two")
                        .related(&first.key.span, "the other is here")
                        .help("`run` is one script, `commands` a list; keep one, or make two steps");
                self.report.add(problem);
                Command::Image
            }
        }
    }

    pub(super) fn script(&mut self, at: &At<'_, '_>) -> Option<String> {
        if let Value::List(_) = at.node.value {
            let help = "a list of commands belongs under `commands:`; a script of several lines begins with `run: |`";
            self.wrong_type(at, "a text", Some(help.to_owned()));
            return None;
        }
        let script = self.text(at)?;
        if script.trim().is_empty() {
            let help = "write a command, or take the key out to run the image's own command";
            self.error(Code::BadValue, &at.span, format!("{} is empty", at.what), help);
            return None;
        }
        self.fits(at, script.len(), "put it into a file of the project and run that").then_some(script)
    }

    /// Whether it can be given to a program.
    pub(super) fn fits(&mut self, at: &At<'_, '_>, bytes: usize, help: &str) -> bool {
        if bytes > ARGUMENT_MAX {
            let message = format!("{} has {bytes} bytes; the limit is {} KiB", at.what, ARGUMENT_MAX / 1024);
            self.error(Code::Limit, &at.span, message, help);
        }
        bytes <= ARGUMENT_MAX
    }

    fn commands(&mut self, at: &At<'_, '_>) -> Vec<String> {
        if let Value::Scalar(_) = at.node.value
            && !at.node.is_null()
        {
            let help = "one script belongs under `run:`; or begin each command with a dash";
            self.wrong_type(at, "a list of texts", Some(help.to_owned()));
            return Vec::new();
        }
        let Some(items) = self.list(at) else { return Vec::new() };
        if items.is_empty() {
            let help = "write a command, or take the key out to run the image's own command";
            self.error(Code::BadValue, &at.span, "`commands` is an empty list", help);
        }
        let commands: Vec<String> = items.iter().filter_map(|item| self.one_command(item)).collect();
        let bytes = commands.iter().map(|command| size::as_printed_and_run(command)).sum();
        let help = "each counts twice, for it is printed and run; put some into a file of the project and run that";
        if self.fits(at, bytes, help) { commands } else { Vec::new() }
    }

    /// A command with a `: ` in it is a map to YAML.
    fn one_command(&mut self, item: &Node<'_>) -> Option<String> {
        let at = At::item(item, "a command");
        if let Value::Map(_) = item.value {
            let help = "a text with `: ` in it needs quotes: `- 'echo \"name: value\"'`";
            self.wrong_type(&at, "a text", Some(help.to_owned()));
            return None;
        }
        self.script(&at)
    }

    fn step_name(&mut self, at: &At<'_, '_>) -> Option<Named> {
        let name = self.named(at)?;
        let right = !name.text.trim().is_empty() && !name.text.contains(char::is_control);
        if !right || name.text.chars().count() > MAX_NAME {
            let blank = name.text.trim().is_empty();
            let message = format!("{} cannot be the name of a step", quoted(&name.text));
            let message = if blank { "the name of a step is empty".to_owned() } else { message };
            self.error(Code::BadValue, &name.span, message, "one line of 1 to 100 characters");
            return None;
        }
        Some(name)
    }
}

fn is_group(node: &Node<'_>) -> bool {
    matches!(&node.value, Value::Map(entries) if entries.iter().any(|entry| entry.key.text == "parallel"))
}
