//! Taking paths apart and putting them together. Paths are bytes; nothing here touches a file.

use alloc::vec::Vec;

/// `directory/name`; an absolute name stands for itself.
pub fn join(directory: impl AsRef<[u8]>, name: impl AsRef<[u8]>) -> Vec<u8> {
    let (directory, name) = (directory.as_ref(), name.as_ref());
    if name.starts_with(b"/") || directory.is_empty() {
        return name.to_vec();
    }
    let mut path = directory.to_vec();
    if !path.ends_with(b"/") {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// Without trailing slashes, except for the root itself.
fn trimmed(path: &[u8]) -> &[u8] {
    let mut path = path;
    while path.len() > 1 && path.ends_with(b"/") {
        path = &path[..path.len() - 1];
    }
    path
}

/// The last component; `/` for the root.
pub fn file_name(path: &[u8]) -> &[u8] {
    let path = trimmed(path);
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) if path.len() > 1 => &path[slash + 1..],
        _ => path,
    }
}

/// Everything before the last component; `.` where there is nothing before it.
pub fn parent(path: &[u8]) -> &[u8] {
    let path = trimmed(path);
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(0) => b"/",
        Some(slash) => trimmed(&path[..slash]),
        None => b".",
    }
}

/// A path as a person reads it.
pub fn display(path: &[u8]) -> alloc::borrow::Cow<'_, str> {
    alloc::string::String::from_utf8_lossy(path)
}
