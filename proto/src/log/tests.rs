use super::*;

#[test]
fn what_is_written_is_read_back() {
    let mut bytes = Vec::new();
    write_frames(&mut bytes, Stream::Stdout, Timestamp(5), b"hello\n");
    write_frames(&mut bytes, Stream::Stderr, Timestamp(6), b"oh");
    let Next::Frame(header, payload, taken) = next_frame(&bytes) else { panic!("no frame") };
    assert_eq!((header.stream, header.at, payload), (Stream::Stdout, Timestamp(5), &b"hello\n"[..]));
    let Next::Frame(header, payload, _) = next_frame(&bytes[taken..]) else { panic!("no frame") };
    assert_eq!((header.stream, header.at, payload), (Stream::Stderr, Timestamp(6), &b"oh"[..]));
    assert_eq!(whole_frames(&bytes), (bytes.len(), false));
}

#[test]
fn a_long_payload_is_cut_into_frames() {
    let mut bytes = Vec::new();
    write_frames(&mut bytes, Stream::Stdout, Timestamp(0), &vec![b'x'; MAX_PAYLOAD + 1]);
    assert_eq!(bytes.len(), MAX_PAYLOAD + 1 + 2 * HEADER_LEN);
    assert_eq!(whole_frames(&bytes[..bytes.len() - 1]), (MAX_PAYLOAD + HEADER_LEN, false));
}

#[test]
fn foreign_bytes_are_told_from_a_frame_that_is_not_whole() {
    assert_eq!(next_frame(&[0xD5, 1, 0]), Next::Partial);
    assert_eq!(next_frame(b"sixteen bytes of text and more"), Next::Corrupt);
    let mut long = Header { stream: Stream::Note, len: 1, at: Timestamp(0) }.encode();
    long[7] = 0x7f;
    assert_eq!(next_frame(&long), Next::Corrupt);
}
