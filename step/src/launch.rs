//! Starts the step's program: as the image's user, in a process group of its own, with nothing to read and two pipes
//! to write to.

use crate::account::{Account, Accounts};
use crate::input::Private;
use crate::ownership::{hand_over, make_directory};
use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use sidings_proto::step::{BIN_MOUNT, StepSpec};
use std::env;
use std::io::{self, ErrorKind};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What a shell has for a PATH when nobody set one.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const NOT_FOUND: i32 = 127;
const NOT_EXECUTABLE: i32 = 126;

/// The program did not start, and what a shell would say of it.
#[derive(Debug)]
pub(crate) struct NotStarted {
    pub(crate) code: i32,
    pub(crate) error: String,
}

/// Makes folders and secrets ready and starts the program.
pub(crate) fn launch(spec: &StepSpec, private: &Private) -> Result<Child, NotStarted> {
    let identity = identity_of(spec).map_err(refused)?;
    let account = &identity.account;
    for root in spec.chown.iter().chain(&spec.hand_over) {
        hand_over(Path::new(root), account).map_err(|e| refused(format!("could not hand {root} over: {e}")))?;
    }
    let directory = Path::new(&spec.working_directory);
    make_directory(directory, account)
        .map_err(|e| refused(format!("could not make the working directory {}: {e}", spec.working_directory)))?;
    private.make_files(account).map_err(|e| refused(format!("could not put its secrets into files: {e}")))?;
    let (program, arguments) =
        spec.argv.split_first().ok_or_else(|| refused("there is no program to run".to_owned()))?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).process_group(0).envs(private.variables());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    identity.spawn(&mut command).map_err(|e| not_started(program, &e))
}

/// Who the spec's programs run as.
pub(crate) fn identity_of(spec: &StepSpec) -> Result<Identity, String> {
    let accounts = Accounts::read(Path::new("/etc"));
    Ok(Identity { account: accounts.find(&spec.user)?, accounts })
}

/// A user of the container, and all that there are.
pub(crate) struct Identity {
    pub(crate) account: Account,
    accounts: Accounts,
}

impl Identity {
    /// Becomes this user, for good.
    pub(crate) fn assume(&self) -> io::Result<()> {
        if self.account.is_root() { Ok(()) } else { become_account(&self.account) }
    }

    /// Becomes a program, with the user's variables. Comes back only when it cannot.
    pub(crate) fn exec(&self, command: &mut Command) -> io::Error {
        set_variables(command, &self.account, &self.accounts);
        command.exec()
    }

    /// Starts a program as this user, with the user's variables.
    pub(crate) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        set_variables(command, &self.account, &self.accounts);
        spawn_as(&self.account, command)
    }
}

/// The helper is last on the PATH. HOME and USER are those of the account, unless somebody chose them: the engine
/// gives every container root's HOME, because root is what the helper starts as.
fn set_variables(command: &mut Command, account: &Account, accounts: &Accounts) {
    let path = env::var("PATH").ok().filter(|path| !path.is_empty()).unwrap_or_else(|| DEFAULT_PATH.to_owned());
    command.env("PATH", format!("{path}:{BIN_MOUNT}"));
    let home = env::var("HOME").unwrap_or_default();
    let roots = accounts.find("").map(|root| root.home).unwrap_or_default();
    if home.is_empty() || home == "/root" || home == roots {
        command.env("HOME", &account.home);
    }
    if let (Some(name), Err(_)) = (&account.name, env::var("USER")) {
        command.env("USER", name);
    }
}

/// Starts the program from a thread that has become `account` first: on Linux credentials are a thread's, and a child
/// gets those of the thread that made it, supplementary groups included. The helper itself stays root.
fn spawn_as(account: &Account, command: &mut Command) -> io::Result<Child> {
    if account.is_root() {
        return command.spawn();
    }
    std::thread::scope(|scope| {
        let child = scope.spawn(|| {
            become_account(account)?;
            command.spawn()
        });
        child.join().unwrap_or_else(|_| Err(io::Error::other("the starting thread failed")))
    })
}

fn become_account(account: &Account) -> io::Result<()> {
    let groups: Vec<Gid> = account.groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    let (uid, gid) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
    set_thread_groups(&groups)?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)?;
    Ok(())
}

fn refused(error: String) -> NotStarted {
    NotStarted { code: NOT_EXECUTABLE, error }
}

fn not_started(program: &str, error: &io::Error) -> NotStarted {
    if error.kind() == ErrorKind::NotFound {
        return NotStarted { code: NOT_FOUND, error: format!("{program}: not found (or its interpreter is not)") };
    }
    refused(format!("{program}: {error}"))
}
