//! `image:`, `build:` and `images:`: where steps run.

use super::days::{Bounds, DAY, HOUR};
use super::fields::{At, Fields};
use super::{Reader, path, shape};
use crate::diagnostic::Code;
use crate::dockerfile::{self, Dockerfile};
use crate::pipeline::{Named, Texts};
use crate::reference::{self, Refused};
use crate::report::Problem;
use crate::source::Span;
use crate::suggest::{did_you_mean, listed, nearest, quoted};
use crate::yaml::{Entry, Value};
use sidings_proto::Environment;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

const AN_IMAGE: &str = "`repository:tag`, or a name from `images`";

/// What a place says about its environment.
#[derive(Clone, Debug)]
pub(super) enum Chosen {
    /// Nothing: that of the place around it counts.
    Unsaid,
    /// Something wrong, which was told.
    Broken,
    /// This one.
    Is(Rc<Environment>),
}

/// The entries of `images:`.
#[derive(Default)]
pub(super) struct Images {
    by_name: BTreeMap<String, Chosen>,
    places: BTreeMap<String, Span>,
    used: BTreeSet<String>,
    /// They are being read: one cannot name another.
    open: bool,
}

impl Chosen {
    /// The environment, if there is one that is right.
    pub(super) fn known(self) -> Option<Environment> {
        match self {
            Chosen::Is(environment) => Some(Rc::unwrap_or_clone(environment)),
            Chosen::Unsaid | Chosen::Broken => None,
        }
    }
}

impl Images {
    /// Each by its name.
    pub(super) fn all(&self) -> impl Iterator<Item = (String, Chosen)> {
        self.by_name.iter().map(|(name, chosen)| (name.clone(), chosen.clone()))
    }
}

/// What a build is given beside its files.
#[derive(Default)]
struct Given {
    args: Texts,
    /// Names by id.
    secrets: BTreeMap<String, String>,
    refresh_ms: Option<u64>,
}

/// How seldom an image may be built anew.
const REFRESH: Bounds = Bounds {
    shortest: HOUR,
    longest: DAY.saturating_mul(366),
    said: "at least `1h`, at most `366d`, a year",
    never: None,
};

