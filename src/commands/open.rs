//! `sidings open`: a run's page in the browser.

use super::output::print;
use crate::args::OpenArgs;
use crate::client::Client;
use crate::exit::{Exit, Refusal};
use crate::reference;
use std::ffi::OsString;
use std::process::{Command, Stdio};

/// What opens an address on a desktop.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

pub(super) async fn open(args: OpenArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let address = match &args.run {
        Some(run) => reference::find(&client, run, &args.project).await?.url,
        None => format!("{}/", client.server().trim_end_matches('/')),
    };
    // A server says it, and an opener opens more than pages.
    if !is_of_web(&address) {
        return Err(Refusal::configuration(format!("the controller calls {address:?} its address, which is no page")));
    }
    print(&format!("{address}\n"))?;
    if !args.print {
        show(&address)?;
    }
    Ok(Exit::Passed)
}

fn is_of_web(address: &str) -> bool {
    let is_page = address.starts_with("https://") || address.starts_with("http://");
    is_page && address.chars().all(|c| c.is_ascii_graphic())
}

fn show(address: &str) -> anyhow::Result<()> {
    let opener = std::env::var_os("BROWSER").filter(|name| !name.is_empty()).unwrap_or_else(|| OsString::from(OPENER));
    let started = Command::new(&opener).arg(address).stdout(Stdio::null()).status();
    let why = match started {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    let opener = opener.display();
    Err(Refusal::usage(format!("{opener}: {why}; open the address yourself, or name a browser in BROWSER")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_are_opened() {
        assert!(is_of_web("https://ci.example.com/runs/1") && is_of_web("http://127.0.0.1:7117/"));
        for address in ["file:///etc/passwd", "javascript:alert(1)", "--help", "https://a/\u{1b}[2J", "https://a b"] {
            assert!(!is_of_web(address), "{address}");
        }
    }
}
