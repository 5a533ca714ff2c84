//! Finding programs along `PATH`.

use crate::state::Shell;
use scarlet::prelude::*;
use scarlet::{fs, path};

impl Shell {
    /// The directories of `PATH`.
    pub(crate) fn search_path(&self) -> Vec<Vec<u8>> {
        let text = self.value(b"PATH").cloned().unwrap_or_default();
        let directories = text.split(|&byte| byte == b':');
        directories
            .map(|directory| {
                if directory.is_empty() {
                    b".".to_vec()
                } else {
                    directory.to_vec()
                }
            })
            .collect()
    }

    /// The path of the program with a name; a name with a slash is one.
    pub(crate) fn locate(&self, name: &[u8]) -> Option<Vec<u8>> {
        if name.contains(&b'/') {
            return Some(name.to_vec());
        }
        if name.is_empty() {
            return None;
        }
        let mut unusable = None;
        for directory in self.search_path() {
            let candidate = path::join(directory, name);
            match fs::metadata(&candidate) {
                Ok(found) if found.is_file() && found.permissions().mode() & 0o111 != 0 => {
                    return Some(candidate);
                }
                Ok(found) if found.is_file() => unusable = unusable.or(Some(candidate)),
                _ => {}
            }
        }
        // A file without the right to run it gives a better message than "not found".
        unusable
    }
}
