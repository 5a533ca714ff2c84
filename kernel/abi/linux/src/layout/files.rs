//! Records about files: `stat`, `statx`, `statfs`, directory entries, locks, descriptors.

use super::record;

record! {
    /// `struct stat` of the generic ABI (`asm-generic/stat.h`), used by riscv64 and aarch64 alike.
    pub struct Stat {
        /// Device that holds the file.
        device: u64,
        /// Inode number.
        inode: u64,
        /// File type and permission bits.
        mode: u32,
        /// Number of hard links.
        links: u32,
        /// Owner.
        uid: u32,
        /// Group.
        gid: u32,
        /// Device number, if the file is a device.
        device_number: u64,
        /// Reserved.
        pad1: u64,
        /// Size in bytes.
        size: i64,
        /// Preferred block size for input and output.
        block_size: i32,
        /// Reserved.
        pad2: i32,
        /// Number of 512-byte blocks.
        blocks: i64,
        /// Last access, seconds.
        access_seconds: i64,
        /// Last access, nanoseconds.
        access_nanoseconds: u64,
        /// Last modification, seconds.
        modify_seconds: i64,
        /// Last modification, nanoseconds.
        modify_nanoseconds: u64,
        /// Last change of the inode, seconds.
        change_seconds: i64,
        /// Last change of the inode, nanoseconds.
        change_nanoseconds: u64,
        /// Reserved.
        unused: [u32; 2],
    }
}

record! {
    /// A time in `struct statx`.
    pub struct StatxTime {
        /// Seconds since 1970.
        seconds: i64,
        /// Nanoseconds.
        nanoseconds: u32,
        /// Reserved.
        reserved: i32,
    }
}

record! {
    /// `struct statx`, 256 bytes.
    pub struct Statx {
        /// Which fields are filled in.
        mask: u32,
        /// Preferred block size.
        block_size: u32,
        /// `STATX_ATTR_*`.
        attributes: u64,
        /// Number of hard links.
        links: u32,
        /// Owner.
        uid: u32,
        /// Group.
        gid: u32,
        /// File type and permission bits.
        mode: u16,
        /// Reserved.
        spare0: u16,
        /// Inode number.
        inode: u64,
        /// Size in bytes.
        size: u64,
        /// Number of 512-byte blocks.
        blocks: u64,
        /// Which attributes the file system knows of.
        attributes_mask: u64,
        /// Last access.
        access: StatxTime,
        /// Birth.
        birth: StatxTime,
        /// Last change of the inode.
        change: StatxTime,
        /// Last modification.
        modify: StatxTime,
        /// Device number's major part, if the file is a device.
        device_number_major: u32,
        /// Device number's minor part.
        device_number_minor: u32,
        /// Major part of the device that holds the file.
        device_major: u32,
        /// Minor part of the device that holds the file.
        device_minor: u32,
        /// Mount identifier.
        mount: u64,
        /// Direct I/O alignment of memory.
        direct_memory_align: u32,
        /// Direct I/O alignment of offsets.
        direct_offset_align: u32,
        /// Reserved.
        spare: [u64; 12],
    }
}

record! {
    /// `struct statfs` of 64-bit Linux, 120 bytes.
    pub struct Statfs {
        /// The file system's magic number.
        kind: i64,
        /// Block size.
        block_size: i64,
        /// All blocks.
        blocks: u64,
        /// Free blocks.
        blocks_free: u64,
        /// Blocks free to an ordinary user.
        blocks_available: u64,
        /// All inodes.
        files: u64,
        /// Free inodes.
        files_free: u64,
        /// File system identifier.
        identifier: [i32; 2],
        /// Longest name.
        name_length: i64,
        /// Fragment size.
        fragment_size: i64,
        /// Mount flags.
        flags: i64,
        /// Reserved.
        spare: [i64; 4],
    }
}

record! {
    /// `struct f_owner_ex`.
    pub struct FileOwner {
        /// `F_OWNER_*`.
        kind: i32,
        /// The number of a thread, process or group.
        number: i32,
    }
}

