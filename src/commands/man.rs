//! `sidings man`: a manual page for each command.

use super::output::print;
use crate::args::{ManArgs, command};
use crate::exit::{Exit, Refusal};
use anyhow::Context;
use std::fs;

pub(super) fn man(args: &ManArgs) -> anyhow::Result<Exit> {
    let folder = &args.folder;
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    clap_mangen::generate_to(command(), folder)
        .map_err(|error| Refusal::usage(format!("{}: {error}", folder.display())))?;
    print(&format!("the manual is in {}: `man {}`\n", folder.display(), folder.join("sidings.1").display()))?;
    Ok(Exit::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_a_page_with_its_example() {
        let folder = tempfile::tempdir().unwrap();
        man(&ManArgs { folder: folder.path().join("man1") }).unwrap();
        let page = |name: &str| fs::read_to_string(folder.path().join("man1").join(name)).unwrap();
        assert!(page("sidings.1").contains("sidings\\-image(1)"), "{}", page("sidings.1"));
        assert!(page("sidings-image-find.1").contains("sidings image find openssl"));
        assert!(!folder.path().join("man1/sidings-hook.1").exists(), "what people do not call has none");
    }
}
