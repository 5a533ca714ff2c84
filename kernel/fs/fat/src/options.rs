//! What `mount -o` says.
//!
//! The names and the defaults are Linux's, as Debian configures it: UTF-8, code page 437, times in UTC (the machine's
//! zone), names shown as they were given. What is not known is refused, so nobody believes that it works.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use base::{Error, Result};
use vfs::{FsContext, parse_options};

use crate::format::fold::Charset;
use crate::format::short::Case;

/// How a FAT file system is shown, and what is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Nothing is written.
    pub read_only: bool,
    /// There are long names; `mount -t msdos` does without.
    pub long_names: bool,
    /// Whose all files are.
    pub uid: u32,
    /// Whose group they have.
    pub gid: u32,
    /// Permission bits that files do not have.
    pub file_mask: u32,
    /// Permission bits that directories do not have.
    pub directory_mask: u32,
    /// What names are written in.
    pub charset: Charset,
    /// How short names are shown and made.
    pub case: Case,
    /// A short name that is free gets no number.
    pub plain_tails: bool,
    /// Changes of owner or mode that cannot be are passed over in silence.
    pub quiet: bool,
    /// Only programs by their extension can be executed.
    pub show_executables: bool,
    /// Directories can be read-only too.
    pub read_only_directories: bool,
    /// Nothing is written after damage was found.
    pub stop_on_errors: bool,
}

impl Options {
    /// Everything root's, with umask 022.
    pub fn new() -> Options {
        Options {
            read_only: false,
            long_names: true,
            uid: 0,
            gid: 0,
            file_mask: 0o022,
            directory_mask: 0o022,
            charset: Charset::Utf8,
            case: Case::Mixed,
            plain_tails: false,
            quiet: false,
            show_executables: false,
            read_only_directories: false,
            stop_on_errors: true,
        }
    }

    /// What somebody asks for who mounts.
    pub fn parse(text: &[u8], long_names: bool, context: &FsContext) -> Result<Options> {
        let mask = context.umask & 0o777;
        let mut options = Options {
            long_names,
            uid: context.credentials.fsuid,
            gid: context.credentials.fsgid,
            file_mask: mask,
            directory_mask: mask,
            ..Options::new()
        };
        // Whatever the order, `utf8` goes before a set of characters.
        let mut utf8 = true;
        let mut latin = false;
        for (name, value) in parse_options(text) {
            match (name.as_str(), value.as_str()) {
                ("ro", "") => options.read_only = true,
                ("rw", "") => options.read_only = false,
                ("uid", value) => options.uid = number(value, 10)?,
                ("gid", value) => options.gid = number(value, 10)?,
                ("umask", value) => {
                    options.file_mask = number(value, 8)? & 0o777;
                    options.directory_mask = options.file_mask;
                }
                ("fmask", value) => options.file_mask = number(value, 8)? & 0o777,
                ("dmask", value) => options.directory_mask = number(value, 8)? & 0o777,
                ("codepage", "437") | ("tz", "UTC") | ("time_offset", "0") => {}
                ("check", "n" | "normal") => {}
                ("quiet", "") => options.quiet = true,
                ("showexec", "") => options.show_executables = true,
                ("errors", "continue") => options.stop_on_errors = false,
                ("errors", "remount-ro") => options.stop_on_errors = true,
                (name, value) if long_names => match (name, value) {
                    ("utf8", value) => utf8 = boolean(value)?,
                    ("iocharset", "iso8859-1") => latin = true,
                    ("iocharset", "utf8") => (utf8, latin) = (true, false),
                    ("shortname", value) => options.case = case(value)?,
                    ("nonumtail", value) => options.plain_tails = boolean(value)?,
                    ("rodir", "") => options.read_only_directories = true,
                    _ => return Err(Error::InvalidArgument),
                },
                _ => return Err(Error::InvalidArgument),
            }
        }
        if latin && !utf8 {
            options.charset = Charset::Latin1;
        } else if !utf8 {
            // ASCII alone is Debian's other choice; nothing here knows it.
            return Err(Error::InvalidArgument);
        }
        Ok(options)
    }

    /// The options as `mount` shows them.
    pub fn text(&self) -> Vec<u8> {
        let mut text = String::new();
        // Writing to a string cannot fail.
        if self.uid != 0 {
            let _ = write!(text, ",uid={}", self.uid);
        }
        if self.gid != 0 {
            let _ = write!(text, ",gid={}", self.gid);
        }
        let _ = write!(
            text,
            ",fmask={:04o},dmask={:04o},codepage=437",
            self.file_mask, self.directory_mask
        );
        if self.long_names {
            text += match self.charset {
                Charset::Utf8 => ",iocharset=ascii",
                Charset::Latin1 => ",iocharset=iso8859-1",
            };
            text += match self.case {
                Case::Lower => ",shortname=lower",
                Case::Win95 => ",shortname=win95",
                Case::WinNt => ",shortname=winnt",
                Case::Mixed => ",shortname=mixed",
            };
            if self.charset == Charset::Utf8 {
                text += ",utf8";
            }
            if self.plain_tails {
                text += ",nonumtail";
            }
            if self.read_only_directories {
                text += ",rodir";
            }
        }
        for (set, name) in [(self.quiet, ",quiet"), (self.show_executables, ",showexec")] {
            if set {
                text += name;
            }
        }
        text += match self.stop_on_errors {
            true => ",errors=remount-ro",
            false => ",errors=continue",
        };
        text.into_bytes()
    }
}

impl Default for Options {
    fn default() -> Options {
        Options::new()
    }
}

fn number(value: &str, radix: u32) -> Result<u32> {
    u32::from_str_radix(value, radix).map_err(|_| Error::InvalidArgument)
}

fn boolean(value: &str) -> Result<bool> {
    match value {
        "" | "1" | "yes" | "true" => Ok(true),
        "0" | "no" | "false" => Ok(false),
        _ => Err(Error::InvalidArgument),
    }
}

fn case(value: &str) -> Result<Case> {
    match value {
        "lower" => Ok(Case::Lower),
        "win95" => Ok(Case::Win95),
        "winnt" => Ok(Case::WinNt),
        "mixed" => Ok(Case::Mixed),
        _ => Err(Error::InvalidArgument),
    }
}
