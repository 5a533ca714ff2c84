//! Builds the vDSO: `vdso/` compiled for the target and linked into one small shared object, which
//! `src/vdso.rs` holds as data. The compiler is the one that compiles this crate, so nothing more
//! has to be installed.

use std::path::Path;
use std::process::Command;
use std::{env, process};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=vdso");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    if variable("CARGO_CFG_TARGET_OS") != "none" {
        return;
    }
    let architecture = variable("CARGO_CFG_TARGET_ARCH");
    let entry = match architecture.as_str() {
        "riscv64" => "__vdso_rt_sigreturn",
        _ => "__kernel_rt_sigreturn",
    };
    let source = Path::new(&variable("CARGO_MANIFEST_DIR")).join("vdso");
    let mut command = Command::new(variable("RUSTC"));
    command
        .args(["--edition", "2024", "--crate-name", "vdso"])
        .args(["--crate-type", "bin", "--target", &variable("TARGET")])
        .args(["-C", "opt-level=2", "-C", "panic=abort"])
        .args(["-C", "relocation-model=pic", "-C", "strip=symbols"]);
    for argument in [
        String::from("-shared"),
        format!("-T{}", source.join("vdso.ld").display()),
        format!(
            "--version-script={}",
            source.join(format!("{architecture}.version")).display()
        ),
        format!("--entry={entry}"),
        String::from("--hash-style=both"),
        String::from("-soname=linux-vdso.so.1"),
        String::from("--no-undefined"),
        String::from("-zmax-page-size=4096"),
    ] {
        command.arg("-C").arg(format!("link-arg={argument}"));
    }
    command
        .arg("-o")
        .arg(Path::new(&variable("OUT_DIR")).join("vdso.so"))
        .arg(source.join("src/main.rs"));
    match command.status() {
        Ok(status) if status.success() => {}
        outcome => {
            eprintln!("the vDSO could not be built: {outcome:?}");
            process::exit(1);
        }
    }
}
