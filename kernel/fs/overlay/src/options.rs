//! The options of `mount -t overlay`.
//!
//! `lowerdir` is a list with colons, topmost first; a backslash takes a colon's or a comma's meaning
//! away. Of what Linux offers beside directories only the values that mean "no" are taken, because
//! nothing here would follow another.

use alloc::vec::Vec;

use base::{Error, Result};

/// What the options come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Topmost first.
    pub(crate) lower: Vec<Vec<u8>>,
    pub(crate) upper: Option<Vec<u8>>,
    pub(crate) work: Option<Vec<u8>>,
    /// Marks are `user.overlay.*`.
    pub(crate) user_marks: bool,
    /// The text as `mount` shows it, each option behind a comma.
    pub(crate) shown: Vec<u8>,
}

/// Splits at a separator that no backslash stands before.
fn split(text: &[u8], separator: u8) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, byte) in text.iter().enumerate() {
        if *byte == separator && !escaped {
            parts.push(&text[start..at]);
            start = at + 1;
        }
        escaped = *byte == b'\\' && !escaped;
    }
    parts.push(&text[start..]);
    parts
}

fn without_backslashes(text: &[u8]) -> Vec<u8> {
    let mut escaped = false;
    text.iter()
        .copied()
        .filter(|byte| {
            escaped = *byte == b'\\' && !escaped;
            !escaped
        })
        .collect()
}

/// Understands an option string. [`Error::InvalidArgument`] for what is unknown, or missing.
pub(crate) fn parse(text: &[u8]) -> Result<Options> {
    let mut options = Options::default();
    for option in split(text, b',') {
        if option.is_empty() {
            continue;
        }
        let mut halves = option.splitn(2, |byte| *byte == b'=');
        let name = halves.next().unwrap_or_default();
        let value = halves.next();
        let path = || match value {
            Some(value) if !value.is_empty() => Ok(without_backslashes(value)),
            _ => Err(Error::InvalidArgument),
        };
        match (name, value) {
            (b"lowerdir", Some(list)) => {
                let parts = split(list, b':').into_iter();
                options.lower = parts.map(without_backslashes).collect();
            }
            (b"lowerdir+", _) => options.lower.push(path()?),
            (b"upperdir", _) => options.upper = Some(path()?),
            (b"workdir", _) => options.work = Some(path()?),
            (b"userxattr", None) => options.user_marks = true,
            (b"index" | b"metacopy" | b"nfs_export" | b"xino" | b"redirect_dir", Some(b"off"))
            | (b"redirect_dir", Some(b"nofollow" | b"follow"))
            | (b"default_permissions" | b"volatile", None)
            | (b"uuid", Some(b"off" | b"null" | b"auto"))
            | (b"rw" | b"ro", None) => continue,
            _ => return Err(Error::InvalidArgument),
        }
    }
    if options.lower.is_empty() || options.lower.iter().any(Vec::is_empty) {
        return Err(Error::InvalidArgument);
    }
    if options.upper.is_some() != options.work.is_some() {
        // A work directory alone means nothing; an upper layer needs one.
        if options.upper.is_some() {
            return Err(Error::InvalidArgument);
        }
        options.work = None;
    }
    if options.upper.is_none() && options.lower.len() < 2 {
        return Err(Error::InvalidArgument);
    }
    options.shown = shown(&options);
    Ok(options)
}

fn shown(options: &Options) -> Vec<u8> {
    let mut text = b",lowerdir=".to_vec();
    for (index, path) in options.lower.iter().enumerate() {
        if index != 0 {
            text.push(b':');
        }
        for byte in path {
            if matches!(byte, b':' | b'\\' | b',') {
                text.push(b'\\');
            }
            text.push(*byte);
        }
    }
    for (name, value) in [
        (&b",upperdir="[..], &options.upper),
        (b",workdir=", &options.work),
    ] {
        if let Some(value) = value {
            text.extend_from_slice(name);
            text.extend_from_slice(value);
        }
    }
    if options.user_marks {
        text.extend_from_slice(b",userxattr");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_split_at_colons() {
        let options = parse(b"lowerdir=/a:/b\\:c,upperdir=/u,workdir=/w").unwrap();
        assert_eq!(options.lower, [&b"/a"[..], b"/b:c"]);
        assert_eq!(options.upper.as_deref(), Some(&b"/u"[..]));
        assert_eq!(options.shown, b",lowerdir=/a:/b\\:c,upperdir=/u,workdir=/w");
    }

    #[test]
    fn what_is_missing_or_unknown_is_refused() {
        for text in [
            &b""[..],
            b"upperdir=/u,workdir=/w",
            b"lowerdir=/a",
            b"lowerdir=/a,workdir=/w",
            b"lowerdir=/a,upperdir=/u",
            b"lowerdir=/a::/b",
            b"lowerdir=/a:/b,index=on",
            b"lowerdir=/a:/b,what",
        ] {
            assert_eq!(parse(text), Err(Error::InvalidArgument), "{text:?}");
        }
        assert!(parse(b"lowerdir=/a:/b,redirect_dir=off,index=off").is_ok());
    }
}
