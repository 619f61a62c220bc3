use super::*;

const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n\
    # a line of another kind\n\
    ci:x:1000:1001:CI,,,:/home/ci:/bin/sh\n\
    bare:x:7:8\n";
const GROUP: &str = "root:x:0:\nci:x:1001:\ndocker:x:999:ci,other\naudio:x:29:other\nempty:x:5\n";

fn find(user: &str) -> Result<Account, String> {
    Accounts::parse(PASSWD, GROUP).find(user)
}

fn ids(user: &str) -> (u32, u32, Vec<u32>) {
    let account = find(user).unwrap();
    (account.uid, account.gid, account.groups)
}

#[test]
fn nobody_named_is_root() {
    let root = find("").unwrap();
    assert_eq!((root.uid, root.gid, root.name.as_deref(), root.home.as_str()), (0, 0, Some("root"), "/root"));
}

#[test]
fn a_name_brings_its_group_its_further_groups_and_its_home() {
    assert_eq!(ids("ci"), (1000, 1001, vec![999]));
    assert_eq!(find("ci").unwrap().home, "/home/ci");
}

#[test]
fn a_number_that_is_listed_is_that_user() {
    assert_eq!(find("1000"), find("ci"));
}

#[test]
fn a_number_that_is_not_listed_is_taken_as_it_is() {
    let account = find("4242").unwrap();
    assert_eq!((account.uid, account.gid, account.name, account.home.as_str()), (4242, 0, None, "/"));
}

#[test]
fn a_group_that_is_given_replaces_all_others() {
    assert_eq!(ids("ci:audio"), (1000, 29, vec![]));
    assert_eq!(ids("1000:77"), (1000, 77, vec![]));
    assert_eq!(ids("4242:ci"), (4242, 1001, vec![]));
}

#[test]
fn a_name_must_be_listed() {
    assert_eq!(find("ghost").unwrap_err(), "the image's user \"ghost\" is not in its /etc/passwd");
    assert_eq!(find("ci:ghosts").unwrap_err(), "the image's group \"ghosts\" is not in its /etc/group");
    assert!(find("4294967295").is_err(), "the kernel takes this for no change");
}

#[test]
fn an_image_without_lists_knows_numbers_only() {
    let none = Accounts::parse("", "");
    assert_eq!(none.find("").unwrap().uid, 0);
    assert_eq!(none.find("12:34").unwrap().gid, 34);
    assert!(none.find("ci").is_err());
}

#[test]
fn a_home_that_is_missing_is_the_root_folder() {
    assert_eq!(find("bare").unwrap().home, "/");
}
