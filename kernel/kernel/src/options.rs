//! The command line: words separated by blanks, `name` or `name=value`.
//!
//! | word | means |
//! |---|---|
//! | `init=PATH` | the first process, instead of `/system/scarlet/bin/init` |
//! | `root=/dev/NAME` | the disk, or partition, whose file system is the root; without it the initramfs is |
//! | `rootfstype=KIND`, `rootflags=OPTIONS` | its kind, instead of trying each; options of the mount |
//! | `overlayroot=tmpfs` | it is only read, and what is written lies in memory (the word of Debian's package overlayroot) |
//! | `ro`, `rw` | whether it is mounted read-only; it is not, unless said |
//! | `quiet` | only warnings and errors of the log on the console, from the start |
//! | `loglevel=N` | also later: 0 nothing, 1 errors, 2 warnings, 3 information, 4 everything |
//! | `record` | the last system calls of all programs are in the report of a panic |
//! | `-- WORDS` | arguments of the first process |
//!
//! Words that mean nothing here (`console=…`, `name=value`) go to the first process as environment, as with Linux.

use alloc::string::String;
use alloc::vec::Vec;
use base::log::Level;

/// Where the first process is unless the command line says otherwise.
const DEFAULT_INIT: &str = "/system/scarlet/bin/init";

/// What the command line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The first process's path.
    pub init: String,
    /// The device whose file system is the root, as a path: `/dev/vda`. The initramfs is the root without it.
    pub root: Option<String>,
    /// The kind of that file system; each is tried when absent.
    pub root_kind: Option<String>,
    /// Further options of its mount.
    pub root_options: Option<String>,
    /// Whether it is mounted read-only.
    pub root_read_only: bool,
    /// Whether what is written lies in memory, in front of it.
    pub root_overlay: bool,
    /// Its arguments, after its name.
    pub arguments: Vec<String>,
    /// Its environment: words of the form `name=value` that the kernel does not know.
    pub environment: Vec<String>,
    /// Which lines of the log go to the console while the machine starts.
    pub console_level: Option<Level>,
    /// Which go there once the first process has the console: people work on it then.
    pub later_console_level: Option<Level>,
    /// Whether the last system calls are remembered for a panic's report.
    pub record: bool,
}

impl Options {
    /// Reads a command line. Nothing in it is an error: a machine that does not start because of a word is worse than
    /// one that ignores it.
    pub fn parse(line: &str) -> Options {
        let mut options = Options {
            init: DEFAULT_INIT.into(),
            root: None,
            root_kind: None,
            root_options: None,
            root_read_only: false,
            root_overlay: false,
            arguments: Vec::new(),
            environment: Vec::new(),
            console_level: Some(Level::Info),
            later_console_level: Some(Level::Warning),
            record: false,
        };
        let mut words = line.split_ascii_whitespace();
        while let Some(word) = words.next() {
            match word.split_once('=') {
                Some(("init", path)) => options.init = path.into(),
                Some(("loglevel", number)) => {
                    options.console_level = level(number);
                    options.later_console_level = options.console_level;
                }
                Some(("root", device)) => options.root = Some(device.into()),
                Some(("rootfstype", kind)) => options.root_kind = Some(kind.into()),
                Some(("rootflags", words)) => options.root_options = Some(words.into()),
                Some(("overlayroot", kind)) => options.root_overlay = kind == "tmpfs",
                Some(("console" | "earlycon" | "rdinit", _)) => {}
                Some(_) => options.environment.push(word.into()),
                None if word == "quiet" => options.console_level = Some(Level::Warning),
                None if word == "record" => options.record = true,
                None if word == "ro" || word == "rw" => options.root_read_only = word == "ro",
                None if word == "--" => {
                    options.arguments.extend(words.by_ref().map(String::from));
                }
                None => {}
            }
        }
        options
    }
}

fn level(number: &str) -> Option<Level> {
    match number {
        "0" => None,
        "1" => Some(Level::Error),
        "2" => Some(Level::Warning),
        "3" => Some(Level::Info),
        _ => Some(Level::Debug),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_line_starts_the_default() {
        let options = Options::parse("");
        assert_eq!(options.init, DEFAULT_INIT);
        assert!(options.arguments.is_empty() && options.environment.is_empty());
    }

    #[test]
    fn words_are_found_in_any_order() {
        let options = Options::parse("console=ttyS0 quiet init=/bin/sh TERM=vt100 -- -c ls=1");
        assert_eq!(options.init, "/bin/sh");
        assert_eq!(options.console_level, Some(Level::Warning));
        assert_eq!(options.environment, ["TERM=vt100"]);
        assert_eq!(options.arguments, ["-c", "ls=1"]);
        assert!(!options.record);
        assert!(Options::parse("quiet record").record);
    }

    #[test]
    fn a_disk_can_be_the_root() {
        let options = Options::parse("rw root=/dev/vdb1 rootfstype=ext2 ro rootflags=a,b -- rw");
        assert_eq!(options.root.as_deref(), Some("/dev/vdb1"));
        assert_eq!(options.root_kind.as_deref(), Some("ext2"));
        assert_eq!(options.root_options.as_deref(), Some("a,b"));
        assert!(options.root_read_only);
        assert!(!Options::parse("root=/dev/vda").root_read_only);
        assert!(Options::parse("root=/dev/vda overlayroot=tmpfs").root_overlay);
        assert!(!Options::parse("root=/dev/vda overlayroot=disabled").root_overlay);
    }
}
