//! Steps: commands are carried over, actions become advice.

use super::texts::Texts;
use super::{advice, expression, job};
use crate::fields::{Field, Fields};
use crate::job::{self as common, Job};
use crate::names;
use crate::notes::Notes;
use crate::out::{Map, Out};

/// Commands whose effect is mostly outside of the workspace.
const INSTALLERS: [&str; 10] = [
    "apt-get install",
    "apt install",
    "apk add",
    "pip install",
    "pip3 install",
    "npm install -g",
    "npm i -g",
    "gem install",
    "cargo install",
    "go install",
];

pub(super) fn steps(field: Field, texts: &Texts, job: &mut Job, notes: &mut Notes) -> Vec<Map> {
    let items = field.items();
    let last = items.len().saturating_sub(1);
    let mut all: Vec<Map> = Vec::new();
    for (at, item) in items.into_iter().enumerate() {
        let mark = notes.mark();
        let Some(fields) = notes.fields(item.clone()) else { continue };
        let Some(mut step) = step(fields, texts, job, notes) else { continue };
        let installs = item
            .node
            .get("run")
            .and_then(|run| run.text())
            .is_some_and(|run| INSTALLERS.iter().any(|installer| run.contains(installer)));
        if installs && at < last {
            notes.changed(
                &item,
                "what it installs beside the workspace is gone in the next step: better in the Dockerfile",
            );
        }
        step.comments.extend(notes.comments_since(mark));
        all.push(unlike(step, &all));
    }
    all
}

/// Steps of a job have different names.
fn unlike(mut step: Map, others: &[Map]) -> Map {
    let Some(Out::Text(name)) = step.get("name").cloned() else { return step };
    let is_taken = |name: &str| others.iter().any(|other| other.get("name") == Some(&Out::Text(name.to_owned())));
    if is_taken(&name) {
        let free = (2..1000).map(|count| format!("{} ({count})", name.chars().take(90).collect::<String>()));
        if let Some(free) = free.into_iter().find(|name| !is_taken(name)) {
            step.set("name", free);
        }
    }
    step
}

fn step(mut fields: Fields, texts: &Texts, job: &mut Job, notes: &mut Notes) -> Option<Map> {
    if let Some(uses) = fields.take("uses") {
        action(uses, fields, texts, job, notes);
        return None;
    }
    let mut map = Map::tall();
    if let Some(field) = fields.take("name") {
        map.set_some("name", notes.text(&field).map(|name| names::step(&texts.shown(&name))));
    }
    let condition = fields.take("if");
    let mut texts = texts.clone();
    let mut environment = fields.take("env").map(|field| texts.variables(field, notes)).unwrap_or_default();
    texts.env.extend(super::texts::known(&environment));
    let run = fields.take("run");
    let own = fields.take("shell").map(|field| (super::shell(&field, notes), field));
    let shell = match &own {
        // What runs it is not known, and neither is how it replaces anything.
        Some((shell, _)) => Some(shell.as_deref().unwrap_or("unknown")),
        None => job.shell.as_deref(),
    };
    let script = run.and_then(|field| texts.script(&field, shell, &mut environment, notes));
    map.set_some("run", script);
    if let Some(field) = condition {
        when(&field, &texts, &mut map, notes);
    }
    map.set_map("environment", environment);
    if let Some(field) = fields.take("working-directory") {
        map.set_some("working_directory", texts.plain(&field, notes));
    }
    if let Some(field) = fields.take("timeout-minutes") {
        map.set_some("timeout", job::minutes(&field, notes));
    }
    if let Some(field) = fields.take("continue-on-error")
        && notes.truth(&field) == Some(true)
    {
        map.set("allow_failure", true);
    }
    map.set_some("shell", own.and_then(|(shell, _)| shell));
    notes.rest(fields, advice);
    map.get("run").is_some().then_some(map)
}

fn when(field: &Field, texts: &Texts, map: &mut Map, notes: &mut Notes) {
    let Some(text) = notes.text(field) else { return };
    match expression::condition(&text, &texts.axes) {
        Some(any) if any.is_always() => notes.changed(field, &format!("`{text}` is always true here")),
        Some(any) if !any.is_never() => map.set("when", any.into_out()),
        Some(_) | None => {
            map.off = true;
            notes.list(
                field,
                &format!("`{text}` cannot be said as a condition; the step is left out until you write one"),
            );
        }
    }
}

/// What an action does is not known here; what is to be done instead often is.
fn action(uses: Field, mut fields: Fields, texts: &Texts, job: &mut Job, notes: &mut Notes) {
    let Some(text) = notes.text(&uses) else { return notes.rest(fields, advice) };
    let name = text.split('@').next().unwrap_or_default();
    let with = fields.take("with");
    match name {
        "actions/upload-artifact" => artifact(with, fields.take("if").as_ref(), texts, job, notes),
        "actions/cache" => cache(with, texts, job, notes),
        _ => {
            notes.list(&uses, &format!("`{text}`: {}", instead(name)));
            for field in with.iter().filter_map(Field::entries).flatten() {
                notes.list(&field, &shown(&field));
            }
        }
    }
    for field in fields.into_left() {
        notes.list(&field, "it belongs to an action");
    }
}

/// What an action was told is worth seeing where its work is to be done otherwise.
fn shown(field: &Field) -> String {
    match field.node.text() {
        Some(text) if !text.contains('\n') && text.len() < 100 => format!("`{text}` belongs to the action"),
        Some(_) | None => "it belongs to the action".to_owned(),
    }
}

