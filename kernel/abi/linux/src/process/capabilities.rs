//! Capabilities: all for the super-user but those that it gave up, none for anybody else.
//!
//! Nearly all of the kernel's checks ask for the super-user, so these calls describe just that. Two capabilities are
//! asked for by themselves ([`Capabilities`]) and can be given up and, while they are still permitted, taken back. Giving
//! up another one is refused, because the kernel could not hold the caller to it.

use base::{Error, Result};
use mem::user::UserPtr;
use vfs::{Capabilities, Credentials};

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

fn records_of(credentials: &Credentials, count: usize) -> [CapabilityData; 2] {
    let superuser = credentials.is_superuser();
    let word = |index: usize, without: Capabilities| match superuser && index < count {
        true if index == 0 => ALL[index] & !(without.linux_bits() as u32),
        true => ALL[index],
        false => 0,
    };
    [0, 1].map(|index| CapabilityData {
        effective: word(index, credentials.given_up),
        permitted: word(index, credentials.lost),
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
        data.write_many(&records_of(&target.credentials(), count)[..count])?;
    }
    Ok(0)
}

/// capset(2): what is so already, but for the capabilities that can be given up.
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
    let first = wanted.first().copied().unwrap_or_default();
    let mut changed = call.process().credentials();
    if changed.is_superuser() {
        let lost = Capabilities::missing_in(first.permitted.into());
        // What is not permitted any more does not come back.
        if !lost.contains(changed.lost)
            || !Capabilities::missing_in(first.effective.into()).contains(lost)
        {
            return Err(Error::NotPermitted);
        }
        changed.lost = lost;
        changed.given_up = Capabilities::missing_in(first.effective.into());
    }
    if wanted != records_of(&changed, count)[..count] {
        return Err(Error::NotPermitted);
    }
    // Only these: another thread may be giving up its user at the same time.
    call.process().update_fs(|fs| {
        fs.credentials.given_up = changed.given_up;
        fs.credentials.lost = changed.lost;
    });
    Ok(0)
}
