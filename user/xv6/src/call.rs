//! The 21 system calls, with safe faces.

use alloc::{vec, vec::Vec};

/// Open for reading.
pub const READ_ONLY: i32 = 0x000;
/// Open for writing.
pub const WRITE_ONLY: i32 = 0x001;
/// Open for both.
pub const READ_WRITE: i32 = 0x002;
/// Create the file where there is none.
pub const CREATE: i32 = 0x200;
/// Empty the file.
pub const TRUNCATE: i32 = 0x400;

/// A directory, in [`Status::kind`].
pub const DIRECTORY: i16 = 1;
/// A file, in [`Status::kind`].
pub const FILE: i16 = 2;
/// A device, in [`Status::kind`].
pub const DEVICE: i16 = 3;

/// What `fstat` tells of an open file.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Status {
    /// The device that holds the file.
    pub device: i32,
    /// Its inode's number.
    pub inode: u32,
    /// [`DIRECTORY`], [`FILE`] or [`DEVICE`].
    pub kind: i16,
    /// How many names it has.
    pub links: i16,
    /// Its size in bytes.
    pub size: u64,
}

/// A call's failure: the ABI tells no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// The result of a call.
pub type Result<T> = core::result::Result<T, Failed>;

/// A descriptor's number.
pub type Fd = i32;

#[cfg(target_arch = "riscv64")]
fn call(number: usize, arguments: [usize; 3]) -> isize {
    let result: isize;
    // SAFETY: the kernel changes a0 and the memory that the arguments point to, nothing else. The
    // callers below pass pointers only to memory that they hold exclusively where it is written.
    unsafe {
        core::arch::asm!(
            "ecall",
            in("a7") number,
            inlateout("a0") arguments[0] as isize => result,
            in("a1") arguments[1],
            in("a2") arguments[2],
            options(nostack),
        );
    }
    result
}

#[cfg(not(target_arch = "riscv64"))]
fn call(_number: usize, _arguments: [usize; 3]) -> isize {
    // xv6 is a RISC-V system; elsewhere these programs are only compiled, never run.
    -1
}

/// Makes a call as it is, for programs that test what the kernel does with bad arguments.
///
/// # Safety
///
/// The call may write where its arguments point to: nothing that Rust knows of may lie there.
pub unsafe fn raw(number: usize, arguments: [usize; 3]) -> isize {
    call(number, arguments)
}

fn checked(result: isize) -> Result<i32> {
    if result < 0 {
        Err(Failed)
    } else {
        Ok(result as i32)
    }
}

/// A path or argument with the zero byte that ends it.
fn terminated(bytes: &[u8]) -> Vec<u8> {
    let mut copy = Vec::with_capacity(bytes.len() + 1);
    copy.extend_from_slice(bytes);
    copy.push(0);
    copy
}

/// Makes a copy of this process; 0 in the copy, its number in the original.
pub fn fork() -> Result<i32> {
    checked(call(1, [0; 3]))
}

/// Ends this process.
pub fn exit(status: i32) -> ! {
    loop {
        call(2, [status as usize, 0, 0]);
    }
}

/// Waits for a child to end: its number and status.
pub fn wait() -> Result<(i32, i32)> {
    let mut status = 0i32;
    let child = checked(call(3, [&raw mut status as usize, 0, 0]))?;
    Ok((child, status))
}

/// Makes a pipe: the end to read and the end to write.
pub fn pipe() -> Result<(Fd, Fd)> {
    let mut ends = [0i32; 2];
    checked(call(4, [ends.as_mut_ptr() as usize, 0, 0]))?;
    Ok((ends[0], ends[1]))
}

/// Reads at most the buffer's length; 0 at the end.
pub fn read(descriptor: Fd, buffer: &mut [u8]) -> Result<usize> {
    let length = call(
        5,
        [
            descriptor as usize,
            buffer.as_mut_ptr() as usize,
            buffer.len(),
        ],
    );
    checked(length).map(|length| length as usize)
}

/// Kills a process.
pub fn kill(process: i32) -> Result<()> {
    checked(call(6, [process as usize, 0, 0])).map(drop)
}

