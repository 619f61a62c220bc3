//! Compiled Java classes: which of them Surefire or Gradle may take for tests, read from their files without running
//! anything.
//!
//! A class is left out only when it is sure that it has no test: it is abstract, or neither it nor what it is made of
//! has an annotation. What cannot be read counts as a test, so that it is missed by its name.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// `interface`, `abstract` and `module` among a class's flags.
const CANNOT_BE_MADE: u16 = 0x0200 | 0x0400 | 0x8000;
/// The attribute in which annotations stand that a running program can see.
const ANNOTATED: &str = "RuntimeVisibleAnnotations";
/// JUnit's mark of a class whose tests are run with those of the class around it.
const NESTED: &str = "Lorg/junit/jupiter/api/Nested;";
/// What languages bring along has no tests.
const OF_LANGUAGES: [&str; 2] = ["java/", "kotlin/"];

/// The classes of a folder, by their names with points.
#[derive(Debug, Default)]
pub(super) struct Classes {
    all: BTreeMap<String, Option<Class>>,
}

/// What a class's file says.
#[derive(Debug, PartialEq, Eq)]
struct Class {
    can_be_made: bool,
    is_annotated: bool,
    is_nested: bool,
    /// What it extends and implements, with points.
    made_of: Vec<String>,
}

impl Classes {
    /// Adds all of a folder; links are not followed.
    pub(super) fn read(&mut self, folder: &Path, package: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (name, kind) = (entry.file_name().to_string_lossy().into_owned(), entry.file_type()?);
            if kind.is_dir() {
                self.read(&entry.path(), &format!("{package}{name}."))?;
            } else if let Some(name) = name.strip_suffix(".class").filter(|_| kind.is_file()) {
                self.add(&format!("{package}{name}"), &entry.path())?;
            }
        }
        Ok(())
    }

    /// Adds one, by its name with points.
    pub(super) fn add(&mut self, name: &str, file: &Path) -> io::Result<()> {
        self.all.insert(name.to_owned(), class(&fs::read(file)?));
        Ok(())
    }

    /// Those that may have tests, whatever they are called.
    pub(super) fn that_may_have_tests(&self) -> impl Iterator<Item = &str> {
        self.all.keys().map(String::as_str).filter(|name| self.may_have_tests(name))
    }

    /// Without those whose tests are run with the ones of the class around them.
    pub(super) fn that_run_by_themselves(&self) -> impl Iterator<Item = &str> {
        let is_nested = |name: &str| matches!(self.all.get(name), Some(Some(class)) if class.is_nested);
        self.that_may_have_tests().filter(move |name| !is_nested(name))
    }

    /// Those that are called as tests are and may have some.
    pub(super) fn of_tests(&self) -> impl Iterator<Item = &str> {
        let names = self.all.keys().map(String::as_str);
        names.filter(|name| is_called_as_tests_are(name) && self.may_have_tests(name))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    /// The classes in it, at any depth, whose tests are run with its own.
    pub(super) fn nested_in<'c>(&'c self, name: &str) -> impl Iterator<Item = &'c str> {
        let begin = format!("{name}$");
        let inner = self.all.range(begin.clone()..).take_while(move |(inner, _)| inner.starts_with(&begin));
        let nested = inner.filter(|(_, class)| class.as_ref().is_none_or(|class| class.is_nested));
        nested.map(|(inner, _)| inner.as_str())
    }

    fn may_have_tests(&self, name: &str) -> bool {
        let Some(Some(class)) = self.all.get(name) else { return true };
        class.can_be_made && (self.is_annotated(name, 0) || self.nested_in(name).next().is_some())
    }

    /// It, or what it is made of; what is not in the folder may be.
    fn is_annotated(&self, name: &str, depth: usize) -> bool {
        let Some(Some(class)) = self.all.get(name) else { return true };
        class.is_annotated || depth > 100 || class.made_of.iter().any(|other| self.is_annotated(other, depth + 1))
    }
}

/// The class around all others.
pub(super) fn outermost(class: &str) -> &str {
    let end = class.char_indices().skip(1).find(|(_, letter)| *letter == '$');
    &class[..end.map_or(class.len(), |(at, _)| at)]
}

/// Surefire's own four patterns.
fn is_called_as_tests_are(name: &str) -> bool {
    let simple = name.rsplit('.').next().unwrap_or(name);
    let has_end = ["Test", "Tests", "TestCase"].iter().any(|end| simple.ends_with(end));
    !simple.contains('$') && (simple.starts_with("Test") || has_end)
}

/// Reads as much of a class file as is of use; none: it is not one.
fn class(bytes: &[u8]) -> Option<Class> {
    let mut file = Bytes(bytes);
    if file.number(4)? != 0xCAFE_BABE {
        return None;
    }
    file.skip(4)?;
    let pool = Pool::read(&mut file)?;
    let (flags, _own, parent) = (file.short()?, file.short()?, file.short()?);
    // A module has no parent.
    let mut made_of = if parent == 0 { Vec::new() } else { vec![pool.class(parent)?] };
    for _ in 0..file.short()? {
        made_of.push(pool.class(file.short()?)?);
    }
    made_of.retain(|name| !OF_LANGUAGES.iter().any(|begin| name.starts_with(begin)));
    let made_of = made_of.iter().map(|name| name.replace('/', ".")).collect();
    let (is_annotated, is_nested) = (pool.says(ANNOTATED), pool.says(NESTED));
    Some(Class { can_be_made: flags & CANNOT_BE_MADE == 0, is_annotated, is_nested, made_of })
}

/// The constants of a class, by their numbers.
#[derive(Default)]
struct Pool {
    texts: BTreeMap<u16, String>,
    /// The numbers of their names.
    classes: BTreeMap<u16, u16>,
}

