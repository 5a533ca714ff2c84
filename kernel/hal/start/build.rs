//! Gives the linker the memory layout of the architecture that is built for.

use std::env;

fn main() {
    let directory = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=riscv64.ld");
    println!("cargo:rerun-if-changed=aarch64.ld");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    let script = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("riscv64") => "riscv64.ld",
        Ok("aarch64") => "aarch64.ld",
        _ => return,
    };
    println!("cargo:rustc-link-arg-bins=-T{directory}/{script}");
    println!("cargo:rustc-link-arg-bins=--no-relax");
    println!("cargo:rustc-link-arg-bins=-zmax-page-size=4096");
}
