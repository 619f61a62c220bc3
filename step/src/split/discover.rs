//! Finds the tests, and tells which they are.

use super::desk::{Desk, unexpected};
use super::folder::{Folder, script};
use super::{EXIT_RED, over, say};
use sidings_proto::split::Preset;
use sidings_proto::split::desk::{Ask, Sizes, Told, Work, files_of};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;

/// pytest found no test, which is for the queue to say.
const PYTEST_NO_TESTS: i32 = 5;

/// Runs discovery. Gives the code to end with, where there is nothing to run.
pub(super) fn discover(desk: &mut Desk, work: &Work, folder: &Folder) -> io::Result<Option<u8>> {
    let (printed, listed) = (folder.file("printed"), folder.file("list"));
    let mut command = script(&work.shell, &work.discover)?;
    command.stdout(File::create(&printed)?).env("SPLIT_LIST", &listed);
    folder.equip(&mut command);
    let status = command.status()?;
    let none = work.preset == Preset::Pytest && status.code() == Some(PYTEST_NO_TESTS);
    if !status.success() && !none {
        io::copy(&mut File::open(&printed)?, &mut io::stdout())?;
        say(&format!("the tests could not be listed: `discover` ended with {status}"))?;
        return Ok(Some(EXIT_RED));
    }
    let list = if none || listed.exists() { &listed } else { &printed };
    if none {
        File::create(&listed)?;
    }
    let sizes = sizes(&String::from_utf8_lossy(&fs::read(list)?));
    if let Some(told) = desk.told_of_sizes(&sizes)?.filter(|told| *told != Told::Noted) {
        return Err(unexpected(&told));
    }
    let told = desk.ask_with(list, |bytes| Ask::List { bytes })?;
    if let Told::Over { passed, text } = &told {
        return over(*passed, text, None).map(Some);
    }
    if told == Told::Noted { Ok(None) } else { Err(unexpected(&told)) }
}

/// Of all files that may be a test's: a large one probably takes longer, as long as nobody knows.
fn sizes(listed: &str) -> Sizes {
    let names: BTreeSet<&str> = listed.split(['\n', '\0']).flat_map(files_of).collect();
    let size = |name: &&str| fs::metadata(name).ok().filter(fs::Metadata::is_file).map(|about| about.len());
    names.iter().filter_map(|name| Some(((*name).to_owned(), size(name)?))).collect()
}
