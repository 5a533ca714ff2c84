//! ioctl on block special files (`include/uapi/linux/fs.h`).

use alloc::sync::Arc;

use base::{Error, Result};
use device::block::partition::Entry;
use device::block::{BlockDevice, BlockFile, SECTOR};
use mem::user::UserPtr;
use object::File;

use crate::call::Call;
use crate::layout::blkpg_operation::*;
use crate::layout::block_request::*;
use crate::layout::{BlkpgPartition, BlkpgRequest};

/// Sectors of a page, in which what is read ahead is counted.
const SECTORS: u64 = (hal::PAGE_SIZE / SECTOR) as u64;

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
        BLKSSZGET | BLKPBSZGET | BLKIOMIN => number(geometry.block_size)?,
        // No device here says more about its medium.
        BLKIOOPT | BLKALIGNOFF => number(0)?,
        BLKBSZGET => number(hal::PAGE_SIZE)?,
        BLKROGET => number(usize::from(device.is_protected()))?,
        BLKROSET => {
            may_administer(call)?;
            let protected = UserPtr::<i32>::from(argument).read()? != 0;
            let settings = device.settings().ok_or(Error::NotTerminal)?;
            settings.protect(protected);
        }
        BLKRAGET | BLKFRAGET if argument == 0 => return Err(Error::InvalidArgument),
        BLKRAGET | BLKFRAGET => {
            let ahead = device.ahead().ok_or(Error::NotTerminal)?;
            UserPtr::<u64>::from(argument).write(&(ahead.pages() * SECTORS))?;
        }
        // The number itself is the argument.
        BLKRASET | BLKFRASET => {
            may_administer(call)?;
            let ahead = device.ahead().ok_or(Error::NotTerminal)?;
            ahead.set_pages(argument as u64 / SECTORS);
        }
        BLKFLSBUF => {
            may_administer(call)?;
            file.cache().settle()?;
        }
        BLKRRPART => {
            may_administer(call)?;
            fs_dev::partitions::rescan(device)?;
        }
        BLKPG => {
            may_administer(call)?;
            change_parts(device, argument)?;
        }
        _ => return Ok(None),
    }
    Ok(Some(0))
}

/// Makes a part of a disk known, or takes one away.
fn change_parts(device: &Arc<dyn BlockDevice>, argument: usize) -> Result<()> {
    let asked = UserPtr::<BlkpgRequest>::from(argument).read()?;
    let part = UserPtr::<BlkpgPartition>::from(asked.data as usize).read()?;
    let number = u32::try_from(part.number).map_err(|_| Error::InvalidArgument)?;
    let sectors = |bytes: i64| match u64::try_from(bytes) {
        Ok(bytes) if bytes.is_multiple_of(SECTOR as u64) => Ok(bytes / SECTOR as u64),
        _ => Err(Error::InvalidArgument),
    };
    match asked.operation {
        BLKPG_ADD_PARTITION => {
            let entry = Entry {
                number,
                start: sectors(part.start)?,
                sectors: sectors(part.length)?,
            };
            fs_dev::partitions::add(device, &entry)
        }
        BLKPG_DEL_PARTITION => fs_dev::partitions::remove(device, number),
        _ => Err(Error::InvalidArgument),
    }
}

fn may_administer(call: &Call<'_>) -> Result<()> {
    match call.process().credentials().is_superuser() {
        true => Ok(()),
        false => Err(Error::AccessDenied),
    }
}