record! {
    /// `struct flock` (record locks).
    pub struct FileLock {
        /// `F_RDLCK`, `F_WRLCK` or `F_UNLCK`.
        kind: i16,
        /// What `start` is relative to.
        whence: i16,
        /// Reserved.
        pad1: u32,
        /// First byte.
        start: i64,
        /// Length, 0 for up to the end.
        length: i64,
        /// Who holds a conflicting lock.
        pid: i32,
        /// Reserved.
        pad2: u32,
    }
}

record! {
    /// `struct iovec`.
    pub struct IoVector {
        /// Address of the segment.
        address: u64,
        /// Length in bytes.
        length: u64,
    }
}

record! {
    /// `struct user_msghdr`: what sendmsg and recvmsg are about.
    pub struct MessageHeader {
        /// Address of the other side's address.
        name: u64,
        /// Its length.
        name_length: u32,
        /// Padding.
        pad: u32,
        /// Address of the list of pieces.
        vectors: u64,
        /// How many pieces.
        vector_count: u64,
        /// Address of the control messages.
        control: u64,
        /// How many bytes of them.
        control_length: u64,
        /// `MSG_*` of what was received.
        flags: u32,
        /// Padding.
        pad2: u32,
    }
}

record! {
    /// `struct open_how` (openat2).
    pub struct OpenHow {
        /// `O_*`.
        flags: u64,
        /// Mode of a created file.
        mode: u64,
        /// `RESOLVE_*`.
        resolve: u64,
    }
}

/// Length of a `struct linux_dirent64` before its name.
pub const DIRECTORY_ENTRY_HEADER: usize = 19;

/// One `struct linux_dirent64`, its length rounded up to eight bytes: inode, cookie of the next
/// entry, record length, type, name, NUL.
pub fn directory_entry(inode: u64, next: u64, kind: u8, name: &[u8]) -> alloc::vec::Vec<u8> {
    let length = (DIRECTORY_ENTRY_HEADER + name.len() + 1).next_multiple_of(8);
    let mut record = alloc::vec::Vec::with_capacity(length);
    record.extend_from_slice(&inode.to_le_bytes());
    record.extend_from_slice(&next.to_le_bytes());
    record.extend_from_slice(&(length as u16).to_le_bytes());
    record.push(kind);
    record.extend_from_slice(name);
    record.resize(length, 0);
    record
}

/// Linux's 64-bit device number: 12 bits of major and 20 of minor, interleaved (`huge_encode_dev`).
pub fn encode_device(major: u32, minor: u32) -> u64 {
    u64::from((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & !0xff) << 12))
}

/// The reverse of [`encode_device`] for the 32-bit number that `mknodat` takes.
pub fn decode_device(device: u32) -> (u32, u32) {
    (
        (device >> 8) & 0xfff,
        (device & 0xff) | ((device >> 12) & !0xff),
    )
}

record! {
    /// `struct mount_attr`.
    pub struct MountAttributes {
        /// What is set.
        set: u64,
        /// What is cleared before.
        clear: u64,
        /// One of the propagation types, or 0.
        propagation: u64,
        /// A descriptor of a user namespace, for mapped ids.
        user_namespace: u64,
    }
}

record! {
    /// `struct mnt_id_req`.
    pub struct MountRequest {
        /// Its size, as the program knows it.
        size: u32,
        /// Zero.
        spare: u32,
        /// The unique number of a mount.
        mount: u64,
        /// statmount: what is wanted; listmount: the number before the first.
        parameter: u64,
        /// The number of the mount namespace; 0 for one's own.
        namespace: u64,
    }
}

