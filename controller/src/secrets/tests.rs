use super::*;
use crate::core::event::RunContent;
use crate::store::in_memory::MemoryStore;
use sidings_proto::{Commit, RunId, SecretRules, Source, Trigger};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tempfile::TempDir;

struct Scene {
    folder: TempDir,
    store: Arc<dyn Store>,
}

impl Scene {
    fn new() -> Scene {
        Scene { folder: tempfile::tempdir().unwrap(), store: Arc::new(MemoryStore::default()) }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("secrets.key")
    }

    async fn open(&self) -> anyhow::Result<Vault> {
        Vault::open(self.store.clone(), &self.file()).await
    }

    async fn refused(&self) -> String {
        let error = self.open().await.map(|_| ()).unwrap_err();
        assert!(error.is::<BadKeyFile>(), "{error:#}");
        error.to_string().replace(self.folder.path().to_str().unwrap(), "")
    }

    fn write_key(&self, text: &str, mode: u32) {
        std::fs::write(self.file(), text).unwrap();
        std::fs::set_permissions(self.file(), std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn secret(scope: SecretScope, name: &str, value: &str) -> PutSecret {
    PutSecret { name: name.to_owned(), scope, rules: SecretRules::default(), value: Secret::new(value) }
}

fn project(name: &str) -> SecretScope {
    SecretScope::Project(name.to_owned())
}

async fn put(vault: &Vault, secret: PutSecret) {
    vault.put(secret, Timestamp(1)).await.unwrap().unwrap();
}

fn run_of(project: &str, trigger: Trigger, reference: &str) -> RunSpec {
    RunSpec {
        id: RunId::new(),
        project: project.to_owned(),
        number: 1,
        trigger,
        commit: Commit { reference: reference.to_owned(), ..Commit::default() },
        source: Source::Git { url: "https://example.org/web".to_owned(), commit: "a".repeat(40) },
        repo_url: String::new(),
        default_branch: "main".to_owned(),
        retry_of: None,
        choice: Default::default(),
        inputs: Default::default(),
        content: RunContent::Invalid { diagnostics: String::new() },
    }
}

/// `name=value` of each secret, or what was refused.
async fn given(vault: &Vault, run: &RunSpec, names: &[&str]) -> String {
    match vault.of_job(run, &names.iter().copied().collect()).await.unwrap() {
        SecretsAnswer::Given { values } => {
            let shown = values.iter().map(|(name, value)| format!("{name}={}", value.expose()));
            shown.collect::<Vec<_>>().join(" ")
        }
        SecretsAnswer::Refused { reasons } => reasons.join("; "),
    }
}

#[tokio::test]
async fn what_the_store_holds_is_sealed() {
    let scene = Scene::new();
    let vault = scene.open().await.unwrap();
    put(&vault, secret(project("web"), "token", "hunter22")).await;
    put(&vault, secret(project("api"), "token", "hunter22")).await;
    let stored = scene.store.secrets().await.unwrap();
    assert!(stored.iter().all(|one| !one.sealed.0.windows(4).any(|bytes| bytes == b"hunt")));
    assert_ne!(stored[0].sealed, stored[1].sealed, "equal values do not look equal");
    let run = run_of("web", Trigger::Push, "refs/heads/main");
    assert_eq!(given(&vault, &run, &["token"]).await, "token=hunter22");
}

#[tokio::test]
async fn the_key_file_is_made_once_and_for_nobody_else() {
    let scene = Scene::new();
    put(&scene.open().await.unwrap(), secret(project("web"), "token", "hunter22")).await;
    let mode = std::fs::metadata(scene.file()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let again = scene.open().await.unwrap();
    assert_eq!(given(&again, &run_of("web", Trigger::Push, ""), &["token"]).await, "token=hunter22");
}

#[tokio::test]
async fn a_key_file_that_is_missing_wrong_or_open_to_others_is_told() {
    let scene = Scene::new();
    put(&scene.open().await.unwrap(), secret(project("web"), "token", "hunter22")).await;
    let key = std::fs::read_to_string(scene.file()).unwrap();
    std::fs::remove_file(scene.file()).unwrap();
    assert_eq!(
        scene.refused().await,
        "the key of the stored secrets is missing: put /secrets.key back from your back-up, or name its place with --secrets-key"
    );
    assert!(!scene.file().exists(), "no other key is made in its place");
    scene.write_key(&"ab".repeat(32), 0o600);
    let wrong =
        "/secrets.key does not open the stored secret token (project web): put the key file back that sealed it";
    assert_eq!(scene.refused().await, wrong);
    scene.write_key("no key\n", 0o600);
    assert_eq!(scene.refused().await, "/secrets.key: a key is 64 hex digits, and one a line");
    scene.write_key("\n", 0o600);
    assert_eq!(scene.refused().await, "/secrets.key has no key in it");
    scene.write_key(&key, 0o644);
    assert!(scene.refused().await.starts_with("/secrets.key can be read by others: `chmod 600"));
    scene.write_key(&key, 0o600);
    scene.open().await.unwrap();
}

#[tokio::test]
async fn a_new_key_before_the_old_one_seals_everything_anew() {
    let scene = Scene::new();
    put(&scene.open().await.unwrap(), secret(project("web"), "token", "hunter22")).await;
    let old = std::fs::read_to_string(scene.file()).unwrap();
    let new = "cd".repeat(32);
    scene.write_key(&format!("{new}\n{old}"), 0o600);
    scene.open().await.unwrap();
    scene.write_key(&new, 0o600);
    let vault = scene.open().await.unwrap();
    assert_eq!(given(&vault, &run_of("web", Trigger::Push, ""), &["token"]).await, "token=hunter22");
}

#[tokio::test]
async fn a_sealed_value_opens_only_as_what_it_was_sealed_as() {
    let scene = Scene::new();
    put(&scene.open().await.unwrap(), secret(project("web"), "token", "hunter22")).await;
    let stored = scene.store.secrets().await.unwrap().remove(0);
    let pull_requests = SecretRules { events: vec![Trigger::PullRequest], branches: Vec::new() };
    let moved = [
        StoredSecret { scope: project("other"), ..stored.clone() },
        StoredSecret { name: "other".to_owned(), ..stored.clone() },
        StoredSecret { rules: pull_requests, ..stored.clone() },
    ];
    for moved in moved {
        scene.store.put_secret(&moved).await.unwrap();
        assert!(scene.refused().await.contains("was changed by somebody else"), "{moved:?}");
        if (&moved.scope, &moved.name) != (&stored.scope, &stored.name) {
            scene.store.remove_secret(&moved.scope, &moved.name).await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_nearest_secret_of_a_name_is_given() {
    let scene = Scene::new();
    let vault = scene.open().await.unwrap();
    put(&vault, secret(SecretScope::All, "token", "of everybody")).await;
    put(&vault, secret(SecretScope::Group("team".to_owned()), "token", "of the team")).await;
    put(&vault, secret(project("team/web"), "token", "of the project")).await;
    for (name, value) in
        [("team/web", "project"), ("team/api", "team"), ("teams/web", "everybody"), ("team", "everybody")]
    {
        let run = run_of(name, Trigger::Push, "refs/heads/main");
        assert!(given(&vault, &run, &["token"]).await.ends_with(value), "{name}");
    }
}

#[tokio::test]
async fn a_secret_that_is_missing_or_not_for_the_run_is_refused_by_name() {
    let scene = Scene::new();
    let vault = scene.open().await.unwrap();
    let rules = SecretRules { events: vec![Trigger::Push], branches: vec!["release/*".to_owned()] };
    put(&vault, PutSecret { rules, ..secret(project("web"), "deploy", "hunter22") }).await;
    put(&vault, secret(SecretScope::All, "deploy", "of everybody")).await;
    put(&vault, secret(project("web"), "token", "hunter22")).await;
    let pushed = |branch: &str| run_of("web", Trigger::Push, &format!("refs/heads/{branch}"));
    assert_eq!(given(&vault, &pushed("release/1"), &["deploy", "token"]).await, "deploy=hunter22 token=hunter22");
    assert_eq!(
        given(&vault, &pushed("main"), &["deploy", "none", "token"]).await,
        "the secret `deploy` is not for the branch main; there is no secret `none` for the project web; \
         `sidings secret set none --project web` keeps one"
    );
    let pull_request = run_of("web", Trigger::PullRequest, "refs/heads/main");
    assert_eq!(
        given(&vault, &pull_request, &["token"]).await,
        "the secret `token` is not for runs of the event pull_request"
    );
    assert_eq!(given(&vault, &pull_request, &[]).await, "");
}

#[tokio::test]
async fn what_could_not_be_used_is_not_kept() {
    let scene = Scene::new();
    let vault = scene.open().await.unwrap();
    let pattern = SecretRules { events: Vec::new(), branches: vec!["[ab]".to_owned()] };
    let refused = [
        (secret(project("web"), "1a", "hunter22"), "a secret's name has letters"),
        (secret(project("Web"), "a", "hunter22"), "`Web` cannot be the name of a project"),
        (secret(SecretScope::Group("a/".to_owned()), "a", "hunter22"), "`a/` cannot be the name of a project or group"),
        (secret(project("web"), "a", "hunt"), "the value is refused: it is shorter than 6 bytes"),
        (PutSecret { rules: pattern, ..secret(project("web"), "a", "hunter22") }, "`[ab]` is no pattern for branches"),
    ];
    for (new, why) in refused {
        let told = vault.put(new, Timestamp(1)).await.unwrap().unwrap_err().to_string();
        assert!(told.starts_with(why), "{told}");
        assert!(!told.contains("hunt"), "{told}");
    }
    assert_eq!(vault.list(None).await.unwrap(), []);
}

#[tokio::test]
async fn a_secret_that_is_set_again_keeps_its_age() {
    let scene = Scene::new();
    let vault = scene.open().await.unwrap();
    put(&vault, secret(project("team/web"), "token", "hunter22")).await;
    vault.put(secret(project("team/web"), "token", "hunter23"), Timestamp(9)).await.unwrap().unwrap();
    put(&vault, secret(project("other"), "token", "hunter22")).await;
    let listed = vault.list(Some("team/web")).await.unwrap();
    assert_eq!(listed.iter().map(|one| (one.created.0, one.changed.0)).collect::<Vec<_>>(), [(1, 9)]);
    assert_eq!(vault.list(None).await.unwrap().len(), 2);
    assert!(vault.remove(&project("team/web"), "token").await.unwrap());
    assert!(!vault.remove(&project("team/web"), "token").await.unwrap());
}
