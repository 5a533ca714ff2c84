//! What can be wrong with an archive, as sentences.

use core::fmt;

/// What is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveError {
    /// The offset of the entry's header in the archive.
    pub offset: usize,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The archive ends inside a header.
    TruncatedHeader,
    /// The archive ends inside a name.
    TruncatedName,
    /// The archive ends inside a file's data.
    TruncatedData,
    /// There is no end mark.
    NoTrailer,
    /// It does not begin with the format's mark.
    BadMagic,
    /// It looks compressed.
    Compressed,
    /// A number is not hexadecimal; the field's index.
    BadNumber(u8),
    /// The name has no length, or more than a path may have.
    BadNameLength,
    /// The name does not end in NUL, or goes on behind one.
    BadNameEnd,
    /// The name has a `..`, or a component that is too long.
    BadName,
    /// The mode names no kind of file.
    BadKind,
    /// A link's body is empty or too long.
    BadLink,
    /// A name leads through something that is no directory, or replaces a directory that is not empty.
    Conflict,
    /// The file system could not take it.
    FileSystem(base::Error),
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the archive's entry at offset {:#x} ",
            self.offset
        )?;
        match self.reason {
            Reason::TruncatedHeader => formatter.write_str("ends inside its header"),
            Reason::TruncatedName => formatter.write_str("ends inside its name"),
            Reason::TruncatedData => formatter.write_str("ends inside its data"),
            Reason::NoTrailer => formatter.write_str("is missing: the archive has no end mark"),
            Reason::BadMagic => formatter.write_str("does not begin with the newc mark 070701"),
            Reason::Compressed => formatter.write_str("is compressed; a plain archive is needed"),
            Reason::BadNumber(field) => {
                write!(
                    formatter,
                    "has a header field ({field}) that is not hexadecimal"
                )
            }
            Reason::BadNameLength => formatter.write_str("has a name of an impossible length"),
            Reason::BadNameEnd => formatter.write_str("has a name that does not end properly"),
            Reason::BadName => formatter.write_str("has a name that no file can have"),
            Reason::BadKind => formatter.write_str("has a mode that names no kind of file"),
            Reason::BadLink => formatter.write_str("is a link to an impossible path"),
            Reason::Conflict => formatter.write_str("conflicts with an earlier entry"),
            Reason::FileSystem(error) => write!(formatter, "could not be entered: {error}"),
        }
    }
}

impl core::error::Error for ArchiveError {}
