//! Logs over HTTP: in by chunks, out by parts, as text, and live.

use crate::rig::{PIPELINE, Rig, Work, frames, json, refused, rig};
use futures::StreamExt;
use reqwest::{Method, StatusCode};
use sidings_proto::runner::{LogAck, Progress, ProgressReport};

async fn read(rig: &Rig, work: &Work, query: &str) -> Vec<u8> {
    let path = format!("/api/v1/jobs/{}/logs/1?{query}", work.assignment.attempt.job);
    let answer = rig.call(Method::GET, &path).send().await.unwrap();
    answer.error_for_status().unwrap().bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn chunks_that_are_repeated_or_leave_a_gap_change_nothing() {
    let rig = rig().await;
    let runner = rig.runner().await;
    rig.run(PIPELINE).await;
    let work = runner.lease(&rig).await;
    let (one, two) = (frames("one\n"), frames("two\n"));
    let ack =
        async |offset, chunk: &[u8]| json::<LogAck>(work.log(&rig, 1, offset, chunk).await, StatusCode::OK).await.bytes;
    let end = one.len() as u64;
    assert_eq!(ack(0, &one).await, end);
    assert_eq!(ack(0, &one).await, end);
    assert_eq!(ack(one.len() + 9, &two).await, end);
    assert_eq!(ack(one.len(), &two).await, end + two.len() as u64);
    assert_eq!(read(&rig, &work, "").await, [one.clone(), two.clone()].concat());
    assert_eq!(read(&rig, &work, "format=text").await, b"one\ntwo\n");
    assert_eq!(read(&rig, &work, &format!("offset=-{}", two.len())).await, two);

    let answer = work.log(&rig, 9, 0, &one).await;
    assert_eq!(refused(answer, StatusCode::NOT_FOUND).await, "not_found");
    let answer = work.log(&rig, 1, one.len() + two.len(), b"no frame").await;
    assert_eq!(refused(answer, StatusCode::BAD_REQUEST).await, "bad_request");
    let answer = work.log(&rig, 1, 0, &vec![0; sidings_proto::runner::LOG_CHUNK_MAX + 1]).await;
    assert_eq!(refused(answer, StatusCode::PAYLOAD_TOO_LARGE).await, "too_large");
}

#[tokio::test]
async fn a_followed_log_comes_as_it_grows_and_ends_with_its_step() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(PIPELINE).await;
    // Followed before any runner has the job.
    let path = format!("/api/v1/jobs/{}/logs/1?follow=true&format=text", run.jobs[0].id);
    let following = async { rig.call(Method::GET, &path).send().await.unwrap().error_for_status().unwrap() };
    let (answer, work) = tokio::join!(following, runner.lease(&rig));
    let mut pieces = answer.bytes_stream();

    let (one, two) = (frames("one\n"), frames("two\n"));
    work.log(&rig, 1, 0, &one).await.error_for_status().unwrap();
    assert_eq!(pieces.next().await.unwrap().unwrap(), "one\n");
    work.log(&rig, 1, one.len(), &two).await.error_for_status().unwrap();
    assert_eq!(pieces.next().await.unwrap().unwrap(), "two\n");

    let ended = work.passed(&[one, two].concat()).steps.remove(0);
    let report = ProgressReport { events: vec![Progress::StepEnded(ended)] };
    work.post(&rig, "progress", &report).await.error_for_status().unwrap();
    assert!(pieces.next().await.is_none());
}

#[tokio::test]
async fn a_followed_log_ends_with_its_attempt() {
    let rig = rig().await;
    let runner = rig.runner().await;
    rig.run(PIPELINE).await;
    let work = runner.lease(&rig).await;
    let chunk = frames("one\n");
    work.log(&rig, 1, 0, &chunk).await.error_for_status().unwrap();
    let path = format!("/api/v1/jobs/{}/logs/1?follow=true", work.assignment.attempt.job);
    let mut pieces = rig.call(Method::GET, &path).send().await.unwrap().bytes_stream();
    assert_eq!(pieces.next().await.unwrap().unwrap(), chunk);
    assert_eq!(work.finish(&rig, &work.passed(&chunk)).await["answer"], "accepted");
    assert!(pieces.next().await.is_none());
    assert_eq!(read(&rig, &work, "follow=true&format=text").await, b"one\n");
    assert_eq!(read(&rig, &work, "attempt=1&format=text").await, b"one\n");
}

#[tokio::test]
async fn a_job_without_an_attempt_has_no_log() {
    let rig = rig().await;
    let run = rig.run(PIPELINE).await;
    let path = format!("/api/v1/jobs/{}/logs/1", run.jobs[0].id);
    let answer = rig.call(Method::GET, &path).send().await.unwrap();
    assert_eq!(refused(answer, StatusCode::NOT_FOUND).await, "not_found");
}

#[tokio::test]
async fn who_follows_does_not_hold_the_controller_up_when_it_goes_down() {
    let rig = rig().await;
    let runner = rig.runner().await;
    let run = rig.run(PIPELINE).await;
    let work = runner.lease(&rig).await;
    let log = format!("/api/v1/jobs/{}/logs/1?follow=true", work.assignment.attempt.job);
    let events = format!("/api/v1/runs/{}/events", run.summary.id);
    let mut log = rig.call(Method::GET, &log).send().await.unwrap().bytes_stream();
    let mut events = rig.call(Method::GET, &events).send().await.unwrap().bytes_stream();
    assert!(events.next().await.unwrap().is_ok());
    let rig = rig.restart().await;
    assert!(log.next().await.is_none());
    assert!(events.next().await.is_none());
    assert_eq!(rig.view(&run).await.jobs[0].attempts.len(), 1);
}
