//! The helper as an ordinary process in a folder of its own, step by step from spec to exit record.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use sidings_proto::Secret;
use sidings_proto::log::{Next, Stream, next_frame};
use sidings_proto::service::{Probe, Readiness, ReadyRecord};
use sidings_proto::step::{EXIT_FILE, ExitRecord, LOG_FILE, READY_FILE, SPEC_FILE, StepInput, StepSpec};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use tempfile::TempDir;

struct Scene {
    folder: TempDir,
    spec: StepSpec,
}

struct Ended {
    status: ExitStatus,
    record: ExitRecord,
    frames: Vec<(Stream, Vec<u8>)>,
}

impl Scene {
    fn of(argv: &[&str]) -> Scene {
        let folder = TempDir::new().unwrap();
        let spec = StepSpec {
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            working_directory: folder.path().to_str().unwrap().to_owned(),
            user: String::new(),
            chown: None,
            hand_over: Vec::new(),
            log_limit: 1 << 30,
            log_tail: 0,
            grace_ms: 60_000,
            readiness: None,
            input: false,
            hold: false,
        };
        Scene { folder, spec }
    }

    fn script(text: &str) -> Scene {
        Scene::of(&["sh", "-c", text])
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self) -> Child {
        fs::write(self.path(SPEC_FILE), serde_json::to_vec(&self.spec).unwrap()).unwrap();
        let mut helper = Command::new(env!("CARGO_BIN_EXE_sidings-step"));
        helper.arg("init").arg("--dir").arg(self.folder.path()).env_remove("USER");
        helper.stdin(Stdio::null()).spawn().unwrap()
    }

    fn end(&self, mut helper: Child) -> Ended {
        let status = helper.wait().unwrap();
        let record: ExitRecord = serde_json::from_slice(&fs::read(self.path(EXIT_FILE)).unwrap()).unwrap();
        let log = fs::read(self.path(LOG_FILE)).unwrap();
        assert_eq!(record.log_bytes, log.len() as u64);
        assert_eq!(record.log_hash, blake3::hash(&log).to_hex().to_string());
        assert_eq!(status.code(), Some(record.code), "the helper's code is the program's");
        Ended { status, record, frames: frames(&log) }
    }

    fn run(&self) -> Ended {
        self.end(self.start())
    }

    /// A pipe by name: reading it to its end waits for the program to come that far.
    fn fifo(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        path
    }
}

