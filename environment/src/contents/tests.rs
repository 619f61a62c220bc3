use super::*;
use crate::ignore::Patterns;
use std::fs;

#[test]
fn what_git_put_there_is_read_once() {
    let root = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        let done = std::process::Command::new("git").current_dir(root.path()).args(args).output().unwrap();
        assert!(done.status.success(), "git {args:?}");
    };
    fs::write(root.path().join("a"), "one").unwrap();
    git(&["init", "-q"]);
    git(&["add", "a"]);
    let contents = Contents::default();
    let told = || Listing::of_checkout(root.path(), root.path(), &Patterns::default()).unwrap().unwrap();
    let walked = || Listing::of_folder(root.path(), &Patterns::default()).unwrap();
    let one = contents.hashes(&walked(), &[0]).unwrap();
    assert_eq!(contents.hashes(&told(), &[0]).unwrap(), one, "whoever tells of it, the hash is of the bytes");
    // Nobody may do this to a fresh checkout; it shows that the file is not opened again.
    fs::remove_file(root.path().join("a")).unwrap();
    assert_eq!(contents.hashes(&told(), &[0]).unwrap(), one);
    assert!(Contents::default().hashes(&told(), &[0]).is_err(), "another repository's are not asked");
    fs::write(root.path().join("a"), "two").unwrap();
    git(&["add", "a"]);
    assert_ne!(contents.hashes(&told(), &[0]).unwrap(), one);
}

#[test]
fn many_files_come_back_in_their_order() {
    let root = tempfile::tempdir().unwrap();
    let count = FILES_A_THREAD * 3;
    for number in 0..count {
        fs::write(root.path().join(format!("{number:05}")), number.to_string()).unwrap();
    }
    let listing = Listing::of_folder(root.path(), &Patterns::default()).unwrap();
    let files: Vec<usize> = (0..count).collect();
    let hashes = Contents::default().hashes(&listing, &files).unwrap();
    let expected: Vec<Hash> =
        files.iter().map(|number| *blake3::hash(number.to_string().as_bytes()).as_bytes()).collect();
    assert_eq!(hashes, expected);
}
