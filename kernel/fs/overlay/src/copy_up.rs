//! Copy-up: a lower file becomes one of the upper layer.
//!
//! The copy is made in the work directory, complete with bytes, attributes and owner, brought to
//! the device, and then moved to its place by one rename, so whoever looks finds the lower file
//! or the whole copy. The directories above it come first, from the top down.
//!
//! What happens at the same time: two copies of one file are kept apart by the node's own lock;
//! removing and renaming hold the lock on names, as does the last step here, which looks at the
//! place again. Is the name taken or hidden meanwhile, the file was removed while somebody has
//! it open: then there is no place for a copy, and the file cannot be changed any more. Linux says
//! so with `EEXIST`, and where the directory is gone too, with `ENOENT`.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::room::Room;
use base::{Error, Result};
use mem::transfer::{Sink, Source};
use object::{FileKind, FileStatus};
use vfs::{
    AttributeChange, FileMarks, Inode, NewInode, Ownership, Path, RenameFlags, SetExtended, layer,
};

use crate::find::peek;
use crate::node::{Home, Node};
use crate::volume::{Origin, Upper, Volume, name_of};

/// How many bytes are copied at a time.
const PIECE: usize = 64 * 1024;

impl Node {
    /// Its place in the upper layer, where it is brought first if it is not there. With `bytes` false
    /// a file comes up empty, because what is in it is about to be thrown away.
    pub(crate) fn bring_up(&self, bytes: bool) -> Result<Path> {
        if self.upper().is_none() && self.kept_marks().contains(FileMarks::IMMUTABLE) {
            return Err(Error::NotPermitted);
        }
        self.bring_up_marked(bytes)
    }

    /// The same where the marks may be what is about to be changed.
    pub(crate) fn bring_up_marked(&self, bytes: bool) -> Result<Path> {
        if let Some(upper) = self.upper() {
            return Ok(upper);
        }
        let mut above: Vec<Arc<Node>> = Vec::new();
        let mut next = self.home();
        while let Some(home) = next {
            if home.parent.upper().is_some() {
                break;
            }
            next = home.parent.home();
            above.push(home.parent);
        }
        for directory in above.iter().rev() {
            match directory.bring_up_alone(true) {
                // Its name is gone, and so are those below it.
                Err(Error::NotFound | Error::Exists) => return Err(Error::NotFound),
                other => other?,
            };
        }
        self.bring_up_alone(bytes)
    }

    /// The same where everything above it has been brought up, or is gone.
    fn bring_up_alone(&self, bytes: bool) -> Result<Path> {
        let upper = self.volume.writable()?;
        let _alone = self.copying.lock();
        if let Some(there) = self.upper() {
            return Ok(there);
        }
        let lower = self.lower.first().ok_or(Error::NotFound)?;
        // Nothing is copied for nothing; the place is looked at again when the copy goes there.
        self.place_for_copy()?;
        let status = lower.path.status()?;
        let temporary = self.volume.temporary();
        let copy = make_copy(&self.volume, upper, &temporary, &lower.path, &status, bytes)?;
        match self.move_to_place(upper, &temporary) {
            Ok(()) => {}
            Err(error) => {
                upper.discard(&temporary);
                return Err(error);
            }
        }
        // What can only be added to stays so. The mark comes behind the move: it keeps even a copy from its place.
        let marks = lower.path.inode().marks().unwrap_or_default() & FileMarks::RESTRICTED;
        let marked = match marks.is_empty() {
            true => Ok(()),
            false => copy.inode().set_marks(marks),
        };
        let mut origin = None;
        if self.kind != FileKind::Directory {
            let inode = copy.status()?.inode;
            // A lower file with several names comes up once for each: they cannot share its number.
            if status.links == 1 {
                let came_from = Origin {
                    layer: lower.layer,
                    inode: status.inode,
                };
                origin = Some(came_from);
                self.volume.known.lock().origins.insert(inode, came_from);
            }
            self.make_known(inode);
        }
        self.set_upper(copy.clone(), origin);
        match marked {
            // The copy is where it belongs all the same.
            Ok(()) | Err(Error::Unsupported | Error::NotTerminal) => Ok(copy),
            Err(error) => Err(error),
        }
    }

    /// The place in the upper layer that a copy goes to; none any more once the name is another's, or nobody's.
    fn place_for_copy(&self) -> Result<Home> {
        let home = self.home().ok_or(Error::NotFound)?;
        let directory = home.parent.upper().ok_or(Error::NotFound)?;
        if directory.dentry().is_removed() {
            return Err(Error::NotFound);
        }
        match peek(&directory, vfs::Name::new(&home.name)?)? {
            Some(_) => Err(Error::Exists),
            None => Ok(home),
        }
    }

