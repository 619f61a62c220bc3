//! Reads a saved image from the file named, and prints what that took: `docker save IMAGE >image.tar`, then
//! `cargo run --release -p sidings-inventory --example figures image.tar`. With `--purls` the packages too, with
//! `--cyclonedx` or `--spdx` the document instead.

use sidings_inventory::{Bounds, Inventory, cyclonedx, inventory, spdx};
use std::error::Error;
use std::fs::{self, File};
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("name a saved image")?;
    let start = Instant::now();
    let inventory = inventory(File::open(&path)?, Bounds::default())?;
    let took = start.elapsed();
    match arguments.next().as_deref() {
        Some("--purls") => inventory.packages.iter().for_each(|package| println!("{}", package.purl)),
        Some("--cyclonedx") => println!("{:#}", cyclonedx(&inventory)),
        Some("--spdx") => println!("{:#}", spdx(&inventory)),
        _ => figures(&inventory),
    }
    let bytes = fs::metadata(&path)?.len();
    eprintln!("{} bytes in {:.2} s, at most {} resident", bytes, took.as_secs_f64(), resident()?);
    Ok(())
}

fn figures(inventory: &Inventory) {
    for layer in &inventory.layers {
        let packages = inventory.packages.iter().filter(|package| package.layer == layer.number).count();
        println!("{:>3} {:>12} bytes {packages:>5} packages  {}", layer.number, layer.bytes, layer.instruction());
    }
    for removed in &inventory.removed {
        println!("gone: {removed:?}");
    }
    for remark in &inventory.remarks {
        println!("{remark:?}");
    }
}

/// The kernel's own mark of the highest tide.
fn resident() -> Result<String, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the kernel does not say")?;
    Ok(line.trim().to_owned())
}
