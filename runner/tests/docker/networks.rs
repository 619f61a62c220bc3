//! What steps reach of one another, and of the outside.

use crate::scene::{Act, docker, play, script};
use sidings_runner::engine::Engine;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

const PYTHON: &str =
    "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y --no-install-recommends python3-minimal\n";

/// Says its address and waits for one connection on port 8080.
const SERVE: &str = "import socket, sys; s = socket.create_server(('0.0.0.0', 8080)); \
    open(sys.argv[1], 'w').write(socket.gethostbyname(socket.gethostname()) + '\\n'); \
    s.accept()[0].sendall(b'served'); print('served')";
const OWN: &str = "import socket; print(socket.create_connection(('127.0.0.1', 8080)).recv(9).decode())";
const ACROSS: &str =
    "import socket, sys; s = socket.socket(); s.settimeout(2); print(s.connect_ex((sys.argv[1], 8080)))";

fn python<'a>(image: &'a str, code: &'a str, argument: &'a str) -> Act<'a> {
    Act { image, argv: vec!["python3", "-c", code, argument], ..script("") }
}

#[tokio::test]
async fn siblings_bind_the_same_port_and_cannot_reach_one_another() {
    play(async |scene| {
        let image = scene.image("sidings-test/python:1", PYTHON).await.id;
        let (one, two) = (scene.network().await, scene.network().await);
        let (mut heard_one, mut heard_two) = (scene.pipe("one"), scene.pipe("two"));
        let first = scene.start(&one, python(&image, SERVE, "one")).await;
        let second = scene.start(&two, python(&image, SERVE, "two")).await;
        let address = scene.hear(&mut heard_one, &first).await;
        assert_ne!(address, scene.hear(&mut heard_two, &second).await);
        // The address is right: from within its own network it answers (and is told apart by what it then serves).
        let refused = scene.run(&two, python(&image, ACROSS, address.trim())).await;
        assert_ne!(refused.stdout, "0\n", "a neighbour was reached");
        assert_eq!(scene.run(&two, python(&image, OWN, "")).await.stdout, "served\n");
        assert_eq!(scene.end(second).await.stdout, "served\n");
        assert_eq!(scene.run(&one, python(&image, ACROSS, address.trim())).await.stdout, "0\n");
        assert_eq!(scene.end(first).await.stdout, "served\n");
    })
    .await;
}

#[tokio::test]
async fn the_outside_is_reached() {
    play(async |scene| {
        let image = scene.image("sidings-test/python:1", PYTHON).await.id;
        let network = scene.network().await;
        let format = "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}";
        let host = docker(&["inspect", "--format", format, &network.0]).remove(0);
        // The host is the nearest thing that is not a neighbour; what lies behind it is reached by the same route.
        let listener = TcpListener::bind((host.as_str(), 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let code = format!("import socket; print(socket.create_connection(('{host}', {port})).recv(9).decode())");
        let step = scene.start(&network, python(&image, &code, "")).await;
        tokio::select! {
            accepted = listener.accept() => accepted.unwrap().0.write_all(b"outside").await.unwrap(),
            code = scene.docker.wait(&step.id) => panic!("it ended with {code:?} and never came"),
        }
        assert_eq!(scene.end(step).await.stdout, "outside\n");
    })
    .await;
}
