//! ioctl on block special files (`include/uapi/linux/fs.h`).

use base::{Error, Result};
use device::block::{BlockFile, SECTOR};
use mem::user::UserPtr;
use object::File;

use crate::call::Call;
use crate::layout::block_request::*;

/// Does what is asked of a block device; `None` if the file is none, or does not understand.
pub(crate) fn ioctl(
    call: &Call<'_>,
    file: &dyn File,
    request: u32,
    argument: usize,
) -> Result<Option<usize>> {
    let Some(file) = file.downcast::<BlockFile>() else {
        return Ok(None);
    };
    let device = file.device();
    let geometry = device.geometry();
    let bytes = geometry.sectors.saturating_mul(SECTOR as u64);
    let number = |number: usize| UserPtr::<i32>::from(argument).write(&(number as i32));
    match request {
        BLKGETSIZE64 => UserPtr::<u64>::from(argument).write(&bytes)?,
        BLKGETSIZE => UserPtr::<u64>::from(argument).write(&geometry.sectors)?,
        BLKSSZGET | BLKPBSZGET => number(geometry.block_size)?,
        BLKBSZGET => number(hal::PAGE_SIZE)?,
        BLKROGET => number(usize::from(geometry.read_only))?,
        BLKFLSBUF => {
            may_administer(call)?;
            file.cache().settle()?;
        }
        BLKRRPART => {
            may_administer(call)?;
            fs_dev::partitions::rescan(device)?;
        }
        _ => return Ok(None),
    }
    Ok(Some(0))
}

fn may_administer(call: &Call<'_>) -> Result<()> {
    match call.process().credentials().is_superuser() {
        true => Ok(()),
        false => Err(Error::AccessDenied),
    }
}
