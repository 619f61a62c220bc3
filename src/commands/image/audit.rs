//! `sidings image audit`: the packages of an image, held against an OSV dump that lies on disk.

use super::{contents, findings};
use crate::args::{AuditArgs, FailOn};
use crate::commands::output::print_as;
use crate::exit::{Exit, Refusal};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sidings_controller::read_dump;
use sidings_flaws::{Auditor, Ignores, Severity};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Bytes of an ignore list.
const MOST_IGNORES: u64 = 1 << 20;

pub(super) async fn audit(args: AuditArgs) -> anyhow::Result<Exit> {
    let ignores = args.ignore.as_deref().map(ignores).transpose()?.unwrap_or_default();
    // Before the image, which takes longer.
    fs::metadata(&args.flaws).map_err(|error| cannot(&args.flaws, &error))?;
    let inventory = contents::read(&args.image, &args.trace, &args.remote).await?;
    let mut auditor = Auditor::new(&inventory);
    read_dump(&mut auditor, &args.flaws).map_err(|error| cannot(&args.flaws, &error))?;
    let audit = auditor.finish(&ignores);
    if audit.entries == 0 {
        let bad = audit.bad.first().map(|bad| format!(" ({}: {})", bad.name, bad.why)).unwrap_or_default();
        return Err(Refusal::usage(format!("{}: there is no entry of OSV in it{bad}", args.flaws.display())));
    }
    print_as(args.json, &audit, findings::listed)?;
    let limit = args.fail_on.map(limit);
    Ok(if limit.is_some_and(|limit| audit.reaching(limit) > 0) { Exit::Failed } else { Exit::Passed })
}

fn limit(on: FailOn) -> Severity {
    match on {
        FailOn::Critical => Severity::Critical,
        FailOn::High => Severity::High,
        FailOn::Medium => Severity::Medium,
        FailOn::Low => Severity::Low,
    }
}

fn ignores(path: &Path) -> anyhow::Result<Ignores> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MOST_IGNORES + 1).read_to_string(&mut text));
    read.map_err(|error| cannot(path, &error))?;
    let wrong = |what: String| Refusal::configuration(format!("{}: {what}", path.display()));
    if text.len() as u64 > MOST_IGNORES {
        return Err(wrong(format!("it has more than {MOST_IGNORES} bytes")));
    }
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    Ignores::read(&text, today).map_err(|error| wrong(error.to_string()))
}

fn cannot(path: &Path, error: &io::Error) -> anyhow::Error {
    Refusal::usage(format!("{}: {error}", path.display()))
}
