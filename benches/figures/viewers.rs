//! Five hundred people who look at one log as it grows: what they cost the controller, and how late a line is shown. The
//! floor is the same log while nobody looks.

use crate::memory::peak_mb;
use crate::page::Visitor;
use crate::report::{Report, quantile};
use crate::submit::{submit, upload};
use crate::support::Fleet;
use futures::StreamExt;
use sidings_proto::JobId;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

const VIEWERS: usize = 500;
/// Each line says when it was written, in nanoseconds; about twenty a second.
const LOG: &str = "\
image: debian:bookworm-slim
jobs:
  print:
    steps:
      - run: while true; do date +'at:%s%N;'; sleep 0.05; done
";
const LOOKED: Duration = Duration::from_secs(20);
/// Clock ticks of `/proc/PID/stat` in a second.
const TICKS: f64 = 100.0;

type Delays = Arc<Mutex<Vec<f64>>>;

pub(crate) async fn measure(report: &mut Report) {
    let fleet = Fleet::start().await;
    let _runner = fleet.warm_runner("bench", 1).await;
    let tree = upload(&fleet.client, LOG).await;
    let run = submit(&fleet.client, &tree).await;
    let visitor = Arc::new(Visitor::sign_in(&fleet.client).await);
    let job = fleet.client.run(run).await.jobs[0].id;
    fleet.client.until_running(run, "print", 1).await;
    let pid = fleet.controller_pid();
    let alone = cores(pid).await;
    let delays = Delays::default();
    let looking: Vec<_> = (0..VIEWERS).map(|_| tokio::spawn(look(visitor.clone(), job, delays.clone()))).collect();
    // What each is shown of the beginning is not part of it.
    tokio::time::sleep(Duration::from_secs(5)).await;
    delays.lock().unwrap().clear();
    let looked_at = cores(pid).await;
    let mut delays = std::mem::take(&mut *delays.lock().unwrap());
    let peak = peak_mb(pid).unwrap();
    looking.iter().for_each(|viewer| viewer.abort());
    fleet.client.cancel(run).await;

    let shown = format!("{VIEWERS} viewers of a log that grows by 20 lines a second");
    report.at_most(&shown, looked_at, 1.0, "cores", &format!("{alone:.3} cores while nobody looks"));
    report.at_most(&format!("{shown}: peak memory"), peak, 200.0, "MB", "VmHWM of the controller");
    let lines = delays.len();
    let half = quantile(&mut delays, 0.5);
    let detail = format!("p50 {half:.0} ms, {lines} lines seen, from `date` in the container to the viewer");
    report.at_most(&format!("{shown}: delay p99"), quantile(&mut delays, 0.99), 200.0, "ms", &detail);
}

/// Cores that a process takes, over some time.
async fn cores(pid: u32) -> f64 {
    let before = ticks(pid);
    tokio::time::sleep(LOOKED).await;
    (ticks(pid) - before) / TICKS / LOOKED.as_secs_f64()
}

/// Of user and system, since its start.
fn ticks(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()
}

/// Looks at the log for as long as it is let.
async fn look(visitor: Arc<Visitor>, job: JobId, delays: Delays) {
    let answer = visitor.open(&format!("/jobs/{job}/logs/1/tail")).await;
    let mut pieces = answer.bytes_stream();
    let mut text = String::new();
    while let Some(Ok(piece)) = pieces.next().await {
        text += &String::from_utf8_lossy(&piece);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as f64;
        let Some(end) = text.rfind(';') else { continue };
        let seen = text[..end].split("at:").skip(1).filter_map(|rest| rest.split(';').next()?.parse::<f64>().ok());
        delays.lock().unwrap().extend(seen.map(|written| (now - written) / 1e6));
        text.drain(..=end);
    }
}
