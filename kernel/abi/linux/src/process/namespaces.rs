//! unshare and setns: leaving what is shared.

use alloc::sync::Arc;
use base::{Error, Result};
use mem::user::UserPtr;
use object::{File, Rights};
use vfs::ViewFile;

use super::descriptor::{may_take_from, process_and_flags};
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
        let own = Arc::new(process.handles().fork()?);
        drop(process.set_handles(own));
    }
    if flags & (CLONE_FS | CLONE_NEWNS) != 0 {
        let mut context = process.fs().as_ref().clone();
        if flags & CLONE_NEWNS != 0 {
            context.unshare_view()?;
        }
        drop(process.set_shared_fs(proc::shared_fs_context(context)));
    }
    Ok(0)
}

/// setns(2): into another process's mounts, by `/proc/PID/ns/mnt` or a descriptor of the process. No other namespace
/// can be entered.
pub(crate) fn setns(call: &mut Call<'_>, file: Fd, kind: u32) -> Result<usize> {
    let kind = u64::from(kind);
    let opened = call.file(file, Rights::empty())?;
    let view = if let Some(namespace) = opened.downcast::<ViewFile>() {
        if kind != 0 && kind != CLONE_NEWNS {
            return Err(Error::InvalidArgument);
        }
        namespace.view().clone()
    } else {
        let target = process_and_flags(call, file).map_err(|_| Error::InvalidArgument)?;
        if kind != CLONE_NEWNS {
            return Err(Error::InvalidArgument);
        }
        let target = target.0;
        if target.is_zombie() {
            return Err(Error::NoSuchProcess);
        }
        may_take_from(call.process(), &target)?;
        target.fs().view.clone()
    };
    let process = call.process();
    // Nor does anybody leave a view that he was put into.
    process.fs().check_may_mount()?;
    // Nobody else may be moved along: neither threads nor processes that share the place in the file tree.
    let shared = process.shared_fs();
    if process.tasks().len() != 1 || Arc::strong_count(&shared) > 2 {
        return Err(Error::InvalidArgument);
    }
    process.update_fs(|fs| fs.enter_view(&view));
    Ok(0)
}

/// What ioctl_ns(2) asks of a namespace's file. `None` for what is no such request, or no such file.
pub(crate) fn ioctl(file: &dyn File, request: u32, argument: usize) -> Result<Option<usize>> {
    const NS_GET_PARENT: u32 = 0xb702;
    const NS_GET_NSTYPE: u32 = 0xb703;
    const NS_GET_OWNER_UID: u32 = 0xb704;
    const NS_GET_MNTNS_ID: u32 = 0x8008_b705;
    let Some(namespace) = file.downcast::<ViewFile>() else {
        return Ok(None);
    };
    match request {
        NS_GET_NSTYPE => Ok(Some(CLONE_NEWNS as usize)),
        // Only namespaces of users and of processes lie in each other.
        NS_GET_PARENT | NS_GET_OWNER_UID => Err(Error::InvalidArgument),
        NS_GET_MNTNS_ID => {
            UserPtr::<u64>::from(argument).write(&namespace.view().id())?;
            Ok(Some(0))
        }
        _ => Ok(None),
    }
}
