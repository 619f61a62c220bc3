use super::*;

fn client(server: &str) -> Client {
    Client::open(server, Some(SecretString::from("sid_x"))).unwrap()
}

fn address(client: &Client, segments: &[&str]) -> String {
    client.to(Method::GET, segments).build().unwrap().url().to_string()
}

#[test]
fn a_name_stays_one_segment_of_the_address() {
    let client = client("http://127.0.0.1:7117");
    assert_eq!(address(&client, &["runs", "a/b@7"]), "http://127.0.0.1:7117/api/v1/runs/a%2Fb@7");
    assert_eq!(address(&client, &["runs", "../x"]), "http://127.0.0.1:7117/api/v1/runs/..%2Fx");
}

#[test]
fn a_controller_may_live_below_a_path() {
    assert_eq!(address(&client("https://ci.example/sidings/"), &["runs"]), "https://ci.example/sidings/api/v1/runs");
    assert_eq!(address(&client("https://ci.example/sidings"), &["runs"]), "https://ci.example/sidings/api/v1/runs");
}

#[test]
fn an_address_that_is_none_is_a_wrong_setting() {
    for server in ["ci.example", "ftp://ci.example", ""] {
        let error = Client::open(server, None).unwrap_err();
        assert_eq!(crate::exit::exit_of(&error).code(), 64, "{server}");
    }
}

#[test]
fn certificates_that_are_none_are_a_wrong_setting() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |ca_bundle: std::path::PathBuf| {
        let error =
            Client::open_trusting("https://ci.example", None, &Trust { ca_bundle: Some(ca_bundle) }).unwrap_err();
        (crate::exit::exit_of(&error).code(), error.to_string())
    };
    let (code, said) = refused(folder.path().join("none.pem"));
    assert!(code == 64 && said.contains("none.pem"), "{said}");
    std::fs::write(folder.path().join("empty.pem"), "no certificate").unwrap();
    let (code, said) = refused(folder.path().join("empty.pem"));
    assert!(code == 64 && said.contains("no certificate in PEM"), "{said}");
}

#[test]
fn a_refusal_says_what_to_do() {
    let refused = |status, with_token| Error::Refused { status, message: "it was revoked".to_owned(), with_token };
    assert!(refused(StatusCode::UNAUTHORIZED, false).to_string().contains("SIDINGS_TOKEN"));
    assert!(refused(StatusCode::UNAUTHORIZED, true).to_string().contains("it was revoked"));
    assert_eq!(refused(StatusCode::UNAUTHORIZED, true).exit().code(), 64);
    assert_eq!(refused(StatusCode::NOT_FOUND, true).exit().code(), 2);
    assert_eq!(refused(StatusCode::INTERNAL_SERVER_ERROR, true).exit().code(), 70);
}

#[tokio::test]
async fn nobody_at_the_address_is_told_apart() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client(&format!("http://{address}")).projects().await.unwrap_err();
    assert_eq!(error.exit().code(), 69);
    assert!(error.to_string().contains("sidings up"), "{error}");
}
