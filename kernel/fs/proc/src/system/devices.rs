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
    Ok(text.into_bytes())
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

/// `/proc/partitions`: there are no block devices yet.
pub(crate) fn partitions(_shared: &Shared) -> Result<Vec<u8>> {
    // Linux prints the heading only above something.
    Ok(Vec::new())
}

/// `/proc/filesystems`.
pub(crate) fn filesystems(_shared: &Shared) -> Result<Vec<u8>> {
    let mut text = String::new();
    for (name, needs_device) in vfs::kinds() {
        let _ = writeln!(text, "{}\t{name}", if needs_device { "" } else { "nodev" });
    }
    Ok(text.into_bytes())
}
