//! The image's `USER` as numbers, by the container's own `/etc/passwd` and `/etc/group` and Docker's rules: a number
//! need not be listed, a name must be; without a group the listed one and all that name the user count.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Longer files than this are cut: they come from the image and are read into memory.
const MAX_FILE: u64 = 8 * 1024 * 1024;

/// Who a step's program runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Supplementary groups.
    pub(crate) groups: Vec<u32>,
    /// None for a number that is not listed.
    pub(crate) name: Option<String>,
    pub(crate) home: String,
}

impl Account {
    /// Who the helper is itself.
    pub(crate) fn is_root(&self) -> bool {
        self.uid == 0 && self.gid == 0
    }
}

/// The accounts that an image lists.
pub(crate) struct Accounts {
    users: Vec<UserLine>,
    groups: Vec<GroupLine>,
}

struct UserLine {
    name: String,
    uid: u32,
    gid: u32,
    home: String,
}

struct GroupLine {
    name: String,
    gid: u32,
    members: Vec<String>,
}

impl Accounts {
    /// Reads `passwd` and `group` in `etc`; a file that is missing lists nobody.
    pub(crate) fn read(etc: &Path) -> Accounts {
        Accounts::parse(&text(&etc.join("passwd")), &text(&etc.join("group")))
    }

    fn parse(passwd: &str, group: &str) -> Accounts {
        let users = passwd.lines().filter_map(UserLine::parse).collect();
        Accounts { users, groups: group.lines().filter_map(GroupLine::parse).collect() }
    }

    /// Who `user` is: empty for root, else `name`, `uid`, `name:group` or `uid:gid`.
    pub(crate) fn find(&self, user: &str) -> Result<Account, String> {
        let (user, group) = user.split_once(':').unwrap_or((user, ""));
        let mut account = self.user(user)?;
        if !group.is_empty() {
            account.gid = self.group(group)?;
            account.groups.clear();
        }
        Ok(account)
    }

    fn user(&self, user: &str) -> Result<Account, String> {
        let user = if user.is_empty() { "0" } else { user };
        let number = number(user);
        let listed = self.users.iter().find(|line| number.map_or(line.name == user, |uid| line.uid == uid));
        match (listed, number) {
            (Some(line), _) => Ok(self.listed(line)),
            (None, Some(uid)) => Ok(Account { uid, gid: 0, groups: Vec::new(), name: None, home: "/".to_owned() }),
            (None, None) => Err(format!("the image's user {user:?} is not in its /etc/passwd")),
        }
    }

    fn listed(&self, line: &UserLine) -> Account {
        let groups = self.groups.iter().filter(|group| group.members.contains(&line.name)).map(|group| group.gid);
        let home = if line.home.is_empty() { "/" } else { &line.home };
        Account {
            uid: line.uid,
            gid: line.gid,
            groups: groups.collect(),
            name: Some(line.name.clone()),
            home: home.to_owned(),
        }
    }

    fn group(&self, group: &str) -> Result<u32, String> {
        let listed = self.groups.iter().find(|line| line.name == group).map(|line| line.gid);
        let missing = || format!("the image's group {group:?} is not in its /etc/group");
        number(group).or(listed).ok_or_else(missing)
    }
}

impl UserLine {
    fn parse(line: &str) -> Option<UserLine> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(UserLine { name, uid, gid, home: fields.nth(1).unwrap_or_default().to_owned() })
    }
}

impl GroupLine {
    fn parse(line: &str) -> Option<GroupLine> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let gid = fields.nth(1)?.parse().ok()?;
        let members = fields.next().unwrap_or_default().split(',').map(str::to_owned).collect();
        Some(GroupLine { name, gid, members })
    }
}

/// An id that the kernel takes; the largest number means "leave it" there.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|id| *id <= i32::MAX as u32)
}

fn text(path: &Path) -> String {
    let mut bytes = Vec::new();
    // An unreadable file lists nobody, and a user by name is then reported as missing from it.
    let _ = File::open(path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
