//! `resources`: what a container may use.

use super::fields::At;
use super::{Reader, shape};
use crate::diagnostic::Code;
use crate::report::Problem;
use crate::suggest::{did_you_mean, quoted};
use crate::yaml::Value;
use sidings_proto::Resources;

/// An engine takes no less.
const LEAST_MILLI_CPUS: u64 = 10;
const MOST_MILLI_CPUS: u64 = 1024 * 1000;
/// Below this no program starts.
const LEAST_MEMORY: u64 = 16 << 20;
const MOST_MEMORY: u64 = 16 << 40;
/// A shell and what it starts.
pub(super) const LEAST_PIDS: i64 = 16;
pub(super) const MOST_PIDS: i64 = 4_194_304;

const A_SIZE: &str = "a size: `512MiB`, `2GiB`";
const UNITS: [(&str, u32); 4] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];

impl Reader<'_> {
    /// What a job or step says, over what it has from around it.
    pub(super) fn resources(&mut self, at: &At<'_, '_>, around: Resources) -> Resources {
        let Some(fields) = self.fields(at, &shape::RESOURCES) else { return around };
        if matches!(&at.node.value, Value::Map(entries) if entries.is_empty()) {
            self.error(Code::BadValue, &at.span, "these `resources` say nothing", "take them out, or name `cpus`");
        }
        let pids = fields.get("pids").and_then(|at| self.whole(&at, LEAST_PIDS, MOST_PIDS));
        Resources {
            milli_cpus: fields.get("cpus").and_then(|at| self.milli_cpus(&at)).or(around.milli_cpus),
            memory: fields.get("memory").and_then(|at| self.memory(&at)).or(around.memory),
            pids: pids.and_then(|pids| u32::try_from(pids).ok()).or(around.pids),
        }
    }

    fn milli_cpus(&mut self, at: &At<'_, '_>) -> Option<u64> {
        let expected = "a number of processors: `2`, `0.5`";
        let text = self.text_of(at, expected)?;
        let milli = thousandths(&text);
        let right = milli.filter(|milli| (LEAST_MILLI_CPUS..=MOST_MILLI_CPUS).contains(milli));
        if right.is_none() {
            let why = if milli.is_some() { "is out of bounds" } else { "is not a number of processors" };
            let problem = Problem::new(Code::BadValue, &at.span, format!("{} {why}", quoted(&text)));
            let bounds = milli.map(|_| "at least `0.01`, at most `1024`".to_owned());
            self.report.add(problem.expected(expected).maybe_help(bounds));
        }
        right
    }

    /// A number of bytes.
    pub(super) fn size(&mut self, at: &At<'_, '_>) -> Option<u64> {
        let text = self.text_of(at, A_SIZE)?;
        let bytes = bytes(&text);
        if bytes.is_none() {
            let problem = Problem::new(Code::BadValue, &at.span, format!("{} is not a size", quoted(&text)))
                .expected(A_SIZE)
                .help("a whole number with the unit `KiB`, `MiB`, `GiB` or `TiB`, without a space")
                .maybe_help(meant(&text).map(|meant| did_you_mean(&meant)));
            self.report.add(problem);
        }
        bytes
    }

    fn memory(&mut self, at: &At<'_, '_>) -> Option<u64> {
        let bytes = self.size(at)?;
        if (LEAST_MEMORY..=MOST_MEMORY).contains(&bytes) {
            return Some(bytes);
        }
        let text = self.text_of(at, A_SIZE)?;
        let message = format!("a memory of {} is out of bounds", quoted(&text));
        self.report.add(Problem::new(Code::BadValue, &at.span, message).expected("at least `16MiB`, at most `16TiB`"));
        None
    }
}

/// `1.5` is 1500; at most three digits after the point.
fn thousandths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 3 {
        return None;
    }
    let part: u64 = format!("{part:0<3}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(part)
}

fn bytes(text: &str) -> Option<u64> {
    let (number, shift) = UNITS.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| number.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(1 << shift))
}

/// `2GB`, `2g`, `2 Gi` and `2gib` are `2GiB`.
fn meant(text: &str) -> Option<String> {
    let text = text.trim();
    let end = text.find(|char: char| !char.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let first = unit.trim().chars().next()?.to_ascii_uppercase();
    let rest = unit.trim().get(1..)?.to_ascii_lowercase();
    let unit = UNITS.iter().find(|(unit, _)| unit.starts_with(first))?.0;
    (!number.is_empty() && matches!(rest.as_str(), "" | "b" | "i" | "ib")).then(|| format!("{number}{unit}"))
}
