use super::*;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

struct Project(TempDir);

fn project(files: &[(&str, &str)]) -> Project {
    let project = Project(TempDir::new().unwrap());
    for (path, text) in files {
        project.write(path, text);
    }
    project
}

impl Project {
    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    fn order(&self, context: &str, dockerfile: &str) -> Order {
        Order {
            root: self.0.path().to_owned(),
            context: context.into(),
            dockerfile: dockerfile.into(),
            target: None,
            args: BTreeMap::new(),
            platform: "linux/amd64".into(),
            period: None,
            commit_time: Timestamp(1_700_000_000_000),
            checked_out: false,
        }
    }

    fn prepared(&self) -> Prepared {
        Prepared::read(self.order(".", "Dockerfile")).unwrap()
    }

    fn key(&self) -> String {
        key_of(&self.prepared(), "")
    }

    fn refused(&self, context: &str, dockerfile: &str) -> String {
        match Prepared::read(self.order(context, dockerfile)) {
            Err(ImageError::User(message)) => message,
            other => panic!("{other:?}"),
        }
    }
}

fn key_of(prepared: &Prepared, base: &str) -> String {
    let base = Base { id: base.to_owned(), ..Base::default() };
    let bases = BTreeMap::from([("debian:12".to_owned(), base)]);
    prepared.weight(&bases, &Contents::default()).unwrap().key
}

fn packed(prepared: &Prepared) -> BTreeMap<String, (u32, String)> {
    let mut bytes = Vec::new();
    prepared.pack(None, &mut bytes).unwrap();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let read = |entry: io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        io::Read::read_to_string(&mut entry, &mut text).unwrap();
        if let Some(target) = entry.link_name().unwrap() {
            text = format!("-> {}", target.display());
        }
        let name = entry.path().unwrap().to_str().unwrap().trim_end_matches('/').to_owned();
        (name, (entry.header().mode().unwrap(), text))
    };
    archive.entries().unwrap().map(read).collect()
}

const FILES: [(&str, &str); 4] = [
    ("Dockerfile", "FROM debian:12\nCOPY . /app\n"),
    (".dockerignore", "*.log\n.dockerignore\n"),
    ("src/main.c", "int main;"),
    ("noise.log", "1"),
];

#[test]
fn the_same_files_make_the_same_key_whenever_and_whoever_wrote_them() {
    let (one, two) = (project(&FILES), project(&FILES));
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::open(two.path("src/main.c")).unwrap().set_modified(old).unwrap();
    fs::set_permissions(two.path("src/main.c"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(one.key(), two.key());
}

#[test]
fn what_is_left_out_does_not_count() {
    let project = project(&FILES);
    let key = project.key();
    project.write("noise.log", "2");
    project.write("more.log", "2");
    project.write(".git/HEAD", "ref: refs/heads/main");
    assert_eq!(project.key(), key);
}

#[test]
fn whatever_a_build_sees_counts() {
    type Change = fn(&Project);
    let changes: [(&str, Change); 8] = [
        ("content", |it| it.write("src/main.c", "int main();")),
        ("name", |it| fs::rename(it.path("src/main.c"), it.path("src/other.c")).unwrap()),
        ("new file", |it| it.write("src/new.c", "")),
        ("empty folder", |it| fs::create_dir(it.path("empty")).unwrap()),
        ("link", |it| symlink("main.c", it.path("src/link")).unwrap()),
        ("Dockerfile", |it| it.write("Dockerfile", "FROM debian:12\nCOPY . /opt\n")),
        ("ignore file", |it| it.write(".dockerignore", ".dockerignore\n")),
        ("executable bit", |it| {
            fs::set_permissions(it.path("src/main.c"), fs::Permissions::from_mode(0o755)).unwrap();
        }),
    ];
    let key = project(&FILES).key();
    for (what, change) in changes {
        let project = project(&FILES);
        change(&project);
        assert_ne!(project.key(), key, "{what}");
    }
}

#[test]
fn arguments_platform_and_bases_count() {
    let project = project(&FILES);
    let key = |change: fn(&mut Order), base: &str| {
        let mut order = project.order(".", "Dockerfile");
        change(&mut order);
        key_of(&Prepared::read(order).unwrap(), base)
    };
    let keys = [
        key(|_| {}, "sha256:1"),
        key(|_| {}, "sha256:2"),
        key(|order| order.platform = "linux/arm64".into(), "sha256:1"),
        key(|order| drop(order.args.insert("BUILDKIT_A".into(), "1".into())), "sha256:1"),
    ];
    assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), keys.len());
    assert_eq!(keys[0], key(|_| {}, "sha256:1"));
    assert_eq!(keys[0], key(|order| order.target = Some("0".into()), "sha256:1"), "the only stage, by its number");
}

