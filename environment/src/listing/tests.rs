use super::*;
use std::os::unix::fs::symlink;
use std::process::Command;
use tempfile::TempDir;

/// As deep as a path can be.
const DEEP: usize = 1_950;

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn names(listing: &Listing) -> Vec<String> {
    listing.entries().iter().map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect()
}

fn patterns(text: &str) -> Patterns {
    Patterns::parse(text).unwrap()
}

#[test]
fn the_deepest_tree_of_a_checkout_is_walked() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("d/".repeat(DEEP))).unwrap();
    assert_eq!(Listing::of_folder(root.path(), &Patterns::default()).unwrap().entries().len(), DEEP);
}

fn tree() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for path in ["b/x", "b/deep/y", "b.txt", "b-c", "b0", "c/left/out", "c/left/in"] {
        write(root.path(), path, path);
    }
    symlink("b/x", root.path().join("link")).unwrap();
    root
}

#[test]
fn a_folder_stands_right_before_what_is_in_it() {
    let root = tree();
    let listing = Listing::of_folder(root.path(), &patterns("c")).unwrap();
    assert_eq!(names(&listing), ["b-c", "b.txt", "b/", "b/deep/", "b/deep/y", "b/x", "b0", "link"]);
    assert_eq!(listing.find(b"b"), Some(2));
    assert_eq!(listing.below(b"b"), 3..6);
    assert_eq!((listing.find(b"c"), listing.below(b"c").len()), (None, 0));
    assert_eq!(listing.below(b""), 0..8);
}

#[test]
fn a_folder_comes_with_what_is_taken_back_from_it() {
    let root = tree();
    let listing = Listing::of_folder(root.path(), &patterns("*\n!c/left/in")).unwrap();
    assert_eq!(names(&listing), ["c/", "c/left/", "c/left/in"]);
}

#[test]
fn named_files_come_with_their_folders_and_nothing_else() {
    let root = tree();
    let files = ["c/left/in", "b/x", "link"].map(PathBuf::from);
    let listing = Listing::of_files(root.path(), &files, &patterns("b/x")).unwrap();
    assert_eq!(names(&listing), ["b/", "c/", "c/left/", "c/left/in", "link"]);
}

fn git(root: &Path, args: &[&str]) {
    let user = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"];
    let done = Command::new("git").current_dir(root).args(user).args(args).output().unwrap();
    assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A checkout of the tree: what a walk finds, git's index tells as well.
fn checkout(options: &[&str]) -> TempDir {
    let root = tree();
    fs::set_permissions(root.path().join("b.txt"), fs::Permissions::from_mode(0o755)).unwrap();
    git(root.path(), &[&["init", "-q"], options].concat());
    git(root.path(), &["add", "-A"]);
    root
}

#[test]
fn the_index_tells_what_a_walk_finds() {
    for options in [[].as_slice(), &["--object-format=sha256"]] {
        let root = checkout(options);
        for ignored in ["", "c", "*\n!c/left/in\n!*.txt"] {
            let walked = Listing::of_folder(root.path(), &patterns(ignored)).unwrap();
            let told = Listing::of_checkout(root.path(), root.path(), &patterns(ignored)).unwrap().unwrap();
            let plain = |listing: &Listing| {
                listing.entries().iter().map(|entry| Entry { blob: None, ..entry.clone() }).collect::<Vec<_>>()
            };
            assert_eq!(plain(&told), plain(&walked), "{ignored:?}");
            assert!(told.entries().iter().all(|entry| entry.blob.is_some() == matches!(entry.sort, Sort::File { .. })));
        }
    }
}

#[test]
fn a_context_may_be_a_folder_of_the_checkout() {
    let root = checkout(&[]);
    let told = Listing::of_checkout(root.path(), &root.path().join("b"), &Patterns::default()).unwrap().unwrap();
    assert_eq!(names(&told), ["deep/", "deep/y", "x"]);
    assert_eq!(told.root(), root.path().join("b"));
}

#[test]
fn another_repository_within_is_an_empty_folder() {
    let root = checkout(&[]);
    git(root.path(), &["update-index", "--add", "--cacheinfo", &format!("160000,{},sub", "12".repeat(20))]);
    let told = Listing::of_checkout(root.path(), root.path(), &patterns("*\n!sub")).unwrap().unwrap();
    assert_eq!(names(&told), ["sub/"]);
}

#[test]
fn files_that_git_converts_are_read_and_not_known_by_its_ids() {
    let root = checkout(&[]);
    let known = |attributes: &str| {
        write(root.path(), "b/.gitattributes", attributes);
        git(root.path(), &["add", "-A"]);
        let told = Listing::of_checkout(root.path(), root.path(), &Patterns::default()).unwrap().unwrap();
        told.entries().iter().any(|entry| entry.blob.is_some())
    };
    assert!(known("* text=auto\n*.png -text\n*.sh eol=lf\n"));
    for attributes in ["*.bat eol=crlf", "*.c ident", "*.bin filter=lfs", "*.txt working-tree-encoding=UTF-16"] {
        assert!(!known(attributes), "{attributes}");
    }
}

#[test]
fn an_index_that_does_not_tell_all_is_not_used() {
    let told = |root: &Path| Listing::of_checkout(root, root, &Patterns::default()).unwrap().is_some();
    let root = checkout(&[]);
    assert!(told(root.path()));
    git(root.path(), &["update-index", "--index-version=4"]);
    assert!(!told(root.path()), "version 4");
    let root = checkout(&[]);
    git(root.path(), &["update-index", "--split-index"]);
    assert!(!told(root.path()), "an index in two files");
    let root = checkout(&[]);
    git(root.path(), &["commit", "-qm", "x"]);
    git(root.path(), &["update-index", "--skip-worktree", "b.txt"]);
    assert!(!told(root.path()), "a file that may not be there");
    assert!(!told(tree().path()), "no repository");
}

#[test]
fn a_broken_index_is_not_used() {
    let root = checkout(&[]);
    let path = root.path().join(".git/index");
    let whole = fs::read(&path).unwrap();
    for length in [0, 4, 11, 30, 80, whole.len() - 200] {
        fs::write(&path, &whole[..length]).unwrap();
        let told = Listing::of_checkout(root.path(), root.path(), &Patterns::default()).unwrap();
        assert!(told.is_none(), "{length} bytes");
    }
}
