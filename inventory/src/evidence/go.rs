//! What Go writes into each program: its own version and the modules, in the section `.go.buildinfo`. Since 1.18 the
//! texts are in the section itself; before, it holds pointers to them.

use super::Found;
use super::elf::Program;
use crate::model::Kind;
use std::io;

const MAGIC: &[u8] = b"\xff Go buildinf:";
const ALIGNED: usize = 16;
const HEADER: usize = 32;
const INLINE: u8 = 2;
/// Where Go's own reader looks when there are no sections.
const SEARCHED: usize = 64 << 10;
const LONGEST: u64 = 4 << 20;

/// The modules of the program, and Go's own library, which is part of it too.
pub(super) fn modules(program: &mut Program<'_>) -> io::Result<Vec<Found>> {
    let section = match program.section(".go.buildinfo")? {
        Some(section) => Some(section),
        None => program.data(SEARCHED)?,
    };
    let Some(section) = section else { return Ok(Vec::new()) };
    let starts = (0..section.len()).step_by(ALIGNED);
    let Some(start) = starts.into_iter().find(|at| section[*at..].starts_with(MAGIC)) else { return Ok(Vec::new()) };
    let info = &section[start..];
    if info.len() < HEADER {
        return Ok(Vec::new());
    }
    let (version, modules) = if info[15] & INLINE != 0 { inline(info) } else { pointed(program, info)? };
    let mut found: Vec<Found> = toolchain(&version).into_iter().collect();
    found.extend(listed(&modules));
    Ok(found)
}

/// Two texts, each after its length.
fn inline(info: &[u8]) -> (String, Vec<u8>) {
    let (version, rest) = counted(&info[HEADER..]);
    let (modules, _) = counted(rest);
    (String::from_utf8_lossy(version).into_owned(), modules.to_vec())
}

fn counted(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut length = 0u64;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let rest = &bytes[index + 1..];
            let end = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
            return rest.split_at(end);
        }
    }
    (&[], &[])
}

/// Two pointers to texts, each of which is a pointer and a length.
fn pointed(program: &mut Program<'_>, info: &[u8]) -> io::Result<(String, Vec<u8>)> {
    let size = program.words().size();
    let version = string(program, program.words().word(info, 16))?;
    let modules = string(program, program.words().word(info, 16 + size))?;
    Ok((String::from_utf8_lossy(&version).into_owned(), modules))
}

fn string(program: &mut Program<'_>, address: Option<u64>) -> io::Result<Vec<u8>> {
    let words = program.words();
    let Some(address) = address.filter(|address| *address != 0) else { return Ok(Vec::new()) };
    let Some(header) = program.memory(address, 2 * words.size() as u64)? else { return Ok(Vec::new()) };
    let (start, length) = (words.word(&header, 0), words.word(&header, words.size()));
    let (Some(start), Some(length)) = (start, length.filter(|length| *length <= LONGEST)) else {
        return Ok(Vec::new());
    };
    Ok(program.memory(start, length)?.unwrap_or_default())
}

/// `go1.22.1`, with what it was built with after it.
fn toolchain(version: &str) -> Option<Found> {
    let version = version.split_whitespace().next()?.strip_prefix("go")?;
    Some(Found::new(Kind::Go, "stdlib", version))
}

/// Lines of `mod`, `dep` and `=>`, which replaces the line before it. Marks of 16 bytes surround them. A program that
/// was built without modules has the path of its main package alone.
fn listed(modules: &[u8]) -> Vec<Found> {
    let inner = modules.get(16..modules.len().saturating_sub(16)).unwrap_or_default();
    let text = String::from_utf8_lossy(inner);
    let mut found: Vec<Found> = Vec::new();
    for line in text.lines() {
        let mut parts = line.split('\t');
        let (Some(sort), Some(path), version) = (parts.next(), parts.next(), parts.next()) else { continue };
        match sort {
            "mod" | "dep" => found.push(module(path, version)),
            "=>" => {
                found.pop();
                found.push(module(path, version));
            }
            _ => {}
        }
    }
    if found.is_empty() {
        let main = text.lines().find_map(|line| line.strip_prefix("path\t")).filter(|path| path.contains('/'));
        found.extend(main.map(|path| module(path, None)));
    }
    found
}

/// A module that was built where its sources are has no version of its own.
fn module(path: &str, version: Option<&str>) -> Found {
    Found::new(Kind::Go, path, version.filter(|version| *version != "(devel)").unwrap_or_default())
}
