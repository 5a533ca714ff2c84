//! A process as an open file: a handle that names it for ever, whoever else gets its number later.
//!
//! It is readable once the process has ended and can be waited for, and hung up once nothing is left of it. What is
//! done with the process through it (events, waiting) is the callers' business; they ask for [`ProcessFile::process`].

use crate::process::Process;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use base::wait::WaitQueue;
use base::{Error, Result};
use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering};
use object::{File, FileKind, FileStatus, PollRegistration, Ready, StatusFlags};

/// An open file that stands for a process.
pub struct ProcessFile {
    process: Arc<Process>,
    non_blocking: AtomicBool,
}

impl ProcessFile {
    /// A file for `process`. `non_blocking` is remembered for those who wait through it.
    pub fn new(process: Arc<Process>, non_blocking: bool) -> Arc<ProcessFile> {
        Arc::new(ProcessFile {
            process,
            non_blocking: AtomicBool::new(non_blocking),
        })
    }

    /// The process, which may have ended.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }
}

impl Process {
    /// Whether it has ended and its parent was told: a wait finds it, unless it was removed already.
    pub fn may_be_waited_for(&self) -> bool {
        self.is_reported() || self.is_released()
    }

    /// Whether its parent was told of its end.
    pub(crate) fn is_reported(&self) -> bool {
        let ended = {
            let shared = self.shared.lock();
            if shared.reported {
                return true;
            }
            shared.ended.is_some()
        };
        if !ended {
            return false;
        }
        // The parent is told under the tree's lock: who was told a moment ago finds it reported after that.
        drop(crate::tree::lock());
        self.shared.lock().reported
    }

    /// Whether nothing is left of it but its handles.
    pub fn is_released(&self) -> bool {
        self.released.load(Ordering::Acquire)
    }

    /// The queue that wakes when it ends, when it may be waited for, and when it is gone.
    pub fn ended_queue(&self) -> &WaitQueue {
        &self.ended
    }
}

impl File for ProcessFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn poll(&self, interest: Ready, waiter: Option<&mut PollRegistration>) -> Ready {
        if let Some(registration) = waiter {
            registration.add(self.process.ended_queue());
        }
        let mut ready = Ready::empty();
        ready.set(Ready::READ, self.process.may_be_waited_for());
        ready.set(Ready::HANG_UP, self.process.is_released());
        ready & (interest | Ready::ALWAYS)
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(FileStatus {
            kind: FileKind::Anonymous,
            mode: 0o700,
            links: 1,
            block_size: 4096,
            ..FileStatus::default()
        })
    }

    fn status_flags(&self) -> StatusFlags {
        let mut flags = StatusFlags::empty();
        flags.set(
            StatusFlags::NONBLOCK,
            self.non_blocking.load(Ordering::Relaxed),
        );
        flags
    }

    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        if !StatusFlags::NONBLOCK.contains(flags) {
            return Err(Error::InvalidArgument);
        }
        self.non_blocking
            .store(!flags.is_empty(), Ordering::Relaxed);
        Ok(())
    }

    fn kind_name(&self) -> &'static str {
        "pidfd"
    }

    /// The process's number as the reader knows it, and what each namespace from there inwards calls it; -1 once it
    /// is gone (pidfd_open(2)).
    fn details(&self) -> String {
        if self.process.is_released() {
            return String::from("Pid:\t-1\nNSpid:\t-1\n");
        }
        let Some(reader) = Process::current() else {
            return String::new();
        };
        let identity = self.process.identity();
        let mut numbers = String::new();
        let mut namespace = Some(self.process.namespace());
        while let Some(inner) = namespace {
            numbers.insert_str(0, &format!("\t{}", identity.number_in(inner)));
            if Arc::ptr_eq(inner, reader.namespace()) {
                break;
            }
            namespace = inner.parent();
        }
        match (identity.number_in(reader.namespace()), namespace) {
            (number, Some(_)) if number > 0 => format!("Pid:\t{number}\nNSpid:{numbers}\n"),
            _ => String::from("Pid:\t0\nNSpid:\t0\n"),
        }
    }
}
