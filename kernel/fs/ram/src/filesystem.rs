//! The instance: its name, its root, its numbers.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use base::{Error, Result};
use vfs::{FileHandle, FileSystem, FileSystemStatistics, Inode, NewInode, Ownership};

use crate::inode::{RamInode, own};
use crate::limits::{Account, Limits};

/// Linux's magic number of tmpfs.
const TMPFS_MAGIC: u64 = 0x0102_1994;
/// Linux's magic number of ramfs, which here differs from tmpfs in name only.
const RAMFS_MAGIC: u64 = 0x8584_58f6;
/// The mode of a root directory that is not said when the table of mounts is shown.
const USUAL_MODE: u32 = 0o1777;

/// A file system in memory.
pub struct RamFs {
    name: &'static str,
    account: Arc<Account>,
    root: Arc<RamInode>,
    /// Whose the root directory was made and with which mode, for the table of mounts.
    made: Ownership,
}

impl RamFs {
    /// An empty tmpfs with the default limits.
    pub fn new() -> Result<Arc<Self>> {
        Self::with("tmpfs", Limits::default(), USUAL_MODE)
    }

    /// An empty instance that calls itself `name`, with these limits; the root directory belongs
    /// to user 0 and has `mode`.
    pub fn with(name: &'static str, limits: Limits, mode: u32) -> Result<Arc<Self>> {
        let owner = Ownership {
            mode,
            uid: 0,
            gid: 0,
        };
        Self::owned(name, limits, owner)
    }

    /// The same with a root directory that belongs to somebody.
    pub(crate) fn owned(name: &'static str, limits: Limits, owner: Ownership) -> Result<Arc<Self>> {
        let account = Arc::new(Account::new(vfs::allocate_device(), limits));
        let root = RamInode::new(&account, &NewInode::Directory, owner)?;
        Ok(Arc::new(Self {
            name,
            account,
            root,
            made: owner,
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
            magic: match self.name {
                "ramfs" => RAMFS_MAGIC,
                _ => TMPFS_MAGIC,
            },
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
        // What was not asked for is not said.
        let (limits, usual) = (self.account.limits(), Limits::default());
        let mut text = String::new();
        if limits.pages != usual.pages {
            let kibibytes = limits.pages.saturating_mul(hal::PAGE_SIZE / 1024);
            text.push_str(&format!(",size={kibibytes}k"));
        }
        if limits.inodes != usual.inodes {
            text.push_str(&format!(",nr_inodes={}", limits.inodes));
        }
        if self.made.mode != USUAL_MODE {
            text.push_str(&format!(",mode={:03o}", self.made.mode));
        }
        for (name, number) in [("uid", self.made.uid), ("gid", self.made.gid)] {
            if number != 0 {
                text.push_str(&format!(",{name}={number}"));
            }
        }
        if self.name != "ramfs" {
            text.push_str(",inode64");
        }
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
