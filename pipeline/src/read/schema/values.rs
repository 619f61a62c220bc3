//! What a value of each key looks like, with a word for who hovers over it.

use super::Writer;
use super::kinds::{duration, form, map, of_matrix, one_or_list, text, texts, truth, variables, whole, word};
use crate::read::shape::{self, Shape};
use crate::read::{artifacts, concurrency, copies, inputs, resources, schedule, secret, service, split, status, when};
use serde_json::{Value, json};
use sidings_proto::split::Preset;
use sidings_proto::{Cancel, FailureClass, Keep, Trigger};

const JOB_NAME: &str = "^[A-Za-z0-9]([A-Za-z0-9._ -]{0,62}[A-Za-z0-9._-])?$";
const IMAGE_NAME: &str = "^[A-Za-z0-9][A-Za-z0-9._-]*$";
const SERVICE_NAME: &str = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";
const LABEL: &str = "^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$";
const INPUT_NAME: &str = "^[a-z][a-z0-9_]{0,63}$";
const SECRET_NAME: &str = "^[A-Za-z_][A-Za-z0-9_.-]{0,99}$";
const AXIS: &str = "^[A-Za-z_][A-Za-z0-9_-]*$";
/// A path that does not begin at the root, for where one must stay inside of the project.
const RELATIVE: &str = "^[^/]";

/// The value of a key of a part, none if nobody said.
pub(super) fn of(writer: &mut Writer, part: &'static Shape, key: &str) -> Option<Value> {
    let own = match part.what {
        what if what == shape::PIPELINE.what => pipeline(writer, key),
        what if what == shape::JOB.what => job(writer, key),
        what if what == shape::STEP.what => step(key),
        what if what == shape::GROUP.what => group(writer, key),
        what if what == shape::WHEN.what => condition(writer, key),
        what if what == shape::SERVICE.what => service(writer, key),
        what if what == shape::HEALTHCHECK.what => healthcheck(key),
        what if what == shape::SCHEDULE.what => scheduled(key),
        what if what == shape::ARTIFACTS.what => artifacts(key),
        what if what == shape::CACHE.what => cache(key),
        what if what == shape::TESTS.what => tests(key),
        what if what == shape::PARALLELISM.what => parallelism(key),
        what if what == shape::BUILD.what => build(writer, key).or_else(|| small(key, part)),
        _ => small(key, part),
    };
    let (value, says) = own.or_else(|| common(writer, key))?;
    // What stands beside a reference is not read in this version of JSON Schema.
    Some(match value.get("$ref") {
        Some(_) => json!({ "allOf": [value], "description": says }),
        None => {
            let mut value = value;
            value["description"] = json!(says);
            value
        }
    })
}

