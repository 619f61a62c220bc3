//! The Engine's answers that come as messages in JSON, a line each, read to their end.
//!
//! bollard takes a message as soon as it is whole. Where the end of its line comes apart from it, that is then held to be
//! the beginning of another message, and the end of the answer is told as an error. Nothing is missing: an answer that is
//! cut off on its way fails in HTTP.

use bollard::errors::Error;
use futures::{Stream, StreamExt, future};

const LINE_END_LEFT: &str = "bytes remaining on stream";

/// The same messages, without that error at their end.
pub(super) fn to_their_end<T>(answers: impl Stream<Item = Result<T, Error>>) -> impl Stream<Item = Result<T, Error>> {
    answers.take_while(|answer| future::ready(!answer.as_ref().is_err_and(is_left_line_end)))
}

fn is_left_line_end(error: &Error) -> bool {
    matches!(error, Error::IOError { err } if err.to_string() == LINE_END_LEFT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::query_parameters::CreateImageOptionsBuilder;
    use bollard::{API_DEFAULT_VERSION, Docker};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// An engine that answers with these pieces, each for itself.
    async fn engine(pieces: &'static [&'static str], whole: bool) -> Docker {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut caller, _) = listener.accept().await.unwrap();
            let _ = caller.read(&mut [0; 4096]).await.unwrap();
            let mut said = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
            pieces.iter().for_each(|piece| said += &format!("{:x}\r\n{piece}\r\n", piece.len()));
            said += if whole { "0\r\n\r\n" } else { "" };
            caller.write_all(said.as_bytes()).await.unwrap();
        });
        Docker::connect_with_http(&place, 10, API_DEFAULT_VERSION).unwrap()
    }

    async fn told(docker: &Docker, mended: bool) -> Vec<String> {
        let options = CreateImageOptionsBuilder::default().from_image("a").build();
        let answers = docker.create_image(Some(options), None, None);
        let told = |answer: Result<bollard::models::CreateImageInfo, Error>| match answer {
            Ok(message) => message.status.unwrap_or_default(),
            Err(error) => format!("error: {error}"),
        };
        if mended { to_their_end(answers).map(told).collect().await } else { answers.map(told).collect().await }
    }

    const APART: &[&str] = &["{\"status\":\"one\"}\r\n", "{\"status\":\"two\"}", "\r\n"];

    #[tokio::test]
    async fn a_line_end_that_comes_alone_is_no_error() {
        assert_eq!(told(&engine(APART, true).await, true).await, ["one", "two"]);
        // As soon as bollard reads on by itself this room can go.
        let unmended = told(&engine(APART, true).await, false).await;
        assert_eq!(unmended.last().map(String::as_str), Some("error: bytes remaining on stream"));
    }

    #[tokio::test]
    async fn an_answer_that_is_cut_off_is_one() {
        for pieces in [APART, &["{\"status\":\"one\"}\r\n", "{\"sta"]] {
            let told = told(&engine(pieces, false).await, true).await;
            assert!(told.last().is_some_and(|last| last.starts_with("error: ")), "{told:?}");
        }
    }
}
