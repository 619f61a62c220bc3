use super::*;
use crate::render::sample::plain;
use sidings_runner::clean::{Going, Layer, Staying};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn image(name: &str, megabytes: u64, minutes_ago: i64) -> StoredImage {
    StoredImage {
        id: format!("sha256:{name}"),
        names: vec![format!("sidings/{name}")],
        key: Some(name.to_owned()),
        used: Some(Timestamp(NOW.0 - minutes_ago * 60_000)),
        layers: vec![Layer { chain: name.to_owned(), bytes: megabytes * 1_000_000 }],
        ..StoredImage::default()
    }
}

fn cleaned() -> Cleaned {
    let stays = |image: StoredImage, why| Staying { image, why };
    Cleaned {
        wanted: 900_000_000,
        disk: Some(Disk { free: 20_000_000_000, all: 100_000_000_000 }),
        before: 2_500_000_000,
        after: 1_650_000_000,
        removed: vec![Going { image: image("shop:1", 700, 9000), bytes: 350_000_000 }],
        refused: vec![(image("shop:2", 700, 300), "a container is made from it".to_owned())],
        cache: 500_000_000,
        missing: 50_000_000,
        stays: vec![
            stays(image("web:2", 200, 12), Why::Young(Duration::from_secs(720))),
            stays(image("shop:2", 700, 300), Why::Room),
            stays(image("shop:3", 700, 90), Why::Containers(2)),
        ],
        foreign: 3,
    }
}

#[test]
fn what_goes_stands_first_and_the_rest_says_why_it_stays() {
    insta::assert_snapshot!(plain(&shown(&report(cleaned(), false), NOW)), @r"
    The engine's disk is 80% full, 20.0 GB of 100.0 GB are free; our images and the build cache take 2.5 GB.
    1 image (350.0 MB) and 500.0 MB of the build cache went.
           image           size      last used   why
    gone   sidings/shop:1  350.0 MB  6 days ago
    stays  sidings/web:2   200.0 MB  12 min ago  it was used 12 min ago
    stays  sidings/shop:3  700.0 MB  1 h ago     2 containers are made from it
    stays  sidings/shop:2  700.0 MB  5 h ago     a container is made from it
    3 images are not ours and are left alone.
    50.0 MB too much are left, of which nothing may go.
    ");
}

#[test]
fn with_room_nothing_goes() {
    let cleaned = Cleaned { before: 1000, ..Cleaned::default() };
    insta::assert_snapshot!(plain(&shown(&report(cleaned, true), NOW)), @r"
    What the engine keeps: our images and the build cache take 1.0 kB.
    There is room: nothing has to go.
    ");
}

#[test]
fn programs_are_told_the_same() {
    let report = report(Cleaned { stays: Vec::new(), refused: Vec::new(), ..cleaned() }, true);
    insta::assert_snapshot!(serde_json::to_string(&report).unwrap(), @r#"{"dry_run":true,"disk":{"free":20000000000,"all":100000000000},"bytes_before":2500000000,"bytes_after":1650000000,"bytes_wanted":900000000,"bytes_missing":50000000,"build_cache":500000000,"removed":[{"image":"sidings/shop:1","id":"sha256:shop:1","bytes":350000000,"used":1699460000000}],"stays":[],"foreign":3}"#);
}
