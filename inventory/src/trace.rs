//! Which line of a Dockerfile made a layer. The image's history holds the instructions as the builder understood them;
//! they are laid beside the Dockerfile's. A line is told where the texts are the same, or where nothing else could be
//! meant, which is then said; otherwise no line is told.

use crate::model::{Inventory, Layer, Made, Sureness};
use parse_dockerfile::{Dockerfile, Instruction};

/// A Dockerfile with more instructions, or an image with more layers, gets no lines.
const MOST: usize = 500;

/// An instruction that may have made a layer.
#[derive(Clone, Debug)]
struct Step {
    line: usize,
    keyword: String,
    /// As the history would have it.
    text: String,
    /// As written, on one line.
    written: String,
}

impl Inventory {
    /// Tells each layer's line in the Dockerfile that it was built from, for the stage `target`; without one for the
    /// stage that has most of the layers' texts, of equal ones the last, which builders take.
    pub fn trace(&mut self, dockerfile: &str, target: Option<&str>) {
        for layer in &mut self.layers {
            layer.made = None;
        }
        if self.layers.len() > MOST {
            return;
        }
        let ways = ways(dockerfile, target).unwrap_or_default().into_iter().filter(|steps| steps.len() <= MOST);
        let laid = ways.take(MOST).map(|steps| (matched(&self.layers, &steps), steps));
        let Some((pairs, steps)) = laid.max_by_key(|(pairs, _)| pairs.len()) else { return };
        for (layer, step) in &pairs {
            self.layers[*layer].made = Some(made(&steps[*step], Sureness::Text));
        }
        by_order(&mut self.layers, &steps, &pairs);
    }
}

fn made(step: &Step, sure: Sureness) -> Made {
    Made { line: step.line, instruction: step.written.clone(), sure }
}

/// The longest run of layers and steps with the same text, in order; of equal ones the last, for what comes before may
/// be the base image's.
fn matched(layers: &[Layer], steps: &[Step]) -> Vec<(usize, usize)> {
    let texts: Vec<String> = layers.iter().map(|layer| plain(&layer.created_by)).collect();
    let same = |layer: usize, step: usize| !texts[layer].is_empty() && texts[layer] == steps[step].text;
    let mut best = vec![vec![0u32; steps.len() + 1]; layers.len() + 1];
    for layer in 1..=layers.len() {
        for step in 1..=steps.len() {
            let skipped = best[layer - 1][step].max(best[layer][step - 1]);
            let taken = if same(layer - 1, step - 1) { best[layer - 1][step - 1] + 1 } else { 0 };
            best[layer][step] = skipped.max(taken);
        }
    }
    let (mut layer, mut step, mut pairs) = (layers.len(), steps.len(), Vec::new());
    while layer > 0 && step > 0 {
        if same(layer - 1, step - 1) && best[layer][step] == best[layer - 1][step - 1] + 1 {
            (layer, step) = (layer - 1, step - 1);
            pairs.push((layer, step));
        } else if best[layer][step] == best[layer][step - 1] {
            step -= 1;
        } else {
            layer -= 1;
        }
    }
    pairs.reverse();
    pairs
}

/// Between two layers that are known, or above the last one: if there are as many layers left as instructions that make
/// one, and of the same sorts, they are those.
fn by_order(layers: &mut [Layer], steps: &[Step], pairs: &[(usize, usize)]) {
    let ends = pairs.iter().copied().skip(1).chain([(layers.len(), steps.len())]);
    for ((layer, step), (next_layer, next_step)) in pairs.iter().copied().zip(ends) {
        let between: Vec<&Step> = steps[step + 1..next_step].iter().filter(|step| step.makes_files()).collect();
        let unknown = &mut layers[layer + 1..next_layer];
        let alike = |(layer, step): (&Layer, &&Step)| keyword(&layer.created_by) == step.keyword;
        if unknown.len() == between.len() && unknown.iter().zip(&between).all(alike) {
            for (layer, step) in unknown.iter_mut().zip(between) {
                layer.made = Some(made(step, Sureness::Order));
            }
        }
    }
}

impl Step {
    fn makes_files(&self) -> bool {
        matches!(self.keyword.as_str(), "RUN" | "COPY" | "ADD")
    }
}