fn instead(name: &str) -> &'static str {
    match name {
        "actions/checkout" => "the files of the commit are in the workspace of every job",
        "actions/setup-python" => "install this Python in the Dockerfile, or begin it `FROM` an image that has it",
        "actions/setup-node" => "install this Node in the Dockerfile, or begin it `FROM` an image that has it",
        "actions/setup-java" => "install this JDK in the Dockerfile, or begin it `FROM` an image that has it",
        "actions/setup-go" => "install this Go in the Dockerfile, or begin it `FROM` an image that has it",
        "actions/setup-dotnet" => "install this .NET in the Dockerfile, or begin it `FROM` an image that has it",
        "actions/download-artifact" => "what the jobs in `needs` kept is in the workspace already, where it was",
        "docker/setup-buildx-action" | "docker/setup-qemu-action" => {
            "there is no Docker inside of a job; images are built by the runner, see `build`"
        }
        "docker/build-push-action" | "docker/login-action" => {
            "there is no Docker inside of a job; an image may be built and pushed by a program that needs none"
        }
        name if name.contains("/setup-") || name.contains("toolchain") || name.starts_with("ruby/") => {
            "install this in the Dockerfile, or begin it `FROM` an image that has it"
        }
        name if name.contains("cache") => "what a job always needs belongs into its image, where it is found again",
        name if name.starts_with("./") => "write what it does as commands",
        _ => "there are no actions here: what it does is to be written as commands",
    }
}

fn artifact(with: Option<Field>, condition: Option<&Field>, texts: &Texts, job: &mut Job, notes: &mut Notes) {
    let Some(mut inner) = with.and_then(|field| notes.fields(field)) else { return };
    let mut map = Map::default();
    if let Some(field) = inner.take("path") {
        let text = texts.plain(&field, notes).unwrap_or_default();
        let lines: Vec<String> =
            text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
        let paths = common::kept(&field, &lines, "", notes);
        if paths.iter().any(|path| !path.starts_with('!')) {
            map.set("paths", paths);
        }
    }
    match condition.and_then(|field| field.node.text()) {
        Some("always()" | "!cancelled()" | "${{ always() }}" | "${{ !cancelled() }}") => map.set("when", "always"),
        Some("failure()" | "${{ failure() }}") => map.set("when", "on_failure"),
        Some(_) | None => {
            condition.iter().for_each(|field| notes.list(field, "what a job keeps asks only how the job ended"))
        }
    }
    if let Some(field) = inner.take("retention-days") {
        map.set_some("expire_in", notes.number(&field, 365).filter(|days| *days > 0).map(|days| format!("{days}d")));
    }
    notes.rest(inner, |_| "what a job keeps is told by its paths");
    if map.get("paths").is_some() {
        job.artifacts.push(map);
    }
}

fn cache(with: Option<Field>, texts: &Texts, job: &mut Job, notes: &mut Notes) {
    let Some(mut inner) = with.and_then(|field| notes.fields(field)) else { return };
    let (key, path) = (inner.take("key"), inner.take("path"));
    let before = inner.take("restore-keys");
    if let (Some(key), Some(path)) = (key, path) {
        let name = keyed(&key, &notes.text(&key).unwrap_or_default(), texts, notes);
        let paths = texts.plain(&path, notes).unwrap_or_default();
        let paths: Vec<String> = lines(&paths).map(|line| at_home(&path, line, notes)).collect();
        let mut map = Map::default().with("key", name);
        if let Some(field) = before {
            let text = notes.text(&field).unwrap_or_default();
            let keys: Vec<String> = lines(&text).map(|line| keyed(&field, line, texts, notes)).collect();
            map.set("restore_keys", keys);
        }
        job.cache.push(map.with("paths", paths).into());
    }
    notes.rest(inner, |_| "a cache has `key`, `paths` and `restore_keys`");
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn at_home(field: &Field, path: &str, notes: &mut Notes) -> String {
    match path.strip_prefix('~') {
        Some(rest) => {
            notes.changed(field, "`~` is taken for `/root`; if the image has another user, write that one's home");
            format!("/root{rest}")
        }
        None => path.to_owned(),
    }
}

/// A key with sums of files in it. What is not known stays as a word.
fn keyed(field: &Field, text: &str, texts: &Texts, notes: &mut Notes) -> String {
    let hashed = hashed(text);
    if !texts.is_known(&hashed) {
        notes.changed(field, "not all of it is known here: what is not is the same word in every run");
    }
    texts.shown(&hashed)
}

/// `${{ hashFiles('a') }}` as `${checksum(a)}`.
fn hashed(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let Some((inner, after)) = after.split_once("}}") else { break };
        out.push_str(before);
        match files(inner) {
            Some(files) => out.push_str(&format!("${{checksum({})}}", files.join(", "))),
            None => out.push_str(&format!("${{{{{inner}}}}}")),
        }
        rest = after;
    }
    out + rest
}

/// The patterns of `hashFiles('a', 'b')`, if they are such here.
fn files(inner: &str) -> Option<Vec<String>> {
    let inner = inner.trim().strip_prefix("hashFiles(")?.strip_suffix(')')?;
    let one = |file: &str| crate::glob::of_glob(file.trim().trim_matches(['\'', '"']));
    inner.split(',').map(one).collect()
}
