//! Numbers of devices, on the disk and here.
//!
//! On xv6's disk the console is device 1. Here it is 5:1, as on Linux, and all other devices that xv6 programs can make have
//! the major number 240, which nobody else uses, and both of xv6's numbers in the minor one. So a disk's console is the
//! console here, and no other number of it is taken for a device of Linux.

use crate::format::inode::Record;

const CONSOLE_ON_DISK: u16 = 1;
const CONSOLE: (u32, u32) = (5, 1);
const OTHERS: u32 = 240;

/// The device that an inode leads to: major and minor number.
pub(crate) fn from_disk(record: &Record) -> (u32, u32) {
    match record.major {
        CONSOLE_ON_DISK => CONSOLE,
        major => (
            OTHERS,
            u32::from(major & 0xff) << 8 | u32::from(record.minor & 0xff),
        ),
    }
}

/// What the disk says of a device; [`None`] where it has no word for it.
pub(crate) fn to_disk(major: u32, minor: u32) -> Option<(u16, u16)> {
    match (major, minor) {
        CONSOLE => Some((CONSOLE_ON_DISK, 0)),
        (OTHERS, minor) if minor >> 8 != CONSOLE_ON_DISK.into() && minor >> 16 == 0 => {
            Some(((minor >> 8) as u16, minor as u16 & 0xff))
        }
        _ => None,
    }
}
