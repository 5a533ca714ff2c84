//! The instance: its name, its root, its numbers.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use base::{Error, Result};
use vfs::{FileHandle, FileSystem, FileSystemStatistics, Inode, NewInode, Ownership};

use crate::inode::{RamInode, own};
use crate::limits::{Account, Limits};

/// Linux's magic number of tmpfs.
const TMPFS_MAGIC: u64 = 0x0102_1994;

/// A file system in memory.
pub struct RamFs {
    name: &'static str,
    account: Arc<Account>,
    root: Arc<RamInode>,
}

impl RamFs {
    /// An empty tmpfs with the default limits.
    pub fn new() -> Result<Arc<Self>> {
        Self::with("tmpfs", Limits::default(), 0o1777)
    }

    /// An empty instance that calls itself `name`, with these limits; the root directory belongs
    /// to user 0 and has `mode`.
    pub fn with(name: &'static str, limits: Limits, mode: u32) -> Result<Arc<Self>> {
        let account = Arc::new(Account::new(vfs::allocate_device(), limits));
        let owner = Ownership {
            mode,
            uid: 0,
            gid: 0,
        };
        let root = RamInode::new(&account, &NewInode::Directory, owner)?;
        Ok(Arc::new(Self {
            name,
            account,
            root,
        }))
    }

    /// The kernel itself will make names here while it is mounted, as devfs does: the name cache must
    /// not remember that a name is missing.
    pub fn let_names_appear(&self) {
        self.account.names_appear.store(true, Ordering::Relaxed);
    }

    /// The root directory, as what it is.
    pub fn root_inode(&self) -> &Arc<RamInode> {
        &self.root
    }
}

impl FileSystem for RamFs {
    fn name(&self) -> &'static str {
        self.name
    }

    fn device(&self) -> u64 {
        self.account.device
    }

    fn root(&self) -> Arc<dyn Inode> {
        self.root.clone()
    }

    fn statistics(&self) -> FileSystemStatistics {
        let limits = self.account.limits();
        let free = limits.pages.saturating_sub(self.account.pages()) as u64;
        FileSystemStatistics {
            magic: TMPFS_MAGIC,
            block_size: hal::PAGE_SIZE as u64,
            blocks: limits.pages as u64,
            blocks_free: free,
            blocks_available: free,
            inodes: limits.inodes as u64,
            inodes_free: limits.inodes.saturating_sub(self.account.inodes()) as u64,
            name_length: vfs::NAME_MAX as u64,
        }
    }

    fn reconfigure(&self, _read_only: bool, options: &[u8]) -> Result<()> {
        let (pages, inodes) = crate::options::changed(options, self.account.limits())?;
        self.account.set_limits(pages, inodes)
    }

    fn handle(&self, inode: &Arc<dyn Inode>) -> Result<FileHandle> {
        let inode = own(inode).map_err(|_| Error::Unsupported)?;
        self.account.handed_out.give(&inode)
    }

    fn find_handle(&self, handle: FileHandle) -> Result<Arc<dyn Inode>> {
        Ok(self.account.handed_out.find(handle)?)
    }

    fn directory_above(&self, directory: &Arc<dyn Inode>) -> Result<Arc<dyn Inode>> {
        let above = own(directory)?.entries()?.lock().above();
        Ok(above.ok_or(Error::Stale)?)
    }

    fn options(&self) -> Vec<u8> {
        let limits = self.account.limits();
        let kibibytes = limits.pages * (hal::PAGE_SIZE / 1024);
        let mut text = format!(",size={kibibytes}k,nr_inodes={}", limits.inodes);
        if limits.directory_pages != 0 {
            text.push_str(&format!(",directory_blocks={}", limits.directory_pages));
        }
        if limits.unpaid {
            text.push_str(",unpaid");
        }
        text.into_bytes()
    }
}

impl Drop for RamFs {
    fn drop(&mut self) {
        self.root.empty();
    }
}
