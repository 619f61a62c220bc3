//! `sidings schema`: the pipeline language as a JSON Schema, for editors.

use super::output::print;
use crate::exit::Exit;

pub(super) fn schema() -> anyhow::Result<Exit> {
    print(&sidings_pipeline::schema())?;
    Ok(Exit::Passed)
}