type Said = Option<(Value, &'static str)>;

/// Keys that mean the same wherever they stand.
fn common(writer: &mut Writer, key: &str) -> Said {
    Some(match key {
        "build" => {
            let map = writer.part(&shape::BUILD);
            (
                json!({ "anyOf": [{ "type": "string" }, map] }),
                "The image, built from a Dockerfile: its folder, or a map as in Compose",
            )
        }
        "image" => (text(), "The image: a name from `images`, or a reference with a version"),
        "environment" => {
            writer.part(&shape::SECRET);
            (variables(), "Variables by name: texts, or `{ from_secret: NAME }`")
        }
        "when" => (conditions(writer), "When it is there: a condition, or a list of which any holds"),
        "labels" => (map(LABEL, text()), "On which runners: labels and their values"),
        "concurrency" => {
            let map = writer.part(&shape::CONCURRENCY);
            (json!({ "anyOf": [{ "type": "string" }, map] }), "The group of which only so many go on at a time")
        }
        "working_directory" => (text(), "Where commands run: a path in the workspace, or an absolute one"),
        "shell" => (texts(), "What a script is given to: `bash`, `bash -eo pipefail -c`, `python3 -c`"),
        "timeout" => (duration(), "How long it may take: `90s`, `5m`, `1h30m`"),
        "allow_failure" => (truth(), "Whether its failure fails nothing else"),
        "resources" => (writer.part(&shape::RESOURCES), "What a container may use"),
        _ => return None,
    })
}

fn conditions(writer: &mut Writer) -> Value {
    one_or_list(writer.part(&shape::WHEN))
}

fn pipeline(writer: &mut Writer, key: &str) -> Said {
    Some(match key {
        "images" => (map(IMAGE_NAME, writer.part(&shape::IMAGE)), "More images by name"),
        "inputs" => {
            let plain = json!({ "type": ["string", "number", "boolean", "null"] });
            let input = json!({ "anyOf": [plain, writer.part(&shape::INPUT)] });
            (
                json!({ "type": "object", "propertyNames": { "pattern": INPUT_NAME }, "additionalProperties": input }),
                "What a run may be given",
            )
        }
        "schedule" => (one_or_list(writer.part(&shape::SCHEDULE)), "When it is to run without being asked"),
        "timeout" => (duration(), "How long the whole run may take from when its first job begins"),
        "fail_fast" => (truth(), "Whether the first job that fails stops the run"),
        "jobs" => (map(JOB_NAME, writer.part(&shape::JOB)), "The jobs by name"),
        _ => return None,
    })
}

fn job(writer: &mut Writer, key: &str) -> Said {
    Some(match key {
        "needs" => {
            let need = json!({ "anyOf": [text(), writer.part(&shape::NEED)] });
            (json!({ "anyOf": [need, { "type": "array", "items": need }] }), "Jobs that must have passed first")
        }
        "matrix" => (matrix(writer), "A job for each combination of these values"),
        "parallelism" => {
            let number = whole(1, copies::MAX_MADE as i64);
            (json!({ "anyOf": [number, writer.part(&shape::PARALLELISM)] }), "So many copies of the job")
        }
        "services" => (map(SERVICE_NAME, writer.part(&shape::SERVICE)), "Containers beside the steps, by name"),
        "retry" => {
            let times = whole(0, schedule::MAX_RETRIES);
            (json!({ "anyOf": [times, writer.part(&shape::RETRY)] }), "How often it is tried again")
        }
        "priority" => {
            (whole(-schedule::MAX_PRIORITY, schedule::MAX_PRIORITY), "Before or after which other jobs it goes")
        }
        "approval" => {
            let map = writer.part(&shape::APPROVAL);
            (json!({ "anyOf": [{ "const": true }, map] }), "It waits until a person agrees")
        }
        "tests" => (writer.part(&shape::TESTS), "Its tests, which its copies share"),
        "reports" => (writer.part(&shape::REPORTS), "The files in which its steps tell of their tests"),
        "artifacts" => {
            let map = writer.part(&shape::ARTIFACTS);
            let maps = json!({ "type": "array", "items": map, "minItems": 1 });
            (json!({ "anyOf": [texts(), map, maps] }), "Files of the workspace that are kept: patterns, or maps")
        }
        "cache" => {
            let map = writer.part(&shape::CACHE);
            (json!({ "anyOf": [map, { "type": "array", "items": map }] }), "Folders that go from run to run")
        }
        "steps" => {
            let stage = json!({ "anyOf": [writer.part(&shape::STEP), writer.part(&shape::GROUP)] });
            (
                json!({ "type": "array", "items": stage, "minItems": 1 }),
                "What is done, in order; each in a container of its own",
            )
        }
        _ => return None,
    })
}

/// Axes by name, beside `include` and `exclude`.
fn matrix(writer: &mut Writer) -> Value {
    let values = map(AXIS, texts());
    let mut excluded = values.clone();
    excluded["properties"] = json!({ "when": conditions(writer) });
    json!({
        "type": "object",
        "properties": {
            "include": { "type": "array", "items": map(AXIS, text()) },
            "exclude": { "type": "array", "items": excluded },
        },
        "propertyNames": { "pattern": AXIS, "not": { "const": "when" } },
        "additionalProperties": texts(),
        "minProperties": 1,
    })
}

fn step(key: &str) -> Said {
    Some(match key {
        "name" => (
            json!({ "allOf": [text()], "minLength": 1, "maxLength": 100, "pattern": "^[^\\r\\n]*$" }),
            "How it is shown",
        ),
        "run" => (text(), "A script"),
        "commands" => {
            (json!({ "type": "array", "items": text(), "minItems": 1 }), "Commands, printed and run one after another")
        }
        _ => return None,
    })
}

fn group(writer: &mut Writer, key: &str) -> Said {
    Some(match key {
        "name" => (text(), "For those who read the file"),
        "parallel" => {
            let steps = json!({ "type": "array", "items": writer.part(&shape::STEP), "minItems": 1 });
            (steps, "Steps that run at the same time, each with a view of the workspace of its own")
        }
        "merge" => (word(["changes", "none"]), "Whether what they change is merged"),
        _ => return None,
    })
}

fn condition(writer: &mut Writer, key: &str) -> Said {
    let named = map("^.+$", texts());
    Some(match key {
        "event" => (one_or_list(word(when::EVENTS.map(Trigger::as_str))), "What set the run off"),
        "branch" => (texts(), "Patterns of which one matches the branch"),
        "tag" => (texts(), "Patterns of which one matches the tag"),
        "path" => (texts(), "Patterns of which one matches a changed path; `!` leaves paths out"),
        "status" => (one_or_list(word(status::STATUSES.map(|(word, _)| word))), "How what came before ended"),
        "matrix" => (named, "Axes and their values"),
        "inputs" => (named, "Inputs and their values"),
        "not" => (conditions(writer), "That condition is false"),
        _ => return None,
    })
}

fn service(writer: &mut Writer, key: &str) -> Said {
    Some(match key {
        "command" => (program(), "In place of the image's command"),
        "entrypoint" => (program(), "In place of the image's entry point"),
        "healthcheck" => (writer.part(&shape::HEALTHCHECK), "When it is ready"),
        _ => return None,
    })
}

fn cache(key: &str) -> Said {
    Some(match key {
        "key" => (text(), "Its name: `pip-${checksum(requirements.txt)}`"),
        "paths" => (texts(), "Folders of the workspace, or absolute ones in the container"),
        "restore_keys" => (texts(), "Beginnings of keys, of which the newest is taken if there is none of that name"),
        _ => return None,
    })
}

fn parallelism(key: &str) -> Said {
    Some(match key {
        "min" => (whole(1, copies::MAX_MADE as i64), "So many copies always work"),
        "max" => (whole(1, copies::MAX_MADE as i64), "So many copies there are"),
        "target" => (duration(), "How long all tests may take"),
        _ => return None,
    })
}

fn tests(key: &str) -> Said {
    Some(match key {
        "preset" => (word(Preset::ALL.map(Preset::as_str)), "The test runner"),
        "discover" => (text(), "A script that prints one test a line and runs none"),
        "run" => (text(), "A script that runs the tests in `$SPLIT_FILE`"),
        "mode" => (word(split::MODES.map(|(word, _)| word)), "Whether `run` is started for each batch, or once"),
        "junit" => (form(RELATIVE), "The JUnit file that `run` leaves, if it is not `$SPLIT_JUNIT`"),
        "on_flaky" => {
            (word(split::ON_FLAKY.map(|(word, _)| word)), "What a test does to the job that fails, then passes")
        }
        "max_flaky_retries" => (whole(0, split::MAX_FLAKY_RETRIES), "How often a test that failed is tried again"),
        _ => return None,
    })
}

fn artifacts(key: &str) -> Said {
    Some(match key {
        "paths" => (texts(), "Patterns for paths; a folder stands for all in it, `!` takes out again"),
        "when" => (word(artifacts::KEEPS.map(Keep::as_str)), "After which outcome of the job"),
        "expire_in" => (days(), "How long they are kept: `90d`, `12h`"),
        "required" => (truth(), "Whether the job has failed if there is none"),
        _ => return None,
    })
}

/// Whole days, or a duration.
fn days() -> Value {
    json!({ "anyOf": [{ "type": "string", "pattern": "^[0-9]+d$" }, duration()] })
}

/// An empty list takes the image's own away.
fn program() -> Value {
    json!({ "anyOf": [texts(), { "type": "array", "maxItems": 0 }] })
}

fn healthcheck(key: &str) -> Said {
    Some(match key {
        "test" => (texts(), "Code 0 is ready: a text for `/bin/sh`, or `[CMD, PROGRAM, ARGUMENT…]`"),
        "interval" => (duration(), "From the end of a check to the next"),
        "timeout" => (duration(), "A check that takes longer has failed"),
        "start_period" => (duration(), "Checks that fail so soon after the start do not count"),
        "retries" => (
            json!({ "type": "integer", "minimum": 1, "maximum": service::MAX_RETRIES }),
            "So many failed checks in a row, and it is not ready",
        ),
        _ => return None,
    })
}

fn scheduled(key: &str) -> Said {
    Some(match key {
        "cron" => (form("^\\s*\\S+(\\s+\\S+){4}\\s*$"), "Minute, hour, day of the month, month, day of the week"),
        "timezone" => (text(), "Whose clock counts: `Europe/Paris`; `UTC` if none is named"),
        "branch" => (text(), "Whose newest commit is run; the default branch's if none is named"),
        "inputs" => (variables(), "Values of inputs"),
        _ => return None,
    })
}

fn build(writer: &mut Writer, key: &str) -> Said {
    match key {
        "secrets" => {}
        "refresh" => return Some((days(), "How often it is built anew although nothing changed: `7d`, `12h`")),
        _ => return None,
    }
    let ids = json!({ "pattern": SECRET_NAME });
    let map =
        json!({ "type": "object", "propertyNames": ids, "additionalProperties": writer.part(&shape::BUILD_SECRET) });
    let list = json!({ "type": "array", "items": form(SECRET_NAME) });
    Some((json!({ "anyOf": [map, list] }), "What `RUN --mount=type=secret,id=…` can read: secrets by id"))
}

/// Parts with a few keys, no two of which have the same name and another meaning.
fn small(key: &str, part: &Shape) -> Said {
    Some(match key {
        "context" => (form(RELATIVE), "The folder that the Dockerfile can copy from"),
        "dockerfile" => (form(RELATIVE), "Its path, beginning at the context"),
        "target" => (text(), "The stage to build"),
        "args" => (build_arguments(), "Build arguments by name"),
        "from_secret" => (form(SECRET_NAME), "The name of a secret that the controller keeps"),
        "as" => (word(secret::FORMS.map(|(word, _)| word)), "Whether the variable is the value, or the path of a file"),
        "type" => (word(inputs::TYPES), "What its values are"),
        "options" => (texts(), "What can be chosen"),
        "default" => (text(), "The value if none is given"),
        "description" => (text(), "What it is for"),
        "job" => (text(), "The job's name"),
        "junit" => (one_or_list(form(RELATIVE)), "JUnit files from the workspace's root: a name, or a pattern"),
        "required" => (truth(), "Whether a job without any test in them has failed"),
        "optional" => (truth(), "Whether it may not be there"),
        "max" => (whole(0, schedule::MAX_RETRIES), "How often"),
        "on" => (one_or_list(word(schedule::CLASSES.map(FailureClass::as_str))), "After which failures"),
        "cpus" => (processors(), "Processors, such as `2` or `0.5`"),
        "memory" => (form("^[0-9]+(KiB|MiB|GiB|TiB)$"), "Memory: `512MiB`, `2GiB`"),
        "pids" => (whole(resources::LEAST_PIDS, resources::MOST_PIDS), "Processes and threads"),
        "group" => (text(), "Its name; variables in it are replaced"),
        "limit" => (whole(1, concurrency::MOST_AT_ONCE), "How many go on at a time"),
        "cancel" => (word(concurrency::CANCELS.map(Cancel::as_str)), "Which older ones a newer one cancels"),
        "from" if part.what == shape::APPROVAL.what => (texts(), "Names of the tokens that may"),
        _ => return None,
    })
}

fn build_arguments() -> Value {
    let name = json!({ "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" });
    json!({ "type": "object", "propertyNames": name, "additionalProperties": text() })
}

fn processors() -> Value {
    let number = json!({ "type": "number", "minimum": 0.01, "maximum": 1024 });
    json!({ "anyOf": [number, { "type": "string", "pattern": "^[0-9]*\\.?[0-9]+$" }, of_matrix()] })
}

/// What is to be beside the keys of a part: those that must be there, those that exclude one another.
pub(super) fn rules(part: &Shape) -> Vec<(&'static str, Value)> {
    let required = |keys: &[&str]| ("required", json!(keys));
    let not_both = |one: &str, other: &str| ("not", json!({ "required": [one, other] }));
    let one_of = |one: &str, other: &str| ("oneOf", json!([{ "required": [one] }, { "required": [other] }]));
    match part.what {
        what if what == shape::PIPELINE.what => vec![required(&["jobs"]), not_both("build", "image")],
        what if what == shape::JOB.what => {
            vec![("anyOf", json!([{ "required": ["steps"] }, { "required": ["tests"] }])), not_both("build", "image")]
        }
        what if what == shape::PARALLELISM.what => vec![required(&["max", "target"])],
        what if what == shape::TESTS.what => {
            vec![("anyOf", json!([{ "required": ["preset"] }, { "required": ["discover", "run"] }]))]
        }
        what if what == shape::STEP.what => {
            vec![(
                "allOf",
                json!([{ "not": { "required": ["build", "image"] } }, { "not": { "required": ["run", "commands"] } }]),
            )]
        }
        what if what == shape::GROUP.what => vec![required(&["parallel"])],
        what if what == shape::IMAGE.what || what == shape::SERVICE.what => vec![one_of("build", "image")],
        what if what == shape::HEALTHCHECK.what => vec![required(&["test"])],
        what if what == shape::SCHEDULE.what => vec![required(&["cron"])],
        what if what == shape::REPORTS.what => vec![required(&["junit"])],
        what if what == shape::CACHE.what => vec![required(&["key", "paths"])],
        what if what == shape::ARTIFACTS.what => vec![required(&["paths"])],
        what if what == shape::NEED.what => vec![required(&["job"])],
        what if what == shape::SECRET.what || what == shape::BUILD_SECRET.what => vec![required(&["from_secret"])],
        what if what == shape::RETRY.what => vec![required(&["max"])],
        what if what == shape::CONCURRENCY.what => vec![required(&["group"])],
        what if what == shape::APPROVAL.what => vec![required(&["from"])],
        what if what == shape::WHEN.what || what == shape::RESOURCES.what => vec![("minProperties", json!(1))],
        _ => Vec::new(),
    }
}
