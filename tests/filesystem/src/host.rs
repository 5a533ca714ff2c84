//! Files and programs of the host.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// A file or directory on the host that goes when the test ends.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// A path of its own that ends in `what`; nothing is there yet.
    pub fn new(what: &str) -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("scarlet-test-{}-{number}-{what}", std::process::id());
        Scratch(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = if self.0.is_dir() {
            std::fs::remove_dir_all(&self.0)
        } else {
            std::fs::remove_file(&self.0)
        };
    }
}

/// Runs the program `name` of the host's package `package`, which may lie where a user's `PATH`
/// does not look.
///
/// # Panics
/// If it is not installed.
pub fn tool(package: &str, name: &str, arguments: &[&str]) -> Output {
    let homebrew = format!("/opt/homebrew/opt/{package}/sbin");
    let places = [
        "/usr/sbin",
        "/sbin",
        "/usr/bin",
        "/usr/local/sbin",
        &homebrew,
    ];
    let program = places
        .iter()
        .map(|place| PathBuf::from(place).join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is not here: install the package {package}"));
    Command::new(program)
        .args(arguments)
        .output()
        .expect("the tool runs")
}

/// How often a test is repeated: what the environment's `variable` says, or `usual`.
pub fn rounds(variable: &str, usual: u64) -> u64 {
    let said = std::env::var(variable).ok();
    said.and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
}
