//! Places for objects that have no name: pipes, sockets, events.
//!
//! `/proc/PID/fd/1` may lead to a pipe. Opening it, or `/dev/stdout`, has to work, and `readlink`
//! shows `pipe:[7]`. [`place_of`] makes a Path for any open file: a mount and a dentry of their own
//! that nobody else can reach, whose only inode opens to that file.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use base::Result;
use object::{File, FileKind, FileStatus};

use crate::dentry::Dentry;
use crate::inode::{FileSystem, FileSystemStatistics, Inode, OpenRequest};
use crate::mount::Mount;
use crate::path::Path;
use crate::volume::Volume;

/// The file system of one nameless object.
struct Nameless {
    inode: Arc<NamelessInode>,
}

struct NamelessInode {
    file: Arc<dyn File>,
}

/// A place whose open gives `file` again, and whose text is `text`.
pub fn place_of(file: Arc<dyn File>, text: Vec<u8>) -> Path {
    let inode = Arc::new(NamelessInode { file });
    let filesystem: Arc<dyn FileSystem> = Arc::new(Nameless {
        inode: inode.clone(),
    });
    let dentry = Dentry::root(Volume::alone(filesystem), inode);
    Path {
        mount: Mount::anonymous(dentry.clone(), text),
        dentry,
    }
}

/// The file behind such a place.
pub fn file_of(place: &Path) -> Option<&Arc<dyn File>> {
    place
        .inode()
        .downcast::<NamelessInode>()
        .map(|inode| &inode.file)
}

pub(crate) fn is_anonymous(place: &Path) -> bool {
    file_of(place).is_some()
}

impl FileSystem for Nameless {
    fn name(&self) -> &'static str {
        "anon_inodefs"
    }

    fn device(&self) -> u64 {
        self.inode.file.status().map_or(0, |status| status.device)
    }

    fn root(&self) -> Arc<dyn Inode> {
        self.inode.clone()
    }

    fn statistics(&self) -> FileSystemStatistics {
        FileSystemStatistics {
            magic: 0x0904_1934,
            block_size: 4096,
            name_length: 255,
            ..Default::default()
        }
    }
}

impl Inode for NamelessInode {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> FileKind {
        self.file
            .status()
            .map_or(FileKind::Anonymous, |status| status.kind)
    }

    fn status(&self) -> Result<FileStatus> {
        self.file.status()
    }

    fn open(&self, _request: &OpenRequest) -> Result<Option<Arc<dyn File>>> {
        Ok(Some(self.file.clone()))
    }
}
