//! Rename: what moves is in the upper layer, what it leaves behind is hidden.
//!
//! A directory that a lower layer has a part in cannot move, because that part would stay:
//! `EXDEV`, upon which mv(1) copies it (`redirect_dir=off`, Linux's default). Everything else is
//! brought up first. Where a lower layer has the old name, a whiteout has to be there afterwards:
//! a whiteout is first made under the *new* name and then exchanged with what moves, so at no
//! moment are both names there or neither. Where the new name is a file of the upper layer that is
//! to be replaced, what moves has both names for a while, and then a whiteout takes the place of the
//! old one: a loss of power between leaves both, and never shows what lies below. What is replaced
//! has a name in the work directory meanwhile, so that it is there again if the whiteout cannot be put.

use alloc::sync::Arc;

use base::{Error, Result};
use object::FileKind;
use vfs::{Inode, Name, Path, RenameFlags, layer};

use crate::find::peek;
use crate::marks::is_whiteout;
use crate::names::stays;
use crate::node::{Node, own};
use crate::volume::{Upper, name_of};

/// One side: a directory of the overlay, its place in the upper layer, and a name in it.
struct Side<'a> {
    node: &'a Node,
    directory: Path,
    name: Name<'a>,
}

impl Side<'_> {
    fn has_below(&self) -> Result<bool> {
        self.node.has_below(self.name)
    }
}

fn rename(from: &Side<'_>, to: &Side<'_>, flags: RenameFlags) -> Result<()> {
    layer::rename(&from.directory, from.name, &to.directory, to.name, flags)
}

impl Node {
    /// Moves an entry, or exchanges two.
    pub(crate) fn move_entry(
        &self,
        name: Name<'_>,
        new_directory: &Arc<dyn Inode>,
        new_name: Name<'_>,
        flags: RenameFlags,
    ) -> Result<()> {
        let upper = self.volume.writable()?;
        let target_directory = own(new_directory, &self.volume)?;
        let source = self.find(name)?;
        let target = match target_directory.find(new_name) {
            Ok(target) => Some(target),
            Err(Error::NotFound) => None,
            Err(error) => return Err(error),
        };
        source.check_leaving()?;
        if let Some(target) = &target {
            target.check_leaving()?;
        }
        let exchange = flags.contains(RenameFlags::EXCHANGE);
        let other = target.as_deref().filter(|_| exchange);
        if stays(&source) || other.is_some_and(stays) {
            return Err(Error::CrossDevice);
        }
        if exchange && target.is_none() {
            return Err(Error::NotFound);
        }
        if !exchange
            && let Some(target) = &target
            && target.kind == FileKind::Directory
            && !target.is_empty()?
        {
            return Err(Error::NotEmpty);
        }
        source.bring_up(true)?;
        if let Some(other) = other {
            other.bring_up(true)?;
        }
        let from = Side {
            node: self,
            directory: self.bring_up(true)?,
            name,
        };
        let to = Side {
            node: &target_directory,
            directory: target_directory.bring_up(true)?,
            name: new_name,
        };
        {
            let _names = self.volume.names.lock();
            self.keep_apart(&source, &to)?;
            if let Some(other) = other {
                self.keep_apart(other, &from)?;
                rename(&from, &to, RenameFlags::EXCHANGE)?;
            } else {
                let step = Step {
                    directory: self,
                    upper,
                    source: &source,
                    from,
                    to,
                };
                step.move_over()?;
            }
        }
        self.disown(name.as_bytes());
        let target_directory = &target_directory;
        if let (Some(other), Some(me)) = (target.as_ref().filter(|_| exchange), self.me.upgrade()) {
            self.adopt(name.as_bytes(), other);
            other.set_home(&me, name.as_bytes());
        }
        target_directory.adopt(new_name.as_bytes(), &source);
        source.set_home(target_directory, new_name.as_bytes());
        Ok(())
    }

    /// A directory that comes to where a lower layer has its new name is not merged with that.
    fn keep_apart(&self, moved: &Node, to: &Side<'_>) -> Result<()> {
        if moved.kind == FileKind::Directory && to.has_below()? {
            self.volume.set_opaque(&*moved.real()?)?;
        }
        Ok(())
    }
}

/// A rename of one name in the upper layer, under the lock on names.
struct Step<'a> {
    directory: &'a Node,
    upper: &'a Upper,
    source: &'a Node,
    from: Side<'a>,
    to: Side<'a>,
}

impl Step<'_> {
    fn move_over(&self) -> Result<()> {
        let (upper, from, to) = (self.upper, &self.from, &self.to);
        let leaves = from.has_below()?;
        let there = peek(&to.directory, to.name)?;
        let is_directory = self.source.kind == FileKind::Directory;
        match there {
            None if leaves => {
                upper.whiteout_at(&to.directory, to.name)?;
                let done = rename(from, to, RenameFlags::EXCHANGE);
                if done.is_err() && !to.has_below()? {
                    let _ = layer::unlink(&to.directory, to.name);
                }
                done
            }
            None => rename(from, to, RenameFlags::empty()),
            Some(there) if is_whiteout(&**there.inode())? => {
                if leaves {
                    return rename(from, to, RenameFlags::EXCHANGE);
                }
                if !is_directory {
                    return rename(from, to, RenameFlags::empty());
                }
                rename(from, to, RenameFlags::EXCHANGE)?;
                layer::unlink(&from.directory, from.name)
            }
            Some(there) if there.inode().is_directory() => {
                rename(from, to, RenameFlags::EXCHANGE)?;
                self.directory
                    .replace_directory(upper, &from.directory, from.name, &there, leaves)
            }
            Some(there) if leaves => self.replace_and_hide(&there),
            Some(_) => rename(from, to, RenameFlags::empty()),
        }
    }

    /// A file takes the place of another of the upper layer, and a whiteout takes its own place.
    fn replace_and_hide(&self, replaced: &Path) -> Result<()> {
        let Step {
            upper,
            source,
            from,
            to,
            ..
        } = self;
        let file = source.upper().ok_or(Error::NotFound)?;
        let work = &upper.work.root;
        let volume = &self.directory.volume;
        let (second, hiding) = (volume.temporary(), volume.temporary());
        let (second_name, hiding_name) = (name_of(&second)?, name_of(&hiding)?);
        let kept = volume.temporary();
        let kept_name = name_of(&kept)?;
        upper.make_whiteout(&hiding)?;
        let replace = |name| {
            let flags = RenameFlags::empty();
            layer::rename(work, name, &to.directory, to.name, flags)
        };
        let hide = || {
            let flags = RenameFlags::empty();
            layer::rename(work, hiding_name, &from.directory, from.name, flags)
        };
        // Another name, not an exchange, which a loss of power could cut in two. A file with as many names as there can be is
        // not kept.
        let mut keeps = layer::link(work, kept_name, replaced).is_ok();
        let moved = layer::link(work, second_name, &file).and_then(|linked| {
            replace(second_name)?;
            if let Err(error) = hide() {
                // Where it cannot be put back it stays in the work directory: nobody throws it away.
                if core::mem::take(&mut keeps) {
                    let _ = replace(kept_name);
                }
                return Err(error);
            }
            // The name that it keeps.
            source.stands_at(linked);
            Ok(())
        });
        if keeps {
            upper.discard(&kept);
        }
        if moved.is_err() {
            upper.discard(&second);
            upper.discard(&hiding);
        }
        moved
    }
}
