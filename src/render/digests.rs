//! The digests of the images that a run used.

use super::table::table;
use sidings_proto::api::RunView;

/// A table, with an empty line before it; nothing for a run that used none by its digest.
pub(crate) fn of_run(run: &RunView) -> String {
    if run.digests.is_empty() {
        return String::new();
    }
    let rows: Vec<[String; 2]> =
        run.digests.iter().map(|(reference, digest)| [reference.clone(), digest.clone()]).collect();
    format!("\n{}", table(["image", "digest"], &rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::plain;
    use crate::render::sample::run_of;

    #[test]
    fn each_image_stands_beside_its_digest() {
        let digests = [("debian:12", "sha256:11"), ("ghcr.io/tools/lint:2", "sha256:22")];
        let digests = digests.map(|(name, digest)| (name.to_owned(), digest.to_owned())).into();
        let told = of_run(&RunView { digests, ..run_of(Vec::new()) });
        assert_eq!(
            plain(&told),
            "\nimage                 digest\ndebian:12             sha256:11\nghcr.io/tools/lint:2  sha256:22\n"
        );
        assert_eq!(of_run(&run_of(Vec::new())), "");
    }
}