record! {
    /// `struct statmount` without what is kept for later versions. Texts stand behind all of it; their fields count from
    /// there.
    pub struct MountStatus {
        /// Bytes that were written, texts among them.
        size: u32,
        /// Text: the file system's options.
        options: u32,
        /// Which parts are filled in.
        mask: u64,
        /// Device number's major part.
        device_major: u32,
        /// Device number's minor part.
        device_minor: u32,
        /// The magic number of the type.
        magic: u64,
        /// `SB_*`.
        filesystem_flags: u32,
        /// Text: the type.
        kind: u32,
        /// The unique number.
        mount: u64,
        /// That of the mount it is attached to.
        parent: u64,
        /// The number in `mountinfo`.
        old_mount: u32,
        /// That of the mount it is attached to.
        old_parent: u32,
        /// `MOUNT_ATTR_*`.
        attributes: u64,
        /// `MS_SHARED` and its siblings.
        propagation: u64,
        /// The peer group it is in.
        peer_group: u64,
        /// The peer group it hears.
        master: u64,
        /// The nearest group above that the caller sees a member of.
        origin: u64,
        /// Text: which part of the file system is mounted.
        root: u32,
        /// Text: where, from the caller's root.
        mount_point: u32,
        /// The number of the mount namespace.
        namespace: u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::{offset_of, size_of};

    #[test]
    fn records_about_mounts_are_those_of_linux() {
        assert_eq!(size_of::<MountRequest>(), 32);
        assert_eq!(size_of::<MountStatus>(), 120);
        assert_eq!(offset_of!(MountStatus, mount), 40);
        assert_eq!(offset_of!(MountStatus, root), 104);
        assert_eq!(offset_of!(MountStatus, namespace), 112);
    }

    #[test]
    fn stat_is_the_generic_128_bytes() {
        assert_eq!(size_of::<Stat>(), 128);
        assert_eq!(offset_of!(Stat, mode), 16);
        assert_eq!(offset_of!(Stat, device_number), 32);
        assert_eq!(offset_of!(Stat, size), 48);
        assert_eq!(offset_of!(Stat, blocks), 64);
        assert_eq!(offset_of!(Stat, access_seconds), 72);
        assert_eq!(offset_of!(Stat, change_nanoseconds), 112);
    }

    #[test]
    fn statx_is_256_bytes() {
        assert_eq!(size_of::<Statx>(), 256);
        assert_eq!(offset_of!(Statx, mode), 28);
        assert_eq!(offset_of!(Statx, inode), 32);
        assert_eq!(offset_of!(Statx, access), 64);
        assert_eq!(offset_of!(Statx, device_number_major), 128);
        assert_eq!(offset_of!(Statx, mount), 144);
    }

    #[test]
    fn other_file_records() {
        assert_eq!(size_of::<Statfs>(), 120);
        assert_eq!(offset_of!(Statfs, name_length), 64);
        assert_eq!(size_of::<FileLock>(), 32);
        assert_eq!(offset_of!(FileLock, start), 8);
        assert_eq!(offset_of!(FileLock, pid), 24);
        assert_eq!(size_of::<IoVector>(), 16);
        assert_eq!(size_of::<MessageHeader>(), 56);
        assert_eq!(offset_of!(MessageHeader, control), 32);
        assert_eq!(size_of::<OpenHow>(), 24);
    }

    #[test]
    fn directory_entries_are_aligned_and_terminated() {
        let entry = directory_entry(5, 9, 8, b"hello");
        assert_eq!(entry.len(), 32);
        assert_eq!(&entry[16..18], &32u16.to_le_bytes());
        assert_eq!(entry[18], 8);
        assert_eq!(&entry[19..25], b"hello\0");
        assert_eq!(directory_entry(1, 1, 4, b"abcd").len(), 24);
        assert_eq!(directory_entry(1, 1, 4, b"abcde").len(), 32);
    }

    #[test]
    fn device_numbers_survive_the_round_trip() {
        for (major, minor) in [(1, 3), (5, 0), (136, 511), (4095, 0xf_ffff)] {
            assert_eq!(
                decode_device(encode_device(major, minor) as u32),
                (major, minor)
            );
        }
        assert_eq!(encode_device(5, 1), 0x501);
    }
}
