//! One job of a workflow.

use super::texts::Texts;
use super::{File, advice, concurrency, expression, matrix, steps};
use crate::condition::Any;
use crate::fields::{Field, Fields};
use crate::job::Job;
use crate::names;
use crate::notes::Notes;
use crate::out::{Map, Out};

impl File {
    pub(super) fn job(&self, field: Field, workflow: &str, notes: &mut Notes) -> Option<Job> {
        let mark = notes.mark();
        let mut fields = notes.fields(field.clone())?;
        let mut job = Job::default();
        let matrix = fields.take("strategy").map(|field| matrix::strategy(field, notes)).unwrap_or_default();
        job.matrix = matrix.map;
        let mut texts = Texts { workflow: workflow.to_owned(), axes: matrix.axes, env: self.env.clone() };
        let name = fields.take("name").and_then(|field| notes.text(&field));
        self.needs(&mut fields, &mut job, notes);
        if let Some(field) = fields.take("if") {
            condition(&field, &texts, &mut job, notes);
        }
        if let Some(field) = fields.take("env") {
            job.environment = texts.variables(field, notes);
            texts.env.extend(super::texts::known(&job.environment));
        }
        let (folder, shell) = fields.take("defaults").map(|field| super::defaults(field, notes)).unwrap_or_default();
        job.working_directory = folder.or_else(|| self.working_directory.clone());
        job.shell = shell.or_else(|| self.shell.clone());
        // On GitHub's machine a script is given to bash, in a container to its `sh`.
        if job.shell.is_none() && !fields.has("container") {
            job.shell = Some("bash".to_owned());
        }
        machine(&mut fields, &texts, &mut job, notes);
        limits(&mut fields, &texts, &mut job, notes);
        if let Some(field) = fields.take("steps") {
            job.steps = steps::steps(field, &texts, &mut job, notes);
        }
        notes.rest(fields, advice);
        job.ask_of_needs_only(field.line, &field.path, notes);
        job.comments = name.map(|name| texts.shown(&name)).into_iter().collect();
        job.comments.extend(notes.comments_since(mark));
        Some(job)
    }

    fn needs(&self, fields: &mut Fields, job: &mut Job, notes: &mut Notes) {
        for item in fields.take("needs").map(Field::items).unwrap_or_default() {
            let Some(text) = notes.text(&item) else { continue };
            match self.names.get(&text) {
                Some(name) => job.needs.push(name.as_str().into()),
                None => notes.list(&item, "there is no such job in this file"),
            }
        }
    }
}

fn condition(field: &Field, texts: &Texts, job: &mut Job, notes: &mut Notes) {
    let Some(text) = notes.text(field) else { return };
    match expression::condition(&text, &texts.axes) {
        Some(any) if any.is_never() => {
            job.approval = true;
            notes.changed(field, &format!("`{text}` is never true; here the job waits for a person"));
        }
        Some(any) => {
            if text.contains("github.repository") {
                notes.changed(field, "the project is taken to be the repository that is asked for");
            }
            job.when = Some(any);
        }
        None => {
            job.approval = true;
            let told =
                format!("`{text}` cannot be said as a condition; the job waits for a person until you write one");
            notes.changed(field, &told);
        }
    }
}

/// `runs-on`, `container` and `services`.
fn machine(fields: &mut Fields, texts: &Texts, job: &mut Job, notes: &mut Notes) {
    if let Some(field) = fields.take("runs-on") {
        runs_on(field, job, notes);
    }
    if let Some(field) = fields.take("container") {
        container(field, texts, job, notes);
    }
    let Some(services) = fields.take("services").and_then(|field| notes.fields(field)) else { return };
    for field in services.into_left() {
        let name = names::service(&field.key);
        if name != field.key {
            notes.changed(&field, &format!("the service is reached as `{name}`, at its own port"));
        }
        if let Some(map) = service(field, texts, notes) {
            job.services.set(&name, map);
        }
    }
}

fn runs_on(field: Field, job: &mut Job, notes: &mut Notes) {
    let mut of_github = false;
    let all = if field.is_map() { Vec::new() } else { field.clone().items() };
    if field.is_map() {
        notes.list(&field, "runners have labels, see `labels`; groups of them there are none");
    }
    for item in all {
        let Some(text) = notes.text(&item) else { continue };
        let word = text.to_ascii_lowercase();
        if word.starts_with("ubuntu-") {
            of_github = true;
            if word.ends_with("-arm") {
                job.labels.set("arch", "arm64");
            }
        } else if word.contains("${{") {
            notes.list(&item, "the image decides; for other machines see `labels`");
        } else if word.starts_with("windows") || word.starts_with("macos") {
            notes.list(&item, "jobs run in Linux containers; this one has to be written anew");
        } else {
            label(&item, &word, job, notes);
        }
    }
    if of_github {
        notes.list(&field, "GitHub's machine has many tools; here a job has those of its image, see the Dockerfile");
    }
}

