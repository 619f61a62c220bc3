//! One image against another.

use crate::image::{Layer, STATUS, layer, read, saved, status};
use sidings_inventory::{Difference, diff};

fn image(top: &[(&str, &str)], filler: usize) -> Vec<Layer> {
    let more = vec![b'x'; filler];
    vec![
        layer("base", &[(STATUS, &status(&[("libc6", "1")]))]),
        layer("RUN /bin/sh -c apt-get install things # buildkit", &[(STATUS, &status(top)), ("filler", &more)]),
    ]
}

fn difference(before: &[Layer], after: &[Layer]) -> Difference {
    let (before, mut after) = (read(&saved(before)), read(&saved(after)));
    after.trace("FROM base\n\nRUN apt-get install things\n", None);
    diff(&before, &after)
}

#[test]
fn packages_and_sizes_are_told_by_layer() {
    let before = image(&[("libc6", "1"), ("old", "1"), ("same", "1"), ("up", "1")], 1000);
    let after = image(&[("libc6", "1"), ("new", "1"), ("newer", "1"), ("same", "1"), ("up", "2")], 42_000);
    let difference = difference(&before, &after);
    let names: Vec<String> =
        difference.packages.iter().map(|it| format!("{} {:?} {:?}", it.name, it.before, it.after)).collect();
    assert_eq!(names, [r#"new [] ["1"]"#, r#"newer [] ["1"]"#, r#"up ["1"] ["2"]"#, r#"old ["1"] []"#]);
    let [layer] = difference.layers.as_slice() else { panic!("{:?}", difference.layers) };
    assert_eq!((layer.layer, layer.line, layer.instruction.as_str()), (2, Some(3), "RUN apt-get install things"));
    assert_eq!((layer.added, layer.changed, layer.removed), (2, 1, 1));
    assert!(layer.bytes > 41_000 && layer.bytes == difference.bytes);
}

#[test]
fn a_layer_that_is_gone_is_told() {
    let before = image(&[("libc6", "1"), ("x", "1")], 10);
    let difference = difference(&before, &before[..1]);
    let [layer] = difference.layers.as_slice() else { panic!("{:?}", difference.layers) };
    assert!(layer.gone && layer.bytes < 0 && layer.removed == 1);
}

#[test]
fn an_image_does_not_differ_from_itself() {
    let image = image(&[("libc6", "1")], 10);
    assert_eq!(difference(&image, &image), Difference::default());
}
