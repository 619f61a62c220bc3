//! A Dockerfile as far as the key has to understand it: stages, and of each instruction its text without comments and
//! what files, stages, images and variables it names. What cannot be read is `None`: then everything counts.

use parse_dockerfile::{Dockerfile, Flag, HereDoc, Instruction, Source};
use std::ops::Range;

/// The only frontend whose meaning is known here.
const FRONTEND: &str = "docker/dockerfile";

/// A file that was understood.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// The frontend that reads it, if it names one.
    pub(crate) syntax: Option<String>,
    /// Its other directives, by name.
    pub(crate) directives: Vec<(&'static str, String)>,
    /// `ARG` before the first stage.
    pub(crate) globals: Vec<Step>,
    pub(crate) stages: Vec<Stage>,
}

#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) line: usize,
    pub(crate) name: Option<String>,
    /// What `FROM` names, as written.
    pub(crate) image: String,
    /// `--platform` of `FROM`, as written.
    pub(crate) platform: Option<String>,
    pub(crate) steps: Vec<Step>,
}

/// One instruction.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// From 1; 0 for one that a base image brings.
    pub(crate) line: usize,
    /// As written, without comments and empty lines.
    pub(crate) text: String,
    pub(crate) deed: Deed,
}

/// What an instruction does that matters here.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Arg(String),
    Env(String),
    Copy(Copy),
    Run {
        mounts: Vec<String>,
    },
    OnBuild(Box<Step>),
    /// Its text is all that counts.
    Plain,
    /// Nobody here knows what it means.
    Unknown(&'static str),
}

/// `COPY`, and `ADD`, which knows more sources.
#[derive(Clone, Debug, Default)]
pub(crate) struct Copy {
    pub(crate) adds: bool,
    pub(crate) from: Option<String>,
    pub(crate) parents: bool,
    pub(crate) checksum: bool,
    /// Without those that are in the file itself.
    pub(crate) sources: Vec<String>,
}

const COPY_FLAGS: [&str; 9] =
    ["from", "chown", "chmod", "link", "parents", "exclude", "checksum", "keep-git-dir", "unpack"];
const RUN_FLAGS: [&str; 4] = ["mount", "network", "security", "device"];

impl File {
    pub(crate) fn read(text: &str) -> Option<File> {
        // Frontends differ in whether directives may follow.
        if text.starts_with("#!") {
            return None;
        }
        let parsed = parse_dockerfile::parse(text).ok()?;
        let mut file = File::default();
        file.directives(&parsed);
        let starts: Vec<usize> =
            parsed.instructions.iter().map(|it| Some(keyword(it)?.start)).collect::<Option<_>>()?;
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        for ((instruction, from), to) in parsed.instructions.iter().zip(&starts).zip(ends) {
            let line = text[..*from].matches('\n').count() + 1;
            file.instruction(instruction, Lines { line, text: &text[*from..to], from: *from });
        }
        Some(file)
    }

    fn directives(&mut self, parsed: &Dockerfile<'_>) {
        let directives = &parsed.parser_directives;
        self.syntax = directives.syntax.as_ref().map(|it| it.value.value.to_owned());
        let escape = directives.escape.as_ref().map(|it| ("escape", it.value.value.to_string()));
        let check = directives.check.as_ref().map(|it| ("check", it.value.value.to_owned()));
        self.directives = escape.into_iter().chain(check).collect();
    }

    fn instruction(&mut self, instruction: &Instruction<'_>, lines: Lines<'_>) {
        if let Instruction::From(from) = instruction {
            let value = |flag: &Flag<'_>| flag.value.as_ref().map(|value| value.value.to_string());
            self.stages.push(Stage {
                line: lines.line,
                name: from.as_.as_ref().map(|(_, name)| name.value.to_string()),
                image: from.image.value.to_string(),
                platform: from.options.iter().find(|flag| flag.name.value == "platform").and_then(value),
                steps: Vec::new(),
            });
            return;
        }
        let step = lines.step(instruction);
        match self.stages.last_mut() {
            Some(stage) => stage.steps.push(step),
            None => self.globals.push(step),
        }
    }
}

/// The part of the file from an instruction to the next one.
#[derive(Clone, Copy)]
struct Lines<'t> {
    line: usize,
    text: &'t str,
    /// Where it begins in the file.
    from: usize,
}

impl Lines<'_> {
    fn step(self, instruction: &Instruction<'_>) -> Step {
        let deed = deed(instruction, self);
        Step { line: self.line, text: self.without_comments(instruction), deed }
    }

    /// Lines in a here-document are no comments, whatever they begin with.
    fn without_comments(self, instruction: &Instruction<'_>) -> String {
        let documents = documents(instruction);
        let verbatim = match documents.iter().map(|document| document.span.end - self.from).max() {
            Some(end) => end,
            None if self.text.contains("<<") => self.text.len(),
            None => 0,
        };
        let (kept, rest) = self.text.split_at(verbatim.min(self.text.len()));
        let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let mut text: String = kept.to_owned();
        text.extend(rest.split_inclusive('\n').filter(is_code));
        text.trim_end().to_owned()
    }

    /// How many times something like `<<EOF` stands there, outside of documents and comments.
    fn begun_documents(self, instruction: &Instruction<'_>) -> usize {
        let inside =
            |at: usize| documents(instruction).iter().any(|document| document.span.contains(&(self.from + at)));
        let is_comment = |at: usize| {
            let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
            self.text[line..].trim_start().starts_with('#')
        };
        let is_name = |rest: &str| {
            let rest = rest.strip_prefix('-').unwrap_or(rest);
            rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '"' | '\''))
        };
        let begun = self.text.match_indices("<<").filter(|(at, _)| is_name(&self.text[at + 2..]));
        begun.filter(|(at, _)| !inside(*at) && !is_comment(*at)).count()
    }
}