fn label(item: &Field, word: &str, job: &mut Job, notes: &mut Notes) {
    match word {
        "self-hosted" => {}
        "linux" => job.labels.set("os", "linux"),
        "x64" => job.labels.set("arch", "amd64"),
        "arm64" => job.labels.set("arch", "arm64"),
        word => match names::label(word) {
            Some((name, value)) => job.labels.set(&name, value),
            None => notes.list(item, "it cannot be the name of a label"),
        },
    }
}

fn container(field: Field, texts: &Texts, job: &mut Job, notes: &mut Notes) {
    let image = if field.is_map() {
        let Some(mut inner) = notes.fields(field) else { return };
        if let Some(env) = inner.take("env") {
            job.environment.entries.extend(texts.variables(env, notes).entries);
        }
        let image = inner.take("image");
        notes.rest(inner, advice);
        image
    } else {
        Some(field)
    };
    let Some(image) = image else { return };
    job.image = texts.plain(&image, notes).and_then(|text| names::image(&image, &text, notes));
}

fn service(field: Field, texts: &Texts, notes: &mut Notes) -> Option<Map> {
    let mut inner = notes.fields(field)?;
    let (image, env, options) = (inner.take("image"), inner.take("env"), inner.take("options"));
    let ports = inner.take("ports");
    notes.rest(inner, advice);
    if let Some(ports) = ports {
        notes.list(&ports, "the service is reached by its name instead of `localhost`, at its own ports");
    }
    let image = image?;
    let name = texts.plain(&image, notes).and_then(|text| names::image(&image, &text, notes))?;
    let mut map = Map::default().with("image", name);
    map.set_map("environment", env.map(|env| texts.variables(env, notes)).unwrap_or_default());
    if let Some(options) = options {
        map.set_map("healthcheck", healthcheck(&options, notes));
    }
    Some(map)
}

/// What `docker create` is told about health; the rest of its options is listed.
fn healthcheck(field: &Field, notes: &mut Notes) -> Map {
    let mut check = Map::default();
    let Some(text) = notes.text(field) else { return check };
    let mut words = words(&text).into_iter().peekable();
    let mut others = Vec::new();
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option.to_owned(), Some(value.to_owned())),
            None => (word.clone(), None),
        };
        let key = match option.as_str() {
            "--health-cmd" => "test",
            "--health-interval" => "interval",
            "--health-timeout" => "timeout",
            "--health-start-period" => "start_period",
            "--health-retries" => "retries",
            _ => {
                others.push(word);
                continue;
            }
        };
        let Some(value) = value.or_else(|| words.next()) else { continue };
        match key {
            "retries" => match value.parse::<u32>() {
                Ok(retries) => check.set("retries", retries.clamp(1, 100)),
                Err(_) => others.push(option),
            },
            "test" => check.set("test", value),
            key => check.set_some(key, names::duration(&value)),
        }
    }
    if !others.is_empty() {
        notes.list(field, &format!("`{}`: {}", others.join(" "), advice("options")));
    }
    if check.get("test").is_some() { check } else { Map::default() }
}

/// Words as a shell splits them, quotes taken off.
fn words(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let (mut word, mut quote, mut begun) = (String::new(), None, false);
    for char in text.chars() {
        match (quote, char) {
            (None, '"' | '\'') => (quote, begun) = (Some(char), true),
            (Some(open), char) if open == char => quote = None,
            (None, char) if char.is_whitespace() => {
                if begun {
                    all.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            (_, char) => {
                word.push(char);
                begun = true;
            }
        }
    }
    all.extend(begun.then_some(word));
    all
}

fn limits(fields: &mut Fields, texts: &Texts, job: &mut Job, notes: &mut Notes) {
    job.timeout = fields.take("timeout-minutes").and_then(|field| minutes(&field, notes));
    if let Some(field) = fields.take("continue-on-error") {
        job.allow_failure = notes.truth(&field).unwrap_or(false);
    }
    if let Some(field) = fields.take("concurrency") {
        let group: Option<Out> = concurrency(field, texts, notes);
        job.concurrency = group;
    }
    if job.when.as_ref().is_some_and(Any::is_always) {
        job.when = None;
    }
}

pub(super) fn minutes(field: &Field, notes: &mut Notes) -> Option<String> {
    let text = notes.text(field)?;
    let written = text.parse::<f64>().ok().and_then(|minutes| names::duration(&format!("{minutes}m")));
    if written.is_none() {
        notes.list(field, "it is not a number of minutes");
    }
    written
}
