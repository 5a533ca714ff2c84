//! All file systems that a process can see, taken together.

use vfs::FsContext;

/// Brings every mounted file system that the context can see to its device.
pub(crate) fn sync_all(context: &FsContext) {
    for filesystem in context.view.filesystems() {
        if let Err(error) = filesystem.sync() {
            base::log::warn!("sync of {}: {error}", filesystem.name());
        }
    }
}
