//! Root file systems: ordered layers of files, written as one cpio archive.
//!
//! What goes into an image is declared in `images/*.toml` ([`layer`]); the layers are read in the
//! order of their file names, and a later one replaces what an earlier one put at the same path.
//! The archive ([`cpio`]) keeps each file's data on a page boundary, so that the kernel maps the
//! archive's own pages instead of copying them.

mod applets;
pub mod cpio;
mod layer;
mod mark;

use crate::{arch::Arch, build::Built, project::Project, setup::debian, ui};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf};

/// Builds Scarlet's root file system and returns the archive's path.
pub fn scarlet(project: &Project, arch: Arch, built: &Built) -> Result<PathBuf> {
    ui::step(format!("building the {} image", arch.name()));
    let tree = layer::tree(project, arch, &built.programs)?;
    let path = project.output.join(format!("root-{}.cpio", arch.name()));
    crate::project::write_if_changed(&path, &tree.archive())?;
    Ok(path)
}

/// Builds the reference's root file system: the very same Linux files, with Linux's `/init`.
pub fn linux(project: &Project, arch: Arch) -> Result<PathBuf> {
    ui::step(format!("building the {} reference image", arch.name()));
    let all = layer::tree(project, arch, std::path::Path::new(""))?;
    let mut tree = all.below(&format!("/system/linux-{}", arch.name()));
    tree.file("/init", 0o755, LINUX_INIT.as_bytes().to_vec());
    let path = project
        .output
        .join(format!("linux-root-{}.cpio", arch.name()));
    crate::project::write_if_changed(&path, &tree.archive())?;
    Ok(path)
}

/// The reference's kernel, unpacked from Debian's package.
pub fn linux_kernel(project: &Project, arch: Arch) -> Result<PathBuf> {
    let package = debian::linux(project, arch)?;
    let kept = project.cache.join(format!("linux-{}", arch.name()));
    if kept.is_file() {
        return Ok(kept);
    }
    ui::step("unpacking Debian's Linux");
    let folder = project.cache.join(format!(
        "unpack-linux-{}-{}",
        arch.name(),
        std::process::id()
    ));
    debian::unpack(&package, &folder)?;
    let kernel = fs::read_dir(folder.join("boot"))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            name.starts_with("vmlinu")
        })
        .context("Debian's package holds no kernel")?;
    fs::rename(&kernel, &kept)?;
    fs::remove_dir_all(&folder)?;
    Ok(kept)
}

/// What the reference runs first: the mounts that Scarlet's init makes, then the command of
/// `boot --run`, framed as Scarlet frames it, or a login shell.
const LINUX_INIT: &str = r#"#!/bin/sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mkdir -p -m 1777 /dev/shm
/bin/busybox mkdir -p /dev/pts
/bin/busybox ln -s /proc/self/fd /dev/fd
for n in 0:stdin 1:stdout 2:stderr; do /bin/busybox ln -s /proc/self/fd/${n%:*} /dev/${n#*:}; done
/bin/busybox mount -t devpts devpts /dev/pts
/bin/busybox mount -t tmpfs tmp /tmp
# Linux lets everybody write to the root of its first file system; no installed system does.
/bin/busybox chmod 755 /
export HOME=/root PATH=/bin TERM=linux
cd /
if [ -f /etc/scarlet/run ]; then
    nonce=$(/bin/busybox head -n 1 /etc/scarlet/run)
    /bin/busybox tail -n +2 /etc/scarlet/run > /tmp/.run
    printf '\n\036%s:begin\n' "$nonce"
    /bin/sh -c "$(cat /tmp/.run)"
    printf '\036%s:end:%s\n' "$nonce" $?
    /bin/busybox poweroff -f
fi
while :; do /bin/busybox setsid -c /bin/sh -l; done
"#;
