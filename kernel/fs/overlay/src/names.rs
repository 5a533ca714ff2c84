//! Making and taking names in the upper layer: create, link, unlink, rmdir.
//!
//! Where the upper layer has a whiteout of the name, what is new is made in the work directory and
//! takes the whiteout's place in one rename; where a lower layer has the name, a whiteout takes the
//! place of what goes.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use object::{DirectoryEntry, FileKind};
use vfs::{FileMarks, Inode as _, Name, NewInode, Ownership, Path, RenameFlags, layer};

use crate::find::peek;
use crate::marks::is_whiteout;
use crate::node::{Home, Node};
use crate::volume::{Upper, name_of};

/// What the upper layer has under a name that is to be made.
enum Free {
    Nothing,
    Whiteout,
}

fn look(directory: &Path, name: Name<'_>) -> Result<Free> {
    match peek(directory, name)? {
        None => Ok(Free::Nothing),
        Some(found) if is_whiteout(&**found.inode())? => Ok(Free::Whiteout),
        Some(_) => Err(Error::Exists),
    }
}

impl Node {
    fn home_of(&self, name: Name<'_>) -> Result<Option<Home>> {
        Ok(Some(Home {
            parent: self.me.upgrade().ok_or(Error::NotFound)?,
            name: name.as_bytes().into(),
        }))
    }

    /// Makes a new file in the upper layer.
    pub(crate) fn make(
        &self,
        name: Name<'_>,
        new: &NewInode<'_>,
        owner: Ownership,
    ) -> Result<Arc<Node>> {
        // This device number means that there is nothing.
        if let NewInode::Device {
            kind: FileKind::CharacterDevice,
            major: 0,
            minor: 0,
        } = new
        {
            return Err(Error::NotPermitted);
        }
        let directory = self.bring_up(true)?;
        let upper = self.volume.writable()?;
        let is_directory = matches!(new, NewInode::Directory);
        let _names = self.volume.names.lock();
        let made = match look(&directory, name)? {
            Free::Nothing => layer::create(&directory, name, new, owner)?,
            Free::Whiteout => {
                let temporary = self.volume.temporary();
                let work = &upper.work.root;
                let at = name_of(&temporary)?;
                let made = layer::create(work, at, new, owner)?;
                let place = || {
                    if is_directory {
                        self.volume.set_opaque(&**made.inode())?;
                        layer::rename(work, at, &directory, name, RenameFlags::EXCHANGE)?;
                        // The whiteout has taken its place.
                        upper.discard(&temporary);
                        return Ok(());
                    }
                    layer::rename(work, at, &directory, name, RenameFlags::empty())
                };
                if let Err(error) = place() {
                    upper.discard(&temporary);
                    return Err(error);
                }
                made
            }
        };
        Node::new(&self.volume, Some(made), Vec::new(), self.home_of(name)?)
    }

    /// Makes a file without a name in the upper layer.
    pub(crate) fn make_nameless(&self, owner: Ownership) -> Result<Arc<Node>> {
        let directory = self.bring_up(true)?;
        let made = layer::create_unnamed(&directory, owner)?;
        Node::new(&self.volume, Some(made), Vec::new(), None)
    }

    /// Enters another name for a file, which is brought up for that.
    pub(crate) fn enter(&self, name: Name<'_>, target: &Arc<Node>) -> Result<()> {
        let file = match target.bring_up(true) {
            // It has been removed: its last name is gone, or another's.
            Err(Error::Exists) => return Err(Error::NotFound),
            other => other?,
        };
        let directory = self.bring_up(true)?;
        let upper = self.volume.writable()?;
        let _names = self.volume.names.lock();
        match look(&directory, name)? {
            Free::Nothing => {
                layer::link(&directory, name, &file)?;
            }
            Free::Whiteout => {
                let temporary = self.volume.temporary();
                let work = &upper.work.root;
                let at = name_of(&temporary)?;
                layer::link(work, at, &file)?;
                if let Err(error) = layer::rename(work, at, &directory, name, RenameFlags::empty())
                {
                    upper.discard(&temporary);
                    return Err(error);
                }
            }
        }
        self.adopt(name.as_bytes(), target);
        Ok(())
    }