/// The steps of the stage that is named, or of each in turn.
fn ways(text: &str, target: Option<&str>) -> Option<Vec<Vec<Step>>> {
    let parsed = parse_dockerfile::parse(text).ok()?;
    let stages = stages(&parsed, text);
    let Some(name) = target else { return Some((0..stages.len()).map(|at| steps(&stages, at)).collect()) };
    let number = || name.parse().ok().filter(|at| *at < stages.len());
    Some(vec![steps(&stages, named(&stages, name).or_else(number)?)])
}

/// The steps that the stage is made of: those of the stages that it begins from come first.
fn steps(stages: &[Stage], mut at: usize) -> Vec<Step> {
    let mut steps = stages[at].steps.clone();
    while let Some(before) = named(&stages[..at], &stages[at].image) {
        at = before;
        steps.splice(0..0, stages[at].steps.iter().cloned());
    }
    steps
}

fn named(stages: &[Stage], name: &str) -> Option<usize> {
    stages.iter().rposition(|stage| stage.name.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(name)))
}

struct Stage {
    name: Option<String>,
    image: String,
    steps: Vec<Step>,
}

fn stages(parsed: &Dockerfile<'_>, text: &str) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let starts: Vec<usize> =
        parsed.instructions.iter().map(|it| sidings_environment::keyword(it).map_or(0, |span| span.start)).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    for ((instruction, from), to) in parsed.instructions.iter().zip(&starts).zip(ends) {
        if let Instruction::From(it) = instruction {
            let name = it.as_.as_ref().map(|(_, name)| name.value.to_string());
            stages.push(Stage { name, image: it.image.value.to_string(), steps: Vec::new() });
        } else if let (Some(stage), Some(part)) = (stages.last_mut(), text.get(*from..to)) {
            let line = text[..*from].matches('\n').count() + 1;
            let escape = parsed.parser_directives.escape.as_ref().map_or('\\', |escape| escape.value.value);
            stage.steps.push(step(part, line, escape));
        }
    }
    stages
}

fn step(part: &str, line: usize, escape: char) -> Step {
    let written = one_line(part, escape);
    let (keyword, arguments) = written.split_once(' ').unwrap_or((&written, ""));
    let keyword = keyword.to_ascii_uppercase();
    let flags = if matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") { flags(arguments) } else { 0 };
    let text = format!("{keyword} {}", json(&arguments[flags..]));
    Step { line, text: text.trim().to_owned(), keyword, written }
}

/// How long the `--flags` before the arguments are: builders do not write all of them down.
fn flags(arguments: &str) -> usize {
    let mut at = 0;
    while arguments[at..].starts_with("--") {
        at += arguments[at..].find(' ').map_or(arguments.len() - at, |space| space + 1);
    }
    at
}

/// The words of a JSON array, as histories write them.
fn json(arguments: &str) -> String {
    match serde_json::from_str::<Vec<String>>(arguments) {
        Ok(words) => words.join(" "),
        Err(_) => arguments.to_owned(),
    }
}

/// Without comments, and with one space for each run of them: where a builder keeps more, it does so on both sides.
fn one_line(part: &str, escape: char) -> String {
    let lines = part.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines: Vec<&str> = lines.map(|line| line.strip_suffix(escape).unwrap_or(line)).collect();
    lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A history's text as the Dockerfile would have it: without shell, arguments of the build and the builder's own marks.
pub(crate) fn plain(created_by: &str) -> String {
    let text = created_by.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.strip_suffix("# buildkit").unwrap_or(&text).trim();
    if let Some((_, instruction)) = text.split_once("#(nop)") {
        return instruction.trim().to_owned();
    }
    let (is_run, command) = match text.strip_prefix("RUN ") {
        Some(command) => (true, command),
        None => (text.starts_with('|') || text.starts_with("/bin/sh -c "), text),
    };
    if !is_run {
        return without_flags(text);
    }
    let command =
        command.strip_prefix('|').and_then(|rest| rest.split_once("/bin/sh -c ")).map_or(command, |(_, it)| it);
    format!("RUN {}", command.strip_prefix("/bin/sh -c ").unwrap_or(command).trim())
}

fn without_flags(text: &str) -> String {
    match text.split_once(' ') {
        Some((keyword @ ("COPY" | "ADD"), arguments)) => format!("{keyword} {}", &arguments[flags(arguments)..]),
        _ => text.to_owned(),
    }
}

fn keyword(created_by: &str) -> String {
    plain(created_by).split(' ').next().unwrap_or_default().to_ascii_uppercase()
}

#[cfg(test)]
mod tests;
