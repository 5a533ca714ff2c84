//! Root file systems: ordered layers of files, put on a disk or written as one cpio archive.
//!
//! What goes into an image is declared in `images/*.toml` ([`layer`]); the layers are read in the
//! order of their file names, and a later one replaces what an earlier one put at the same path.
//! The disk ([`disk`]) is what a machine boots from; the archive is the same for a machine without
//! one. The archive ([`cpio`]) keeps each file's data on a page boundary, so that the kernel maps the
//! archive's own pages instead of copying them.

mod applets;
pub mod cpio;
pub mod disk;
mod layer;
mod mark;

use crate::{arch::Arch, build::Built, project::Project, setup::debian, ui};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf, process::Command};

/// Scarlet's root file system, as the layers say.
pub fn layers(project: &Project, arch: Arch, built: &Built) -> Result<cpio::Tree> {
    ui::step(format!("building the {} image", arch.name()));
    layer::tree(project, arch, &built.programs)
}

/// Builds Scarlet's root file system as an archive and returns its path.
pub fn scarlet(project: &Project, arch: Arch, built: &Built) -> Result<PathBuf> {
    let tree = layers(project, arch, built)?;
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

/// The modules without which Debian's Linux sees no disk, and the file systems to put on one, each
/// behind those that it needs.
const MODULES: [&str; 17] = [
    "drivers/virtio/virtio_mmio",
    "drivers/block/virtio_blk",
    "drivers/block/loop",
    "lib/crc16",
    "crypto/crc32c_generic",
    "lib/libcrc32c",
    "fs/mbcache",
    "fs/jbd2/jbd2",
    "fs/ext4/ext4",
    "fs/nls/nls_ucs2_utils",
    "fs/nls/nls_ascii",
    "fs/nls/nls_cp437",
    "fs/nls/nls_utf8",
    "fs/nls/nls_iso8859-1",
    "fs/fat/fat",
    "fs/fat/vfat",
    OVERLAY,
];

/// The module of a file system that needs no disk.
const OVERLAY: &str = "fs/overlayfs/overlay";

/// What the reference needs besides its root file system when it has disks: the modules, unpacked,
/// and their order.
pub fn linux_modules(project: &Project, arch: Arch) -> Result<cpio::Tree> {
    let mut tree = cpio::Tree::default();
    add_modules(project, arch, &MODULES, &mut tree)?;
    Ok(tree)
}

/// Adds the modules that the reference needs without disks too, to be compared with.
pub fn add_overlay(project: &Project, arch: Arch, tree: &mut cpio::Tree) -> Result<()> {
    add_modules(project, arch, &[OVERLAY], tree)
}

fn add_modules(
    project: &Project,
    arch: Arch,
    modules: &[&str],
    tree: &mut cpio::Tree,
) -> Result<()> {
    let folder = project.cache.join(format!("linux-modules-{}", arch.name()));
    let present = |module: &&str| folder.join(file_name(module)).is_file();
    if !MODULES.iter().all(present) {
        ui::step("unpacking Debian's modules");
        let all = project.cache.join(format!(
            "unpack-modules-{}-{}",
            arch.name(),
            std::process::id()
        ));
        debian::unpack(&debian::linux(project, arch)?, &all)?;
        let versions = fs::read_dir(all.join("usr/lib/modules"))?.flatten();
        let version = versions.map(|entry| entry.path()).next();
        let version = version.context("Debian's package holds no modules")?;
        fs::create_dir_all(&folder)?;
        for module in MODULES {
            let packed = version.join(format!("kernel/{module}.ko.xz"));
            let unpacked = ui::quietly(Command::new("xz").arg("-d").arg(&packed));
            unpacked.with_context(|| format!("cannot unpack {}", packed.display()))?;
            fs::rename(packed.with_extension(""), folder.join(file_name(module)))?;
        }
        fs::remove_dir_all(&all)?;
    }
    let mut order = String::new();
    for module in modules {
        let path = format!("/lib/modules/{}", file_name(module));
        tree.file(&path, 0o644, fs::read(folder.join(file_name(module)))?);
        order += &format!("{path}\n");
    }
    tree.file("/lib/modules/order", 0o644, order.into_bytes());
    Ok(())
}

fn file_name(module: &str) -> String {
    let name = module.rsplit('/').next().unwrap_or(module);
    format!("{name}.ko")
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
if [ -f /lib/modules/order ]; then
    for module in $(/bin/busybox cat /lib/modules/order); do /bin/busybox insmod $module; done
fi
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
