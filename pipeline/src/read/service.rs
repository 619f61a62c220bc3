//! `services:` of a job: containers beside its steps.

use super::fields::{At, Fields};
use super::{Chosen, Reader, shape, size};
use crate::diagnostic::Code;
use crate::pipeline::{Named, Service};
use crate::report::Problem;
use crate::suggest::quoted;
use crate::words;
use crate::yaml::{Entry, Key, Kind, Value};
use sidings_proto::{Environment, Healthcheck};
use std::rc::Rc;
use std::time::Duration;

/// What a check has where the file is silent.
const INTERVAL_MS: u64 = 500;
const TIMEOUT_MS: u64 = 10_000;
const START_PERIOD_MS: u64 = 60_000;
const RETRIES: u32 = 3;
/// A DNS label has no more characters.
const MAX_NAME: usize = 63;
pub(super) const MAX_RETRIES: u32 = 1000;
const HOUR: Duration = Duration::from_secs(3600);

impl Reader<'_> {
    pub(super) fn services(&mut self, at: &At<'_, '_>) -> Vec<Service> {
        if let Value::List(_) = at.node.value {
            let help = "write each service as `NAME:` with its keys below, without a dash";
            self.wrong_type(at, "a map of services by their names", Some(help.to_owned()));
            return Vec::new();
        }
        let entries = self.map(at).unwrap_or_default();
        entries.iter().filter_map(|entry| self.service(entry)).collect()
    }

    fn service(&mut self, entry: &Entry<'_>) -> Option<Service> {
        self.service_name(&entry.key);
        let name = entry.key.text.to_string();
        let at = At { what: format!("service {}", quoted(&name)), ..At::value_of(entry) };
        if let Value::Scalar(scalar) = &at.node.value
            && !at.node.is_null()
        {
            let help = format!("write `{name}: {{ image: \"{}\" }}`", scalar.text);
            self.wrong_type(&at, "a map with `build` or `image`", Some(help));
            return None;
        }
        let fields = self.fields(&at, &shape::SERVICE)?;
        let image = self.service_image(&fields, &entry.key);
        let service = Service {
            name: Named { text: name, span: entry.key.span.clone() },
            image: image.unwrap_or_else(|| Rc::new(Environment::Image { reference: String::new() })),
            entrypoint: fields.get("entrypoint").and_then(|at| self.program(&at)),
            command: fields.get("command").and_then(|at| self.program(&at)),
            environment: fields.get("environment").map(|at| self.variables(&at)).unwrap_or_default(),
            healthcheck: fields.get("healthcheck").and_then(|at| self.healthcheck(&at)),
        };
        let bytes = size::of_image(&service.image) + size::of_variables(&service.environment);
        self.spend(bytes, &entry.key.span).then_some(service)
    }

    /// It has none from around it: what runs beside the steps is seldom what they run in.
    fn service_image(&mut self, fields: &Fields<'_, '_>, key: &Key<'_>) -> Option<Rc<Environment>> {
        match self.chosen(fields) {
            Chosen::Is(image) => Some(image),
            Chosen::Broken => None,
            Chosen::Unsaid => {
                let message = format!("service {} has neither `build` nor `image`", quoted(&key.text));
                self.error(Code::MissingKey, &key.span, message, "add `image: REFERENCE`, or `build: FOLDER`");
                None
            }
        }
    }

    fn service_name(&mut self, key: &Key<'_>) {
        let name = key.text.as_ref();
        let inner = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let right = inner && !name.starts_with('-') && !name.ends_with('-') && name.len() <= MAX_NAME;
        if name.is_empty() || (right && name != "localhost") {
            return;
        }
        let message = format!("{} cannot be the name of a service", quoted(name));
        let help = if name == "localhost" {
            "that is each container itself; give it another name"
        } else {
            "steps reach it by this name: lower-case letters, digits and `-` between them, at most 63 characters"
        };
        self.error(Code::BadValue, &key.span, message, help);
    }

    /// A program and its arguments: a list, or a text that is split as a shell would.
    pub(super) fn program(&mut self, at: &At<'_, '_>) -> Option<Vec<String>> {
        if let Value::List(_) = at.node.value {
            let words = self.texts(at, "a text, or a list of texts")?;
            return Some(words.into_iter().map(|word| word.text).collect());
        }
        let text = self.text_of(at, "a text, or a list of texts")?;
        match words::split(&text) {
            Some(words) if !words.is_empty() => return Some(words),
            Some(_) => {
                let help = "write a program, or take the key out to leave it to the image";
                self.error(Code::BadValue, &at.span, format!("{} is empty", at.what), help);
            }
            None => {
                let message = format!("{} has a quote that is not closed", at.what);
                self.error(Code::BadValue, &at.span, message, "close it, or write a list of texts");
            }
        }
        None
    }

    fn healthcheck(&mut self, at: &At<'_, '_>) -> Option<Healthcheck> {
        if let Value::Scalar(scalar) = &at.node.value
            && !at.node.is_null()
        {
            let help = format!("write `{{ test: {} }}`", scalar.text.trim());
            self.wrong_type(at, "a map with `test`", Some(help));
            return None;
        }
        let fields = self.fields(at, &shape::HEALTHCHECK)?;
        let test = match fields.get("test") {
            Some(at) => self.health_test(&at),
            None if fields.has_or_meant("test") => None,
            None => {
                let help = "add `test:`, a command that ends with code 0 once the service is ready";
                self.error(Code::MissingKey, fields.span(), "this `healthcheck` has no `test`", help);
                None
            }
        };
        let millisecond = Duration::from_millis(1);
        Some(Healthcheck {
            interval_ms: self.time(&fields, "interval", millisecond).unwrap_or(INTERVAL_MS),
            timeout_ms: self.time(&fields, "timeout", millisecond).unwrap_or(TIMEOUT_MS),
            start_period_ms: self.time(&fields, "start_period", Duration::ZERO).unwrap_or(START_PERIOD_MS),
            retries: fields.get("retries").and_then(|at| self.check_retries(&at)).unwrap_or(RETRIES),
            test: test?,
        })
    }

    fn time(&mut self, fields: &Fields<'_, '_>, key: &str, shortest: Duration) -> Option<u64> {
        fields.get(key).and_then(|at| self.duration(&at, shortest, HOUR))
    }

    fn check_retries(&mut self, at: &At<'_, '_>) -> Option<u32> {
        let number = match &at.node.value {
            Value::Scalar(scalar) if scalar.kind == Kind::Number => scalar.text.parse().ok(),
            Value::Scalar(_) | Value::List(_) | Value::Map(_) | Value::Broken => {
                self.wrong_type(at, "a whole number", None);
                return None;
            }
        };
        let right = number.filter(|number| (1..=MAX_RETRIES).contains(number));
        if right.is_none() {
            let problem = Problem::new(Code::BadValue, &at.span, "so many failed checks in a row are out of bounds")
                .expected(format!("a whole number from 1 to {MAX_RETRIES}"));
            self.report.add(problem);
        }
        right
    }

    /// As in Compose: a text is for the shell, a list begins with how it is run.
    fn health_test(&mut self, at: &At<'_, '_>) -> Option<Vec<String>> {
        if let Value::Scalar(_) = at.node.value {
            let text = self.text_of(at, "a text, or a list of texts")?;
            return self.shell_test(at, text);
        }
        let words = self.texts(at, "a text, or a list of texts")?;
        let words: Vec<String> = words.into_iter().map(|word| word.text).collect();
        match words.split_first() {
            Some((form, rest)) if form == "NONE" && rest.is_empty() => Some(Vec::new()),
            Some((form, rest)) if form == "CMD" && !rest.is_empty() => Some(rest.to_vec()),
            Some((form, [script])) if form == "CMD-SHELL" => self.shell_test(at, script.clone()),
            Some(_) | None => {
                let problem = Problem::new(Code::BadValue, &at.span, "this list is no `test`")
                    .expected("`[CMD, PROGRAM, ARGUMENT…]`, `[CMD-SHELL, SCRIPT]` or `[NONE]`")
                    .help("a text alone is a script for the shell");
                self.report.add(problem);
                None
            }
        }
    }

    fn shell_test(&mut self, at: &At<'_, '_>, script: String) -> Option<Vec<String>> {
        if script == "NONE" {
            return Some(Vec::new());
        }
        if script.trim().is_empty() {
            let help = "write a command that ends with code 0 once the service is ready";
            self.error(Code::BadValue, &at.span, format!("{} is empty", at.what), help);
            return None;
        }
        Some(vec!["/bin/sh".to_owned(), "-c".to_owned(), script])
    }
}
