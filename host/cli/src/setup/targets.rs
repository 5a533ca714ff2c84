//! Rust's libraries for the bare targets.
//!
//! Where rustup may download, it adds a target by itself. Where it may not (the variable
//! `RUSTUP_AUTO_INSTALL=0` says so), the libraries are built once from Debian's `rust-src` of the
//! very same version and put where rustup would have put them: from then on plain stable cargo
//! works for the target.

use super::debian;
use crate::{arch::Arch, project::Project, ui};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Makes sure that kernel and programs of an architecture can be built.
pub fn rust_targets(arch: Arch) -> Result<()> {
    for target in [arch.kernel_target(), arch.user_target()] {
        if installed(target) {
            continue;
        }
        if may_download() {
            ui::step(format!("adding the Rust target {target}"));
            let added = Command::new("rustup")
                .args(["target", "add", target])
                .output();
            if added.is_ok_and(|output| output.status.success()) && installed(target) {
                continue;
            }
        }
        ui::step(format!("building Rust's libraries for {target}"));
        build(target).with_context(|| {
            format!("the Rust target {target} is missing; `rustup target add {target}` adds it")
        })?;
    }
    Ok(())
}

/// Whether Rust's libraries for a target are there.
pub fn installed(target: &str) -> bool {
    let Ok(library) = library_folder(target) else {
        return false;
    };
    let Ok(entries) = fs::read_dir(library) else {
        return false;
    };
    let names: Vec<_> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    ["libcore-", "liballoc-", "libcompiler_builtins-"]
        .iter()
        .all(|prefix| {
            names
                .iter()
                .any(|name| name.starts_with(prefix) && name.ends_with(".rlib"))
        })
}

fn may_download() -> bool {
    std::env::var_os("RUSTUP_AUTO_INSTALL").is_none_or(|value| value != "0")
}

fn sysroot() -> Result<PathBuf> {
    let output = ui::quietly(Command::new("rustc").args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(output.trim()))
}

fn library_folder(target: &str) -> Result<PathBuf> {
    Ok(sysroot()?.join("lib/rustlib").join(target).join("lib"))
}

fn build(target: &str) -> Result<()> {
    let project = Project::find()?;
    let source = sysroot()?.join("lib/rustlib/src/rust/library");
    if !source.join("core/src/lib.rs").is_file() {
        unpack_source(&project, &source)?;
    }
    let folder = project.cache.join("targets").join(target);
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "#![no_std]\n")?;
    fs::write(
        folder.join("Cargo.toml"),
        "[package]\nname = \"target-libraries\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n",
    )?;
    ui::quietly(
        Command::new("cargo")
            .current_dir(&folder)
            // `build-std` is unstable; it is used for this one step and nowhere in the project.
            .env("RUSTC_BOOTSTRAP", "1")
            .env_remove("RUSTFLAGS")
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .args(["build", "--release", "--target", target])
            .args(["-Zbuild-std=core,alloc,compiler_builtins"])
            .args(["-Zbuild-std-features=compiler-builtins-mem"]),
    )?;
    let library = library_folder(target)?;
    fs::create_dir_all(&library)
        .with_context(|| format!("cannot write to Rust's own folder {}", library.display()))?;
    let dependencies = folder.join("target").join(target).join("release/deps");
    for entry in fs::read_dir(dependencies)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let wanted = ["libcore-", "liballoc-", "libcompiler_builtins-"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        if wanted && name.ends_with(".rlib") {
            fs::copy(&path, library.join(name))?;
        }
    }
    if !installed(target) {
        bail!("building Rust's libraries left something out");
    }
    fs::remove_dir_all(folder.join("target"))?;
    Ok(())
}

/// Puts the source of Rust's libraries, of exactly this compiler's version, into its sysroot.
fn unpack_source(project: &Project, destination: &Path) -> Result<()> {
    let version = ui::quietly(Command::new("rustc").arg("--version"))?;
    let version = version
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    let package = debian::rust_source(project, &version)?;
    let unpacked = project.cache.join("rust-src");
    debian::unpack(&package, &unpacked)?;
    let library = unpacked.join(format!("usr/src/rustc-{version}/library"));
    if !library.is_dir() {
        bail!("Debian's rust-src is not of version {version}");
    }
    if let Some(parent) = destination.parent() {
        fs::create_dir_all(parent)?;
    }
    ui::quietly(Command::new("cp").arg("-a").arg(&library).arg(destination))?;
    fs::remove_dir_all(&unpacked)?;
    Ok(())
}
