//! What protects users from each other in directories that all may write to (proc_sys_fs(5), `protected_*`).
//!
//! Where everyone may add names, as in `/tmp`, a stranger can put a link or a file where a program is about to look
//! for its own: the program then follows the link to a file that the stranger could not have changed, or fills a
//! file that is the stranger's. And who may link to any file keeps what its owner believes to be removed. Permissions
//! forbid none of this, so it is asked besides them, of the super-user too. Each rule is a setting of the whole
//! machine; the two about links are in force from the beginning, as on Debian.

use core::sync::atomic::{AtomicUsize, Ordering};

use base::{Error, Result};
use hal::Global;
use object::FileKind;

use crate::credentials::{Credentials, Ownership, Permission, SET_GROUP_ID, SET_USER_ID, STICKY};
use crate::inode::Inode;
use crate::path::Path;

const ALL_MAY_WRITE: u32 = 0o002;
const GROUP_MAY_WRITE: u32 = 0o020;
const GROUP_MAY_EXECUTE: u32 = 0o010;

/// Which rules are in force.
pub struct Protections {
    /// Symbolic links of strangers at the end of a path: 0 or 1.
    pub symbolic_links: AtomicUsize,
    /// New names for files of strangers: 0 or 1.
    pub hard_links: AtomicUsize,
    /// Named pipes of strangers that `O_CREAT` finds: 0, 1 where all may write, 2 also where a group may.
    pub pipes: AtomicUsize,
    /// Files of strangers, the same.
    pub files: AtomicUsize,
}

/// The settings.
pub static PROTECTIONS: Global<Protections> = Global::new(|| Protections {
    symbolic_links: AtomicUsize::new(1),
    hard_links: AtomicUsize::new(1),
    pipes: AtomicUsize::new(0),
    files: AtomicUsize::new(0),
});

fn level(setting: &AtomicUsize) -> usize {
    setting.load(Ordering::Relaxed)
}

impl Credentials {
    /// Whether `link`, the end of a path, may be followed out of `directory`: [`Error::AccessDenied`] if it is
    /// neither the caller's nor the directory's owner's, in a sticky directory that all may write to.
    pub(crate) fn check_following(&self, directory: &Path, link: &dyn Inode) -> Result<()> {
        if level(&PROTECTIONS.symbolic_links) == 0 {
            return Ok(());
        }
        let link = link.ownership()?;
        if link.uid == self.fsuid {
            return Ok(());
        }
        let above = directory.inode().ownership()?;
        let shared = STICKY | ALL_MAY_WRITE;
        match above.mode & shared == shared && above.uid != link.uid {
            true => Err(Error::AccessDenied),
            false => Ok(()),
        }
    }

    /// Whether `file` may get another name: [`Error::NotPermitted`] if it is a stranger's and not a plain file
    /// that the caller may read and write.
    pub(crate) fn check_linking(&self, file: &dyn Inode) -> Result<()> {
        if level(&PROTECTIONS.hard_links) == 0 {
            return Ok(());
        }
        let ownership = file.ownership()?;
        let usable = || self.check_inode(file, Permission::READ | Permission::WRITE);
        match self.owns(ownership) || is_plain(file.kind(), ownership) && usable().is_ok() {
            true => Ok(()),
            false => Err(Error::NotPermitted),
        }
    }

    /// Whether what `O_CREAT` found in `directory` may be opened instead of made: [`Error::AccessDenied`] if it is
    /// neither the caller's nor the directory's owner's, in a sticky directory.
    pub(crate) fn check_found(&self, directory: &Path, found: &Path) -> Result<()> {
        let above = directory.inode().ownership()?;
        if above.mode & STICKY == 0 {
            return Ok(());
        }
        // Nobody makes a device by opening it.
        let level = match found.dentry().kind() {
            FileKind::Regular => level(&PROTECTIONS.files),
            FileKind::Fifo => level(&PROTECTIONS.pipes),
            _ => 1,
        };
        let owner = found.inode().ownership()?.uid;
        let strange = owner != above.uid && owner != self.fsuid;
        let exposed = level >= 1 && above.mode & ALL_MAY_WRITE != 0
            || level >= 2 && above.mode & GROUP_MAY_WRITE != 0;
        match strange && exposed {
            true => Err(Error::AccessDenied),
            false => Ok(()),
        }
    }
}

/// Whether another name gives nobody anything: no device or pipe, no program that runs as somebody else.
fn is_plain(kind: FileKind, ownership: Ownership) -> bool {
    let group_program = SET_GROUP_ID | GROUP_MAY_EXECUTE;
    kind == FileKind::Regular
        && ownership.mode & SET_USER_ID == 0
        && ownership.mode & group_program != group_program
}
