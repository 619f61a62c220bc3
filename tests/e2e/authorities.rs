//! A server whose certificate is of an authority that only the operator knows, reached from steps, services and builds.

use super::{submit, verdicts};
use crate::support::{Fleet, job_of, run, tree};
use expect_test::expect;
use sidings_git::{Mirrors, RepoUrl};
use sidings_proto::api::RunView;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An address of this host that containers reach: the first one of the engine's bridge. An engine that has just been
/// installed does not name it.
fn host() -> String {
    let subnet = docker(&["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}"]);
    let first: Ipv4Addr = subnet.trim().split('/').next().unwrap().parse().unwrap();
    Ipv4Addr::from(u32::from(first) + 1).to_string()
}

fn openssl(folder: &Path, line: &str) {
    let mut command = Command::new("openssl");
    command.args(line.split(' ')).current_dir(folder);
    let (code, _, stderr) = run(command);
    assert_eq!(code, 0, "{stderr}");
}

/// A server that says hello over TLS, and its address. `ca.pem` in the folder is what it is to be trusted by.
async fn server(folder: &Path) -> String {
    std::fs::create_dir(folder).unwrap();
    let host = host();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(folder, &format!("req -x509 {key} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem"));
    openssl(folder, &format!("req {key} -subj /CN=server -keyout key.pem -out server.csr"));
    std::fs::write(folder.join("names"), format!("subjectAltName=IP:{host}\n")).unwrap();
    openssl(
        folder,
        "x509 -req -days 2 -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out server.pem",
    );
    let listener = TcpListener::bind((host.as_str(), 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let chain = CertificateDer::pem_file_iter(folder.join("server.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config))));
    format!("https://{host}:{port}/hello.txt")
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((connection, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // One that does not trust the server goes away here.
            let Ok(mut connection) = acceptor.accept(connection).await else { return };
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && connection.read_exact(&mut byte).await.is_ok() {
                head.extend(byte);
            }
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 18\r\nConnection: close\r\n\r\nhello from inside\n";
            let _ = connection.write_all(answer.as_bytes()).await;
            let _ = connection.shutdown().await;
        });
    }
}

const DOCKERFILE: &str = r#"FROM debian:bookworm-slim AS tools
RUN apt-get update && apt-get install -y -q --no-install-recommends curl wget python3-minimal libpython3-stdlib

FROM tools AS fetched
ARG URL
RUN curl -fsS "$URL" > /shell \
    && wget -qO- "$URL" > /wget
RUN ["python3", "-c", "import os, urllib.request as u; open('/exec', 'w').write(u.urlopen(os.environ['URL']).read().decode())"]
USER nobody
RUN /usr/lib/apt/apt-helper download-file "$URL" /tmp/apt && env | grep -c sidings-ca.pem > /tmp/variables
"#;

const PIPELINE: &str = r#"
images:
  tools: { build: { context: ., target: tools } }
  fetched: { build: { context: ., target: fetched, args: { URL: "@URL@" } } }
image: tools
environment: { URL: "@URL@" }
jobs:
  steps:
    services:
      web: { image: tools, command: sleep 600, healthcheck: { test: 'curl -fsS @URL@' } }
    steps:
      - name: every tool
        run: |
          curl -fsS "$URL"
          wget -qO- "$URL"
          python3 -c 'import os, urllib.request as u; print(u.urlopen(os.environ["URL"]).read().decode(), end="")'
          /usr/lib/apt/apt-helper download-file "$URL" /tmp/apt > /dev/null; cat /tmp/apt
      - { name: nothing else does it, run: '! env -i PATH="$PATH" curl -fsS "$URL" && ! touch /sidings/ca/more' }
      - { name: the pipeline's own value, environment: { CURL_CA_BUNDLE: /etc/hostname }, run: '! curl -fsS "$URL"' }
  build:
    image: fetched
    steps:
      - name: look
        run: |
          cat /shell /wget /exec /tmp/apt /tmp/variables
          ! env | grep sidings-ca && ! grep -e --mount -e SSL_CERT_FILE /usr/share/sidings/Dockerfile
  bad:
    build: { context: ., dockerfile: Dockerfile.bad }
    steps: [{ run: "true" }]
"#;

const BAD: &str = "FROM debian:bookworm-slim\n\nRUN true\nRUN echo trying && exit 3\n";

#[tokio::test]
async fn git_trusts_the_operators_authorities_when_it_is_told_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let (servers, mirrors) = (folder.path().join("server"), folder.path().join("mirrors"));
    let url = server(&servers).await.parse::<RepoUrl>().unwrap();
    let name = "refs/heads/main".parse().unwrap();
    let said = async |bundle: Option<PathBuf>| {
        let mirror = Mirrors::open(&mirrors).unwrap().trusting(bundle).mirror(&url);
        format!("{:#}", anyhow::Error::new(mirror.resolve(&name).await.unwrap_err()))
    };
    assert!(said(None).await.contains("certificate"));
    // It gets through, to what is no repository.
    let through = said(Some(servers.join("ca.pem"))).await;
    assert!(!through.contains("certificate") && through.contains("info/refs"), "{through}");
}

#[tokio::test]
async fn the_operators_authorities_are_trusted_in_every_step_and_build() {
    let fleet = Fleet::start().await;
    let url = server(&fleet.path("server")).await;
    let bundle = fleet.path("server").join("ca.pem");
    let runner = fleet.runner_told("a", &[("SIDINGS_CA_BUNDLE", bundle.to_str().unwrap())]).await;
    let pipeline = PIPELINE.replace("@URL@", &url);
    let files = [(".sidings.yml", pipeline.as_str()), ("Dockerfile", DOCKERFILE), ("Dockerfile.bad", BAD)];
    let tree = tree(fleet.path("tree"), &files);
    let view = fleet.client.until_ended(submit(&fleet, &tree)).await;

    expect![[r#"
        run: failed (image_build_failed)
        steps: passed, attempts 1
          every tool: passed, code 0
          nothing else does it: passed, code 0
          the pipeline's own value: passed, code 0
        build: passed, attempts 1
          look: passed, code 0
        bad: failed (image_build_failed), attempts 1
          true: skipped
    "#]]
    .assert_eq(&verdicts(&view));
    let log = async |view: &RunView, job: &str, step: u32| fleet.client.log(job_of(view, job), step).await;
    assert_eq!(log(&view, "steps", 1).await, "hello from inside\n".repeat(4));
    let built = log(&view, "build", 0).await;
    assert_eq!(log(&view, "build", 1).await, format!("{}12\n", "hello from inside\n".repeat(4)));
    let bad = log(&view, "bad", 0).await;
    assert!(bad.contains("\nDockerfile.bad:4: RUN echo trying && exit 3\n"), "{bad}");
    assert!(!format!("{built}{bad}").contains("--mount"), "{built}{bad}");

    let image = built.split_whitespace().find(|word| word.starts_with("sidings/test:")).unwrap();
    assert_eq!(left_in(image), ["usr/share/sidings/", "usr/share/sidings/Dockerfile"]);
    // Another host, with no authorities of its own, needs the same image.
    drop(runner);
    let _other = fleet.runner_told("b", &[]).await;
    let (code, stdout, stderr) =
        fleet.sidings(&tree, &["submit", "--project", "test", "--job", "build", "-f", "--plain"]);
    assert!(code == 0 && !stdout.contains("building"), "{stdout}{stderr}");
    docker(&["rmi", "-f", image]);
}

fn docker(args: &[&str]) -> String {
    let mut command = Command::new("docker");
    command.args(args);
    let (code, stdout, stderr) = run(command);
    assert_eq!(code, 0, "{stderr}");
    stdout
}

/// The files of ours in an image's layers, and nothing of the variables.
fn left_in(image: &str) -> Vec<String> {
    assert!(!docker(&["inspect", "--format", "{{json .Config.Env}}", image]).contains("CERT"));
    let container = docker(&["create", image, "true"]).trim().to_owned();
    let mut command = Command::new("sh");
    command.args(["-c", "docker export \"$1\" | tar -t", "sh", &container]);
    let (_, files, _) = run(command);
    docker(&["rm", &container]);
    files.lines().filter(|file| file.contains("sidings")).map(str::to_owned).collect()
}
