//! Shows a page on the desktop. Refused: anything that is not a page's address, as an opener opens more than pages.

use crate::exit::Refusal;
use std::ffi::OsString;
use std::process::Stdio;
use tokio::process::Command;

/// What opens an address on a desktop.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Opens the page at this address, which a controller told.
pub(crate) async fn open(address: &str) -> anyhow::Result<()> {
    check(address)?;
    let opener = std::env::var_os("BROWSER").filter(|name| !name.is_empty()).unwrap_or_else(|| OsString::from(OPENER));
    let started = Command::new(&opener).arg(address).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    let why = match started {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    let opener = opener.display();
    Err(Refusal::usage(format!("{opener}: {why}; open the address yourself, or name a browser in BROWSER")))
}

/// Refuses what is no page's address.
pub(crate) fn check(address: &str) -> anyhow::Result<()> {
    if is_of_web(address) {
        return Ok(());
    }
    Err(Refusal::configuration(format!("the controller calls {address:?} its address, which is no page")))
}

fn is_of_web(address: &str) -> bool {
    let is_page = address.starts_with("https://") || address.starts_with("http://");
    is_page && address.chars().all(|c| c.is_ascii_graphic())
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
