//! Accepts calls. Who connects and says nothing, or not all, is given up; how many are connected at once is bounded.
//!
//! An answer may take as long as it likes: held-open leases and event streams are not touched.

use axum::Router;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// For the head of a call, counted from the end of the one before it. Longer than clients keep an idle connection, so
/// that it is they who close it, and not we while they begin a call.
const HEAD_WITHIN: Duration = Duration::from_secs(120);
/// Connections at once; more wait in the system's queue.
const CONNECTIONS: usize = 8192;

/// Serves until it is told to close; calls at hand come to their end.
pub(crate) async fn serve(mut listener: TcpListener, routes: Router, closing: CancellationToken) -> anyhow::Result<()> {
    let mut server = Builder::new(TokioExecutor::new()).http1_only();
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let (places, open) = (Arc::new(Semaphore::new(CONNECTIONS)), GracefulShutdown::new());
    let service = TowerToHyperService::new(routes);
    let next = async |listener: &mut TcpListener| {
        let place = places.clone().acquire_owned().await;
        (place, Listener::accept(listener).await.0)
    };
    while let Some((place, stream)) = closing.run_until_cancelled(next(&mut listener)).await {
        // Answers are small and awaited.
        let _ = stream.set_nodelay(true);
        let connection = server.serve_connection(TokioIo::new(stream), service.clone()).into_owned();
        let connection = open.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::trace!(error, "a connection did not end well");
            }
            drop(place);
        });
    }
    drop(listener);
    open.shutdown().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    /// All that is answered to some bytes until the connection is closed.
    async fn answer(sent: &[u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let slow = async || {
            tokio::time::sleep(10 * HEAD_WITHIN).await;
            "done"
        };
        let closing = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, Router::new().route("/", get(slow)), closing.clone()));
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        closing.cancel();
        serving.await.unwrap().unwrap();
        String::from_utf8(all).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_finish_a_call_is_given_up() {
        assert_eq!(answer(b"").await, "");
        assert!(!answer(b"GET / HTTP/1.1\r\nhost: x\r\n").await.contains("200 OK"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_may_be_held_for_long_and_its_connection_not_after_it() {
        let answer = answer(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("done"), "{answer}");
    }
}
