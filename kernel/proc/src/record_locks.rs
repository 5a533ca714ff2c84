//! Processes as the owners of record locks (fcntl(2), "Advisory record locking").
//!
//! A record lock belongs to a process and a file: it ends with the process, or when the process closes *any* handle of the
//! file, by whatever call. Programs of all environments may lock one file, so owners are told apart by the machine's own
//! numbers, whatever number a process has in its environment.

use object::Handle;
use vfs::OpenFile;

use crate::process::Process;

impl Process {
    /// Its number as the owner of record locks: no other process of the machine has it.
    pub fn lock_owner(&self) -> u64 {
        self.identity().outermost().into()
    }

    /// The owner of record locks with this number, as this process numbers others; 0 where it does not see it.
    pub fn number_of_lock_owner(&self, owner: u32) -> u32 {
        self.identity().number_of(owner)
    }

    /// A handle of it was closed: its record locks on that file end.
    pub fn release_locks_of(&self, handle: &Handle) {
        let locks = handle.object.file().and_then(|file| {
            let opened = file.downcast::<OpenFile>()?;
            opened.inode().attachments()?.locks_if_any()
        });
        if let Some(locks) = locks {
            locks.unlock_all(self.lock_owner());
        }
    }

    /// It ends, and its record locks with it, whoever else has the files open.
    pub(crate) fn release_all_locks(&self) {
        for (_, handle) in self.handles().iter() {
            self.release_locks_of(&handle);
        }
    }
}
