//! The crates of a program that `cargo auditable` built: JSON, packed, in the section `.dep-v0`.

use super::Found;
use super::elf::Program;
use crate::bounds::broken;
use crate::model::Kind;
use flate2::read::ZlibDecoder;
use serde::Deserialize;
use std::io::{self, Read};

const MOST: u64 = 16 << 20;

#[derive(Deserialize)]
struct Audit {
    packages: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    #[serde(default)]
    kind: Option<String>,
}

/// What only the build needed is not in the program.
pub(super) fn crates(program: &mut Program<'_>) -> io::Result<Vec<Found>> {
    let Some(packed) = program.section(".dep-v0")? else { return Ok(Vec::new()) };
    let mut json = Vec::new();
    ZlibDecoder::new(packed.as_slice()).take(MOST).read_to_end(&mut json)?;
    let audit: Audit = serde_json::from_slice(&json).map_err(|error| broken(format!(".dep-v0: {error}")))?;
    let inside = audit.packages.into_iter().filter(|it| it.kind.as_deref() != Some("build"));
    Ok(inside.map(|it| Found::new(Kind::Cargo, &it.name, &it.version)).collect())
}
