//! `sidings completions`.

use super::output::print;
use crate::args::{CompletionsArgs, command};
use crate::exit::Exit;

pub(super) fn completions(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "sidings", &mut script);
    print(&String::from_utf8(script)?)?;
    Ok(Exit::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_gets_a_script() {
        for shell in clap_complete::Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command(), "sidings", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("submit") && script.contains("doctor"), "{shell}");
        }
    }
}