impl Reader<'_> {
    /// `images:` of a pipeline.
    pub(super) fn named_images(&mut self, at: &At<'_, '_>) {
        let mut by_name = BTreeMap::new();
        self.images.open = true;
        for entry in self.map(at).unwrap_or_default() {
            let name = entry.key.text.to_string();
            self.image_name(&name, &entry.key.span);
            let chosen = self.image_entry(&name, entry);
            self.images.places.insert(name.clone(), entry.key.span.clone());
            by_name.insert(name, chosen);
        }
        self.images.open = false;
        self.images.by_name = by_name;
    }

    fn image_entry(&mut self, name: &str, entry: &Entry<'_>) -> Chosen {
        let at = At::value_of(entry);
        if let Value::Scalar(scalar) = &at.node.value
            && !at.node.is_null()
        {
            let help = format!("write `{{ image: \"{}\" }}`, or a `build`", scalar.text);
            self.wrong_type(&at, "a map with `build` or `image`", Some(help));
            return Chosen::Broken;
        }
        let Some(fields) = self.fields(&at, &shape::IMAGE) else { return Chosen::Broken };
        match self.chosen(&fields) {
            Chosen::Unsaid => self.entry_without_image(name, &entry.key.span),
            chosen @ (Chosen::Broken | Chosen::Is(_)) => chosen,
        }
    }

    fn image_name(&mut self, name: &str, span: &Span) {
        let right = name.starts_with(|char: char| char.is_ascii_alphanumeric())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        if !right && !name.is_empty() {
            let message = format!("{} cannot be the name of an image", quoted(name));
            self.error(Code::BadValue, span, message, "letters, digits, `-`, `_` and `.`, a letter or digit first");
        }
    }

    fn entry_without_image(&mut self, name: &str, span: &Span) -> Chosen {
        let message = format!("the image {} has neither `build` nor `image`", quoted(name));
        self.error(Code::MissingKey, span, message, "add `build: FOLDER`, or `image: REFERENCE`");
        Chosen::Broken
    }

    /// A name that nothing refers to is no error.
    pub(super) fn unused_images(&mut self) {
        let Images { by_name, places, used, .. } = &self.images;
        let right = |name: &str| matches!(by_name.get(name), Some(Chosen::Is(_)));
        for (name, span) in places.iter().filter(|(name, _)| right(name) && !used.contains(*name)) {
            let message = format!("the image {} is not used", quoted(name));
            let help = format!("a job or step uses it by `image: {name}`");
            self.report.add(Problem::new(Code::Unused, span, message).help(help).warning());
        }
    }

    /// `build` or `image` of a pipeline, a job, a step or an entry of `images`.
    pub(super) fn chosen(&mut self, fields: &Fields<'_, '_>) -> Chosen {
        match (fields.entry("build"), fields.entry("image")) {
            (None, None) if fields.has_or_meant("build") || fields.has_or_meant("image") => Chosen::Broken,
            (None, None) => Chosen::Unsaid,
            (Some(build), None) => {
                self.build(&At::value_of(build)).map_or(Chosen::Broken, |built| Chosen::Is(Rc::new(built)))
            }
            (None, Some(image)) => self.image(&At::value_of(image)),
            (Some(build), Some(image)) => {
                let (first, second) = in_order(&build.key.span, &image.key.span);
                let problem = Problem::new(Code::ConflictingKeys, second, "`build` and `image` stand together here")
                    .expected("one of the two")
                    .related(first, "the other is here")
                    .help("an image is built or fetched; keep one of them");
                self.report.add(problem);
                Chosen::Broken
            }
        }
    }

    fn image(&mut self, at: &At<'_, '_>) -> Chosen {
        if matches!(at.node.value, Value::Map(_)) {
            let help = "give it a name under `images:`, or write `build:`";
            self.wrong_type(at, AN_IMAGE, Some(help.to_owned()));
            return Chosen::Broken;
        }
        let Some(text) = self.text_of(at, AN_IMAGE) else { return Chosen::Broken };
        let written = Named { text, span: at.span.clone() };
        if let Some(chosen) = self.images.by_name.get(&written.text) {
            self.images.used.insert(written.text);
            return chosen.clone();
        }
        match reference::check(&written.text) {
            Ok(()) => {
                self.references.entry(written.text.clone()).or_insert(written.span);
                Chosen::Is(Rc::new(Environment::Image { reference: written.text }))
            }
            Err(refused) => {
                let problem = self.refused(&written, refused);
                self.report.add(problem);
                Chosen::Broken
            }
        }
    }

    fn refused(&self, written: &Named, refused: Refused) -> Problem {
        let name = quoted(&written.text);
        let near = nearest(&written.text, self.images.by_name.keys().map(String::as_str));
        let problem = |message: String| Problem::new(Code::BadImage, &written.span, message);
        match refused {
            Refused::Malformed { why, help } => problem(format!("{name} is not an image's reference: {why}"))
                .expected(AN_IMAGE)
                .maybe_help(help)
                .maybe_help(near.map(did_you_mean)),
            Refused::Latest => problem(format!("{name} may be another image tomorrow"))
                .expected("a tag that stays, or a digest")
                .help("write the version you mean instead of `latest`"),
            Refused::NoTag if self.images.open => problem(format!("{name} has no tag, which means `latest`"))
                .expected("`repository:tag`")
                .help("write the version you mean; an entry of `images` cannot name another"),
            Refused::NoTag => {
                problem(format!("{name} has no tag, which means `latest`, and is not a name from `images`"))
                    .expected(AN_IMAGE)
                    .help(format!("write the version you mean: `{}:VERSION`", written.text))
                    .maybe_help(near.map(did_you_mean))
            }
            Refused::Variable => Problem::new(
                Code::NotSupportedYet,
                &written.span,
                format!("{name}: variables in an image's reference are not supported yet"),
            )
            .help("write the reference out"),
        }
    }

    /// Compose's meaning: a context's folder, or a map.
    fn build(&mut self, at: &At<'_, '_>) -> Option<Environment> {
        if let Value::Scalar(_) = at.node.value
            && !at.node.is_null()
        {
            let context = self.named(at)?;
            return self.built(&context, None, None, Given::default());
        }
        if let Value::List(_) | Value::Scalar(_) = at.node.value {
            self.wrong_type(at, "a folder, or a map", Some("`build: .` builds the Dockerfile at the root".to_owned()));
            return None;
        }
        let fields = self.fields(at, &shape::BUILD)?;
        let root = Named { text: ".".to_owned(), span: at.span.clone() };
        let context = fields.get("context").map_or(Some(root), |at| self.named(&at));
        let dockerfile = fields.get("dockerfile").map(|at| self.named(&at));
        let target = fields.get("target").map(|at| self.named(&at));
        let args = fields.get("args").map(|at| self.arguments(&at)).unwrap_or_default();
        let secrets = fields.get("secrets").map(|at| self.build_secrets(&at)).unwrap_or_default();
        let refresh_ms = fields.get("refresh").and_then(|at| self.days(&at, &REFRESH));
        let given = Given { args, secrets, refresh_ms };
        self.built(&context?, all_or_none(dockerfile)?.as_ref(), all_or_none(target)?.as_ref(), given)
    }

    fn built(
        &mut self,
        context: &Named,
        dockerfile: Option<&Named>,
        target: Option<&Named>,
        Given { args, secrets, refresh_ms }: Given,
    ) -> Option<Environment> {
        let folder = self.path(context, "", "the context")?;
        let path = match dockerfile {
            Some(file) => self.dockerfile_path(file, &folder)?,
            None => path::inside(&folder, "Dockerfile").ok()?,
        };
        let place = dockerfile.unwrap_or(context);
        self.dockerfile_is_right(&path, place, dockerfile.is_some(), target)?;
        let target = target.map(|target| target.text.clone());
        Some(Environment::Build { context: folder, dockerfile: path, target, args, secrets, refresh_ms })
    }

    /// As in Compose it begins at the context; where there is none, at the project's root.
    fn dockerfile_path(&mut self, file: &Named, context: &str) -> Option<String> {
        let from_root = path::inside("", &file.text).ok();
        let from_context = path::inside(context, &file.text).ok();
        let there = [from_context, from_root].into_iter().flatten().find(|path| !self.is_missing(path));
        match there {
            Some(path) => Some(path),
            None => self.path(file, context, "the Dockerfile"),
        }
    }

    fn path(&mut self, written: &Named, base: &str, what: &str) -> Option<String> {
        match path::inside(base, &written.text) {
            Ok(path) => Some(path),
            Err(not) => {
                let problem = Problem::new(Code::BadPath, &written.span, format!("the path of {what} {}", not.why()))
                    .expected("a path inside of the project");
                self.report.add(problem);
                None
            }
        }
    }

    fn look(&mut self, path: &str) -> Dockerfile {
        if let Some(known) = self.dockerfiles.get(path) {
            return known.clone();
        }
        let seen = dockerfile::look(self.files.read(path));
        self.dockerfiles.insert(path.to_owned(), seen.clone());
        seen
    }

    fn is_missing(&mut self, path: &str) -> bool {
        match self.look(path) {
            Dockerfile::Missing => true,
            Dockerfile::Invalid { .. } | Dockerfile::Stages(_) | Dockerfile::Foreign => false,
        }
    }

    fn dockerfile_is_right(&mut self, path: &str, place: &Named, named: bool, target: Option<&Named>) -> Option<()> {
        let problem = match self.look(path) {
            Dockerfile::Missing if !named && self.files.read(&place.text).is_some() => a_file(place),
            Dockerfile::Missing => missing(path, place, named),
            Dockerfile::Invalid { line, why } => invalid(path, line, &why, place),
            Dockerfile::Foreign => return Some(()),
            Dockerfile::Stages(stages) => match target {
                Some(target) if !has_stage(&stages, &target.text) => no_stage(path, &stages, target),
                Some(_) | None => return Some(()),
            },
        };
        self.report.add(problem);
        None
    }
}

