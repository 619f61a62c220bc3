//! The way of an image from the host that built it to the others: `pack` takes it apart into layers and puts them with
//! the controller, `unpack` fetches them and puts it together again, `registry` does both by a registry.
//!
//! What travels is checked where it arrives: each layer by the hash that the image's configuration has of it, and the
//! configuration by the image's own id. So the image is the same on every host, or it is none.

mod digest;
mod pack;
mod registry;
mod unpack;

pub(super) use pack::pack;
pub(super) use registry::{pull, push};
pub(super) use unpack::{Wanted, unpack};

use sidings_proto::image::{IMAGE_MAX, LAYER_MAX};

/// Why an image stays where it is, as a sentence without its full stop.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stays {
    /// There is too much of it.
    #[error("it is too large to travel: {0}")]
    TooLarge(String),
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl From<std::io::Error> for Stays {
    fn from(error: std::io::Error) -> Stays {
        Stays::Failed(error.into())
    }
}

fn layer_too_large() -> Stays {
    Stays::TooLarge(format!("a layer of it has more than {} GiB", LAYER_MAX >> 30))
}

fn image_too_large() -> Stays {
    Stays::TooLarge(format!("its layers have more than {} GiB as they are sent", IMAGE_MAX >> 30))
}

/// Layers that an image has in common with one of these, from its lowest on.
fn common_layers(layers: &[String], bases: &[Vec<String>]) -> usize {
    let common = |base: &Vec<String>| base.iter().zip(layers).take_while(|(one, other)| one == other).count();
    bases.iter().map(common).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
