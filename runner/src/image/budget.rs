//! How large an image may be that was built for a job, by the policy that its run came with.

use sidings_proto::ImageBudget;
use sidings_proto::image::megabytes;

/// What is to be said of an image of so many bytes, if anything; an error is the user's.
pub(crate) fn judged(budget: ImageBudget, image: &str, bytes: u64) -> Result<Option<String>, String> {
    let larger = |most: u64| format!("the image {image} has {}, more than the {} ", megabytes(bytes), megabytes(most));
    let help = "`sidings image show` tells which lines of the Dockerfile brought it";
    match budget {
        ImageBudget { deny: Some(most), .. } if bytes > most => {
            Err(format!("{}that the policy allows (`image_size`); {help}", larger(most)))
        }
        ImageBudget { warn, .. } if bytes > warn => {
            Ok(Some(format!("warning: {}that are usual; {help}", larger(warn))))
        }
        ImageBudget { .. } => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_image_is_told_of_and_a_too_large_one_is_refused() {
        let budget = ImageBudget { warn: 1_000_000, deny: Some(2_000_000) };
        let said = |bytes| judged(budget, "sidings/web:1", bytes);
        assert_eq!(said(1_000_000), Ok(None));
        let warning = said(1_500_000).unwrap().unwrap();
        assert!(
            warning.starts_with("warning: the image sidings/web:1 has 1.5 MB, more than the 1.0 MB that"),
            "{warning}"
        );
        let refusal = said(2_500_000).unwrap_err();
        assert!(
            refusal.starts_with("the image sidings/web:1 has 2.5 MB, more than the 2.0 MB that the policy"),
            "{refusal}"
        );
        assert_eq!(judged(ImageBudget { deny: None, ..budget }, "i", 9_000_000).map(|it| it.is_some()), Ok(true));
    }
}
