//! Roman numerals.

const SIGNS: [(u32, &str); 13] = [
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
];

/// A number from 1 to 3999 as a numeral.
pub fn write(mut number: u32) -> Option<String> {
    if !(1..4000).contains(&number) {
        return None;
    }
    let mut text = String::new();
    for (value, sign) in SIGNS {
        while number >= value {
            text += sign;
            number -= value;
        }
    }
    Some(text)
}

/// The number that a numeral stands for.
pub fn read(text: &str) -> Option<u32> {
    (1..4000).find(|number| write(*number).as_deref() == Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    mod writing {
        use super::*;

        #[test]
        fn one() {
            assert_eq!(write(1).as_deref(), Some("I"));
        }

        #[test]
        fn four() {
            assert_eq!(write(4).as_deref(), Some("IV"));
        }

        #[test]
        fn größte() {
            assert_eq!(write(3999).as_deref(), Some("MMMCMXCIX"));
        }

        #[test]
        fn none_for_nothing() {
            assert_eq!(write(0), None);
        }
    }

    mod reading {
        use super::*;

        #[test]
        fn one() {
            assert_eq!(read("I"), Some(1));
        }

        #[test]
        fn year() {
            assert_eq!(read("MCMXCIV"), Some(1994));
        }

        #[test]
        fn none_for_what_is_no_numeral() {
            assert_eq!(read("IIX"), None);
        }

        #[test]
        #[should_panic(expected = "no numeral")]
        fn what_is_no_numeral_has_no_number() {
            read("IIX").expect("no numeral");
        }

        #[test]
        #[ignore = "nobody has asked for it"]
        fn fractions() {
            assert_eq!(read("S"), None);
        }
    }
}