impl Pool {
    fn read(file: &mut Bytes<'_>) -> Option<Pool> {
        let (mut pool, count) = (Pool::default(), file.short()?);
        let mut number = 1;
        while number < count {
            let mut places = 1;
            match file.number(1)? {
                1 => {
                    let length = usize::from(file.short()?);
                    pool.texts.insert(number, String::from_utf8_lossy(file.take(length)?).into_owned());
                }
                7 => drop(pool.classes.insert(number, file.short()?)),
                3 | 4 | 9..=12 | 17 | 18 => file.skip(4)?,
                5 | 6 => {
                    file.skip(8)?;
                    places = 2;
                }
                8 | 16 | 19 | 20 => file.skip(2)?,
                15 => file.skip(3)?,
                _ => return None,
            }
            number = number.checked_add(places)?;
        }
        Some(pool)
    }

    fn class(&self, number: u16) -> Option<String> {
        self.texts.get(self.classes.get(&number)?).cloned()
    }

    fn says(&self, text: &str) -> bool {
        self.texts.values().any(|known| known == text)
    }
}

/// What has not been read yet.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn skip(&mut self, length: usize) -> Option<()> {
        self.take(length).map(drop)
    }

    fn number(&mut self, length: usize) -> Option<u32> {
        Some(self.take(length)?.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    fn short(&mut self) -> Option<u16> {
        self.number(2).and_then(|number| u16::try_from(number).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = "java/lang/Object";

    /// A class file with these texts in it, of a class that extends the second of them.
    fn file(flags: u16, texts: &[&str]) -> Vec<u8> {
        let count = u16::try_from(texts.len()).unwrap();
        let mut bytes = vec![0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 61];
        let short = |bytes: &mut Vec<u8>, number: u16| bytes.extend(number.to_be_bytes());
        short(&mut bytes, count + 5);
        for text in texts {
            bytes.push(1);
            short(&mut bytes, u16::try_from(text.len()).unwrap());
            bytes.extend(text.as_bytes());
        }
        // Two classes, and a long number, which has two places.
        bytes.extend([7, 0, 1, 7, 0, 2, 5, 0, 0, 0, 0, 0, 0, 0, 9]);
        [flags, count + 1, count + 2, 0].into_iter().for_each(|number| short(&mut bytes, number));
        bytes
    }

    fn classes(files: &[(&str, Vec<u8>)]) -> Classes {
        let dir = tempfile::TempDir::new().unwrap();
        for (name, bytes) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let mut classes = Classes::default();
        classes.read(dir.path(), "").unwrap();
        classes
    }

    #[test]
    fn a_class_is_left_out_when_it_is_sure_that_it_has_no_test() {
        let plain = file(0x21, &["a", OBJECT]);
        let marked = file(0x21, &["a", OBJECT, ANNOTATED]);
        let classes = classes(&[
            ("roman/ATest.class", marked.clone()),
            ("roman/TestTools.class", plain.clone()),
            ("roman/BaseTest.class", file(0x421, &["a", OBJECT, ANNOTATED])),
            ("roman/HeirTest.class", file(0x21, &["a", "roman/BaseTest"])),
            ("roman/PlainHeirTest.class", file(0x21, &["a", "roman/TestTools"])),
            ("OldTestCase.class", file(0x21, &["a", "junit/framework/TestCase"])),
            ("OuterTests.class", plain),
            ("OuterTests$In.class", file(0x20, &["a", OBJECT, ANNOTATED, NESTED])),
            ("OuterTests$Other.class", marked.clone()),
            ("roman/Other.class", marked),
            ("roman/TornTest.class", b"\xCA\xFE".to_vec()),
        ]);
        let tests: Vec<&str> = classes.of_tests().collect();
        assert_eq!(tests, ["OldTestCase", "OuterTests", "roman.ATest", "roman.HeirTest", "roman.TornTest"]);
        assert_eq!(classes.nested_in("OuterTests").collect::<Vec<_>>(), ["OuterTests$In"]);
    }

    #[test]
    fn whatever_it_is_called_a_class_may_have_tests_when_something_in_it_or_above_it_is_annotated() {
        let marked = file(0x21, &["a", OBJECT, ANNOTATED]);
        let classes = classes(&[
            ("a/Sums.class", marked.clone()),
            ("a/Sums$Of.class", marked),
            ("a/Sums$In.class", file(0x21, &["a", OBJECT, ANNOTATED, NESTED])),
            ("a/Elsewhere.class", file(0x21, &["a", "spock/lang/Specification"])),
            ("a/Pair.class", file(0x31, &["a", "java/lang/Record"])),
            ("a/Shape.class", file(0x601, &["a", OBJECT, ANNOTATED])),
            ("module-info.class", file(0x8000, &["a", OBJECT])),
        ]);
        let may: Vec<&str> = classes.that_may_have_tests().collect();
        assert_eq!(may, ["a.Elsewhere", "a.Sums", "a.Sums$In", "a.Sums$Of"]);
        let alone: Vec<&str> = classes.that_run_by_themselves().collect();
        assert_eq!(alone, ["a.Elsewhere", "a.Sums", "a.Sums$Of"]);
        assert_eq!(["a.Sums$In$Deep", "a.Sums", "$Odd$In", ""].map(outermost), ["a.Sums", "a.Sums", "$Odd", ""]);
    }

    #[test]
    fn what_is_no_class_file_is_none_wherever_it_ends() {
        let whole = file(0x21, &["a", "b", ANNOTATED]);
        assert!(class(&whole).is_some());
        assert!((0..whole.len()).all(|end| class(&whole[..end]).is_none()));
        assert!(class(b"#!/bin/sh").is_none());
    }
}
