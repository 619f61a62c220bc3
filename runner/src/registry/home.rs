//! Where a fleet keeps the images that it builds: a part of a registry, `host/path`.

/// Reads it from what an operator wrote.
///
/// # Errors
/// It is an address, or the name of one image.
pub fn home(text: &str) -> Result<String, String> {
    let expected = "expected HOST/PATH, as in `registry.example.org/ci`";
    let text = text.trim_end_matches('/');
    if text.contains("://") {
        return Err(format!("{expected}; without `://`"));
    }
    let Some((host, path)) = text.split_once('/') else { return Err(format!("{expected}; there is no path")) };
    let is_host = host.contains(['.', ':']) || host == "localhost";
    if !is_host {
        return Err(format!("{expected}; `{host}` is no registry's host"));
    }
    let part = |part: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        !part.is_empty() && part.chars().all(plain) && !part.starts_with(['.', '_', '-'])
    };
    match path.split('/').all(part) {
        true => Ok(text.to_owned()),
        false => Err(format!("{expected}; a path has lower-case letters, digits and `.`, `_`, `-`, and no tag")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_registry_is_neither_an_address_nor_an_image() {
        assert_eq!(home("reg.corp:5000/ci/images/").as_deref(), Ok("reg.corp:5000/ci/images"));
        for wrong in ["https://reg.corp/ci", "reg.corp", "ci/images", "reg.corp/ci:1", "reg.corp/CI", "reg.corp//ci"] {
            assert!(home(wrong).unwrap_err().starts_with("expected HOST/PATH"), "{wrong}");
        }
    }
}
