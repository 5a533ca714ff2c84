//! The calls of MIT xv6, as its user programs make them. Errors are `None`, as xv6 has only -1.

use crate::memory::{bytes, push, push_string, push_strings, with_stack, word32};
use hal::hosted::User;

/// A program's side of the xv6 ABI.
pub struct Xv6<'a> {
    /// The bare hands below.
    pub user: &'a mut User,
}

/// `open` for reading.
pub const O_RDONLY: usize = 0;
/// `open` for writing.
pub const O_WRONLY: usize = 1;
/// `open` for both.
pub const O_RDWR: usize = 2;
/// `open` makes the file.
pub const O_CREATE: usize = 0x200;
/// `open` empties the file.
pub const O_TRUNC: usize = 0x400;

impl<'a> Xv6<'a> {
    /// The ABI in a program's hands.
    pub fn new(user: &'a mut User) -> Xv6<'a> {
        Xv6 { user }
    }

    /// Makes call `number`; `None` for -1.
    pub fn call(&mut self, number: usize, arguments: &[usize]) -> Option<usize> {
        let mut registers = [0; 6];
        registers[..arguments.len()].copy_from_slice(arguments);
        let result = self.user.syscall(number, registers);
        (result as i32 >= 0).then_some(result)
    }

    fn named(&mut self, number: usize, path: &str, rest: &[usize]) -> Option<usize> {
        let before = self.user.stack_pointer();
        let address = push_string(self.user, path);
        let mut arguments = vec![address];
        arguments.extend(rest);
        let result = self.call(number, &arguments);
        self.user.set_stack_pointer(before);
        result
    }

    /// fork: the child runs `child` and exits 0 after it.
    pub fn fork(&mut self, child: impl FnOnce(&mut Xv6<'_>) + 'static) -> Option<usize> {
        let result = self.user.fork(1, [0; 6], move |user| {
            let mut xv6 = Xv6::new(user);
            child(&mut xv6);
            xv6.exit(0)
        });
        (result as i32 >= 0).then_some(result)
    }

    /// exit
    pub fn exit(&mut self, status: i32) {
        self.call(2, &[status as usize]);
    }

    /// wait: the child and its status.
    pub fn wait(&mut self) -> Option<(usize, i32)> {
        let before = self.user.stack_pointer();
        let place = self.user.allocate(4);
        let result = self
            .call(3, &[place])
            .map(|child| (child, word32(self.user, place) as i32));
        self.user.set_stack_pointer(before);
        result
    }

    /// pipe: the reading and the writing end.
    pub fn pipe(&mut self) -> Option<(usize, usize)> {
        let before = self.user.stack_pointer();
        let place = self.user.allocate(8);
        let result = self.call(4, &[place]).map(|_| {
            (
                word32(self.user, place) as usize,
                word32(self.user, place + 4) as usize,
            )
        });
        self.user.set_stack_pointer(before);
        result
    }

    /// read: up to `count` bytes.
    pub fn read(&mut self, descriptor: usize, count: usize) -> Option<Vec<u8>> {
        let before = self.user.stack_pointer();
        let place = self.user.allocate(count);
        let result = self
            .call(5, &[descriptor, place, count])
            .map(|count| bytes(self.user, place, count));
        self.user.set_stack_pointer(before);
        result
    }

    /// write
    pub fn write(&mut self, descriptor: usize, from: &[u8]) -> Option<usize> {
        let before = self.user.stack_pointer();
        let place = push(self.user, from);
        let result = self.call(16, &[descriptor, place, from.len()]);
        self.user.set_stack_pointer(before);
        result
    }

    /// kill
    pub fn kill(&mut self, process: usize) -> Option<usize> {
        self.call(6, &[process])
    }

    /// exec: only returns if it fails.
    pub fn exec(&mut self, path: &str, arguments: &[&str]) -> Option<usize> {
        let name = push_string(self.user, path);
        let list = push_strings(self.user, arguments);
        self.call(7, &[name, list])
    }

    /// fstat: (kind, inode, links, size).
    pub fn fstat(&mut self, descriptor: usize) -> Option<(u16, u32, u16, u64)> {
        with_stack(self.user, |user| {
            let place = user.allocate(24);
            let mut xv6 = Xv6::new(user);
            xv6.call(8, &[descriptor, place])?;
            let record = bytes(xv6.user, place, 24);
            let half = |at: usize| u16::from_le_bytes([record[at], record[at + 1]]);
            let inode = u32::from_le_bytes([record[4], record[5], record[6], record[7]]);
            let mut size = [0; 8];
            size.copy_from_slice(&record[16..]);
            Some((half(8), inode, half(10), u64::from_le_bytes(size)))
        })
    }

    /// chdir
    pub fn chdir(&mut self, path: &str) -> Option<usize> {
        self.named(9, path, &[])
    }

    /// dup
    pub fn dup(&mut self, descriptor: usize) -> Option<usize> {
        self.call(10, &[descriptor])
    }

    /// getpid
    pub fn getpid(&mut self) -> usize {
        self.call(11, &[]).unwrap_or(0)
    }

    /// sbrk: the old end.
    pub fn sbrk(&mut self, bytes: isize) -> Option<usize> {
        let result = self.user.syscall(12, [bytes as usize, 0, 0, 0, 0, 0]);
        (result as isize != -1).then_some(result)
    }

    /// sleep, in ticks
    pub fn sleep(&mut self, ticks: usize) -> Option<usize> {
        self.call(13, &[ticks])
    }

    /// uptime, in ticks
    pub fn uptime(&mut self) -> usize {
        self.call(14, &[]).unwrap_or(0)
    }

    /// open
    pub fn open(&mut self, path: &str, flags: usize) -> Option<usize> {
        self.named(15, path, &[flags])
    }

    /// mknod
    pub fn mknod(&mut self, path: &str, major: usize, minor: usize) -> Option<usize> {
        self.named(17, path, &[major, minor])
    }

    /// unlink
    pub fn unlink(&mut self, path: &str) -> Option<usize> {
        self.named(18, path, &[])
    }

    /// link
    pub fn link(&mut self, old: &str, new: &str) -> Option<usize> {
        let before = self.user.stack_pointer();
        let second = push_string(self.user, new);
        let result = self.named(19, old, &[second]);
        self.user.set_stack_pointer(before);
        result
    }

    /// mkdir
    pub fn mkdir(&mut self, path: &str) -> Option<usize> {
        self.named(20, path, &[])
    }

    /// close
    pub fn close(&mut self, descriptor: usize) -> Option<usize> {
        self.call(21, &[descriptor])
    }
}
