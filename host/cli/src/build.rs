//! Builds the kernel and the programs, and turns the kernel's ELF into what QEMU loads.
//!
//! Two things happen after the link. The table of symbols is written into the place that the
//! linker script keeps free for it (a panic's backtrace needs names, and names exist only once
//! the link is done). And AArch64's kernel becomes a flat image, because QEMU hands a device tree
//! only to an image that begins with Linux's header.

mod kernel_image;
pub mod linux;
mod symbols;

use crate::{arch::Arch, project::Project, ui};
use anyhow::Result;
use std::{path::PathBuf, process::Command};

/// The kernel, in its two forms.
pub struct BuiltKernel {
    /// What QEMU boots.
    pub bootable: PathBuf,
    /// The ELF file with debug information, for gdb.
    pub debug: PathBuf,
}

/// Everything that was built from this workspace for one architecture.
pub struct Built {
    /// The kernel.
    pub kernel: BuiltKernel,
    /// The folder with the native programs' ELF files (and xv6's, on RISC-V).
    pub programs: PathBuf,
}

/// Builds kernel and programs.
pub fn everything(project: &Project, arch: Arch) -> Result<Built> {
    let programs = programs(project, arch)?;
    let kernel = kernel(project, arch, &[])?;
    Ok(Built { kernel, programs })
}

/// What the linker says when the compiler took over pieces of a build that was interrupted: each is
/// complete, but they were made for different versions of one another. No source does this.
const LEFT_BEHIND: &str = "undefined hidden symbol: ";

/// Builds the kernel, with cargo features such as `selftest`.
pub fn kernel(project: &Project, arch: Arch, features: &[&str]) -> Result<BuiltKernel> {
    ui::step(format!("building the {} kernel", arch.name()));
    let mut command = cargo(project);
    command.args([
        "build",
        "--quiet",
        "--profile",
        "kernel",
        "--package",
        "scarlet-start",
    ]);
    command.args(["--target", arch.kernel_target()]);
    if !features.is_empty() {
        command.args(["--features", &features.join(",")]);
    }
    if let Err(failure) = ui::run(&mut command)? {
        if !failure.mentions(LEFT_BEHIND) {
            return Err(failure.report());
        }
        ui::step(format!(
            "building the {} kernel anew, because an interrupted build left pieces that do not fit",
            arch.name()
        ));
        let mut clean = cargo(project);
        clean.args(["clean", "--quiet", "--profile", "kernel"]);
        clean.args(["--target", arch.kernel_target()]);
        ui::quietly(&mut clean)?;
        ui::quietly(&mut command)?;
    }
    let debug = project
        .root
        .join("target")
        .join(arch.kernel_target())
        .join("kernel/scarlet");
    let suffix: String = features
        .iter()
        .map(|feature| format!("-{feature}"))
        .collect();
    let bootable = project
        .output
        .join(format!("scarlet-{}{suffix}", arch.name()));
    kernel_image::make(arch, &debug, &bootable)?;
    Ok(BuiltKernel { bootable, debug })
}

fn programs(project: &Project, arch: Arch) -> Result<PathBuf> {
    ui::step(format!("building the {} programs", arch.name()));
    let mut command = cargo(project);
    command.args([
        "build",
        "--quiet",
        "--profile",
        "user",
        "--package",
        "scarlet-bin",
    ]);
    if arch == Arch::Riscv64 {
        command.args(["--package", "scarlet-xv6"]);
    }
    command.args(["--target", arch.user_target()]);
    ui::quietly(&mut command)?;
    Ok(project
        .root
        .join("target")
        .join(arch.user_target())
        .join("user"))
}

fn cargo(project: &Project) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(&project.root);
    // The variables of the `cargo run` that started this tool must not leak into other builds,
    // or cargo would see another environment than a person's own `cargo build` and start over.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" || name == "RUSTFLAGS" {
            command.env_remove(name);
        }
    }
    command.env_remove("CARGO_TARGET_DIR");
    command
}