#[test]
fn the_commits_time_counts_only_where_it_is_looked_at() {
    let at = |text: &str, seconds: i64| {
        let project = project(&[("Dockerfile", text)]);
        let order = Order { commit_time: Timestamp(seconds * 1000), ..project.order(".", "Dockerfile") };
        key_of(&Prepared::read(order).unwrap(), "")
    };
    let time = 1_700_000_000;
    assert_eq!(at("FROM a:1\n", time), at("FROM a:1\n", time + 1));
    let looking = "FROM a:1\nARG SOURCE_DATE_EPOCH\n";
    assert_ne!(at(looking, time), at(looking, time + 1));
}

#[test]
fn the_context_is_packed_with_plain_modes_and_its_dockerfile() {
    let project = project(&FILES);
    symlink("/etc/passwd", project.path("src/link")).unwrap();
    let prepared = project.prepared();
    let packed = packed(&prepared);
    let names: Vec<&str> = packed.keys().map(String::as_str).collect();
    assert_eq!(names, ["Dockerfile", "src", "src/link", "src/main.c"]);
    assert_eq!(packed["src"].0, 0o755);
    assert_eq!(packed["src/main.c"], (0o644, "int main;".to_owned()));
    assert_eq!(packed["src/link"].1, "-> /etc/passwd", "a link is kept and not followed");
    assert!(packed["Dockerfile"].1.contains("/usr/share/sidings/Dockerfile"));
}

#[test]
fn a_dockerfile_outside_its_context_gets_a_name_in_it() {
    let project = project(&[("docker/Dockerfile", "FROM a:1\n"), ("app/main", "x")]);
    let prepared = Prepared::read(project.order("app", "docker/Dockerfile")).unwrap();
    assert_eq!(prepared.dockerfile_in_context, FOREIGN);
    assert_eq!(packed(&prepared).keys().collect::<Vec<_>>(), [FOREIGN, "main"]);
}

#[test]
fn the_dockerfiles_own_ignore_file_comes_first() {
    let files = [("Dockerfile", "FROM a:1\n"), ("Dockerfile.dockerignore", "a\n*ignore\n"), (".dockerignore", "b\n")];
    let project = project(&files);
    project.write("a", "");
    project.write("b", "");
    assert_eq!(packed(&project.prepared()).keys().collect::<Vec<_>>(), ["Dockerfile", "b"]);
}

#[test]
fn a_folder_comes_with_what_was_taken_back_from_it() {
    let project =
        project(&[("Dockerfile", "FROM a:1\n"), (".dockerignore", "*\n!a/b/keep\n"), ("a/b/keep", ""), ("a/x", "")]);
    let packed = packed(&project.prepared());
    assert_eq!(packed.keys().collect::<Vec<_>>(), ["Dockerfile", "a", "a/b", "a/b/keep"]);
}

#[test]
fn what_is_missing_or_leads_away_is_the_users_failure() {
    let project = project(&[("Dockerfile", "FROM a:1\n"), ("folder/file", "")]);
    symlink("/etc", project.path("away")).unwrap();
    symlink("folder", project.path("inside")).unwrap();
    let refused = |context, dockerfile| project.refused(context, dockerfile);
    assert_eq!(refused(".", "Dockerfil"), "the Dockerfile \"Dockerfil\" is not in the project");
    assert_eq!(refused("ghost", "Dockerfile"), "the build context \"ghost\" is not in the project");
    assert_eq!(refused("Dockerfile", "Dockerfile"), "the build context \"Dockerfile\" is not a folder");
    assert_eq!(refused("away", "Dockerfile"), "the build context \"away\" is not in the project");
    assert_eq!(refused("..", "Dockerfile"), "the build context \"..\" is not in the project");
    assert_eq!(refused(".", "away/hostname"), "the Dockerfile \"away/hostname\" is not in the project");
    assert_eq!(refused(".", "folder"), "folder: is not a file");
    assert!(Prepared::read(project.order("inside", "Dockerfile")).is_ok());
}

#[test]
fn a_bad_ignore_file_is_named() {
    let project = project(&[("Dockerfile", "FROM a:1\n"), (".dockerignore", "x\n!\n")]);
    assert_eq!(project.refused(".", "Dockerfile"), ".dockerignore of Dockerfile: line 2: \"!\" is not a pattern");
}
