//! Whom this host trusts beside the machine's own authorities: certificates that the operator names, for the runner's
//! own calls, for every step and service, and for every `RUN` of a build.
//!
//! What is no certificate is refused at the start, a private key above all: whatever is in the file, every step can read.

mod bundle;

pub(crate) use bundle::{Bundle, settings, variables};

use std::path::Path;

/// Every step and build carries it, and a builder takes secrets no longer than this.
const FILE_MAX: u64 = 256 * 1024;

/// Certificates of authorities, each of them well-formed; at least one.
#[derive(Clone, Debug)]
pub struct Authorities {
    /// Each as a block of PEM, without what stood between them.
    blocks: Vec<String>,
}

impl Authorities {
    /// Reads a file of the operator.
    ///
    /// # Errors
    /// One line that names the file and what is wrong with it.
    pub fn read(file: &Path) -> Result<Authorities, String> {
        let wrong = |why: String| format!("--ca-bundle {}: {why}", file.display());
        let length = std::fs::metadata(file).map_err(|error| wrong(error.to_string()))?.len();
        if length > FILE_MAX {
            return Err(wrong(format!(
                "it is longer than {FILE_MAX} bytes; the machine's own authorities need not be in it"
            )));
        }
        let bytes = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| wrong(NO_TEXT.to_owned()))?;
        Authorities::parse(&text).map_err(wrong)
    }

    fn parse(text: &str) -> Result<Authorities, String> {
        let blocks = blocks(text)?;
        if blocks.is_empty() {
            return Err("there is no certificate in PEM in it (`-----BEGIN CERTIFICATE-----`)".to_owned());
        }
        for (line, block) in &blocks {
            well_formed(block).map_err(|why| format!("line {line}: this is no certificate: {why}"))?;
        }
        Ok(Authorities { blocks: blocks.into_iter().map(|(_, block)| block).collect() })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.blocks.len()
    }

    /// For an HTTP client.
    pub fn certificates(&self) -> reqwest::Result<Vec<reqwest::Certificate>> {
        self.blocks.iter().map(|block| reqwest::Certificate::from_pem(block.as_bytes())).collect()
    }

    fn pem(&self) -> String {
        self.blocks.concat()
    }
}

const NO_TEXT: &str = "it is not text in PEM; `openssl x509 -inform der -in FILE -out FILE.pem` makes it so";
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// The blocks of PEM, each with the line that it begins on. What stands between them is a remark.
fn blocks(text: &str) -> Result<Vec<(usize, String)>, String> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in text.lines().map(str::trim).enumerate().map(|(index, line)| (index + 1, line)) {
        if let Some(label) = line.strip_prefix(BEGIN) {
            begins(number, label.trim_end_matches('-'), open.as_ref())?;
            open = Some((number, String::new()));
        }
        let Some((_, block)) = &mut open else { continue };
        block.push_str(line);
        block.push('\n');
        if line.starts_with(END) {
            blocks.extend(open.take());
        }
    }
    match open {
        Some((number, _)) => Err(format!("line {number}: the certificate has no end")),
        None => Ok(blocks),
    }
}

fn begins(number: usize, label: &str, open: Option<&(usize, String)>) -> Result<(), String> {
    if let Some((number, _)) = open {
        return Err(format!("line {number}: the certificate has no end"));
    }
    match label {
        "CERTIFICATE" => Ok(()),
        key if key.contains("PRIVATE KEY") => {
            Err(format!("line {number}: a private key is no part of it: every step could read it"))
        }
        other => Err(format!("line {number}: expected CERTIFICATE, found {other}")),
    }
}

/// Whether a TLS client would take it.
fn well_formed(block: &str) -> Result<(), String> {
    let taken = reqwest::Certificate::from_pem(block.as_bytes())
        .and_then(|certificate| reqwest::Client::builder().tls_certs_only([certificate]).build());
    taken.map(drop).map_err(|error| innermost(&error))
}

fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

#[cfg(test)]
mod tests;