fn in_order<'s>(one: &'s Span, other: &'s Span) -> (&'s Span, &'s Span) {
    if one.start < other.start { (one, other) } else { (other, one) }
}

/// `Some(None)` is something that is not there, `None` something that is there and wrong.
fn all_or_none(read: Option<Option<Named>>) -> Option<Option<Named>> {
    match read {
        Some(None) => None,
        Some(there) => Some(there),
        None => Some(None),
    }
}

fn a_file(place: &Named) -> Problem {
    Problem::new(
        Code::DockerfileMissing,
        &place.span,
        format!("{} is a file, but a folder is built", quoted(&place.text)),
    )
    .expected("a folder")
    .help(format!("write `build: {{ dockerfile: {} }}`", place.text))
}

fn missing(path: &str, place: &Named, named: bool) -> Problem {
    let help = if named {
        "`dockerfile` begins at the context's folder, or at the project's root; is the file committed?"
    } else {
        "write it, and commit it; or name another one by `build: { context: …, dockerfile: … }`"
    };
    Problem::new(Code::DockerfileMissing, &place.span, format!("there is no {} at this commit", quoted(path)))
        .help(help)
}

fn invalid(path: &str, line: Option<usize>, why: &str, place: &Named) -> Problem {
    let at = line.map_or_else(|| path.to_owned(), |line| format!("{path}:{line}"));
    Problem::new(Code::DockerfileInvalid, &place.span, format!("{at}: {why}")).expected("the Dockerfile has an error")
}

/// As BuildKit looks for it: by name in any case, or by number from 0.
fn has_stage(stages: &[Option<String>], target: &str) -> bool {
    let named = stages.iter().flatten().any(|name| name.eq_ignore_ascii_case(target));
    named || target.parse::<usize>().is_ok_and(|number| number < stages.len())
}

fn no_stage(path: &str, stages: &[Option<String>], target: &Named) -> Problem {
    let names: Vec<&str> = stages.iter().flatten().map(String::as_str).collect();
    let help = match nearest(&target.text, names.iter().copied()) {
        Some(near) => did_you_mean(near),
        None if names.is_empty() => "its stages have no names; give one a name by `FROM … AS NAME`".to_owned(),
        None => format!("it has {}", listed(&names, "and")),
    };
    let message = format!("{} has no stage {}", quoted(path), quoted(&target.text));
    Problem::new(Code::UnknownStage, &target.span, message).expected("the name of a stage").help(help)
}
