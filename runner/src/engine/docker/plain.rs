//! Questions to the Engine whose answers bollard reads in the words of the newest Engines only. One question, one
//! connection, and an answer that ends with it.

use super::ANSWER_WITHIN;
use super::upgrade::{self, Upgraded};
use anyhow::{Context, ensure};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// An Engine with more to say than this is not asked again.
const ANSWER_MAX: u64 = 256 * 1024 * 1024;

/// Asks for a path below the version's and reads the answer's JSON.
pub(super) async fn get<T: DeserializeOwned>(api: &bollard::Docker, path: &str) -> anyhow::Result<T> {
    let version = api.client_version();
    // What newer Engines say in other words they say in these as well to those who ask by an older version.
    let minor = if version.major_version == 1 { version.minor_version.min(51) } else { 51 };
    // In this version of HTTP an answer is not cut into pieces.
    let request = format!("GET /v1.{minor}{path} HTTP/1.0\r\nHost: docker\r\n\r\n");
    let asked = async {
        match upgrade::connected("questions about the build cache").await? {
            Upgraded::Unix(connection) => ask(connection, &request).await,
            Upgraded::Tcp(connection) => ask(connection, &request).await,
        }
    };
    let answer = tokio::time::timeout(ANSWER_WITHIN, asked).await.context("waiting for the engine's answer")??;
    serde_json::from_slice(body(&answer)?).context("reading the engine's answer")
}

async fn ask<C: AsyncRead + AsyncWrite + Unpin>(mut connection: C, request: &str) -> anyhow::Result<Vec<u8>> {
    connection.write_all(request.as_bytes()).await.context("asking the engine")?;
    let mut answer = Vec::new();
    connection.take(ANSWER_MAX).read_to_end(&mut answer).await.context("reading the engine's answer")?;
    Ok(answer)
}

fn body(answer: &[u8]) -> anyhow::Result<&[u8]> {
    const END: &[u8] = b"\r\n\r\n";
    let head = answer.windows(END.len()).position(|bytes| bytes == END).context("the engine's answer has no head")?;
    let status = String::from_utf8_lossy(&answer[..head]);
    let status = status.lines().next().unwrap_or_default();
    ensure!(status.split(' ').nth(1) == Some("200"), "the engine refuses it: {status}");
    Ok(&answer[head + END.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_what_comes_after_its_head() {
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n{}\r\n\r\n").unwrap(), b"{}\r\n\r\n");
        let refused = body(b"HTTP/1.0 404 Not Found\r\n\r\n{}").unwrap_err().to_string();
        assert_eq!(refused, "the engine refuses it: HTTP/1.0 404 Not Found");
        assert!(body(b"HTTP/1.0 200 OK\r\n").is_err());
    }
}
