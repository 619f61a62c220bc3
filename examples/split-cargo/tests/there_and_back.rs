//! What is written can be read.

fn there_and_back(numbers: std::ops::Range<u32>) {
    for number in numbers {
        let text = roman::write(number).unwrap();
        assert_eq!(roman::read(&text), Some(number), "{text}");
    }
}

#[test]
fn below_a_hundred() {
    there_and_back(1..100);
}

#[test]
fn below_a_thousand() {
    there_and_back(900..1000);
}

#[test]
fn the_last() {
    there_and_back(3990..4000);
}
