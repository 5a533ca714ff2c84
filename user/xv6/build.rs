//! Links the programs as xv6's loader wants them: at address 0, segments on page boundaries.

fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets the folder");
    println!("cargo::rerun-if-changed=xv6.ld");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "none") {
        println!("cargo::rustc-link-arg-bins=-T{folder}/xv6.ld");
        println!("cargo::rustc-link-arg-bins=--gc-sections");
        println!("cargo::rustc-link-arg-bins=-zmax-page-size=4096");
    }
}
