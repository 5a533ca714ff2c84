//! Devices and types of file systems.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use base::Result;
use device::registry;

use crate::filesystem::Shared;

/// `/proc/devices`: major numbers and what they are for.
pub(crate) fn devices(_shared: &Shared) -> Result<Vec<u8>> {
    let mut majors: BTreeMap<u32, String> = BTreeMap::new();
    for device in registry().character_devices() {
        let name = device.name();
        majors
            .entry(device.number().major)
            .or_insert_with(|| family(device.number().major, &name));
    }
    let mut text = String::from("Character devices:\n");
    for (major, name) in majors {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{major:>3} {name}");
    }
    text.push_str("\nBlock devices:\n");
    let mut majors: BTreeMap<u32, String> = BTreeMap::new();
    for device in registry().block_devices() {
        let major = device.number().major;
        majors
            .entry(major)
            .or_insert_with(|| block_family(device.name()));
    }
    for (major, name) in majors {
        let _ = writeln!(text, "{major:>3} {name}");
    }
    Ok(text.into_bytes())
}

/// What Linux's drivers call their number.
fn block_family(name: &str) -> String {
    match name {
        _ if name.starts_with("vd") => String::from("virtblk"),
        _ if name.starts_with("loop") => String::from("loop"),
        _ => String::from(name),
    }
}

/// What Linux calls a major number, or the device's name without its number.
fn family(major: u32, name: &str) -> String {
    match major {
        1 => String::from("mem"),
        5 => format!("/dev/{name}"),
        136 => String::from("pts"),
        _ => String::from(name.trim_end_matches(|letter: char| letter.is_ascii_digit())),
    }
}

/// `/proc/partitions`: every block device that has a length, in units of 1024 bytes.
pub(crate) fn partitions(_shared: &Shared) -> Result<Vec<u8>> {
    let mut text = String::new();
    for device in registry().block_devices() {
        let (number, sectors) = (device.number(), device.geometry().sectors);
        if sectors == 0 {
            continue;
        }
        if text.is_empty() {
            // Linux prints the heading only above something.
            text.push_str("major minor  #blocks  name\n\n");
        }
        let (major, minor) = (number.major, number.minor);
        let _ = writeln!(
            text,
            "{major:>4}  {minor:>7} {:>10} {}",
            sectors / 2,
            device.name()
        );
    }
    Ok(text.into_bytes())
}

/// `/proc/diskstats`: what every block device that counts has done.
pub(crate) fn disk_statistics(_shared: &Shared) -> Result<Vec<u8>> {
    let mut text = String::new();
    for device in registry().block_devices() {
        let (number, Some(counters)) = (device.number(), device.counters()) else {
            continue;
        };
        let (major, minor, name) = (number.major, number.minor, device.name());
        let _ = write!(text, "{major:>4} {minor:>7} {name}");
        for field in counters.fields() {
            let _ = write!(text, " {field}");
        }
        text.push('\n');
    }
    Ok(text.into_bytes())
}

/// `/proc/filesystems`.
pub(crate) fn filesystems(_shared: &Shared) -> Result<Vec<u8>> {
    let mut text = String::new();
    for (name, needs_device) in vfs::kinds() {
        let _ = writeln!(text, "{}\t{name}", if needs_device { "" } else { "nodev" });
    }
    Ok(text.into_bytes())
}