impl Ended {
    fn text(&self, stream: Stream) -> String {
        let bytes: Vec<u8> = self.frames.iter().filter(|f| f.0 == stream).flat_map(|f| f.1.clone()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn frames(mut log: &[u8]) -> Vec<(Stream, Vec<u8>)> {
    let mut frames = Vec::new();
    while !log.is_empty() {
        let Next::Frame(header, payload, taken) = next_frame(log) else { panic!("a log is whole frames") };
        frames.push((header.stream, payload.to_vec()));
        log = &log[taken..];
    }
    frames
}

fn send(helper: &Child, signal: Signal) {
    kill_process(Pid::from_child(helper), signal).unwrap();
}

#[test]
fn the_code_of_the_program_is_recorded() {
    for code in [0, 1, 7, 255] {
        let ended = Scene::script(&format!("exit {code}")).run();
        assert_eq!((ended.record.code, ended.record.signal, ended.record.error), (code, None, None));
        assert!(ended.record.started <= ended.record.ended);
    }
}

#[test]
fn a_signal_that_ended_the_program_is_recorded() {
    let ended = Scene::script("kill -SEGV $$").run();
    assert_eq!((ended.record.code, ended.record.signal), (139, Some(11)));
    assert_eq!(ended.status.code(), Some(139));
}

#[test]
fn a_program_that_is_missing_is_127_and_said_in_the_log() {
    let ended = Scene::of(&["no-such-program"]).run();
    let error = "no-such-program: not found (or its interpreter is not)";
    assert_eq!((ended.record.code, ended.record.error.as_deref()), (127, Some(error)));
    assert_eq!(ended.text(Stream::Note), format!("{error}\n"));
}

#[test]
fn a_file_that_is_no_program_is_126() {
    let scene = Scene::of(&["./data"]);
    fs::write(scene.path("data"), "no program").unwrap();
    let ended = scene.run();
    assert_eq!(ended.record.code, 126);
    assert!(ended.record.error.unwrap().starts_with("./data: Permission denied"));
}

#[test]
fn a_user_that_the_image_does_not_list_is_126() {
    let mut scene = Scene::script("exit 0");
    scene.spec.user = "no-such-user".into();
    let ended = scene.run();
    assert_eq!(ended.record.code, 126);
    assert_eq!(ended.text(Stream::Note), "the image's user \"no-such-user\" is not in its /etc/passwd\n");
}

#[test]
fn both_streams_are_kept_in_the_order_of_writing() {
    let awaits = |text: &str| format!("until grep -q {text} {LOG_FILE}; do :; done");
    let script = ["echo first", &awaits("first"), "echo second >&2", &awaits("second"), "echo third"].join("; ");
    let frames = Scene::script(&script).run().frames;
    let expected = [(Stream::Stdout, "first\n"), (Stream::Stderr, "second\n"), (Stream::Stdout, "third\n")];
    assert_eq!(frames, expected.map(|(stream, text)| (stream, text.as_bytes().to_vec())));
}

#[test]
fn bytes_that_are_no_text_are_kept_as_they_are() {
    let ended = Scene::script(r"printf '\377\000\376'").run();
    assert_eq!(ended.frames, [(Stream::Stdout, vec![0xff, 0, 0xfe])]);
}

#[test]
fn much_output_is_kept_to_the_last_byte() {
    let ended = Scene::script("head -c 20000000 /dev/zero; echo end >&2").run();
    assert_eq!(ended.text(Stream::Stdout).len(), 20_000_000);
    assert_eq!((ended.text(Stream::Stderr).as_str(), ended.record.left_out_bytes), ("end\n", 0));
}

#[test]
fn beyond_the_limit_only_the_end_is_kept() {
    let mut scene = Scene::script("for i in 0 1 2 3 4 5 6 7 8 9; do printf ${i}abcdefghi; done");
    (scene.spec.log_limit, scene.spec.log_tail) = (15, 5);
    let ended = scene.run();
    let text: Vec<u8> = ended.frames.iter().flat_map(|frame| frame.1.clone()).collect();
    assert_eq!(String::from_utf8(text).unwrap(), "0abcdefghi1abcd80 bytes were left out here\nefghi");
    assert_eq!(ended.text(Stream::Note), "80 bytes were left out here\n");
    assert_eq!(ended.record.left_out_bytes, 80);
}

#[test]
fn nothing_is_left_out_when_the_tail_takes_the_rest() {
    let mut scene = Scene::script("printf 0123456789");
    (scene.spec.log_limit, scene.spec.log_tail) = (4, 6);
    let ended = scene.run();
    assert_eq!((ended.text(Stream::Stdout).as_str(), ended.text(Stream::Note).as_str()), ("0123456789", ""));
    assert_eq!(ended.record.left_out_bytes, 0);
}

#[test]
fn a_request_to_stop_is_handed_on() {
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::INT, "INT"), (Signal::HUP, "HUP")] {
        let scene =
            Scene::script(&format!("trap 'echo stopping; exit 3' {name}; echo up > ready; while :; do :; done"));
        let ready = scene.fifo("ready");
        let helper = scene.start();
        fs::read(ready).unwrap();
        send(&helper, signal);
        let ended = scene.end(helper);
        assert_eq!((ended.record.code, ended.text(Stream::Stdout).as_str()), (3, "stopping\n"));
    }
}

#[test]
fn what_does_not_stop_is_killed_after_the_grace_time() {
    let mut scene = Scene::script("trap '' TERM; echo up > ready; while :; do :; done");
    scene.spec.grace_ms = 20;
    let ready = scene.fifo("ready");
    let helper = scene.start();
    fs::read(ready).unwrap();
    send(&helper, Signal::TERM);
    let ended = scene.end(helper);
    assert_eq!((ended.record.code, ended.record.signal), (137, Some(9)));
    assert_eq!(ended.text(Stream::Note), "still running 20 ms after it was asked to stop: killed\n");
}

#[test]
fn a_child_left_behind_is_ended_with_its_parent() {
    let ended = Scene::script("echo before; sleep 1000 & exit 4").run();
    assert_eq!((ended.record.code, ended.text(Stream::Stdout).as_str()), (4, "before\n"));
}

#[test]
fn a_child_that_ignores_the_request_is_killed() {
    let ended = Scene::script("(trap '' TERM; echo up > ready; while :; do :; done) & cat ready; exit 5");
    ended.fifo("ready");
    let ended = ended.run();
    assert_eq!((ended.record.code, ended.text(Stream::Stdout).as_str()), (5, "up\n"));
}

/// Outside a container the helper does not reach a process that left its group; inside nothing can leave.
#[test]
fn a_pipe_that_is_held_open_holds_nothing_up() {
    let scene = Scene::script("setsid sh -c 'echo $$ > ready; exec sleep 1000' & cat ready; exit 6");
    scene.fifo("ready");
    let ended = scene.run();
    let holder = ended.text(Stream::Stdout).trim().parse().unwrap();
    kill_process(Pid::from_raw(holder).unwrap(), Signal::KILL).unwrap();
    assert_eq!(ended.record.code, 6);
}

#[test]
fn a_working_directory_is_made() {
    let mut scene = Scene::script("pwd");
    let deep = scene.path("a/b/c");
    scene.spec.working_directory = deep.to_str().unwrap().to_owned();
    assert_eq!(scene.run().text(Stream::Stdout).trim(), deep.to_str().unwrap());
}

#[test]
fn the_program_reads_nothing_and_finds_the_helper_on_its_path() {
    let ended = Scene::script("cat; printf %s \"$PATH\"").run();
    assert!(ended.text(Stream::Stdout).ends_with(":/sidings/bin"));
}

#[test]
fn a_folder_is_used_once() {
    let scene = Scene::script("exit 0");
    scene.run();
    let second = scene.start().wait().unwrap();
    assert_eq!(second.code(), Some(125), "a second run would mix two logs");
}

#[test]
fn without_a_spec_there_is_no_record() {
    let scene = Scene::script("exit 0");
    let mut helper = Command::new(env!("CARGO_BIN_EXE_sidings-step"));
    let status = helper.arg("init").arg("--dir").arg(scene.folder.path()).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(125));
    assert!(!scene.path(EXIT_FILE).exists());
}