fn documents<'i, 'a>(instruction: &'i Instruction<'a>) -> Vec<&'i HereDoc<'a>> {
    let of = |sources: &'i [Source<'a>]| {
        let document = |source: &'i Source<'a>| if let Source::HereDoc(it) = source { Some(it) } else { None };
        sources.iter().filter_map(document).collect()
    };
    if let Instruction::Copy(copy) = instruction {
        of(&copy.src)
    } else if let Instruction::Add(add) = instruction {
        of(&add.src)
    } else if let Instruction::Run(run) = instruction {
        run.here_docs.iter().collect()
    } else if let Instruction::Onbuild(on_build) = instruction {
        documents(&on_build.instruction)
    } else {
        Vec::new()
    }
}

fn deed(instruction: &Instruction<'_>, lines: Lines<'_>) -> Deed {
    // A here-document where this reader finds none: what it took for instructions may be text, or the reverse.
    if lines.begun_documents(instruction) > documents(instruction).len() {
        return Deed::Unknown("a here-document that cannot be told from instructions");
    }
    if let Instruction::Arg(arg) = instruction {
        Deed::Arg(arg.arguments.value.to_string())
    } else if let Instruction::Env(env) = instruction {
        Deed::Env(env.arguments.value.to_string())
    } else if let Instruction::Copy(it) = instruction {
        copy(&it.options, &it.src, false)
    } else if let Instruction::Add(it) = instruction {
        copy(&it.options, &it.src, true)
    } else if let Instruction::Run(run) = instruction {
        if are_quoted(&run.options) || run.options.iter().any(|flag| !RUN_FLAGS.contains(&flag.name.value.as_ref())) {
            return Deed::Unknown("a flag of RUN that is not known here");
        }
        Deed::Run { mounts: values(&run.options, "mount") }
    } else if let Instruction::Onbuild(on_build) = instruction {
        Deed::OnBuild(Box::new(lines.step(&on_build.instruction)))
    } else {
        Deed::Plain
    }
}

fn copy(flags: &[Flag<'_>], sources: &[Source<'_>], adds: bool) -> Deed {
    if are_quoted(flags) || flags.iter().any(|flag| !COPY_FLAGS.contains(&flag.name.value.as_ref())) {
        return Deed::Unknown("a flag of COPY or ADD that is not known here");
    }
    let is_set = |name: &str| {
        let flag = flags.iter().rfind(|flag| flag.name.value == name);
        flag.is_some_and(|flag| flag.value.as_ref().is_none_or(|value| value.value != "false"))
    };
    let path = |source: &Source<'_>| if let Source::Path(path) = source { Some(path.value.to_string()) } else { None };
    Deed::Copy(Copy {
        adds,
        from: values(flags, "from").pop(),
        parents: is_set("parents"),
        checksum: is_set("checksum"),
        sources: sources.iter().filter_map(path).collect(),
    })
}

/// A value in quotes may hold spaces, which this reader would take for its end.
fn are_quoted(flags: &[Flag<'_>]) -> bool {
    flags.iter().filter_map(|flag| flag.value.as_ref()).any(|value| value.value.contains(['"', '\'', '\\']))
}

fn values(flags: &[Flag<'_>], name: &str) -> Vec<String> {
    let named = flags.iter().filter(|flag| flag.name.value == name);
    named.filter_map(|flag| Some(flag.value.as_ref()?.value.to_string())).collect()
}

/// Where the keyword of an instruction stands; none for one that was not known when this was written. The library tells
/// it for each sort apart.
pub fn keyword(instruction: &Instruction<'_>) -> Option<Range<usize>> {
    let keyword = match instruction {
        Instruction::Add(it) => &it.add,
        Instruction::Arg(it) => &it.arg,
        Instruction::Cmd(it) => &it.cmd,
        Instruction::Copy(it) => &it.copy,
        Instruction::Entrypoint(it) => &it.entrypoint,
        Instruction::Env(it) => &it.env,
        Instruction::Expose(it) => &it.expose,
        Instruction::From(it) => &it.from,
        Instruction::Healthcheck(it) => &it.healthcheck,
        Instruction::Label(it) => &it.label,
        Instruction::Maintainer(it) => &it.maintainer,
        Instruction::Onbuild(it) => &it.onbuild,
        Instruction::Run(it) => &it.run,
        Instruction::Shell(it) => &it.shell,
        Instruction::Stopsignal(it) => &it.stopsignal,
        Instruction::User(it) => &it.user,
        Instruction::Volume(it) => &it.volume,
        Instruction::Workdir(it) => &it.workdir,
        _ => return None,
    };
    Some(keyword.span.clone())
}

/// Docker's own frontend, whichever version.
pub(crate) fn is_dockers(syntax: &str) -> bool {
    let name = syntax.strip_prefix("docker.io/").unwrap_or(syntax);
    name.split([':', '@']).next() == Some(FRONTEND)
}
