//! Builds the helper of `step/` as one static file, which the runner carries inside itself.
//!
//! A build of its own: another target (static, for the host's processor), another profile and another target folder,
//! so that it does not wait for the build that it is part of.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The helper is mounted into every step's container and read at every start.
const MAX_BYTES: u64 = 2 * 1024 * 1024;
const PROFILE: &str = "helper";

fn main() -> Result<(), Box<dyn Error>> {
    let workspace = variable("CARGO_MANIFEST_DIR")?.join("..");
    for source in
        ["step/src", "step/Cargo.toml", "proto/src", "proto/Cargo.toml", "mask/src", "mask/Cargo.toml", "Cargo.toml"]
    {
        println!("cargo::rerun-if-changed={}", workspace.join(source).display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    let target = env::var("TARGET")?;
    let folder = variable("OUT_DIR")?.join("helper");
    build(&workspace, &target, &folder)?;
    let helper = folder.join(&target).join(PROFILE).join("sidings-step");
    let bytes = fs::metadata(&helper)?.len();
    if bytes > MAX_BYTES {
        return Err(format!("the helper has {bytes} bytes, more than the {MAX_BYTES} it may have").into());
    }
    println!("cargo::rustc-env=SIDINGS_HELPER={}", helper.display());
    Ok(())
}

fn build(workspace: &Path, target: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut cargo = Command::new(variable("CARGO")?);
    // What cargo set for this script is about the outer build; clippy's wrapper among it would compile nothing.
    for (name, _) in env::vars_os().filter(|(name, _)| is_about_the_outer_build(name)) {
        cargo.env_remove(name);
    }
    let status = cargo
        .current_dir(workspace)
        .args(["build", "--quiet", "--locked", "--package", "sidings-step", "--profile", PROFILE])
        .args(["--target", target, "--target-dir"])
        .arg(folder)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .status()?;
    if status.success() { Ok(()) } else { Err("could not build the helper, see above".into()) }
}

fn is_about_the_outer_build(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    let kept = ["CARGO_HOME", "CARGO_MAKEFLAGS", "CARGO_NET_OFFLINE", "CARGO_HTTP_CAINFO", "CARGO_TERM_COLOR"];
    let ours = name.starts_with("CARGO") || name.starts_with("RUSTC") || name.starts_with("CLIPPY");
    ours && !kept.contains(&name.as_ref()) || name == "RUSTFLAGS"
}

fn variable(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("cargo did not set {name}").into())
}
