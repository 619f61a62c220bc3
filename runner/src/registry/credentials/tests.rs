use super::*;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new(text: &str) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), text).unwrap();
        Desk { folder }
    }

    fn file(&self) -> Result<CredentialsFile, String> {
        CredentialsFile::at(&self.folder.path().join("config.json"))
    }

    async fn of(&self, host: &str) -> Option<Credentials> {
        self.file().unwrap().of(host).await.unwrap()
    }
}

fn user(username: &str, password: &str) -> Option<Credentials> {
    let password = Some(Secret::new(password));
    Some(Credentials { username: username.to_owned(), password, ..Credentials::default() })
}

#[tokio::test]
async fn the_forms_that_docker_writes_are_read() {
    let desk = Desk::new(
        r#"{ "auths": {
            "https://index.docker.io/v1/": { "auth": "bWU6aHVudGVyMjI=" },
            "reg.corp:5000": { "username": "bot", "password": "s3cret:with:colons" },
            "http://old.corp/v1/": { "identitytoken": "t0ken" },
            "empty.corp": {} },
          "HttpHeaders": { "X": "y" }, "detachKeys": "ctrl-e" }"#,
    );
    assert_eq!(desk.of("docker.io").await, user("me", "hunter22"));
    assert_eq!(desk.of("registry-1.docker.io").await, user("me", "hunter22"));
    assert_eq!(desk.of("reg.corp:5000").await, user("bot", "s3cret:with:colons"));
    let token = Some(Secret::new("t0ken"));
    assert_eq!(desk.of("old.corp").await, Some(Credentials { identity_token: token, ..Credentials::default() }));
    assert_eq!((desk.of("empty.corp").await, desk.of("reg.corp").await), (None, None));
    assert_eq!(desk.file().unwrap().registries(), ["docker.io", "empty.corp", "old.corp", "reg.corp:5000"]);
}

#[test]
fn a_file_that_is_none_is_refused_without_a_word_of_it() {
    let refused = |text: &str| Desk::new(text).file().unwrap_err();
    for bad in [r#"{"auths": {"a": {"auth": ["hunter22"]}}}"#, r#"{"auths": "hunter22""#, "hunter22"] {
        let said = refused(bad);
        assert!(said.contains("this is no configuration of Docker's") && !said.contains("hunter22"), "{said}");
    }
    assert!(refused(r#"{"credsStore": "../../evil"}"#).contains("no name of a credential helper"));
    let none = CredentialsFile::at(Path::new("/nowhere/config.json")).unwrap_err();
    assert!(none.starts_with("--registry-auth /nowhere/config.json: "), "{none}");
}

#[tokio::test]
async fn what_is_no_pair_is_an_error_without_a_word_of_it() {
    let desk = Desk::new(r#"{"auths": {"reg.corp": {"auth": "aHVudGVyMjI="}}}"#);
    let said = format!("{:#}", desk.file().unwrap().of("reg.corp").await.unwrap_err());
    assert_eq!(said, "`auth` is not `user:password` in base64");
}

#[tokio::test]
async fn a_helper_that_is_not_there_is_named() {
    let desk = Desk::new(r#"{"credHelpers": {"reg.corp": "of-no-machine"}}"#);
    let said = format!("{:#}", desk.file().unwrap().of("reg.corp").await.unwrap_err());
    assert!(said.starts_with("docker-credential-of-no-machine cannot be started"), "{said}");
    assert_eq!(desk.of("other.corp").await, None, "it is asked for its registry alone");
}

#[test]
fn whoever_else_can_read_the_file_is_noticed() {
    let desk = Desk::new("{}");
    let open = |mode: u32| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(desk.folder.path().join("config.json"), permissions).unwrap();
        desk.file().unwrap().is_open_to_others()
    };
    assert_eq!((open(0o600), open(0o640), open(0o604)), (false, true, true));
}

#[tokio::test]
async fn credentials_are_shown_by_nothing() {
    let found = Desk::new(r#"{"auths": {"reg.corp": {"auth": "bWU6aHVudGVyMjI="}}}"#).of("reg.corp").await.unwrap();
    assert!(!format!("{found:?}").contains("hunter22"));
    let masked = found.finder().unwrap().masked("sent hunter22 and bWU6aHVudGVyMjI= to it");
    assert!(!masked.contains("hunter22") && !masked.contains("bWU6aHVudGVyMjI"), "{masked}");
}

#[test]
fn a_helpers_answer_is_a_pair_or_a_token_or_nothing() {
    let answer = |code: i32, said: &str| {
        let status = std::process::ExitStatus::from_raw(code << 8);
        answered("helper", &Output { status, stdout: said.into(), stderr: Vec::new() })
    };
    let pair = answer(0, r#"{"ServerURL": "reg.corp", "Username": "me", "Secret": "hunter22"}"#).unwrap();
    assert_eq!(pair, user("me", "hunter22"));
    let token = answer(0, r#"{"ServerURL": "reg.corp", "Username": "<token>", "Secret": "t0ken"}"#).unwrap().unwrap();
    assert_eq!((token.identity_token, token.password), (Some(Secret::new("t0ken")), None));
    assert_eq!(answer(1, "credentials not found in native keychain\n").unwrap(), None);
    for (code, said) in [(1, "hunter22"), (0, "hunter22")] {
        let error = format!("{:#}", answer(code, said).unwrap_err());
        assert!(error.starts_with("helper ") && !error.contains("hunter22"), "{error}");
    }
}
