//! Looking a name up in the layers.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use object::FileKind;
use vfs::{Name, Path, layer};

use crate::marks::is_whiteout;
use crate::node::{Home, Lower, Node};

/// What one layer says of a name; `None` if it has nothing of it.
pub(crate) fn peek(directory: &Path, name: Name<'_>) -> Result<Option<Path>> {
    match layer::lookup(directory, name) {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound | Error::NotDirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where the layers below are asked for a directory.
enum Way {
    /// Under this name in the directory's own parts.
    Beside(Vec<u8>),
    /// At this path from the top of each layer.
    FromTop(Vec<u8>),
}

impl Way {
    /// The way that a directory's redirect says: a name, or a path from the top.
    fn from_redirect(redirect: Vec<u8>) -> Result<Self> {
        let sound = |part: &[u8]| Name::new(part).is_ok() && part != b"." && part != b"..";
        match redirect.strip_prefix(b"/") {
            Some(rest) if rest.split(|byte| *byte == b'/').all(sound) => Ok(Way::FromTop(redirect)),
            None if sound(&redirect) => Ok(Way::Beside(redirect)),
            _ => Err(Error::InvalidArgument),
        }
    }
}

impl Node {
    /// The node of an entry; [`Error::NotFound`] if there is none.
    pub(crate) fn find(&self, name: Name<'_>) -> Result<Arc<Node>> {
        if self.kind != FileKind::Directory {
            return Err(Error::NotDirectory);
        }
        if let Some(live) = self.child(name.as_bytes()) {
            return Ok(live);
        }
        let home = || -> Result<Option<Home>> {
            Ok(Some(Home {
                parent: self.me.upgrade().ok_or(Error::NotFound)?,
                name: name.as_bytes().into(),
            }))
        };
        let volume = &*self.volume;
        let mut way = Way::Beside(name.as_bytes().to_vec());
        let mut upper = None;
        if let Some(directory) = self.upper()
            && let Some(found) = peek(&directory, name)?
        {
            if is_whiteout(&**found.inode())? {
                return Err(Error::NotFound);
            }
            if !found.inode().is_directory() {
                volume.refuse_metacopy(&**found.inode())?;
                return self.file_of_upper(found, home()?);
            }
            if !self.goes_on(&found, &mut way, 0)? {
                return Node::new(&self.volume, Some(found), Vec::new(), home()?);
            }
            upper = Some(found);
        }
        let mut lower = Vec::new();
        for index in 0..volume.lower.len() {
            let Some(found) = self.part_in(index, &way)? else {
                continue;
            };
            if is_whiteout(&**found.inode())? {
                break;
            }
            let is_directory = found.inode().is_directory();
            if !is_directory {
                if upper.is_none() && lower.is_empty() {
                    volume.refuse_metacopy(&**found.inode())?;
                    lower.push(Lower {
                        layer: index,
                        path: found,
                    });
                }
                break;
            }
            let goes_on = self.goes_on(&found, &mut way, index + 1)?;
            lower.push(Lower {
                layer: index,
                path: found,
            });
            if !goes_on {
                break;
            }
        }
        if upper.is_none() && lower.is_empty() {
            return Err(Error::NotFound);
        }
        Node::new(&self.volume, upper, lower, home()?)
    }

    /// The node of a file that the upper layer has: one, whatever its names.
    fn file_of_upper(&self, found: Path, home: Option<Home>) -> Result<Arc<Node>> {
        if let Some(node) = Node::known(&self.volume, found.status()?.inode) {
            if let Some(home) = home {
                home.parent.adopt(&home.name, &node);
            }
            return Ok(node);
        }
        Node::new(&self.volume, Some(found), Vec::new(), home)
    }

    /// Whether layers from `next` on may have a part in the directory `found`, and where.
    fn goes_on(&self, found: &Path, way: &mut Way, next: usize) -> Result<bool> {
        let volume = &*self.volume;
        if next >= volume.lower.len() || volume.is_opaque(&**found.inode())? {
            return Ok(false);
        }
        match volume.redirect(&**found.inode())? {
            Some(redirect) => *way = Way::from_redirect(redirect)?,
            // Nothing of the parent lies further down, and nothing says to look elsewhere.
            None if matches!(way, Way::Beside(_)) => {
                return Ok(self.lower.iter().any(|part| part.layer >= next));
            }
            None => {}
        }
        Ok(true)
    }

    /// What the lower layer `index` has where `way` leads.
    fn part_in(&self, index: usize, way: &Way) -> Result<Option<Path>> {
        match way {
            Way::Beside(name) => match self.lower.iter().find(|part| part.layer == index) {
                Some(part) => peek(&part.path, Name::new(name)?),
                None => Ok(None),
            },
            Way::FromTop(path) => {
                let mut at = self.volume.lower.get(index).map(|one| one.root.clone());
                for part in path.split(|byte| *byte == b'/').skip(1) {
                    let Some(directory) = at else { break };
                    at = peek(&directory, Name::new(part)?)?;
                }
                Ok(at)
            }
        }
    }

    /// Whether a lower layer has something visible under a name of this directory.
    pub(crate) fn has_below(&self, name: Name<'_>) -> Result<bool> {
        for part in &self.lower {
            if let Some(found) = peek(&part.path, name)? {
                return Ok(!is_whiteout(&**found.inode())?);
            }
        }
        Ok(false)
    }
}