/// Whether a process has come far enough to have a handler for SIGTERM.
fn catches_term(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & (1 << (Signal::TERM.as_raw() - 1)) != 0
}

#[test]
fn a_holder_holds_until_it_is_asked_to_stop() {
    let mut holder = Command::new(env!("CARGO_BIN_EXE_sidings-step")).arg("hold").spawn().unwrap();
    while !catches_term(holder.id()) {
        std::thread::yield_now();
    }
    assert!(holder.try_wait().unwrap().is_none());
    send(&holder, Signal::TERM);
    assert_eq!(holder.wait().unwrap().code(), Some(0));
}

#[test]
fn foreign_words_are_refused() {
    let status = Command::new(env!("CARGO_BIN_EXE_sidings-step")).arg("dance").stderr(Stdio::null()).status();
    assert_eq!(status.unwrap().code(), Some(64));
}

/// A program that waits until the probing came to something; what it came to.
fn probed(readiness: Readiness) -> (ReadyRecord, Ended) {
    let mut scene = Scene::script("echo served; until [ -e ready.json ]; do sleep 0.01; done");
    scene.spec.readiness = Some(readiness);
    let ended = scene.run();
    (serde_json::from_slice(&fs::read(scene.path(READY_FILE)).unwrap()).unwrap(), ended)
}

