//! Which line of a Dockerfile a builder's step came from. BuildKit names a step by its stage and its number among the
//! instructions of the stage that make something; the classic builder numbers all instructions of the file.

use parse_dockerfile::{Dockerfile, Instruction};

/// A place in a Dockerfile.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub(super) line: usize,
    /// The instruction's first line as it was written.
    pub(super) instruction: String,
}

/// The place that `step` names: `[2/3] RUN make`, `[build 2/3] RUN make`, `Step 2/3 : RUN make`. None when it names an
/// instruction of another kind there: then the numbers do not mean what is assumed here.
pub(super) fn place(text: &str, step: &str) -> Option<Place> {
    let file = parse_dockerfile::parse(text).ok()?;
    let instruction = match step.strip_prefix("Step ") {
        Some(step) => classic(&file, step)?,
        None => buildkit(&file, step)?,
    };
    let span = sidings_environment::keyword(instruction)?;
    let word = step.split_once([']', ':'])?.1.split_whitespace().next()?;
    let line = text.get(span.start..)?.lines().next()?.trim_end();
    let same = text.get(span.clone())?.eq_ignore_ascii_case(word);
    same.then(|| Place { line: text[..span.start].matches('\n').count() + 1, instruction: line.to_owned() })
}

/// `2/3 : RUN make`
fn classic<'a, 'b>(file: &'b Dockerfile<'a>, step: &str) -> Option<&'b Instruction<'a>> {
    let number: usize = step.split_once('/')?.0.parse().ok()?;
    file.instructions.get(number.checked_sub(1)?)
}

/// `[2/3] RUN make` in a file of one stage, else `[name 2/3] …` or, of a stage without a name, `[stage-0 2/3] …`.
fn buildkit<'a, 'b>(file: &'b Dockerfile<'a>, step: &str) -> Option<&'b Instruction<'a>> {
    let (label, _) = step.strip_prefix('[')?.split_once(']')?;
    let (head, total) = label.rsplit_once('/')?;
    let (stage, number) = head.rsplit_once(' ').unwrap_or(("", head));
    // A platform may stand before the stage's name.
    let stage = stage.split_whitespace().find(|word| !word.contains('/')).unwrap_or_default();
    let (number, total): (usize, usize) = (number.parse().ok()?, total.parse().ok()?);
    let makers = makers(file, stage)?;
    // The FROM counts when it fetches an image, not when it goes on from another stage.
    let from = total.checked_sub(makers.len()).filter(|from| *from <= 1)?;
    makers.get(number.checked_sub(1 + from)?).copied()
}

/// The instructions of a stage that BuildKit counts.
fn makers<'a, 'b>(file: &'b Dockerfile<'a>, name: &str) -> Option<Vec<&'b Instruction<'a>>> {
    let named = |index: usize, stage: &parse_dockerfile::Stage<'_, '_>| match &stage.from.as_ {
        Some((_, alias)) => alias.value.eq_ignore_ascii_case(name),
        None => name == format!("stage-{index}"),
    };
    let stage = file.stages().enumerate().find(|(index, stage)| name.is_empty() || named(*index, stage))?.1;
    let counts = |instruction: &&Instruction<'_>| {
        matches!(
            instruction,
            Instruction::Run(_) | Instruction::Copy(_) | Instruction::Add(_) | Instruction::Workdir(_)
        )
    };
    Some(stage.instructions.iter().filter(counts).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str =
        "# a comment\nFROM debian:bookworm-slim\nENV A=1\nRUN true && \\\n    true\nCOPY a b\nRUN false\n";
    const TWO: &str = "ARG V=1\nFROM debian AS build\nWORKDIR /src\nRUN make\nFROM build\nRUN one\nFROM scratch\nCOPY --from=build /a /a\nRUN two\n";

    fn check(text: &str, step: &str, expected: Option<(usize, &str)>) {
        let expected = expected.map(|(line, text)| Place { line, instruction: text.to_owned() });
        assert_eq!(place(text, step), expected, "{step}");
    }

    #[test]
    fn a_step_of_a_single_stage_is_found_by_its_number() {
        check(ONE, "[1/4] FROM docker.io/library/debian:bookworm-slim", None);
        check(ONE, "[2/4] RUN true &&     true", Some((4, "RUN true && \\")));
        check(ONE, "[3/4] COPY a b", Some((6, "COPY a b")));
        check(ONE, "[4/4] RUN false", Some((7, "RUN false")));
    }

    #[test]
    fn a_step_of_a_named_or_numbered_stage_is_found() {
        check(TWO, "[build 2/3] WORKDIR /src", Some((3, "WORKDIR /src")));
        check(TWO, "[build 3/3] RUN make", Some((4, "RUN make")));
        check(TWO, "[stage-1 1/1] RUN one", Some((6, "RUN one")));
        check(TWO, "[stage-2 1/2] COPY --from=build /a /a", Some((8, "COPY --from=build /a /a")));
        check(TWO, "[linux/amd64 stage-2 2/2] RUN two", Some((9, "RUN two")));
    }

    #[test]
    fn the_classic_builder_counts_every_instruction() {
        check(ONE, "Step 3/4 : RUN true &&     true", Some((4, "RUN true && \\")));
        check(TWO, "Step 4/9 : RUN make", Some((4, "RUN make")));
    }

    #[test]
    fn what_does_not_fit_the_file_has_no_place() {
        check(ONE, "[internal] load metadata", None);
        check(ONE, "[9/9] RUN false", None);
        check(ONE, "[3/4] RUN false", None);
        check(TWO, "[ghost 2/3] RUN make", None);
        check("FROM", "[2/2] RUN x", None);
    }
}
