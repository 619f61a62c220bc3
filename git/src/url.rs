//! Where a repository is: `https`, `ssh` or `file`, and nothing that git could take for an option or a program.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A repository's address. Holds no password, so it may be shown and logged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoUrl {
    scheme: Scheme,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Scheme {
    Https,
    Ssh,
    File,
}

/// What is wrong with an address, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadUrl(String);

impl RepoUrl {
    /// The address of a repository in a folder of this machine.
    pub fn local(path: &Path) -> Result<RepoUrl, BadUrl> {
        let text = path.to_str().ok_or_else(|| bad("expected a path in UTF-8"))?;
        if !path.is_absolute() {
            return Err(bad(format!("expected an absolute path, got `{text}`")));
        }
        let mut url = String::from("file://");
        for byte in text.bytes() {
            match byte {
                b'/' | b'-' | b'_' | b'.' | b'~' | b'+' | b',' | b'=' | b':' | b'@' => url.push(char::from(byte)),
                _ if byte.is_ascii_alphanumeric() => url.push(char::from(byte)),
                _ => url.push_str(&format!("%{byte:02X}")),
            }
        }
        url.parse()
    }

    /// The folder, when the repository is on this machine.
    pub fn local_path(&self) -> Option<PathBuf> {
        let path = self.text.strip_prefix("file://")?;
        Some(PathBuf::from(String::from_utf8(percent_decode(path)?).ok()?))
    }

    /// The address as git takes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The one protocol that git may speak for it.
    pub(crate) fn protocol(&self) -> &'static str {
        match self.scheme {
            Scheme::Https => "https",
            Scheme::Ssh => "ssh",
            Scheme::File => "file",
        }
    }
}

impl fmt::Display for RepoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for RepoUrl {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<RepoUrl, BadUrl> {
        if text.len() > 2048 {
            return Err(bad("expected at most 2048 characters"));
        }
        if let Some(strange) = text.chars().find(|c| c.is_control() || c.is_whitespace() || *c == '\\') {
            return Err(bad(format!("expected no {strange:?} in a repository's address")));
        }
        let Some((scheme, rest)) = text.split_once("://") else { return Err(without_scheme(text)) };
        let scheme = match scheme {
            "https" => Scheme::Https,
            "ssh" => Scheme::Ssh,
            "file" => Scheme::File,
            _ => return Err(bad(format!("expected https://, ssh:// or file://, got `{scheme}://`"))),
        };
        match scheme {
            Scheme::File => check_file(rest)?,
            Scheme::Https | Scheme::Ssh => check_remote(scheme, rest)?,
        }
        Ok(RepoUrl { scheme, text: text.to_owned() })
    }
}

fn bad(message: impl Into<String>) -> BadUrl {
    BadUrl(message.into())
}

fn without_scheme(text: &str) -> BadUrl {
    match text.split_once(':') {
        Some((host, path)) if !text.starts_with(['-', '/', '.']) && !path.starts_with(':') && !path.is_empty() => {
            bad(format!("expected https://, ssh:// or file://: write `ssh://{host}/{}`", path.trim_start_matches('/')))
        }
        _ if text.starts_with('/') => bad(format!("expected https://, ssh:// or file://: write `file://{text}`")),
        _ => bad(format!("expected https://, ssh:// or file://, got `{text}`")),
    }
}

fn check_file(path: &str) -> Result<(), BadUrl> {
    if !path.starts_with('/') {
        return Err(bad("expected an absolute path after file://, as in file:///srv/project.git"));
    }
    match percent_decode(path) {
        Some(bytes) if !bytes.contains(&0) => Ok(()),
        _ => Err(bad("expected two hex digits, not 00, after each `%`")),
    }
}

fn check_remote(scheme: Scheme, rest: &str) -> Result<(), BadUrl> {
    let Some((authority, path)) = rest.split_once('/') else { return Err(bad("expected a path after the host")) };
    let (user, host_and_port) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    if user.is_some() && scheme == Scheme::Https {
        // Many hosts take a token in the user's place.
        return Err(bad("expected no user, token or password in an https address: it would be seen in logs and steps"));
    }
    check_user(user)?;
    check_host(host_and_port)?;
    if path.trim_matches('/').is_empty() {
        return Err(bad("expected a path after the host"));
    }
    match percent_decode(path) {
        Some(bytes) if !bytes.iter().any(u8::is_ascii_control) => Ok(()),
        _ => Err(bad("expected two hex digits, of no control character, after each `%`")),
    }
}

fn check_user(user: Option<&str>) -> Result<(), BadUrl> {
    let Some(user) = user else { return Ok(()) };
    if user.contains(':') {
        return Err(bad("expected no password in the address: it would be seen in logs and in the step's environment"));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if user.is_empty() || user.starts_with('-') || !user.bytes().all(plain) {
        return Err(bad("expected a user of letters, digits, `.`, `_` and `-` before the `@`"));
    }
    Ok(())
}

fn check_host(host_and_port: &str) -> Result<(), BadUrl> {
    let (host, port) = match host_and_port.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            address.parse::<std::net::Ipv6Addr>().map_err(|_| bad("expected an IPv6 address in brackets"))?;
            ("ipv6", port.strip_prefix(':'))
        }
        None => match host_and_port.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (host_and_port, None),
        },
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if host.is_empty() || host.starts_with(['-', '.']) || !host.bytes().all(plain) {
        return Err(bad(format!("expected a host, got `{host}`")));
    }
    match port.map(str::parse::<u16>) {
        None => Ok(()),
        Some(Ok(1..)) => Ok(()),
        Some(_) => Err(bad("expected a port from 1 to 65535 after the host")),
    }
}

fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let (digits, tail) = rest.split_first_chunk::<2>()?;
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        out.push(digit(digits[0])? * 16 + digit(digits[1])?);
        rest = tail;
    }
    Some(out)
}
