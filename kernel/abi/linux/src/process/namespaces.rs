//! unshare and setns: leaving what is shared.

use base::{Error, Result};
use object::Rights;

use crate::arguments::Fd;
use crate::call::Call;

const CLONE_FS: u64 = 0x200;
const CLONE_FILES: u64 = 0x400;
const CLONE_NEWNS: u64 = 0x20000;
const CLONE_SYSVSEM: u64 = 0x40000;

/// unshare(2): mounts, place in the file tree, descriptors. The other namespaces belong to the
/// environment; asking for one fails as on a kernel that was built without it.
pub(crate) fn unshare(call: &mut Call<'_>, flags: u64) -> Result<usize> {
    if flags & !(CLONE_FS | CLONE_FILES | CLONE_NEWNS | CLONE_SYSVSEM) != 0 {
        return Err(Error::InvalidArgument);
    }
    let process = call.process();
    let superuser = process.credentials().is_superuser();
    if flags & CLONE_NEWNS != 0 && !superuser {
        return Err(Error::NotPermitted);
    }
    if flags & CLONE_FILES != 0 {
        let own = alloc::sync::Arc::new(process.handles().fork()?);
        drop(process.set_handles(own));
    }
    if flags & (CLONE_FS | CLONE_NEWNS) != 0 {
        let mut context = process.fs().as_ref().clone();
        if flags & CLONE_NEWNS != 0 {
            context.unshare_view();
        }
        drop(process.set_shared_fs(proc::shared_fs_context(context)));
    }
    Ok(0)
}

/// setns(2): no file stands for a namespace, so any descriptor is the wrong one.
pub(crate) fn setns(call: &mut Call<'_>, file: Fd, _kind: u32) -> Result<usize> {
    call.file(file, Rights::empty())?;
    Err(Error::InvalidArgument)
}
