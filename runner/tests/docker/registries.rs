//! A real registry on loopback that lets nobody in without a password, as it is and as the mirror of another one.

use crate::scene::{Scene, docker, play_with};
use sidings_runner::engine::docker::DockerConfig;
use sidings_runner::engine::{Engine, ImageError};
use sidings_runner::registry::{CredentialsFile, Registries};
use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const PASSWORD: &str = "hunter22-Registry+1";
/// The line that `htpasswd -nbB puller <PASSWORD>` prints.
const HTPASSWD: &str = "puller:$2y$05$Gfgo0JY3k5DSce6jURWbQ.LuAkdOVGj1vX4AyBvY6Gjerw6xyEfVu\n";
/// `puller:<PASSWORD>` in base64.
const AUTH: &str = "cHVsbGVyOmh1bnRlcjIyLVJlZ2lzdHJ5KzE=";

/// A registry of the distribution's package, with one image in it; gone when the test is over.
struct Registry {
    process: Child,
    folder: TempDir,
    /// `127.0.0.1:port`
    place: String,
}

impl Registry {
    fn start() -> Registry {
        let folder = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = format!("127.0.0.1:{port}");
        let root = folder.path().display();
        let config = format!(
            "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {root}/images }} }}\nhttp: {{ addr: {place} }}\n\
             auth: {{ htpasswd: {{ realm: test, path: {root}/htpasswd }} }}\n"
        );
        fs::write(folder.path().join("config.yml"), config).unwrap();
        fs::write(folder.path().join("htpasswd"), HTPASSWD).unwrap();
        let auths = format!("{{ \"auths\": {{ \"{place}\": {{ \"auth\": \"{AUTH}\" }} }} }}");
        fs::write(folder.path().join("config.json"), auths).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(folder.path().join("config.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("these tests need the package docker-registry");
        let registry = Registry { process, folder, place };
        while TcpStream::connect(&registry.place).is_err() {
            std::thread::yield_now();
        }
        registry
    }

    fn credentials(&self) -> CredentialsFile {
        CredentialsFile::at(&self.folder.path().join("config.json")).unwrap()
    }

    /// Puts an image of one file there, and nowhere else. Gives its digest.
    fn push(&self, path: &str) -> String {
        let reference = format!("{}/{path}", self.place);
        import(&reference, self.folder.path());
        let pushed = Command::new("docker").arg("--config").arg(self.folder.path()).args(["push", &reference]).output();
        let pushed = pushed.unwrap();
        assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
        let said = String::from_utf8(pushed.stdout).unwrap();
        docker(&["rmi", "-f", &reference]);
        let digest = said.split_whitespace().find(|word| word.starts_with("sha256:")).unwrap();
        digest.to_owned()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// The content differs from test to test: what one of them removes, no other one has.
fn import(reference: &str, folder: &Path) {
    let mut header = tar::Header::new_gnu();
    let text = format!("{reference} of {}", folder.display());
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, "what", text.as_bytes()).unwrap();
    let mut command = Command::new("docker");
    let mut importing =
        command.args(["import", "-", reference]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    importing.stdin.take().unwrap().write_all(&archive.into_inner().unwrap()).unwrap();
    assert!(importing.wait().unwrap().success());
}

fn with(registries: Registries) -> impl FnOnce(&mut DockerConfig) {
    |config| config.registries = registries
}

fn mirrored(origin: &str, registry: &Registry) -> Registries {
    let mirror = format!("{origin}={}", registry.place).parse().unwrap();
    Registries { credentials: Some(registry.credentials()), mirrors: vec![mirror], images: None }
}

async fn pull(scene: &Scene, reference: &str, log: &str) -> Result<String, String> {
    match scene.docker.pull_image(reference, &scene.log(log)).await {
        Ok(facts) => Ok(facts.id),
        Err(ImageError::User(message)) => Err(message),
        Err(ImageError::Engine(error)) => Err(format!("ours: {error:#}")),
    }
}

/// What is known on this host by names that contain this.
fn names(part: &str) -> Vec<String> {
    let names = docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    names.into_iter().filter(|name| name.contains(part)).collect()
}

fn absent(text: &str) {
    assert!(!text.contains(PASSWORD) && !text.contains(AUTH), "{text}");
}

#[tokio::test]
async fn a_registry_is_opened_by_the_operators_credentials() {
    let registry = Registry::start();
    registry.push("tools/app:1");
    let reference = format!("{}/tools/app:1", registry.place);
    play_with(
        |_| {},
        async |scene| {
            let said = pull(scene, &reference, "without").await.unwrap_err();
            assert!(said.contains("cannot be pulled") && said.contains("no basic auth credentials"), "{said}");
        },
    )
    .await;
    let credentials = Some(registry.credentials());
    play_with(with(Registries { credentials, ..Registries::default() }), async |scene| {
        pull(scene, &reference, "with").await.unwrap();
        absent(&scene.logged("with"));
    })
    .await;
    docker(&["rmi", "-f", &reference]);
}

#[tokio::test]
async fn credentials_that_a_registry_refuses_are_not_told() {
    let registry = Registry::start();
    registry.push("tools/app:1");
    let wrong = registry.folder.path().join("wrong.json");
    let place = &registry.place;
    let auths = format!(r#"{{"auths": {{"{place}": {{"username": "puller", "password": "not-the-password"}}}}}}"#);
    fs::write(&wrong, auths).unwrap();
    let credentials = Some(CredentialsFile::at(&wrong).unwrap());
    play_with(with(Registries { credentials, ..Registries::default() }), async |scene| {
        let said = pull(scene, &format!("{place}/tools/app:1"), "wrong").await.unwrap_err();
        assert!(said.contains("unauthorized") || said.contains("no basic auth"), "{said}");
        assert!(!format!("{said}{}", scene.logged("wrong")).contains("not-the-password"));
    })
    .await;
}

#[tokio::test]
async fn the_builder_opens_registries_as_well() {
    let registry = Registry::start();
    registry.push("tools/app:1");
    let dockerfile = format!("FROM {}/tools/app:1\nCOPY --from=debian:bookworm-slim /etc/hostname /\n", registry.place);
    let credentials = Some(registry.credentials());
    let tag = format!("sidings-test/registry:{}", registry.place.replace([':', '.'], "-"));
    play_with(with(Registries { credentials, ..Registries::default() }), async |scene| {
        scene.image(&tag, &dockerfile).await;
        absent(&scene.logged(&format!("build of {}", tag.replace('/', " "))));
    })
    .await;
    docker(&["rmi", "-f", &tag]);
}

#[tokio::test]
async fn an_image_of_a_mirror_is_known_by_its_own_name() {
    let registry = Registry::start();
    registry.push("tools/app:1");
    let digest = registry.push("tools/other:1");
    // Nothing answers by this name: what is had of it is the mirror's.
    let origin = format!("r{}.invalid", registry.place.rsplit(':').next().unwrap());
    play_with(with(mirrored(&origin, &registry)), async |scene| {
        let tagged = format!("{origin}/tools/app:1");
        let id = pull(scene, &tagged, "tagged").await.unwrap();
        assert_eq!((names(&origin), names(&registry.place)), (vec![tagged.clone()], vec![]));
        assert_eq!(scene.docker.inspect_image(&tagged).await.unwrap().unwrap().id, id);

        let exact = format!("{origin}/tools/other@{digest}");
        assert_eq!(scene.docker.inspect_image(&exact).await.unwrap(), None);
        let id = pull(scene, &exact, "exact").await.unwrap();
        assert_eq!(scene.docker.inspect_image(&exact).await.unwrap().unwrap().id, id, "found again, not fetched");
        docker(&["rmi", "-f", &tagged, &id]);

        let forged = format!("{origin}/tools/other@sha256:{}", "0".repeat(64));
        pull(scene, &forged, "forged").await.unwrap_err();
        absent(&["tagged", "exact", "forged"].map(|log| scene.logged(log)).concat());
    })
    .await;
}

#[tokio::test]
async fn what_a_mirror_has_not_comes_from_its_registry() {
    let (registry, empty) = (Registry::start(), Registry::start());
    registry.push("tools/app:1");
    let config: PathBuf = registry.folder.path().join("both.json");
    let both = [&registry, &empty].map(|one| format!("\"{}\": {{ \"auth\": \"{AUTH}\" }}", one.place)).join(",");
    fs::write(&config, format!("{{ \"auths\": {{ {both} }} }}")).unwrap();
    let registries = Registries {
        credentials: Some(CredentialsFile::at(&config).unwrap()),
        mirrors: vec![format!("{}={}/hub", registry.place, empty.place).parse().unwrap()],
        images: None,
    };
    play_with(with(registries), async |scene| {
        let reference = format!("{}/tools/app:1", registry.place);
        pull(scene, &reference, "pull").await.unwrap();
        let log = scene.logged("pull");
        assert!(log.contains(&format!("the mirror {} does not give it: the image {}/hub/", empty.place, empty.place)));
        assert!(log.contains(&format!("\npulling {reference}\n")), "{log}");
        docker(&["rmi", "-f", &reference]);
    })
    .await;
}