/// Becomes another program; returns only on failure.
pub fn exec(path: &[u8], arguments: &[&[u8]]) -> Failed {
    let path = terminated(path);
    let copies: Vec<Vec<u8>> = arguments
        .iter()
        .map(|argument| terminated(argument))
        .collect();
    let mut pointers: Vec<usize> = copies.iter().map(|copy| copy.as_ptr() as usize).collect();
    pointers.push(0);
    call(7, [path.as_ptr() as usize, pointers.as_ptr() as usize, 0]);
    Failed
}

/// Tells about an open file.
pub fn status(descriptor: Fd) -> Result<Status> {
    let mut status = Status::default();
    checked(call(8, [descriptor as usize, &raw mut status as usize, 0]))?;
    Ok(status)
}

/// Changes the working directory.
pub fn change_directory(path: &[u8]) -> Result<()> {
    checked(call(9, [terminated(path).as_ptr() as usize, 0, 0])).map(drop)
}

/// Makes a second descriptor for an open file: the lowest free one.
pub fn duplicate(descriptor: Fd) -> Result<Fd> {
    checked(call(10, [descriptor as usize, 0, 0]))
}

/// This process's number.
pub fn process_id() -> i32 {
    call(11, [0; 3]) as i32
}

/// Grows (or shrinks) this process's memory; returns where it ended before.
pub fn grow(bytes: isize) -> Result<usize> {
    let before = call(12, [bytes as usize, 0, 0]);
    if before == -1 {
        Err(Failed)
    } else {
        Ok(before as usize)
    }
}

/// Sleeps for a number of clock ticks, a tenth of a second each.
pub fn sleep(ticks: i32) -> Result<()> {
    checked(call(13, [ticks as usize, 0, 0])).map(drop)
}

/// Clock ticks since the start.
pub fn uptime() -> i32 {
    call(14, [0; 3]) as i32
}

/// Opens a file.
pub fn open(path: &[u8], mode: i32) -> Result<Fd> {
    checked(call(
        15,
        [terminated(path).as_ptr() as usize, mode as usize, 0],
    ))
}

/// Writes bytes; the number written.
pub fn write(descriptor: Fd, bytes: &[u8]) -> Result<usize> {
    let length = call(
        16,
        [descriptor as usize, bytes.as_ptr() as usize, bytes.len()],
    );
    checked(length).map(|length| length as usize)
}

/// Makes a device's file.
pub fn make_device(path: &[u8], major: i16, minor: i16) -> Result<()> {
    let path = terminated(path);
    checked(call(
        17,
        [path.as_ptr() as usize, major as usize, minor as usize],
    ))
    .map(drop)
}

/// Removes a name.
pub fn unlink(path: &[u8]) -> Result<()> {
    checked(call(18, [terminated(path).as_ptr() as usize, 0, 0])).map(drop)
}

/// Gives a file a second name.
pub fn link(old: &[u8], new: &[u8]) -> Result<()> {
    let (old, new) = (terminated(old), terminated(new));
    checked(call(19, [old.as_ptr() as usize, new.as_ptr() as usize, 0])).map(drop)
}

/// Makes a directory.
pub fn make_directory(path: &[u8]) -> Result<()> {
    checked(call(20, [terminated(path).as_ptr() as usize, 0, 0])).map(drop)
}

/// Closes a descriptor.
pub fn close(descriptor: Fd) -> Result<()> {
    checked(call(21, [descriptor as usize, 0, 0])).map(drop)
}

/// The names in an open directory, with their inode numbers.
pub fn directory_entries(descriptor: Fd) -> Vec<(u16, Vec<u8>)> {
    let mut entries = vec![];
    let mut record = [0u8; 16];
    while read(descriptor, &mut record) == Ok(record.len()) {
        let inode = u16::from_le_bytes([record[0], record[1]]);
        let name = &record[2..];
        let length = name
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(name.len());
        if inode != 0 {
            entries.push((inode, name[..length].to_vec()));
        }
    }
    entries
}
