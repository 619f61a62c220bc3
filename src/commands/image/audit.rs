//! `sidings image audit`: the packages of an image, held against an OSV dump that lies on disk: a zip as its publishers
//! give it, or a folder of entries and such zips. It is read entry by entry; links in it are not followed, and a file that
//! is no entry is named and stops nothing.

use super::{contents, findings};
use crate::args::{AuditArgs, FailOn};
use crate::commands::output::print_as;
use crate::exit::{Exit, Refusal};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sidings_flaws::{Auditor, Ignores, Severity};
use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Folders in each other; a dump has two.
const DEEPEST: usize = 8;
/// Bytes of an ignore list.
const MOST_IGNORES: u64 = 1 << 20;

pub(super) async fn audit(args: AuditArgs) -> anyhow::Result<Exit> {
    let ignores = args.ignore.as_deref().map(ignores).transpose()?.unwrap_or_default();
    // Before the image, which takes longer.
    let dump = fs::metadata(&args.flaws).map_err(|error| cannot(&args.flaws, &error))?;
    let inventory = contents::read(&args.image, &args.trace, &args.remote).await?;
    let mut auditor = Auditor::new(&inventory);
    match dump.is_dir() {
        true => read_folder(&mut auditor, &args.flaws, DEEPEST),
        false => read_zip(&mut auditor, &args.flaws),
    }
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

/// In the order of names, so that the same dump gives the same bytes.
fn read_folder(auditor: &mut Auditor, folder: &Path, deep: usize) {
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<io::Result<Vec<DirEntry>>>());
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return auditor.bad(&folder.display().to_string(), error.to_string()),
    };
    entries.sort_by_key(DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        match entry.file_type() {
            Ok(sort) if sort.is_dir() && deep > 0 => read_folder(auditor, &path, deep - 1),
            Ok(sort) if sort.is_dir() => auditor.bad(&path.display().to_string(), "it lies too deep".to_owned()),
            Ok(sort) if sort.is_file() => read_file(auditor, &path),
            Ok(_) => {}
            Err(error) => auditor.bad(&path.display().to_string(), error.to_string()),
        }
    }
}

fn read_file(auditor: &mut Auditor, path: &Path) {
    match path.extension().and_then(OsStr::to_str) {
        Some("json") => opened(auditor, path, Auditor::read),
        Some("zip") => read_zip(auditor, path),
        _ => {}
    }
}

fn read_zip(auditor: &mut Auditor, path: &Path) {
    opened(auditor, path, |auditor, name, file| auditor.read_zip(name, BufReader::new(file)));
}

fn opened<'i>(auditor: &mut Auditor<'i>, path: &Path, read: impl FnOnce(&mut Auditor<'i>, &str, File)) {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => read(auditor, &name, file),
        Err(error) => auditor.bad(&name, error.to_string()),
    }
}
