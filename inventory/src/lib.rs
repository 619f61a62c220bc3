//! What is in an image: its packages, by the layer that brought each, and by the line of the Dockerfile that made the
//! layer. An image is read once, as the stream that `docker save` writes or as an OCI layout in a tar.
//!
//! Everything in an image is hostile: each size, count and depth has a bound, nothing is unpacked to a path that the
//! image names, no link is followed. What could not be read is said in a remark, never left out silently.

mod archive;
mod bounds;
mod diff;
mod evidence;
mod layer;
mod model;
mod overlay;
mod purl;
mod sbom;
mod tape;
mod trace;
mod unpack;

pub use archive::{Failed, inventory};
pub use bounds::Bounds;
pub use diff::{Change, Difference, LayerChange, diff};
pub use model::{Distribution, Image, Inventory, Kind, Layer, Made, Package, PackageSource, Remark, Removed, Sureness};
pub use sbom::{cyclonedx, spdx};