fn check(script: &str) -> Readiness {
    let probe = Probe::Run { argv: ["sh", "-c", script].map(str::to_owned).to_vec() };
    Readiness { probe, interval_ms: 1, timeout_ms: 60_000, start_period_ms: 0, retries: 3 }
}

#[test]
fn a_check_is_repeated_until_it_passes_and_writes_nothing_into_the_log() {
    let tries = "echo checking; echo x >> tries; [ $(wc -l < tries) -ge 3 ]";
    let (record, ended) = probed(Readiness { start_period_ms: 60_000, retries: 1, ..check(tries) });
    assert_eq!(record.error, None);
    assert_eq!(ended.text(Stream::Stdout), "served\n");
    assert_eq!(ended.text(Stream::Stderr), "");
}

#[test]
fn a_service_is_given_up_after_so_many_failures_with_the_end_of_what_the_check_said() {
    let (record, _) = probed(check("echo x >> tries; echo no answer; wc -l < tries >&2; exit 7"));
    assert_eq!(record.error.unwrap(), "its check ended with code 7: no answer\n3");
}

#[test]
fn a_check_that_hangs_has_failed_and_is_killed() {
    let hangs = Readiness { timeout_ms: 20, retries: 2, ..check("sleep 1000 & echo $! > pid; wait") };
    let (record, _) = probed(hangs);
    assert_eq!(record.error.unwrap(), "its check took longer than 20 ms");
}

#[test]
fn a_check_that_cannot_be_run_says_why() {
    let nothing = Readiness { probe: Probe::Run { argv: vec!["/no/such/check".to_owned()] }, ..check("") };
    let (record, _) = probed(nothing);
    assert_eq!(record.error.unwrap(), "its check: No such file or directory (os error 2)");
}

#[test]
fn a_port_is_ready_when_it_accepts_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let connect = || Readiness { probe: Probe::Connect { address: at.ip(), port: at.port() }, ..check("") };
    assert_eq!(probed(connect()).0.error, None);
    drop(listener);
    let refused = probed(connect()).0.error.unwrap();
    assert_eq!(refused, format!("its port {}: Connection refused (os error 111)", at.port()));
}

#[test]
fn the_probing_ends_with_its_service() {
    let mut scene = Scene::script("until [ -e tries ]; do sleep 0.01; done; exit 3");
    scene.spec.readiness = Some(Readiness { start_period_ms: 600_000, ..check("echo x >> tries; exit 1") });
    assert_eq!(scene.run().record.code, 3);
    assert!(!scene.path(READY_FILE).exists());
}

/// Starts a helper that is told secrets in private.
fn start_with(scene: &mut Scene, input: &StepInput) -> Child {
    scene.spec.input = true;
    fs::write(scene.path(SPEC_FILE), serde_json::to_vec(&scene.spec).unwrap()).unwrap();
    let mut helper = Command::new(env!("CARGO_BIN_EXE_sidings-step"));
    helper.arg("init").arg("--dir").arg(scene.folder.path()).stdin(Stdio::piped());
    let mut helper = helper.spawn().unwrap();
    helper.stdin.as_mut().unwrap().write_all(&input.encode()).unwrap();
    helper
}

fn secret(name: &str, value: &str) -> BTreeMap<String, Secret> {
    BTreeMap::from([(name.to_owned(), Secret::new(value))])
}