    /// Moves the copy from the work directory to its place.
    fn move_to_place(&self, upper: &Upper, temporary: &str) -> Result<()> {
        let name = name_of(temporary)?;
        let _names = self.volume.names.lock();
        let home = self.place_for_copy()?;
        let directory = home.parent.upper().ok_or(Error::NotFound)?;
        let to = vfs::Name::new(&home.name)?;
        let before = directory.status()?;
        layer::rename(&upper.work.root, name, &directory, to, RenameFlags::empty())?;
        // Nothing changed for who looks at the directory.
        let _ = directory.inode().set_attributes(&AttributeChange {
            access_time: Some(before.access_time),
            modification_time: Some(before.modification_time),
            ..AttributeChange::default()
        });
        Ok(())
    }
}

impl Upper {
    /// Throws away what was made in the work directory.
    pub(crate) fn discard(&self, temporary: &str) {
        let Ok(name) = name_of(temporary) else { return };
        let work = &self.work.root;
        if layer::unlink(work, name) == Err(Error::IsDirectory) {
            let _ = layer::remove_directory(work, name);
        }
    }
}

/// Makes a complete copy of `from` in the work directory.
fn make_copy(
    volume: &Volume,
    upper: &Upper,
    temporary: &str,
    from: &Path,
    status: &FileStatus,
    bytes: bool,
) -> Result<Path> {
    let source = from.inode();
    let owner = Ownership {
        mode: status.mode,
        uid: status.uid,
        gid: status.gid,
    };
    let body;
    let new = match status.kind {
        FileKind::Regular => NewInode::File,
        FileKind::Directory => NewInode::Directory,
        FileKind::SymbolicLink => {
            body = source.read_link()?;
            NewInode::Symlink(&body)
        }
        FileKind::CharacterDevice | FileKind::BlockDevice => NewInode::Device {
            kind: status.kind,
            major: status.device_major,
            minor: status.device_minor,
        },
        FileKind::Fifo => NewInode::Fifo,
        FileKind::Socket => NewInode::Socket,
        _ => return Err(Error::InvalidArgument),
    };
    let copy = layer::create(&upper.work.root, name_of(temporary)?, &new, owner)?;
    let fill = || -> Result<()> {
        let target = copy.inode();
        copy_attributes(volume, &**source, &**target)?;
        if bytes && status.kind == FileKind::Regular {
            copy_bytes(&**source, &**target, status.size)?;
        }
        target.set_attributes(&AttributeChange {
            access_time: Some(status.access_time),
            modification_time: Some(status.modification_time),
            ..AttributeChange::default()
        })?;
        // The rename must not come to the device before the bytes.
        match status.kind {
            FileKind::Regular if bytes => target.put_before_names(),
            _ => Ok(()),
        }
    };
    match fill() {
        Ok(()) => Ok(copy),
        Err(error) => {
            drop(copy);
            upper.discard(temporary);
            Err(error)
        }
    }
}

/// Copies extended attributes, but for the overlay's own marks.
fn copy_attributes(volume: &Volume, from: &dyn Inode, to: &dyn Inode) -> Result<()> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut short = Ok(());
    let listed = from.list_extended_attributes(&mut |name| {
        if short.is_ok() && !volume.is_mark(name) {
            short = names.make_room(1);
            if short.is_ok() {
                names.push(name.to_vec());
            }
        }
    });
    match listed {
        Err(Error::Unsupported) => return Ok(()),
        other => other?,
    }
    short?;
    for name in names {
        let value = match from.extended_attribute(&name) {
            Err(Error::NoData) => continue,
            other => other?,
        };
        match to.set_extended_attribute(&name, &value, SetExtended::empty()) {
            // What decides about rights must not be lost; the rest is lost where it cannot be kept.
            Err(Error::Unsupported)
                if !name.starts_with(b"security.") && !name.starts_with(b"system.") => {}
            other => other?,
        }
    }
    Ok(())
}

/// Copies the bytes of a file, holes as holes.
fn copy_bytes(from: &dyn Inode, to: &dyn Inode, size: u64) -> Result<()> {
    let mut buffer = Vec::new();
    buffer.make_room(PIECE.min(size as usize))?;
    buffer.resize(PIECE.min(size as usize), 0);
    let mut offset = 0;
    while offset < size {
        offset = match from.next_extent(offset, true) {
            Ok(data) => data,
            // Only a hole is left.
            Err(Error::NoSuchDevice) => break,
            Err(error) => return Err(error),
        };
        let end = match from.next_extent(offset, false) {
            Ok(hole) => hole.min(size),
            Err(_) => size,
        };
        while offset < end {
            let most = buffer.len().min((end - offset) as usize);
            let read = from.read_at(offset, &mut Sink::kernel(&mut buffer[..most]))?;
            if read == 0 {
                return Ok(());
            }
            let mut written = 0;
            while written < read {
                let mut piece = Source::kernel(&buffer[written..read]);
                written += to.write_at(offset + written as u64, &mut piece)?;
            }
            offset += read as u64;
        }
    }
    if to.status()?.size < size {
        to.truncate(size)?;
    }
    Ok(())
}
