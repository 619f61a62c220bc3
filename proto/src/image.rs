//! Images that a fleet builds once: what a runner asks the controller of an image key, and what it tells it.
//!
//! A **claim** is the right and the duty to build the image of one key for everybody. It has a number, which goes up by
//! one each time the claim passes on; what is told with an older number, or by an attempt that is over, changes nothing.

use crate::{BlobId, JobId, Timestamp};
use serde::{Deserialize, Serialize};

/// An image has at most so many layers.
pub const LAYERS_MAX: usize = 500;
/// The bytes of one layer as it is in the image, at most.
pub const LAYER_MAX: u64 = 10 * 1024 * 1024 * 1024;
/// The bytes of all layers of an image as they are sent, at most.
pub const IMAGE_MAX: u64 = 10 * 1024 * 1024 * 1024;
/// The bytes of an image's configuration, at most.
pub const CONFIG_MAX: u64 = 4 * 1024 * 1024;
/// So many earlier images are named to a builder, at most: each costs it a call to the registry.
pub const EARLIER_MAX: usize = 3;
/// The bytes of a failure's text, at most.
pub const MESSAGE_MAX: usize = 64 * 1024;

/// Whether this is an image key: 64 hexadecimal digits in lower case.
pub fn is_key(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// Asks for the image of a key that is not on this runner's host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImageAsk {
    /// The image key.
    pub key: String,
    /// The claim that the asker was told to wait for. While that one is under way the call is held open, up to
    /// [`LEASE_POLL_MS`](crate::runner::LEASE_POLL_MS); its failure is the asker's as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited: Option<u64>,
}

/// What a runner is to do for the image of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum ImageAnswer {
    /// Fetch it.
    Ready {
        /// What it is and how it is had.
        image: SharedImage,
        /// The name of the runner that built it.
        by: String,
    },
    /// Build it, for everybody; then tell what became of it. Asked again, the same attempt gets the same claim.
    Build {
        /// The claim's number.
        claim: u64,
        /// Whether there are others that could want it: where there are none, nothing need be sent.
        wanted: bool,
        /// Whether to send what is in it, once it is built.
        #[serde(default)]
        inventory: bool,
        /// Earlier images of the project in the fleet's registry, `host/path@sha256:…`, the last used first: their
        /// layers may serve the builder.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        earlier: Vec<String>,
    },
    /// Wait: another one builds it. Ask again with this claim's number.
    Wait {
        /// The claim's number.
        claim: u64,
        /// The name of the runner that builds it.
        by: String,
        /// The job for which it does; its log has the build.
        job: JobId,
        /// The address of that job, for people.
        job_url: String,
        /// Since when.
        since: Timestamp,
    },
    /// The build that was waited for failed, by the fault of the Dockerfile or its context.
    Failed {
        /// The claim's number.
        claim: u64,
        /// The name of the runner that built it.
        by: String,
        /// The job whose log has the build.
        job: JobId,
        /// What the builder said.
        message: String,
    },
    /// Build it for this host alone: it cannot travel.
    Alone {
        /// Why, as a sentence without its full stop.
        reason: String,
    },
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImageTold {
    /// The image key.
    pub key: String,
    /// The claim's number.
    pub claim: u64,
    /// What.
    pub outcome: ImageOutcome,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "outcome", rename_all = "snake_case", deny_unknown_fields)]
pub enum ImageOutcome {
    /// It was built, and all that others need is where they can get it.
    Shared {
        /// What it is and how it is had.
        image: SharedImage,
    },
    /// It was built and cannot travel: everybody builds it.
    Stays {
        /// Why, as a sentence without its full stop.
        reason: String,
    },
    /// The Dockerfile or its context is at fault: so it would be for whoever waits.
    Failed {
        /// What the builder said, without secrets.
        message: String,
    },
    /// Nothing that concerns others: the next one builds it.
    GivenUp,
}

/// An image that others can have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SharedImage {
    /// `sha256:…`, the hash of its configuration; it is the same on every host.
    pub id: String,
    /// Where it is.
    pub place: ImagePlace,
}

/// Where an image is to be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "at", rename_all = "snake_case", deny_unknown_fields)]
pub enum ImagePlace {
    /// With the controller, layer by layer.
    Controller {
        /// Its configuration, as it is; its SHA-256 is the image's id.
        config: BlobSize,
        /// Its layers, the lowest first.
        layers: Vec<ImageLayer>,
    },
    /// In a registry.
    Registry {
        /// `host/path@sha256:…`
        reference: String,
    },
}

/// A blob and its length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BlobSize {
    /// Which.
    pub blob: BlobId,
    /// How many bytes it has.
    pub bytes: u64,
}

/// A layer of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImageLayer {
    /// `sha256:…` of the layer's tar.
    pub diff: String,
    /// The length of that tar.
    pub bytes: u64,
    /// The tar in zstd; none where the layer is one of a base image, which whoever knows the key has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed: Option<BlobSize>,
}

impl SharedImage {
    /// What of it is with the controller.
    pub fn blobs(&self) -> impl Iterator<Item = &BlobSize> {
        let (config, layers) = match &self.place {
            ImagePlace::Controller { config, layers } => (Some(config), layers.as_slice()),
            ImagePlace::Registry { .. } => (None, Default::default()),
        };
        config.into_iter().chain(layers.iter().filter_map(|layer| layer.packed.as_ref()))
    }
}

/// Whether this is the engine's id of an image or a layer: `sha256:` and 64 hexadecimal digits.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(is_key)
}

/// How an image that was built elsewhere came to a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fetched {
    /// The name of the runner that built it.
    pub from: String,
    /// Layers that were transferred; none where a registry knows better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<u64>,
    /// Bytes that were transferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

impl Fetched {
    /// `, 3 layers, 12.0 MB` as far as it is known; empty when nothing is.
    pub fn amount(&self) -> String {
        let parts = self.layers.map(counted).into_iter().chain(self.bytes.map(megabytes));
        parts.map(|part| format!(", {part}")).collect()
    }
}

/// `1 layer`, `3 layers`.
pub fn counted(layers: u64) -> String {
    format!("{layers} {}", if layers == 1 { "layer" } else { "layers" })
}

/// `512 B`, `12 kB`, `12.0 MB`.
pub fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