#[test]
fn secrets_reach_the_program_and_never_its_log() {
    let mut scene = Scene::script(
        "printf '%s\\n' \"$TOKEN\" >&2; printf hunt; printf 'er22, '; cat \"$KEY\"; stat -c ' %a' \"$KEY\"; \
         printf %s \"$TOKEN\" | cksum; test \"$TOKEN\" = hunter22 && test \"$(cat \"$KEY\")\" = swordfish && exit 7",
    );
    let folder = scene.folder.path().to_str().unwrap().to_owned();
    let masked = vec![Secret::new("hunter22"), Secret::new("swordfish")];
    let input =
        StepInput { environment: secret("TOKEN", "hunter22"), files: secret("KEY", "swordfish"), folder, masked };
    let helper = start_with(&mut scene, &input);
    let ended = scene.end(helper);
    assert_eq!(ended.record.code, 7, "the values are right: {:?}", ended.frames);
    assert_eq!(ended.text(Stream::Stderr), "***\n");
    assert_eq!(ended.text(Stream::Stdout), "***, *** 400\n948557193 8\n");
    let log = fs::read(scene.path(LOG_FILE)).unwrap();
    assert!(!log.windows(4).any(|window| window == b"hunt"), "not even a part");
}

#[test]
fn a_program_that_does_not_start_does_not_give_a_secret_away() {
    let mut scene = Scene::of(&["/no/such/hunter22"]);
    let input = StepInput { masked: vec![Secret::new("hunter22")], ..StepInput::default() };
    let helper = start_with(&mut scene, &input);
    let ended = scene.end(helper);
    let error = ended.record.error.clone().unwrap();
    assert!(error.starts_with("/no/such/***: not found"), "{error}");
    assert!(!ended.text(Stream::Note).contains("hunter22"));
}

#[test]
fn what_the_helper_knows_is_not_in_its_own_variables_or_words() {
    let mut scene =
        Scene::script("tr '\\0' '\\n' < /proc/$PPID/environ; tr '\\0' '\\n' < /proc/$PPID/cmdline; cat spec.json");
    let input = StepInput { environment: secret("TOKEN", "hunter22"), ..StepInput::default() };
    let helper = start_with(&mut scene, &input);
    let shown = scene.end(helper).text(Stream::Stdout);
    assert!(shown.contains("init") && !shown.contains("hunter22"), "{shown}");
}

#[test]
fn a_check_of_a_service_has_its_secrets_and_does_not_tell_them() {
    let mut scene = Scene::script("sleep 60");
    let argv = ["sh", "-c", "echo \"no, $TOKEN\"; exit 3"].map(str::to_owned).to_vec();
    let (probe, retries) = (Probe::Run { argv }, 1);
    let times = Readiness { probe, interval_ms: 1, timeout_ms: 5_000, start_period_ms: 0, retries };
    scene.spec.readiness = Some(times);
    let input = StepInput {
        environment: secret("TOKEN", "hunter22"),
        masked: vec![Secret::new("hunter22")],
        ..StepInput::default()
    };
    let helper = start_with(&mut scene, &input);
    while !scene.path(READY_FILE).exists() {
        std::thread::yield_now();
    }
    let record: ReadyRecord = serde_json::from_slice(&fs::read(scene.path(READY_FILE)).unwrap()).unwrap();
    assert_eq!(record.error.as_deref(), Some("its check ended with code 3: no, ***"));
    kill_process(Pid::from_raw(i32::try_from(helper.id()).unwrap()).unwrap(), Signal::TERM).unwrap();
    scene.end(helper);
}

#[test]
fn after_a_failure_a_place_that_is_to_be_held_stays_until_it_is_asked_to_stop() {
    let mut scene = Scene::script("exit 3");
    scene.spec.hold = true;
    let mut helper = scene.start();
    while !scene.path(EXIT_FILE).exists() {
        std::thread::yield_now();
    }
    assert!(helper.try_wait().unwrap().is_none());
    kill_process(Pid::from_child(&helper), Signal::TERM).unwrap();
    assert_eq!(scene.end(helper).record.code, 3);
}

#[test]
fn after_a_program_that_ended_well_nothing_is_held() {
    let mut scene = Scene::script("exit 0");
    scene.spec.hold = true;
    assert_eq!(scene.run().record.code, 0);
}
