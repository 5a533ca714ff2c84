//! The calls of Linux on RISC-V that the tests make. Errors are the kernel's numbers.

use crate::memory::{bytes, push, push_string, push_strings, push_words, word32, word64};
use hal::hosted::User;

/// What a call gives: a value, or an errno.
pub type Answer<T> = Result<T, i32>;

/// In place of a directory's descriptor: the working directory.
pub const AT_FDCWD: usize = -100isize as usize;

/// Numbers of calls (`asm-generic/unistd.h`).
pub mod number {
    #![allow(missing_docs, reason = "the names are Linux's own")]
    pub const GETCWD: usize = 17;
    pub const DUP: usize = 23;
    pub const DUP3: usize = 24;
    pub const FCNTL: usize = 25;
    pub const IOCTL: usize = 29;
    pub const MKDIRAT: usize = 34;
    pub const UNLINKAT: usize = 35;
    pub const SYMLINKAT: usize = 36;
    pub const LINKAT: usize = 37;
    pub const MOUNT: usize = 40;
    pub const FTRUNCATE: usize = 46;
    pub const CHDIR: usize = 49;
    pub const OPENAT: usize = 56;
    pub const CLOSE: usize = 57;
    pub const PIPE2: usize = 59;
    pub const LSEEK: usize = 62;
    pub const READ: usize = 63;
    pub const WRITE: usize = 64;
    pub const READLINKAT: usize = 78;
    pub const FSTAT: usize = 80;
    pub const EXIT: usize = 93;
    pub const EXIT_GROUP: usize = 94;
    pub const SET_TID_ADDRESS: usize = 96;
    pub const FUTEX: usize = 98;
    pub const SYSINFO: usize = 179;
    pub const NANOSLEEP: usize = 101;
    pub const CLOCK_GETTIME: usize = 113;
    pub const SCHED_YIELD: usize = 124;
    pub const SCHED_GETSCHEDULER: usize = 120;
    pub const KILL: usize = 129;
    pub const TKILL: usize = 130;
    pub const TGKILL: usize = 131;
    pub const RT_SIGSUSPEND: usize = 133;
    pub const RT_SIGACTION: usize = 134;
    pub const RT_SIGPROCMASK: usize = 135;
    pub const RT_SIGPENDING: usize = 136;
    pub const RT_SIGTIMEDWAIT: usize = 137;
    pub const RT_SIGQUEUEINFO: usize = 138;
    pub const RT_SIGRETURN: usize = 139;
    pub const SETPGID: usize = 154;
    pub const GETPGID: usize = 155;
    pub const SETSID: usize = 157;
    pub const GETPID: usize = 172;
    pub const GETPPID: usize = 173;
    pub const GETTID: usize = 178;
    pub const BRK: usize = 214;
    pub const MUNMAP: usize = 215;
    pub const CLONE: usize = 220;
    pub const EXECVE: usize = 221;
    pub const MMAP: usize = 222;
    pub const MPROTECT: usize = 226;
    pub const WAIT4: usize = 260;
    pub const RENAMEAT2: usize = 276;
    pub const PPOLL: usize = 73;
    pub const PIDFD_OPEN: usize = 434;
}

use number::*;

/// A program's side of the Linux ABI.
pub struct Linux<'a> {
    /// The bare hands below.
    pub user: &'a mut User,
}

/// How a child ended, out of wait4's status word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It exited.
    Exited(u32),
    /// A signal ended it.
    Killed(u32),
    /// A signal stopped it.
    Stopped(u32),
    /// It goes on.
    Continued,
}

impl Ended {
    fn from_word(word: u32) -> Ended {
        match (word & 0x7f, word) {
            (_, 0xffff) => Ended::Continued,
            (0x7f, _) => Ended::Stopped(word >> 8 & 0xff),
            (0, _) => Ended::Exited(word >> 8 & 0xff),
            (signal, _) => Ended::Killed(signal),
        }
    }
}

