//! What is written down can be read again.

use super::story::{ends, join, pull, tests};
use crate::queue::Split;
use crate::record::Record;
use crate::tests::story::at;

#[test]
fn records_survive_being_written_down() {
    let story = tests("ab");
    let mut split = Split::new(story.manifest, story.estimates, story.settings);
    let events = [join(1), pull(1, 1), ends(1, 1, "a+ b-", 1)];
    let records: Vec<Record> = events.into_iter().flat_map(|event| split.handle(at(0), event).saves).collect();
    let text = serde_json::to_string(&records).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Record>>(&text).unwrap(), records);
}
