use crate::duration::milliseconds;
use crate::text::{Kept, clean, cut};

#[test]
fn seconds_are_read_as_tools_print_them() {
    let right = [
        ("0.012", 12),
        ("1", 1000),
        ("0.", 0),
        ("1e-05", 0),
        ("1.5E1", 15_000),
        (" 2.5 ", 2500),
        ("1,024.12", 1_024_120),
        ("1,234,567.5", 1_234_567_500),
        ("1,234,567", 1_234_567_000),
        ("0,25", 250),
        ("12,5", 12_500),
        ("0,123", 123),
        ("1.25s", 1250),
    ];
    for (text, ms) in right {
        assert_eq!(milliseconds(text), Ok(Some(ms)), "{text}");
    }
    assert_eq!(milliseconds(""), Ok(None));
}

#[test]
fn what_is_no_time_or_could_be_two_is_none() {
    for text in ["NaN", "inf", "-0.5", "1,024", "12 ms", "1.2.3", "1,2,3", "12,34.5", "1e999", "400000000", "s", "٣"] {
        assert_eq!(milliseconds(text), Err(()), "{text}");
    }
}

#[test]
fn the_beginning_and_the_end_of_a_long_text_are_kept() {
    let mut kept = Kept::new(4, 6);
    ["ab", "cdefgh", "ijkl", "mnöpq"].into_iter().for_each(|piece| kept.push(piece));
    assert_eq!(kept.take(), "abcd\n[8 bytes left out]\nmnöpq");
    kept.push("short");
    assert_eq!(kept.take(), "short");
    let mut tail_only = Kept::new(0, 3);
    tail_only.push("ä".repeat(1000).as_str());
    assert_eq!(tail_only.take(), "\n[1997 bytes left out]\nä".trim());
}

#[test]
fn nothing_that_steers_a_terminal_is_left() {
    assert_eq!(clean("\u{1B}[31mred\u{1B}[0m \u{7}bell\r\n\u{202E}back\u{9B}x\tend"), "red bell\nbackx\tend");
    assert_eq!(clean("\u{1B}[\u{1B}]0;title"), "]0;title");
    assert_eq!(cut("four", 4), "four");
    assert_eq!(cut("fives", 4), "fiv…");
}
