//! Capabilities: all for the super-user, none for anybody else.
//!
//! The kernel's checks ask for the super-user, so these calls describe just that. Giving up a
//! capability is refused, because the kernel could not hold the caller to it.

use base::{Error, Result};
use mem::user::UserPtr;

use super::process_of;
use crate::call::Call;
use crate::layout::{CapabilityData, CapabilityHeader};

const VERSION_1: u32 = 0x1998_0330;
const VERSION_2: u32 = 0x2007_1026;
const VERSION_3: u32 = 0x2008_0522;

/// All capabilities up to `CAP_CHECKPOINT_RESTORE` (40), in two words.
const ALL: [u32; 2] = [u32::MAX, 0x1ff];

/// How many data records a version has; tells the program the preferred version if it is unknown.
fn records(pointer: UserPtr<CapabilityHeader>, header: CapabilityHeader) -> Result<usize> {
    match header.version {
        VERSION_1 => Ok(1),
        VERSION_2 | VERSION_3 => Ok(2),
        _ => {
            pointer.write(&CapabilityHeader {
                version: VERSION_3,
                ..header
            })?;
            Err(Error::InvalidArgument)
        }
    }
}

fn of_caller_kind(superuser: bool, count: usize) -> [CapabilityData; 2] {
    let word = |index: usize| {
        if superuser && index < count {
            ALL[index]
        } else {
            0
        }
    };
    [0, 1].map(|index| CapabilityData {
        effective: word(index),
        permitted: word(index),
        inheritable: 0,
    })
}

/// capget(2).
pub(crate) fn capget(
    call: &mut Call<'_>,
    header: UserPtr<CapabilityHeader>,
    data: UserPtr<CapabilityData>,
) -> Result<usize> {
    let read = header.read()?;
    let count = match records(header, read) {
        // Asking with an unknown version and no room is how programs find out the version.
        Err(Error::InvalidArgument) if data.is_null() => return Ok(0),
        other => other?,
    };
    let target = process_of(call, read.pid).map_err(|error| match read.pid {
        negative if negative < 0 => Error::InvalidArgument,
        _ => error,
    })?;
    if let Some(data) = data.non_null() {
        let superuser = target.credentials().is_superuser();
        data.write_many(&of_caller_kind(superuser, count)[..count])?;
    }
    Ok(0)
}

/// capset(2): only what is so already.
pub(crate) fn capset(
    call: &mut Call<'_>,
    header: UserPtr<CapabilityHeader>,
    data: UserPtr<CapabilityData>,
) -> Result<usize> {
    let read = header.read()?;
    let count = records(header, read)?;
    if read.pid != 0 && read.pid != call.process().id() as i32 {
        return Err(Error::NotPermitted);
    }
    let wanted = data.read_many(count)?;
    let present = of_caller_kind(call.process().credentials().is_superuser(), count);
    if wanted == present[..count] {
        Ok(0)
    } else {
        Err(Error::NotPermitted)
    }
}
