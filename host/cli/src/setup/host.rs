//! Programs of the host: QEMU, gdb, e2fsprogs, dosfstools. Installed through apt as root or with sudo that
//! asks nothing; otherwise the error says the one line to type.

use super::{debian, targets};
use crate::{arch::Arch, project::Project, ui};
use anyhow::{Result, bail};
use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

/// Finds a program in `PATH`, or where Debian keeps those of the super-user.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
}

/// Makes sure that a program is there, installing Debian's `package` where that is possible.
pub fn program(name: &str, package: &str) -> Result<()> {
    if find(name).is_some() {
        return Ok(());
    }
    ui::step(format!("installing {package}"));
    install(&[package])?;
    if find(name).is_none() {
        bail!("`{name}` is missing: install it (Debian: `apt-get install {package}`)");
    }
    Ok(())
}

/// Makes sure that the emulator of an architecture is there.
///
/// Debian 12 has QEMU 7.2 as `qemu-system-misc` and `qemu-system-arm`. Where newer parts of QEMU
/// from backports are installed already, these conflict, and the same packages of backports are
/// taken.
pub fn emulator(project: &Project, arch: Arch) -> Result<()> {
    if find(arch.emulator()).is_some() {
        return Ok(());
    }
    ui::step("installing QEMU");
    let mut failure = None;
    for packages in [
        ["qemu-system-misc", "qemu-system-arm", "opensbi"],
        ["qemu-system-riscv", "qemu-system-arm", "opensbi"],
    ] {
        match install(&packages) {
            Ok(()) if find(arch.emulator()).is_some() => return Ok(()),
            Ok(()) => {}
            Err(error) => failure = Some(error),
        }
    }
    if debian::install_backports(
        project,
        &privilege()?,
        &[
            "qemu-system-riscv",
            "qemu-system-arm",
            "qemu-system-data",
            "opensbi",
        ],
    )
    .is_ok()
        && find(arch.emulator()).is_some()
    {
        return Ok(());
    }
    match failure {
        Some(error) => Err(error),
        None => bail!(
            "`{}` is missing: install QEMU 7.2 or newer",
            arch.emulator()
        ),
    }
}

/// Makes sure that the C compiler for Linux programs of an architecture is there, with the static
/// library of C, and returns the compiler's name. Only the tests that compare with Linux and the
/// benchmark need it.
pub fn cross_compiler(arch: Arch) -> Result<String> {
    let compiler = format!("{}-linux-gnu-gcc", arch.name());
    if has_static_library(&compiler) {
        return Ok(compiler);
    }
    ui::step(format!("installing the C compiler for {}", arch.name()));
    let packages = [
        format!("gcc-{}-linux-gnu", arch.name()),
        format!("libc6-dev-{}-cross", arch.debian()),
    ];
    install(&[&packages[0], &packages[1]])?;
    if !has_static_library(&compiler) {
        bail!(
            "`{compiler}` or its static C library is missing: install them (Debian: `apt-get \
             install {}`)",
            packages.join(" ")
        );
    }
    Ok(compiler)
}

/// Whether a compiler is there and finds a static library of C. It prints a path where it finds
/// one, and the bare name where it does not.
fn has_static_library(compiler: &str) -> bool {
    find(compiler).is_some()
        && Command::new(compiler)
            .arg("-print-file-name=libc.a")
            .output()
            .is_ok_and(|output| output.stdout.contains(&b'/'))
}

/// The words before a command that installs: none for root, `sudo -n` where it asks nothing.
fn privilege() -> Result<Vec<&'static str>> {
    if rustix::process::geteuid().is_root() {
        return Ok(Vec::new());
    }
    let sudo = Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match sudo {
        Ok(status) if status.success() => Ok(vec!["sudo", "-n"]),
        _ => bail!("not root, and sudo asks for a password"),
    }
}

fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    let by_hand = format!("packages are missing: run `sudo apt-get install {list}`");
    if find("apt-get").is_none() {
        bail!(
            "this system has no apt: install what Debian calls {list} with the system's package \
             manager (QEMU 7.2 or newer)"
        );
    }
    let Ok(privilege) = privilege() else {
        bail!(by_hand)
    };
    let apt = |arguments: &[&str]| {
        let mut words = privilege.clone();
        words.extend([
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-q",
            "-y",
        ]);
        words.extend(["--no-install-recommends"]);
        words.extend(arguments);
        Command::new(words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .output()
    };
    let mut arguments = vec!["install"];
    arguments.extend(packages);
    // Package lists may be old or absent on a new machine: a first failure is answered by
    // fetching them.
    if apt(&arguments).is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    let _ = apt(&["update"]);
    match apt(&arguments) {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            let reason = text
                .lines()
                .rfind(|line| line.starts_with("E: "))
                .unwrap_or("")
                .to_owned();
            bail!("{by_hand} (apt says: {reason})")
        }
        Err(_) => bail!(by_hand),
    }
}

/// Prints what is there and what is missing; the exit status is 1 when something is missing.
pub fn doctor(project: &Project) -> u8 {
    ui::clear();
    let mut missing = 0;
    let mut line = |good: bool, what: &str, note: &str| {
        println!(
            "{} {what:<34} {note}",
            if good { "ok     " } else { "missing" }
        );
        missing += u8::from(!good);
    };
    for arch in Arch::ALL {
        let found = find(arch.emulator());
        let version = found.as_ref().and_then(|path| {
            let output = Command::new(path).arg("--version").output().ok()?;
            String::from_utf8(output.stdout)
                .ok()?
                .lines()
                .next()
                .map(str::to_owned)
        });
        line(
            found.is_some(),
            arch.emulator(),
            version
                .as_deref()
                .unwrap_or("`cargo scarlet boot` installs it through apt as root"),
        );
        for target in [arch.kernel_target(), arch.user_target()] {
            let there = targets::installed(target);
            line(
                there,
                target,
                if there {
                    "Rust target"
                } else {
                    "set up by the first build"
                },
            );
        }
    }
    for (name, use_) in [
        ("apt-get", "fetches Debian's BusyBox and Linux"),
        ("dpkg-deb", "unpacks them"),
        (
            "riscv64-linux-gnu-gcc",
            "`test`, `diff` and `bench` build Linux programs; installed when first used",
        ),
        ("aarch64-linux-gnu-gcc", "the same for AArch64"),
        (
            "mke2fs",
            "`boot`, `image` and `test` make disks with it; installed when first used",
        ),
        (
            "gdb-multiarch",
            "`cargo scarlet debug`; installed when first used",
        ),
    ] {
        line(find(name).is_some(), name, use_);
    }
    println!(
        "        downloads are kept in              {}",
        project.cache.display()
    );
    u8::from(missing != 0)
}
