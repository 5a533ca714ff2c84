//! Disks of a guest: files of this machine, as virtio block devices.
//!
//! The first one is `/dev/vda`, on both kernels. A guest writes to the file itself; `,readonly`
//! behind its name keeps it as it is.

use super::{Temporary, unique};
use crate::{arch::Arch, image::disk::ext2, project::Project, setup};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use std::{
    fs::{self, OpenOptions},
    io::Read,
    path::{Path, PathBuf},
    process::Command,
};

/// How a guest reaches its virtio devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Transport {
    /// Slots in memory, which the device tree names
    #[default]
    Mmio,
    /// PCI, all on the first bus
    Pci,
    /// PCI, each disk behind a port of its own, from which it can be pulled
    PciPort,
}

impl Transport {
    /// The most disks. The machine that has fewest slots has eight, and one is taken; a PCI bus has
    /// 32, and two are taken.
    pub fn most(self) -> usize {
        match self {
            Transport::Mmio => 7,
            Transport::Pci | Transport::PciPort => 30,
        }
    }

    /// The name that `text` is for it.
    pub fn parse(text: &str) -> Result<Transport> {
        Transport::from_str(text, false)
            .map_err(|_| anyhow::anyhow!("{text}: disks are reached by mmio, pci or pci-port"))
    }

    /// The emulator's name for a virtio device of this kind.
    pub(super) fn device(self, kind: &str) -> String {
        match self {
            Transport::Mmio => format!("virtio-{kind}-device"),
            Transport::Pci | Transport::PciPort => format!("virtio-{kind}-pci"),
        }
    }
}

/// A file that a guest has as a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The file, byte for byte the disk.
    pub file: PathBuf,
    /// Writes are refused.
    pub read_only: bool,
    /// What the guest stores for good stays in this machine's memory: for files that nobody needs
    /// after a loss of its power. A killed emulator loses nothing by it.
    pub scratch: bool,
}

impl Disk {
    /// `FILE` or `FILE,readonly`.
    pub fn parse(text: &str) -> Disk {
        let (file, read_only) = match text.strip_suffix(",readonly") {
            Some(file) => (file, true),
            None => (text, false),
        };
        Disk {
            file: PathBuf::from(file),
            read_only,
            scratch: false,
        }
    }

    /// Says what would keep the emulator from using the file.
    pub fn check(&self) -> Result<()> {
        let name = self.file.display();
        let facts = fs::metadata(&self.file).with_context(|| {
            format!(
                "--disk {name}: there is no such file (`truncate -s 64M {name}` makes an empty one)"
            )
        })?;
        if facts.is_dir() {
            bail!("--disk {name}: that is a directory, not a disk image");
        }
        if facts.is_file() && facts.len() < 512 {
            bail!("--disk {name}: too short for a disk, which has sectors of 512 bytes");
        }
        let opened = OpenOptions::new()
            .read(true)
            .write(!self.read_only)
            .open(&self.file);
        opened.with_context(|| match self.read_only {
            true => format!("--disk {name}: the file cannot be read"),
            false => format!(
                "--disk {name}: the file cannot be written (`--disk {name},readonly` only reads it)"
            ),
        })?;
        Ok(())
    }
}

/// Adds the disks to the emulator's command line. The emulator knows the disk with index N as
/// `virtioN`, and what is in it as `diskN`.
pub(super) fn attach(command: &mut Command, arch: Arch, transport: Transport, disks: &[Disk]) {
    for (index, disk) in disks.iter().enumerate() {
        // A comma in the name is written twice (qemu(1), `-drive`).
        let file = disk.file.display().to_string().replace(',', ",,");
        command.arg("-drive").arg(format!(
            "file={file},if=none,id=disk{index},format=raw,read-only={},cache={}",
            if disk.read_only { "on" } else { "off" },
            if disk.scratch { "unsafe" } else { "writeback" }
        ));
    }
    // The kernels find slots by the device tree, and on AArch64 the emulator fills its slots from
    // that tree's end.
    let mut order: Vec<usize> = (0..disks.len()).collect();
    if arch == Arch::Aarch64 && transport == Transport::Mmio {
        order.reverse();
    }
    let kind = transport.device("blk");
    for index in order {
        let device = format!("{kind},drive=disk{index},id=virtio{index}");
        let device = match transport {
            Transport::Mmio | Transport::Pci => device,
            Transport::PciPort => {
                let port = format!("pcie-root-port,id=port{index},chassis={}", index + 1);
                command.arg("-device").arg(port);
                format!("{device},bus=port{index}")
            }
        };
        command.arg("-device").arg(device);
    }
}

/// An empty disk of this many bytes, gone with what is returned.
pub fn scratch(project: &Project, bytes: u64) -> Result<(Disk, Temporary)> {
    let file = temporary(project);
    fs::File::create(&file.0)?.set_len(bytes)?;
    let mut disk = file.as_disk();
    // What storing takes is measured on such disks.
    disk.scratch = false;
    Ok((disk, file))
}

/// The name of a disk that is gone with its owner.
pub fn temporary(project: &Project) -> Temporary {
    let name = format!("disk-{}-{}.raw", std::process::id(), unique());
    Temporary(project.output.join(name))
}

impl Temporary {
    /// The file as a disk that is written.
    pub fn as_disk(&self) -> Disk {
        Disk {
            file: self.0.clone(),
            read_only: false,
            scratch: true,
        }
    }
}

/// Has the checker of the file system that lies on a whole disk look at it; other disks pass.
pub fn judge(file: &Path) -> Result<()> {
    if ext2::superblock(file)?.is_some() {
        return ext2::check(file);
    }
    let mut sector = [0; 512];
    fs::File::open(file)?.read_exact(&mut sector)?;
    // The boot sector of FAT12 and FAT16, or of FAT32, names the kind.
    let named = [54..57, 82..85]
        .into_iter()
        .any(|place| &sector[place] == b"FAT");
    if named && sector.ends_with(&[0x55, 0xAA]) {
        setup::program("fsck.fat", "dosfstools")?;
        let program = setup::find("fsck.fat").unwrap_or_else(|| PathBuf::from("fsck.fat"));
        let output = Command::new(program).arg("-n").arg(file).output()?;
        if !output.status.success() {
            bail!(
                "fsck.fat -n {}:\n{}",
                file.display(),
                String::from_utf8_lossy(&output.stdout)
            );
        }
    }
    Ok(())
}

/// The name of the disk with this index.
pub fn name(index: usize) -> String {
    format!("/dev/vd{}", char::from(b'a' + (index % 26) as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_may_be_read_only() {
        assert!(Disk::parse("a,b.img,readonly").read_only);
        assert_eq!(Disk::parse("a,b.img").file, PathBuf::from("a,b.img"));
        let missing = Disk::parse("/no/such/image").check().unwrap_err();
        assert!(format!("{missing:#}").contains("no such file"));
        assert!(Disk::parse("/").check().is_err());
        assert!(Disk::parse("/proc/version,readonly").check().is_err());
    }
}
