//! Paths as xv6 understands them.
//!
//! An empty path is the working directory, slashes at the end mean nothing, and of each name only
//! the first fourteen bytes count. The last rule would hide names of the global tree that are
//! longer; so a longer name that exists as it is keeps its length.

use alloc::vec::Vec;

use base::Result;
use mem::user::read_c_string;
use vfs::{FsContext, ResolveFlags};

use crate::limits::{NAME, PATH};

/// Reads a path argument.
pub(crate) fn read(fs: &FsContext, address: usize) -> Result<Vec<u8>> {
    let path = read_c_string(address, PATH)?;
    Ok(normalise(&path, |prefix| {
        fs.resolve(None, prefix, ResolveFlags::NO_FOLLOW).is_ok()
    }))
}

/// Reads a path argument that is looked up, not made: empty means the working directory.
pub(crate) fn read_existing(fs: &FsContext, address: usize) -> Result<Vec<u8>> {
    let path = read(fs, address)?;
    Ok(if path.is_empty() { b".".to_vec() } else { path })
}

/// The path without slashes at its end and with long names cut, unless `exists` finds them whole.
fn normalise(path: &[u8], exists: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let end = path
        .iter()
        .rposition(|&byte| byte != b'/')
        .map_or(0, |last| last + 1);
    if end == 0 {
        return path[..path.len().min(1)].to_vec();
    }
    let mut result = Vec::with_capacity(end);
    for (index, name) in path[..end].split(|&byte| byte == b'/').enumerate() {
        if index > 0 {
            result.push(b'/');
        }
        let before = result.len();
        result.extend_from_slice(name);
        if name.len() > NAME && !exists(&result) {
            result.truncate(before + NAME);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str, existing: &[&str]) -> Vec<u8> {
        normalise(path.as_bytes(), |prefix| {
            existing.iter().any(|name| name.as_bytes() == prefix)
        })
    }

    #[test]
    fn slashes_at_the_end_mean_nothing() {
        assert_eq!(text("/a/b//", &[]), b"/a/b");
        assert_eq!(text("a/", &[]), b"a");
        assert_eq!(text("///", &[]), b"/");
        assert_eq!(text("", &[]), b"");
    }

    #[test]
    fn names_are_cut_unless_they_exist_whole() {
        assert_eq!(text("123456789012345/x", &[]), b"12345678901234/x");
        assert_eq!(
            text("/a-name-of-seventeen/x", &["/a-name-of-seventeen"]),
            b"/a-name-of-seventeen/x"
        );
        assert_eq!(text("12345678901234", &[]), b"12345678901234");
    }
}
