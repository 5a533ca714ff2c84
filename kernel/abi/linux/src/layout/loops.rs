//! Loop devices (`include/uapi/linux/loop.h`).

use super::record;

/// Request numbers of `ioctl`.
pub mod loop_request {
    /// Attach a file.
    pub const LOOP_SET_FD: u32 = 0x4c00;
    /// Take the file away.
    pub const LOOP_CLR_FD: u32 = 0x4c01;
    /// [`LOOP_SET_STATUS64`] with an [`OldLoopInfo`](super::OldLoopInfo).
    pub const LOOP_SET_STATUS: u32 = 0x4c02;
    /// [`LOOP_GET_STATUS64`] with an [`OldLoopInfo`](super::OldLoopInfo).
    pub const LOOP_GET_STATUS: u32 = 0x4c03;
    /// Change how the file is shown.
    pub const LOOP_SET_STATUS64: u32 = 0x4c04;
    /// How the file is shown.
    pub const LOOP_GET_STATUS64: u32 = 0x4c05;
    /// Attach another file in place of one that cannot be written.
    pub const LOOP_CHANGE_FD: u32 = 0x4c06;
    /// Look anew how long the file is.
    pub const LOOP_SET_CAPACITY: u32 = 0x4c07;
    /// Attach a file, and say how it is to be shown.
    pub const LOOP_CONFIGURE: u32 = 0x4c0a;
    /// Make a device.
    pub const LOOP_CTL_ADD: u32 = 0x4c80;
    /// Take a device away.
    pub const LOOP_CTL_REMOVE: u32 = 0x4c81;
    /// Find a device without a file.
    pub const LOOP_CTL_GET_FREE: u32 = 0x4c82;
}

/// Writes are refused.
pub const LO_FLAGS_READ_ONLY: u32 = 1;
/// The file is let go with the last use of the device.
pub const LO_FLAGS_AUTOCLEAR: u32 = 4;

/// The partition table is looked through.
pub const LO_FLAGS_PARTSCAN: u32 = 8;

record! {
    /// `struct loop_info64`.
    pub struct LoopInfo {
        /// The device that the file lies on.
        device: u64,
        /// The file's inode.
        inode: u64,
        /// Always 0.
        raw_device: u64,
        /// Where the disk begins in the file.
        offset: u64,
        /// The most bytes of the disk; 0 for all.
        size_limit: u64,
        /// The device's number among loop devices.
        number: u32,
        /// There is no encryption: 0.
        encryption: u32,
        /// 0.
        key_size: u32,
        /// `LO_FLAGS_…`.
        flags: u32,
        /// The file's name, as whoever attached it tells.
        file_name: [[u8; 32]; 2],
        /// Nothing.
        encryption_name: [[u8; 32]; 2],
        /// Nothing.
        key: [u8; 32],
        /// Nothing.
        initial: [u64; 2],
    }
}

record! {
    /// `struct loop_info`.
    pub struct OldLoopInfo {
        /// See [`LoopInfo`].
        number: i32,
        /// See [`LoopInfo`].
        device: u32,
        /// See [`LoopInfo`].
        inode: u64,
        /// See [`LoopInfo`].
        raw_device: u32,
        /// See [`LoopInfo`].
        offset: i32,
        /// See [`LoopInfo`].
        encryption: i32,
        /// See [`LoopInfo`].
        key_size: i32,
        /// See [`LoopInfo`].
        flags: u32,
        /// See [`LoopInfo`].
        file_name: [[u8; 32]; 2],
        /// See [`LoopInfo`].
        key: [u8; 32],
        /// Nothing.
        gap: u32,
        /// See [`LoopInfo`].
        initial: [u64; 2],
        /// Nothing.
        reserved: [u32; 2],
    }
}

record! {
    /// `struct loop_config`.
    pub struct LoopConfiguration {
        /// The file.
        file: i32,
        /// Bytes of the device's block; 0 for 512.
        block_size: u32,
        /// How it is to be shown.
        info: LoopInfo,
        /// Has to be 0.
        reserved: [u64; 8],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::offset_of;

    #[test]
    fn as_in_linux_headers() {
        assert_eq!(size_of::<LoopInfo>(), 232);
        assert_eq!(offset_of!(LoopInfo, flags), 52);
        assert_eq!(offset_of!(LoopInfo, file_name), 56);
        assert_eq!(size_of::<OldLoopInfo>(), 160);
        assert_eq!(offset_of!(OldLoopInfo, file_name), 36);
        assert_eq!(offset_of!(OldLoopInfo, initial), 136);
        assert_eq!(size_of::<LoopConfiguration>(), 304);
        assert_eq!(offset_of!(LoopConfiguration, reserved), 240);
    }
}
