//! What expansion asks of the shell.

use crate::state::Shell;
use scarlet::fs;
use scarlet::prelude::*;
use shell::expand::Host;
use shell::tree::List;

impl Host for Shell {
    fn variable(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.value(name).cloned()
    }

    fn set_variable(&mut self, name: &[u8], value: Vec<u8>) -> Result<(), String> {
        if !shell::parse::is_name(name) {
            return Err(format!(
                "{}: cannot be assigned to",
                String::from_utf8_lossy(name)
            ));
        }
        self.assign(name, value)
    }

    fn positional(&self) -> &[Vec<u8>] {
        &self.positional
    }

    fn special(&self, name: u8) -> Vec<u8> {
        match name {
            b'?' => format!("{}", self.status).into_bytes(),
            b'$' => format!("{}", self.process).into_bytes(),
            b'!' => self
                .last_background
                .map_or(Vec::new(), |number| format!("{number}").into_bytes()),
            _ => self.options.letters(),
        }
    }

    fn substitute(&mut self, list: &List) -> Result<Vec<u8>, String> {
        self.substitution(list)
    }

    fn names_in(&mut self, directory: &[u8]) -> Vec<Vec<u8>> {
        let Ok(entries) = fs::read_dir(directory) else {
            return Vec::new();
        };
        let mut names: Vec<Vec<u8>> = entries
            .filter_map(|entry| Some(entry.ok()?.file_name().to_vec()))
            .collect();
        names.extend([b".".to_vec(), b"..".to_vec()]);
        names
    }

    fn exists(&mut self, path: &[u8]) -> bool {
        fs::symlink_metadata(path).is_ok()
    }

    fn home_of(&self, user: &[u8]) -> Option<Vec<u8>> {
        if user.is_empty() {
            return self.value(b"HOME").cloned();
        }
        if user == b"+" {
            return self.value(b"PWD").cloned();
        }
        if user == b"-" {
            return self.value(b"OLDPWD").cloned();
        }
        let accounts = fs::read("/etc/passwd").ok()?;
        accounts.split(|&byte| byte == b'\n').find_map(|line| {
            let mut fields = line.split(|&byte| byte == b':');
            let home = (fields.next() == Some(user)).then(|| fields.nth(4))??;
            Some(home.to_vec())
        })
    }

    fn unset_is_error(&self) -> bool {
        self.options.unset_is_error
    }

    fn no_patterns(&self) -> bool {
        self.options.no_patterns
    }
}
