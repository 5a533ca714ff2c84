//! What is still to be walked: a path, and the bodies of the symbolic links met on the way.
//!
//! Pure bookkeeping over bytes, so that it can be tested without a file system. The walk asks
//! [`Pending::step`] for one [`Component`] after another; when it meets a link it is to follow, it
//! pushes the link's body with [`Pending::push_link`] and goes on. Nothing recurses: a kernel stack
//! is small, and forty nested links are a legal path.

use alloc::vec::Vec;
use base::{Error, Result};

use crate::name::{Name, NameHash, PATH_MAX, SYMLINK_MAX};

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

/// The path still to be walked.
pub struct Pending<'a> {
    path: Piece<&'a [u8]>,
    /// The bodies of links in front of the rest of the path, the innermost last. Finished ones are
    /// dropped as soon as they are seen to be finished.
    bodies: Vec<Piece<Vec<u8>>>,
    links: usize,
}

/// One piece of text being walked, and how far it has been.
struct Piece<T> {
    text: T,
    /// Where the next component begins: never at a slash.
    position: usize,
    /// The component that was taken last had a slash behind it.
    slash: bool,
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
        Ok(Self {
            path: Piece::new(path),
            bodies: Vec::new(),
            links: 0,
        })
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
        self.bodies.push(Piece::new(body));
        Ok(())
    }

    /// Takes the next component, with its place; `None` at the end of the path.
    ///
    /// A walk does little else: what is inlined here need not go through memory.
    #[inline(always)]
    pub fn step(&mut self) -> Result<Option<(Component<'_>, Place)>> {
        if !self.bodies.is_empty() {
            return self.step_in_body();
        }
        if self.path.is_finished() {
            return Ok(None);
        }
        self.path.take().map(Some)
    }

    /// The same while there are bodies of links.
    #[inline(never)]
    fn step_in_body(&mut self) -> Result<Option<(Component<'_>, Place)>> {
        while self.bodies.last().is_some_and(Piece::is_finished) {
            self.bodies.pop();
        }
        if self.bodies.is_empty() {
            return self.step();
        }
        let Some((top, outer)) = self.bodies.split_last_mut() else {
            return Ok(None);
        };
        let (component, mut place) = top.take()?;
        for around in outer.iter().map(Piece::place).chain([self.path.place()]) {
            place.last &= around.last;
            place.slash_follows |= around.slash_follows;
        }
        Ok(Some((component, place)))
    }
}

impl<T: AsRef<[u8]>> Piece<T> {
    #[inline]
    fn new(text: T) -> Self {
        let slashes = leading_slashes(text.as_ref());
        Self {
            text,
            position: slashes,
            slash: slashes > 0,
        }
    }

    #[inline]
    fn is_finished(&self) -> bool {
        self.position >= self.text.as_ref().len()
    }

    /// The place of the component that was taken last.
    #[inline]
    fn place(&self) -> Place {
        Place {
            last: self.is_finished(),
            slash_follows: self.slash,
        }
    }

    /// Takes the next component of a piece that is not finished, and the slashes behind it. One
    /// look at each byte finds the end and makes the hash.
    #[inline(always)]
    fn take(&mut self) -> Result<(Component<'_>, Place)> {
        let text = self.text.as_ref();
        let rest = text.get(self.position..).unwrap_or_default();
        let mut hash = NameHash::START;
        let mut length = rest.len();
        for (index, &byte) in rest.iter().enumerate() {
            // One comparison for nearly every byte of a name.
            if byte <= b'/' {
                if byte == b'/' {
                    length = index;
                    break;
                }
                if byte == 0 {
                    return Err(Error::InvalidArgument);
                }
            }
            hash = hash.with(byte);
        }
        let (name, behind) = rest.split_at(length);
        let slashes = leading_slashes(behind);
        self.position += length + slashes;
        self.slash = slashes > 0;
        let place = Place {
            last: behind.len() == slashes,
            slash_follows: slashes > 0,
        };
        let component = match name {
            b"." => Component::Current,
            b".." => Component::Parent,
            name => Component::Entry(Name::scanned(name, hash)?),
        };
        Ok((component, place))
    }
}

/// How many slashes `text` begins with.
#[inline]
fn leading_slashes(text: &[u8]) -> usize {
    text.iter().take_while(|&&byte| byte == b'/').count()
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
        assert_eq!(steps(b"a/"), [(b"a".to_vec(), true, true)]);
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
    fn a_scanned_name_is_the_checked_name() {
        let mut pending = Pending::new(b"/usr//lib64/").unwrap();
        for expected in [&b"usr"[..], b"lib64"] {
            let (component, _) = pending.step().unwrap().unwrap();
            assert_eq!(component, Component::Entry(Name::new(expected).unwrap()));
        }
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
        assert_eq!(
            Pending::new(b"a\0b").unwrap().step(),
            Err(Error::InvalidArgument)
        );
        let long = [b'a'; 300];
        assert!(matches!(
            Pending::new(&long).unwrap().step(),
            Err(Error::NameTooLong)
        ));
    }
}