impl<'a> Linux<'a> {
    /// The ABI in a program's hands.
    pub fn new(user: &'a mut User) -> Linux<'a> {
        Linux { user }
    }

    /// Makes a call.
    pub fn call(&mut self, number: usize, arguments: &[usize]) -> Answer<usize> {
        let mut registers = [0; 6];
        registers[..arguments.len()].copy_from_slice(arguments);
        answer(self.user.syscall(number, registers))
    }

    /// Runs `work`, and gives back what it took of the stack.
    pub fn scoped<R>(&mut self, work: impl FnOnce(&mut Linux<'_>) -> R) -> R {
        let before = self.user.stack_pointer();
        let result = work(&mut Linux::new(self.user));
        self.user.set_stack_pointer(before);
        result
    }

    fn named(&mut self, number: usize, path: &str, rest: &[usize]) -> Answer<usize> {
        self.scoped(|linux| {
            let mut arguments = vec![AT_FDCWD, push_string(linux.user, path)];
            arguments.extend(rest);
            linux.call(number, &arguments)
        })
    }

    /// fork: the child runs `child` and exits 0 after it.
    pub fn fork(&mut self, child: impl FnOnce(&mut Linux<'_>) + 'static) -> Answer<usize> {
        self.clone(17, 0, child)
    }

    /// clone with flags and a stack, for threads too.
    pub fn clone(
        &mut self,
        flags: usize,
        stack: usize,
        child: impl FnOnce(&mut Linux<'_>) + 'static,
    ) -> Answer<usize> {
        let is_thread = flags & 0x1_0000 != 0;
        answer(
            self.user
                .fork(CLONE, [flags, stack, 0, 0, 0, 0], move |user| {
                    let mut linux = Linux::new(user);
                    child(&mut linux);
                    if is_thread {
                        let _ = linux.call(EXIT, &[0]);
                    } else {
                        linux.exit(0);
                    }
                }),
        )
    }

    /// exit_group
    pub fn exit(&mut self, status: i32) {
        let _ = self.call(EXIT_GROUP, &[status as usize]);
    }

    /// wait4 for one child or any (-1): who, and how it ended.
    pub fn wait_for(&mut self, child: isize, options: usize) -> Answer<(usize, Ended)> {
        self.scoped(|linux| {
            let place = linux.user.allocate(4);
            let child = linux.call(WAIT4, &[child as usize, place, options, 0])?;
            Ok((child, Ended::from_word(word32(linux.user, place))))
        })
    }

    /// wait for any child.
    pub fn wait(&mut self) -> Answer<(usize, Ended)> {
        self.wait_for(-1, 0)
    }

    /// pipe2
    pub fn pipe(&mut self, flags: usize) -> Answer<(usize, usize)> {
        self.scoped(|linux| {
            let place = linux.user.allocate(8);
            linux.call(PIPE2, &[place, flags])?;
            let read = word32(linux.user, place) as usize;
            Ok((read, word32(linux.user, place + 4) as usize))
        })
    }

    /// read up to `count` bytes.
    pub fn read(&mut self, descriptor: usize, count: usize) -> Answer<Vec<u8>> {
        self.scoped(|linux| {
            let place = linux.user.allocate(count);
            let done = linux.call(READ, &[descriptor, place, count])?;
            Ok(bytes(linux.user, place, done))
        })
    }

    /// read until `count` bytes came, or the end.
    pub fn read_all(&mut self, descriptor: usize, count: usize) -> Answer<Vec<u8>> {
        let mut all = Vec::new();
        while all.len() < count {
            let piece = self.read(descriptor, count - all.len())?;
            if piece.is_empty() {
                break;
            }
            all.extend(piece);
        }
        Ok(all)
    }

    /// write
    pub fn write(&mut self, descriptor: usize, from: &[u8]) -> Answer<usize> {
        self.scoped(|linux| {
            let place = push(linux.user, from);
            linux.call(WRITE, &[descriptor, place, from.len()])
        })
    }

    /// Says something on the standard output.
    pub fn say(&mut self, text: &str) {
        let _ = self.write(1, text.as_bytes());
    }

    /// openat
    pub fn open(&mut self, path: &str, flags: usize, mode: usize) -> Answer<usize> {
        self.named(OPENAT, path, &[flags, mode])
    }

    /// close
    pub fn close(&mut self, descriptor: usize) -> Answer<usize> {
        self.call(CLOSE, &[descriptor])
    }

    /// dup3
    pub fn dup_to(&mut self, from: usize, to: usize) -> Answer<usize> {
        self.call(DUP3, &[from, to, 0])
    }

    /// mkdirat
    pub fn mkdir(&mut self, path: &str) -> Answer<usize> {
        self.named(MKDIRAT, path, &[0o755])
    }

    /// unlinkat for files
    pub fn unlink(&mut self, path: &str) -> Answer<usize> {
        self.named(UNLINKAT, path, &[0])
    }

    /// unlinkat for directories
    pub fn rmdir(&mut self, path: &str) -> Answer<usize> {
        self.named(UNLINKAT, path, &[0x200])
    }

    /// renameat2 without flags
    pub fn rename(&mut self, old: &str, new: &str) -> Answer<usize> {
        self.scoped(|linux| {
            let second = push_string(linux.user, new);
            linux.named(RENAMEAT2, old, &[AT_FDCWD, second, 0])
        })
    }

    /// linkat
    pub fn link(&mut self, old: &str, new: &str) -> Answer<usize> {
        self.scoped(|linux| {
            let second = push_string(linux.user, new);
            linux.named(LINKAT, old, &[AT_FDCWD, second, 0])
        })
    }

    /// symlinkat
    pub fn symlink(&mut self, target: &str, path: &str) -> Answer<usize> {
        self.scoped(|linux| {
            let name = push_string(linux.user, target);
            let path = push_string(linux.user, path);
            linux.call(SYMLINKAT, &[name, AT_FDCWD, path])
        })
    }

    /// mount without flags or options
    pub fn mount(&mut self, kind: &str, target: &str) -> Answer<usize> {
        self.scoped(|linux| {
            let kind = push_string(linux.user, kind);
            let target = push_string(linux.user, target);
            linux.call(MOUNT, &[kind, target, kind, 0, 0])
        })
    }

    /// chdir
    pub fn chdir(&mut self, path: &str) -> Answer<usize> {
        self.scoped(|linux| {
            let path = push_string(linux.user, path);
            linux.call(CHDIR, &[path])
        })
    }

    /// execve: only returns if it fails.
    pub fn exec(&mut self, path: &str, arguments: &[&str]) -> Answer<usize> {
        self.scoped(|linux| {
            let path = push_string(linux.user, path);
            let arguments = push_strings(linux.user, arguments);
            let environment = push_words(linux.user, &[0]);
            linux.call(EXECVE, &[path, arguments, environment])
        })
    }

    /// getpid
    pub fn getpid(&mut self) -> usize {
        self.call(GETPID, &[]).unwrap_or(0)
    }

    /// kill
    pub fn kill(&mut self, process: isize, signal: usize) -> Answer<usize> {
        self.call(KILL, &[process as usize, signal])
    }

    /// rt_sigaction with a handler of this program; it returns by rt_sigreturn after `handler`.
    pub fn on_signal(
        &mut self,
        signal: usize,
        flags: usize,
        handler: impl Fn(&mut Linux<'_>, usize) + 'static,
    ) -> Answer<usize> {
        let address = self.user.handler(move |user, arguments| {
            let frame = user.stack_pointer();
            let mut linux = Linux::new(user);
            handler(&mut linux, arguments[0]);
            linux.user.set_stack_pointer(frame);
            let _ = linux.call(RT_SIGRETURN, &[]);
        });
        self.set_action(signal, address, flags)
    }

    /// rt_sigaction by number: 0 default, 1 ignore, or an address.
    pub fn set_action(&mut self, signal: usize, handler: usize, flags: usize) -> Answer<usize> {
        self.scoped(|linux| {
            let record = push_words(linux.user, &[handler, flags, 0]);
            linux.call(RT_SIGACTION, &[signal, record, 0, 8])
        })
    }

    /// rt_sigprocmask: how is 0 block, 1 unblock, 2 set. Gives the old mask.
    pub fn mask(&mut self, how: usize, set: u64) -> Answer<u64> {
        self.scoped(|linux| {
            let new = push_words(linux.user, &[set as usize]);
            let old = linux.user.allocate(8);
            linux.call(RT_SIGPROCMASK, &[how, new, old, 8])?;
            Ok(word64(linux.user, old))
        })
    }

    /// nanosleep
    pub fn sleep_ns(&mut self, nanoseconds: usize) -> Answer<usize> {
        self.scoped(|linux| {
            let words = [nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000];
            let request = push_words(linux.user, &words);
            linux.call(NANOSLEEP, &[request, 0])
        })
    }

    /// mmap of anonymous memory, private or shared.
    pub fn map(&mut self, length: usize, shared: bool) -> Answer<usize> {
        let flags = 0x20 | if shared { 1 } else { 2 };
        self.call(MMAP, &[0, length, 3, flags, usize::MAX, 0])
    }

    /// munmap
    pub fn unmap(&mut self, address: usize, length: usize) -> Answer<usize> {
        self.call(MUNMAP, &[address, length])
    }

    /// Reads a 32-bit word.
    pub fn load(&mut self, address: usize) -> u32 {
        word32(self.user, address)
    }

    /// Writes a 32-bit word.
    pub fn store(&mut self, address: usize, value: u32) {
        self.user.write(address, &value.to_le_bytes());
    }
}

fn answer(result: usize) -> Answer<usize> {
    match result as isize {
        error @ -4095..=-1 => Err(-error as i32),
        _ => Ok(result),
    }
}
