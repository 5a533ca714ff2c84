//! ioctl on loop devices and on `/dev/loop-control` (`loop(4)`).
//!
//! There is no encryption and no direct i/o: who asks for one of them is refused.

use alloc::sync::Arc;

use base::{Error, Result};
use device::block::BlockFile;
use driver_loop::{LoopControl, LoopDevice, Setup};
use mem::user::UserPtr;
use object::{File, FileAccess, Rights};

use crate::arguments::Fd;
use crate::call::Call;
use crate::layout::loop_request::*;
use crate::layout::{
    LO_FLAGS_AUTOCLEAR, LO_FLAGS_PARTSCAN, LO_FLAGS_READ_ONLY, LoopConfiguration, LoopInfo,
    OldLoopInfo,
};

/// Does what is asked of a loop device or of the control device; `None` if the file is neither, or does not understand.
pub(crate) fn ioctl(
    call: &Call<'_>,
    file: &dyn File,
    request: u32,
    argument: usize,
) -> Result<Option<usize>> {
    if file.downcast::<LoopControl>().is_some() {
        return control(request, argument);
    }
    let Some(device) = file
        .downcast::<BlockFile>()
        .map(|file| file.device().number())
    else {
        return Ok(None);
    };
    let Some(device) = driver_loop::find(device) else {
        return Ok(None);
    };
    let writes = file.access().contains(FileAccess::WRITE);
    let backing = |descriptor: i32| call.file(Fd(descriptor), Rights::empty());
    match request {
        LOOP_SET_FD => {
            let setup = Setup {
                read_only: !writes,
                ..Setup::default()
            };
            device.attach(&backing(argument as i32)?, setup)?;
        }
        LOOP_CONFIGURE => {
            let asked = UserPtr::<LoopConfiguration>::from(argument).read()?;
            if asked.reserved != [0; 8] || !matches!(asked.block_size, 0 | 512) {
                return Err(Error::InvalidArgument);
            }
            if asked.info.flags & !KNOWN != 0 {
                return Err(Error::InvalidArgument);
            }
            let mut setup = setup_of(&asked.info)?;
            setup.read_only |= !writes;
            device.attach(&backing(asked.file)?, setup)?;
        }
        LOOP_CLR_FD => {
            may_change(call, writes)?;
            device.detach(1)?;
        }
        LOOP_SET_STATUS64 => {
            may_change(call, writes)?;
            device.change(changed(UserPtr::from(argument).read()?)?)?;
        }
        LOOP_GET_STATUS | LOOP_GET_STATUS64 if argument == 0 => return Err(Error::InvalidArgument),
        LOOP_GET_STATUS64 => {
            UserPtr::<LoopInfo>::from(argument).write(&describe(&device)?)?;
        }
        LOOP_SET_STATUS => {
            may_change(call, writes)?;
            let asked = UserPtr::<OldLoopInfo>::from(argument).read()?;
            device.change(changed(of_old(&asked))?)?;
        }
        LOOP_GET_STATUS => {
            let old = old_of(&describe(&device)?)?;
            UserPtr::<OldLoopInfo>::from(argument).write(&old)?;
        }
        LOOP_CHANGE_FD => device.replace(&backing(argument as i32)?)?,
        LOOP_SET_CAPACITY => {
            may_change(call, writes)?;
            device.update_size()?;
        }
        _ => return Ok(None),
    }
    Ok(Some(0))
}

fn control(request: u32, argument: usize) -> Result<Option<usize>> {
    let index = || u32::try_from(argument as i32).map_err(|_| Error::InvalidArgument);
    let index = match request {
        LOOP_CTL_ADD if argument as i32 == -1 => driver_loop::add_any()?,
        LOOP_CTL_ADD => driver_loop::add(index()?)?,
        LOOP_CTL_REMOVE => driver_loop::remove(index()?)?,
        LOOP_CTL_GET_FREE => driver_loop::free()?,
        _ => return Err(Error::NotImplemented),
    };
    Ok(Some(index as usize))
}

/// As on Linux: who may write to the device, or administer the machine.
fn may_change(call: &Call<'_>, writes: bool) -> Result<()> {
    match writes || call.process().credentials().is_superuser() {
        true => Ok(()),
        false => Err(Error::NotPermitted),
    }
}

/// What of a device that has its file is to change. Flags that mean nothing then are passed by, as on Linux.
fn changed(info: LoopInfo) -> Result<Setup> {
    setup_of(&LoopInfo {
        flags: info.flags & KNOWN,
        ..info
    })
}

/// All flags that mean something.
const KNOWN: u32 = LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN | LO_FLAGS_READ_ONLY;

fn setup_of(info: &LoopInfo) -> Result<Setup> {
    if info.encryption != 0 || info.key_size > info.key.len() as u32 {
        return Err(Error::InvalidArgument);
    }
    let (offset, limit) = (info.offset, info.size_limit);
    if offset > i64::MAX as u64 || limit > i64::MAX as u64 {
        return Err(Error::Overflow);
    }
    let name = info.file_name.as_flattened();
    let end = name
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(name.len() - 1);
    Ok(Setup {
        offset,
        limit,
        read_only: info.flags & LO_FLAGS_READ_ONLY != 0,
        scanned: info.flags & LO_FLAGS_PARTSCAN != 0,
        autoclear: info.flags & LO_FLAGS_AUTOCLEAR != 0,
        name: name[..end].into(),
    })
}

fn describe(device: &Arc<LoopDevice>) -> Result<LoopInfo> {
    let (setup, status) = device.setup()?;
    let mut info = LoopInfo {
        device: status.device,
        inode: status.inode,
        offset: setup.offset,
        size_limit: setup.limit,
        number: device.index(),
        ..LoopInfo::default()
    };
    for (set, flag) in [
        (setup.read_only, LO_FLAGS_READ_ONLY),
        (setup.autoclear, LO_FLAGS_AUTOCLEAR),
        (setup.scanned, LO_FLAGS_PARTSCAN),
    ] {
        info.flags |= if set { flag } else { 0 };
    }
    let name = info.file_name.as_flattened_mut();
    let length = setup.name.len().min(name.len() - 1);
    name[..length].copy_from_slice(&setup.name[..length]);
    Ok(info)
}

/// What the old record says of encryption is nothing to Linux either.
fn of_old(old: &OldLoopInfo) -> LoopInfo {
    LoopInfo {
        // A negative one is found to be too far.
        offset: old.offset as i64 as u64,
        flags: old.flags,
        file_name: old.file_name,
        ..LoopInfo::default()
    }
}

/// [`Error::Overflow`] where the old record has too little room.
fn old_of(info: &LoopInfo) -> Result<OldLoopInfo> {
    Ok(OldLoopInfo {
        number: info.number as i32,
        device: info.device.try_into().map_err(|_| Error::Overflow)?,
        inode: info.inode,
        offset: info.offset.try_into().map_err(|_| Error::Overflow)?,
        flags: info.flags,
        file_name: info.file_name,
        ..OldLoopInfo::default()
    })
}
