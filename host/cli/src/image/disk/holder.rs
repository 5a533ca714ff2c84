//! Who has a file open: for the sentence that says why an image cannot be used.

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::Path,
};

/// The emulator or, failing that, any other process that has the file open, as far as this user
/// may look.
pub fn of(file: &File) -> Option<String> {
    let facts = file.metadata().ok()?;
    let own = std::process::id().to_string();
    let mut found = None;
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let number = process.file_name().into_string().ok();
        let Some(number) = number.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        else {
            continue;
        };
        if number == own || !has_open(&process.path(), facts.dev(), facts.ino()) {
            continue;
        }
        let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        let sentence = format!("{} (process {number})", name.trim());
        if name.starts_with("qemu") {
            return Some(sentence);
        }
        found = Some(sentence);
    }
    found
}

fn has_open(process: &Path, device: u64, inode: u64) -> bool {
    let files = fs::read_dir(process.join("fd")).into_iter().flatten();
    files.flatten().any(|entry| {
        fs::metadata(entry.path()).is_ok_and(|facts| facts.dev() == device && facts.ino() == inode)
    })
}
