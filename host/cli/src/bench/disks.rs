//! The rows about files on a disk.
//!
//! Both kernels get a fresh disk with the same ext2 file system for each boot: made by the host's mke2fs from a
//! folder, with a fixed identity, a GiB long (which gives blocks of 4 KiB, as on any disk of today). It holds a file
//! `data` of 256 MiB, a `tree` of 2,000 files of 1 to 16 KiB, 100 in a directory, and the same files strewn over four
//! `lower` layers of an overlay, the lowest of which has a file `large` of 64 MiB. `user/linux/bench/disk.c` and
//! `overlay.c` do the rest.

use super::{
    measure::{self, Figures},
    rows::{Row, Source},
};
use crate::{
    guest::{
        Machine, Temporary,
        disk::{self, Disk},
    },
    project::Project,
    setup, ui,
};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The file of data, and the disk.
const DATA: usize = 256 << 20;
const SIZE: u64 = 1 << 30;
/// The tree.
const FILES: usize = 2000;
const IN_DIRECTORY: usize = 100;
/// The lower layers, and the file in the last.
const LAYERS: usize = 4;
const LARGE: usize = 64 << 20;

/// Figures of every row that needs a disk, in one boot.
pub fn times(project: &Project, machine: &Machine, rows: &[Row]) -> Result<Figures> {
    let wanted: Vec<&str> = rows
        .iter()
        .filter(|row| row.source == Source::Disk)
        .map(|row| row.name)
        .collect();
    if wanted.is_empty() {
        return Ok(Figures::new());
    }
    let (disk, _file) = ready(project)?;
    let mut machine = machine.clone();
    machine.disks.push(disk);
    let counted = u32::from(machine.instruction_count);
    let line = format!(
        "/tests/bench disk {counted} /dev/vda {}\n",
        wanted.join(" ")
    );
    measure::script(project, &machine, &line)
}

/// A fresh disk.
fn ready(project: &Project) -> Result<(Disk, Temporary)> {
    setup::program("mke2fs", "e2fsprogs")?;
    let contents = contents(project)?;
    let (disk, file) = disk::scratch(project, SIZE)?;
    let path = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let search = std::env::var_os("PATH").unwrap_or_default();
    let search = std::env::join_paths(std::env::split_paths(&search).chain(path))?;
    let mut command = Command::new("mke2fs");
    command.env("PATH", search);
    command.args(["-q", "-F", "-t", "ext2", "-b", "4096", "-I", "256"]);
    command.args(["-U", "5ca12e70-0000-4000-8000-000000000002"]);
    command.args(["-E", "hash_seed=5ca12e70-0000-4000-8000-000000000003"]);
    command.arg("-d").arg(&contents).arg(&disk.file);
    ui::quietly(&mut command).context("no file system for the benchmark's disk")?;
    Ok((disk, file))
}

/// The folder with what is on the disk; made once.
fn contents(project: &Project) -> Result<PathBuf> {
    let folder = project.output.join("bench-disk-layers");
    if folder.is_dir() {
        return Ok(folder);
    }
    let new = project.output.join(format!(
        "bench-disk.new-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    fs::create_dir_all(&new)?;
    let all = bytes(DATA);
    fs::write(new.join("data"), &all)?;
    fill(&new.join("tree"), &all, |_| true)?;
    for layer in 0..LAYERS {
        fill(&new.join(format!("lower/{layer}")), &all, |index| {
            index % LAYERS == layer
        })?;
    }
    let large = format!("lower/{}/large", LAYERS - 1);
    fs::write(new.join(large), &all[..LARGE])?;
    match fs::rename(&new, &folder) {
        Ok(()) => Ok(folder),
        // The other machine's thread was faster.
        Err(_) if folder.is_dir() => {
            fs::remove_dir_all(&new)?;
            Ok(folder)
        }
        Err(error) => Err(error).with_context(|| folder.display().to_string()),
    }
}

/// Makes all directories of the tree, and those of its files that are wanted.
fn fill(top: &Path, bytes: &[u8], wanted: impl Fn(usize) -> bool) -> Result<()> {
    for index in 0..FILES {
        let directory = top.join((index / IN_DIRECTORY).to_string());
        if index % IN_DIRECTORY == 0 {
            fs::create_dir_all(&directory)?;
        }
        if wanted(index) {
            let length = 1024 * (1 + index * 7 % 16);
            fs::write(directory.join(format!("file-{index}")), &bytes[..length])?;
        }
    }
    Ok(())
}

/// Bytes without a pattern, the same each time.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut bytes = Vec::with_capacity(count);
    while bytes.len() < count {
        // Knuth's linear congruential generator (MMIX).
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        bytes.extend_from_slice(&(state >> 16).to_le_bytes()[..4]);
    }
    bytes
}