    /// Takes a name out that is no directory's.
    pub(crate) fn take_out(&self, name: Name<'_>) -> Result<()> {
        let directory = self.directory_for_removal(name)?;
        let upper = self.volume.writable()?;
        {
            let _names = self.volume.names.lock();
            let found = peek(&directory, name)?;
            match (found, self.has_below(name)?) {
                (Some(_), false) => layer::unlink(&directory, name)?,
                (Some(_), true) => {
                    let temporary = self.volume.temporary();
                    let work = &upper.work.root;
                    let at = name_of(&temporary)?;
                    upper.make_whiteout(&temporary)?;
                    if let Err(error) =
                        layer::rename(work, at, &directory, name, RenameFlags::empty())
                    {
                        upper.discard(&temporary);
                        return Err(error);
                    }
                }
                (None, true) => {
                    self.find(name)?.check_leaving()?;
                    upper.whiteout_at(&directory, name)?;
                }
                (None, false) => return Err(Error::NotFound),
            }
        }
        self.disown(name.as_bytes());
        Ok(())
    }

    /// [`Error::NotPermitted`] where marks keep it in its place.
    pub(crate) fn check_leaving(&self) -> Result<()> {
        match self.kept_marks().intersects(FileMarks::RESTRICTED) {
            true => Err(Error::NotPermitted),
            false => Ok(()),
        }
    }

    /// Its marks; none where its layer keeps none.
    pub(crate) fn kept_marks(&self) -> FileMarks {
        self.marks().unwrap_or_default()
    }

    /// Where a name is to be removed: this directory's place in the upper layer.
    fn directory_for_removal(&self, name: Name<'_>) -> Result<Path> {
        // Nothing is brought up for what is not there.
        if self.upper().is_none() && !self.has_below(name)? {
            return Err(Error::NotFound);
        }
        self.bring_up(true)
    }

    /// Takes out an empty directory.
    pub(crate) fn take_out_directory(&self, name: Name<'_>) -> Result<()> {
        let victim = self.find(name)?;
        if victim.kind != FileKind::Directory {
            return Err(Error::NotDirectory);
        }
        if !victim.is_empty()? {
            return Err(Error::NotEmpty);
        }
        victim.check_leaving()?;
        let directory = self.directory_for_removal(name)?;
        let upper = self.volume.writable()?;
        {
            let _names = self.volume.names.lock();
            let found = peek(&directory, name)?;
            let below = self.has_below(name)?;
            match found {
                None if below => upper.whiteout_at(&directory, name)?,
                None => return Err(Error::NotFound),
                Some(there) => self.replace_directory(upper, &directory, name, &there, below)?,
            }
        }
        self.disown(name.as_bytes());
        Ok(())
    }

    /// Takes a directory, empty but for whiteouts, out of the upper layer; with `below` a whiteout takes
    /// its place. The caller holds the lock on names.
    pub(crate) fn replace_directory(
        &self,
        upper: &Upper,
        directory: &Path,
        name: Name<'_>,
        there: &Path,
        below: bool,
    ) -> Result<()> {
        let temporary = self.volume.temporary();
        let work = &upper.work.root;
        let at = name_of(&temporary)?;
        if below {
            upper.make_whiteout(&temporary)?;
            if let Err(error) = layer::rename(work, at, directory, name, RenameFlags::EXCHANGE) {
                upper.discard(&temporary);
                return Err(error);
            }
        } else {
            match layer::remove_directory(directory, name) {
                // Whiteouts lie in it: it goes as a whole, and is emptied where nobody looks.
                Err(Error::NotEmpty) => {}
                other => return other,
            }
            layer::rename(directory, name, work, at, RenameFlags::empty())?;
        }
        let _ = clear(there);
        upper.discard(&temporary);
        Ok(())
    }

    /// Whether nothing is seen in this directory.
    pub(crate) fn is_empty(&self) -> Result<bool> {
        let mut empty = true;
        self.list(0, &mut |_| {
            empty = false;
            false
        })?;
        Ok(empty)
    }
}

/// Takes everything out of a directory of the upper layer that is no directory: whiteouts.
pub(crate) fn clear(directory: &Path) -> Result<()> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    directory
        .inode()
        .read_directory(0, &mut |entry: &DirectoryEntry<'_>| {
            if entry.name != b"." && entry.name != b".." {
                names.push(entry.name.to_vec());
            }
            true
        })?;
    for name in names {
        let name = Name::new(&name)?;
        if let Some(found) = peek(directory, name)?
            && is_whiteout(&**found.inode())?
        {
            drop(found);
            layer::unlink(directory, name)?;
        }
    }
    Ok(())
}

/// Whether `inode` is a directory that a rename would leave the lower parts of behind.
pub(crate) fn stays(node: &Node) -> bool {
    node.kind == FileKind::Directory && node.is_merged_or_lower()
}
