use super::*;

fn taken(capacity: usize, pieces: &[(Stream, i64, &str)]) -> (Vec<(Stream, i64, String)>, u64) {
    let mut tail = Tail::new(capacity);
    for (stream, at, text) in pieces {
        tail.take(*stream, Timestamp(*at), text.as_bytes());
    }
    let dropped = tail.dropped();
    let text = |(stream, at, bytes): (Stream, Timestamp, Vec<u8>)| (stream, at.0, String::from_utf8(bytes).unwrap());
    (tail.drain().into_iter().map(text).collect(), dropped)
}

#[test]
fn what_fits_is_kept_whole() {
    let pieces = [(Stream::Stdout, 1, "abc"), (Stream::Stderr, 1, "de")];
    let kept = vec![(Stream::Stdout, 1, "abc".to_owned()), (Stream::Stderr, 1, "de".to_owned())];
    assert_eq!(taken(5, &pieces), (kept, 0));
}

#[test]
fn the_oldest_bytes_go_first_and_are_counted() {
    let pieces = [(Stream::Stdout, 1, "abc"), (Stream::Stderr, 2, "de"), (Stream::Stdout, 3, "fg")];
    let kept = vec![
        (Stream::Stdout, 1, "c".to_owned()),
        (Stream::Stderr, 2, "de".to_owned()),
        (Stream::Stdout, 3, "fg".to_owned()),
    ];
    assert_eq!(taken(5, &pieces), (kept, 2));
    assert_eq!(taken(3, &pieces), (vec![(Stream::Stderr, 2, "e".to_owned()), (Stream::Stdout, 3, "fg".to_owned())], 4));
}

#[test]
fn a_piece_longer_than_the_tail_leaves_its_end() {
    let pieces = [(Stream::Stdout, 1, "abc"), (Stream::Stdout, 2, "defghi")];
    assert_eq!(taken(4, &pieces), (vec![(Stream::Stdout, 2, "fghi".to_owned())], 5));
}

#[test]
fn a_tail_of_nothing_keeps_nothing() {
    assert_eq!(taken(0, &[(Stream::Stdout, 1, "abc")]).1, 3);
}

#[test]
fn pieces_of_one_stream_and_moment_become_one() {
    let pieces = [(Stream::Stdout, 1, "a"), (Stream::Stdout, 1, "b"), (Stream::Stdout, 2, "c")];
    let kept = vec![(Stream::Stdout, 1, "ab".to_owned()), (Stream::Stdout, 2, "c".to_owned())];
    assert_eq!(taken(9, &pieces), (kept, 0));
}
