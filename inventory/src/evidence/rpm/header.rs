//! The header of an rpm package: an index of tags, then their values.

use crate::evidence::{Found, told};
use crate::model::{Kind, PackageSource};

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const LICENCE: u32 = 1014;
const ARCHITECTURE: u32 = 1022;
const SOURCE: u32 = 1044;
const ENTRY: usize = 16;

/// None for what is no header, and for keys, which rpm keeps among the packages.
pub(super) fn package(blob: &[u8]) -> Option<Found> {
    let header = Header::of(blob)?;
    let name = header.text(NAME).filter(|name| name != "gpg-pubkey")?;
    let version = format!("{}-{}", header.text(VERSION)?, header.text(RELEASE)?);
    let version = header.number(EPOCH).map(|epoch| format!("{epoch}:{version}")).unwrap_or(version);
    let source = header.text(SOURCE).and_then(|file| source(&file));
    let found = Found::new(Kind::Rpm, &name, &version).licensed(told(header.text(LICENCE)));
    Some(Found { architecture: header.text(ARCHITECTURE), source, ..found })
}

/// `NAME-VERSION-RELEASE.src.rpm`.
fn source(file: &str) -> Option<PackageSource> {
    let (rest, release) = file.strip_suffix(".src.rpm")?.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some(PackageSource { name: name.to_owned(), version: Some(format!("{version}-{release}")) })
}

struct Header<'b> {
    index: &'b [u8],
    values: &'b [u8],
}

impl<'b> Header<'b> {
    fn of(blob: &'b [u8]) -> Option<Header<'b>> {
        let entries = usize::try_from(word(blob, 0)?).ok()?;
        let end = entries.checked_mul(ENTRY)?.checked_add(8)?;
        Some(Header { index: blob.get(8..end)?, values: blob.get(end..)? })
    }

    /// Where the values of a tag begin.
    fn value(&self, tag: u32) -> Option<&'b [u8]> {
        let entry = self.index.chunks_exact(ENTRY).find(|entry| word(entry, 0) == Some(tag))?;
        self.values.get(usize::try_from(word(entry, 8)?).ok()?..)
    }

    fn text(&self, tag: u32) -> Option<String> {
        let value = self.value(tag)?;
        let end = value.iter().position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(&value[..end]).into_owned())
    }

    fn number(&self, tag: u32) -> Option<u32> {
        word(self.value(tag)?, 0)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
