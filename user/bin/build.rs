//! Links each program as the native contract wants it: static, at 0x10000 (see the linker script of
//! the standard library).

fn main() {
    let target_os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let manifest = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let script = format!("{manifest}/../lib/program.ld");
    println!("cargo:rerun-if-changed={script}");
    if target_os == "none" {
        println!("cargo:rustc-link-arg-bins=-T{script}");
        println!("cargo:rustc-link-arg-bins=--no-eh-frame-hdr");
        println!("cargo:rustc-link-arg-bins=-zmax-page-size=4096");
    }
}
