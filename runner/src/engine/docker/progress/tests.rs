use super::*;

/// A vertex that began at second 100, and ended `after` that many seconds.
fn vertex(digest: &str, name: &str, after: Option<f64>) -> Vertex {
    let mut vertex = Vertex { digest: digest.into(), name: name.into(), ..Vertex::default() };
    vertex.started.get_or_insert_default().seconds = 100;
    if let Some(after) = after {
        let completed = vertex.completed.get_or_insert_default();
        completed.seconds = 100;
        completed.nanos = (after * 1e9).round() as i32;
    }
    vertex
}

fn log(digest: &str, text: &str) -> VertexLog {
    let mut log = VertexLog { vertex: digest.into(), msg: text.into(), ..VertexLog::default() };
    let time = log.timestamp.get_or_insert_default();
    (time.seconds, time.nanos) = (100, 250_000_000);
    log
}

fn status(vertexes: Vec<Vertex>, logs: Vec<VertexLog>) -> StatusResponse {
    StatusResponse { vertexes, logs, ..StatusResponse::default() }
}

fn remark(text: &str) -> Line {
    Line::Remark(text.to_owned())
}

fn output(text: &str) -> Line {
    Line::Output(text.to_owned())
}

#[test]
fn a_part_is_told_from_its_begin_to_its_end() {
    let mut progress = Progress::default();
    assert_eq!(
        progress.status(&status(vec![vertex("a", "[2/3] RUN make", None)], vec![])),
        [remark("#1 [2/3] RUN make")]
    );
    let lines = progress.status(&status(vec![], vec![log("a", "compi"), log("a", "ling\nlinking\nhal")]));
    assert_eq!(lines, [output("#1 0.250 compiling"), output("#1 0.250 linking")]);
    let lines = progress.status(&status(vec![vertex("a", "[2/3] RUN make", Some(0.54))], vec![log("a", "f\n")]));
    assert_eq!(lines, [output("#1 0.250 half"), remark("#1 DONE 0.5s")]);
    assert_eq!(progress.status(&status(vec![vertex("a", "[2/3] RUN make", Some(0.54))], vec![])), []);
    assert_eq!(progress.failed(), None);
}

#[test]
fn what_was_cached_says_so_and_housekeeping_says_nothing() {
    let mut progress = Progress::default();
    let cached = Vertex { cached: true, ..vertex("b", "[3/3] COPY . .", Some(0.0)) };
    let lines = progress.status(&status(vec![vertex("a", "[internal] load metadata", Some(0.1)), cached], vec![]));
    assert_eq!(lines, [remark("#1 [3/3] COPY . ."), remark("#1 CACHED")]);
}

#[test]
fn a_failure_keeps_the_last_lines() {
    let mut progress = Progress::default();
    progress.status(&status(vec![vertex("a", "[2/2] RUN make", None)], vec![]));
    let text: String = (0..30).map(|n| format!("line {n}\n")).collect();
    progress.status(&status(vec![], vec![log("a", &text)]));
    let broken = Vertex { error: "exit code: 2".into(), ..vertex("a", "[2/2] RUN make", Some(1.0)) };
    assert_eq!(progress.status(&status(vec![broken], vec![])), [remark("#1 ERROR: exit code: 2")]);
    let failed = progress.failed().unwrap();
    assert_eq!((failed.what.as_str(), failed.output.len()), ("[2/2] RUN make", LAST_LINES));
    assert_eq!((failed.output[0].as_str(), failed.output[19].as_str()), ("line 10", "line 29"));
}

#[test]
fn the_classic_builder_is_read_by_its_steps() {
    let mut progress = Progress::default();
    assert_eq!(progress.classic("Step 1/2 : FROM a\n"), [remark("Step 1/2 : FROM a")]);
    assert_eq!(progress.classic("\n"), [output("")]);
    assert_eq!(progress.classic(" ---> Running in 1\n"), [remark(" ---> Running in 1")]);
    progress.classic("Step 2/2 : RUN b\nho");
    assert_eq!(progress.classic("w\nunended"), [output("how")]);
    assert_eq!(progress.rest(), [output("unended")]);
    let failed = progress.failed().unwrap();
    assert_eq!(
        (failed.what.as_str(), failed.output),
        ("Step 2/2 : RUN b", vec!["how".to_owned(), "unended".to_owned()])
    );
}
