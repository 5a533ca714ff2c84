//! What is still to be walked: a path, and the bodies of the symbolic links met on the way.
//!
//! Pure bookkeeping over bytes, so that it can be tested without a file system. The walk asks
//! [`Pending::step`] for one [`Component`] after another; when it meets a link it is to follow, it
//! pushes the link's body with [`Pending::push_link`] and goes on. Nothing recurses: a kernel stack
//! is small, and forty nested links are a legal path.

use alloc::vec::Vec;
use base::{Error, Result};

use crate::name::{Name, PATH_MAX, SYMLINK_MAX};

/// One step of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component<'a> {
    /// `.`: stay where you are.
    Current,
    /// `..`: one up.
    Parent,
    /// An entry of the current directory.
    Entry(Name<'a>),
}

/// One piece of text being walked, and how far it has been.
struct Piece<'a> {
    text: alloc::borrow::Cow<'a, [u8]>,
    position: usize,
}

/// The path still to be walked.
pub struct Pending<'a> {
    /// Innermost link last. Finished pieces are dropped as soon as they are seen to be finished.
    pieces: Vec<Piece<'a>>,
    links: usize,
}

/// What a step needs to know about its place in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Nothing but slashes follows.
    pub last: bool,
    /// At least one slash follows: what it names has to be a directory.
    pub slash_follows: bool,
}

impl<'a> Pending<'a> {
    /// Begins with `path`, which may be empty (then there is no step at all).
    pub fn new(path: &'a [u8]) -> Result<Self> {
        if path.len() >= PATH_MAX {
            return Err(Error::NameTooLong);
        }
        if path.contains(&0) {
            return Err(Error::InvalidArgument);
        }
        let pieces = Vec::from([Piece {
            text: path.into(),
            position: 0,
        }]);
        Ok(Self { pieces, links: 0 })
    }

    /// True when `path` starts at the root.
    pub fn is_absolute(path: &[u8]) -> bool {
        path.first() == Some(&b'/')
    }

    /// Counts a followed link, without a body (links that lead directly to an object).
    pub fn count_link(&mut self) -> Result<()> {
        if self.links >= SYMLINK_MAX {
            return Err(Error::SymlinkLoop);
        }
        self.links += 1;
        Ok(())
    }

    /// Puts a link's body in front of what is left. Too many links are [`Error::SymlinkLoop`], an
    /// empty body is [`Error::NotFound`].
    pub fn push_link(&mut self, body: Vec<u8>) -> Result<()> {
        self.count_link()?;
        if body.is_empty() {
            return Err(Error::NotFound);
        }
        if body.len() >= PATH_MAX {
            return Err(Error::NameTooLong);
        }
        self.pieces.push(Piece {
            text: body.into(),
            position: 0,
        });
        Ok(())
    }

    /// Takes the next component, with its place; `None` at the end of the path.
    pub fn step(&mut self) -> Result<Option<(Component<'_>, Place)>> {
        // Skip slashes and finished pieces first, so that the borrow below can be returned.
        loop {
            let Some(piece) = self.pieces.last_mut() else {
                return Ok(None);
            };
            while piece.text.get(piece.position) == Some(&b'/') {
                piece.position += 1;
            }
            if piece.position < piece.text.len() {
                break;
            }
            self.pieces.pop();
        }
        let (outer, top) = match self.pieces.split_last_mut() {
            Some((top, outer)) => (outer, top),
            None => return Ok(None),
        };
        let start = top.position;
        let rest = top.text.get(start..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|&byte| byte == b'/')
            .unwrap_or(rest.len());
        top.position = start + length;
        let top: &Piece<'_> = top;
        let tail = top.text.get(start + length..).unwrap_or_default();
        let mut place = Place {
            last: tail.iter().all(|&byte| byte == b'/'),
            slash_follows: !tail.is_empty(),
        };
        for piece in outer.iter() {
            let tail = piece.text.get(piece.position..).unwrap_or_default();
            place.last &= tail.iter().all(|&byte| byte == b'/');
            place.slash_follows |= !tail.is_empty();
        }
        let component = match top.text.get(start..start + length).unwrap_or_default() {
            b"." => Component::Current,
            b".." => Component::Parent,
            name => Component::Entry(Name::new(name)?),
        };
        Ok(Some((component, place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(path: &[u8]) -> Vec<(Vec<u8>, bool, bool)> {
        let mut pending = Pending::new(path).unwrap();
        let mut found = Vec::new();
        while let Some((component, place)) = pending.step().unwrap() {
            let text = match component {
                Component::Current => b".".to_vec(),
                Component::Parent => b"..".to_vec(),
                Component::Entry(name) => name.as_bytes().to_vec(),
            };
            found.push((text, place.last, place.slash_follows));
        }
        found
    }

    #[test]
    fn slashes_collapse_and_the_last_is_known() {
        assert_eq!(steps(b""), []);
        assert_eq!(steps(b"///"), []);
        assert_eq!(steps(b"a"), [(b"a".to_vec(), true, false)]);
        assert_eq!(
            steps(b"//a//../b//"),
            [
                (b"a".to_vec(), false, true),
                (b"..".to_vec(), false, true),
                (b"b".to_vec(), true, true)
            ]
        );
    }

    #[test]
    fn a_link_body_goes_in_front_of_the_rest() {
        let mut pending = Pending::new(b"link/tail").unwrap();
        pending.step().unwrap();
        pending.push_link(b"x/y".to_vec()).unwrap();
        let mut seen = Vec::new();
        while let Some((component, place)) = pending.step().unwrap() {
            if let Component::Entry(name) = component {
                seen.push((name.as_bytes().to_vec(), place.last));
            }
        }
        assert_eq!(
            seen,
            [
                (b"x".to_vec(), false),
                (b"y".to_vec(), false),
                (b"tail".to_vec(), true)
            ]
        );
    }

    #[test]
    fn a_last_link_leaves_its_last_component_last() {
        let mut pending = Pending::new(b"link/").unwrap();
        pending.step().unwrap();
        pending.push_link(b"x".to_vec()).unwrap();
        let (_, place) = pending.step().unwrap().unwrap();
        assert_eq!(
            place,
            Place {
                last: true,
                slash_follows: true
            }
        );
    }

    #[test]
    fn forty_links_are_the_limit() {
        let mut pending = Pending::new(b"a").unwrap();
        for _ in 0..SYMLINK_MAX {
            pending.push_link(b"a".to_vec()).unwrap();
        }
        assert_eq!(pending.push_link(b"a".to_vec()), Err(Error::SymlinkLoop));
    }

    #[test]
    fn limits_are_errors() {
        assert!(matches!(
            Pending::new(&[b'a'; PATH_MAX]),
            Err(Error::NameTooLong)
        ));
        let long = [b'a'; 300];
        assert!(matches!(
            Pending::new(&long).unwrap().step(),
            Err(Error::NameTooLong)
        ));
    }
}
