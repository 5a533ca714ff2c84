//! signalfd: pending signals as a file (signalfd(2)).

use alloc::sync::Arc;
use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};
use core::any::Any;
use mem::transfer::Sink;
use mem::user::{UserPtr, UserSlice};
use object::{File, FileStatus, PollRegistration, Ready, Rights, StatusFlags};
use proc::{EventInfo, EventSet, Task};
use zerocopy::IntoBytes;

use crate::arguments::{Fd, flags_argument};
use crate::call::Call;
use crate::layout::{SIGNAL_SET_SIZE, SignalInformation, record};

flags_argument! {
    /// `SFD_*`.
    pub struct SignalFdFlags: u32 {
        /// Nothing waits.
        const NONBLOCK = 0o4000;
        /// Closed by exec.
        const CLOSE_ON_EXEC = 0o2000000;
    }
}

record! {
    /// `struct signalfd_siginfo`, 128 bytes.
    pub struct SignalRecord {
        /// Signal number.
        number: u32,
        /// Always zero.
        errno: i32,
        /// Where it comes from.
        code: i32,
        /// Sender.
        pid: u32,
        /// Its real user.
        uid: u32,
        /// Descriptor (SIGIO).
        descriptor: i32,
        /// Timer number.
        timer: u32,
        /// Band (SIGIO).
        band: u32,
        /// Timer overruns.
        overrun: u32,
        /// Trap number.
        trap: u32,
        /// A child's status.
        status: i32,
        /// The value as an int.
        value: i32,
        /// The value as a pointer.
        pointer: u64,
        /// A child's time in user mode.
        user_time: u64,
        /// A child's time in the kernel.
        system_time: u64,
        /// The address that faulted.
        address: u64,
        /// Reserved.
        pad: [u32; 12],
    }
}

impl SignalRecord {
    fn of(info: &EventInfo) -> SignalRecord {
        let common = SignalInformation::of(info);
        let (overrun, timer) = match info.cause {
            proc::Cause::Timer {
                identifier,
                overrun,
            } => (overrun as u32, identifier as u32),
            _ => (0, 0),
        };
        let (descriptor, band) = match info.cause {
            proc::Cause::File { handle, .. } => (handle, info.value as u32),
            _ => (0, 0),
        };
        SignalRecord {
            number: common.number as u32,
            code: common.code,
            pid: info.sender,
            uid: info.user,
            descriptor,
            timer,
            band,
            overrun,
            status: info.status,
            value: info.value as i32,
            pointer: info.value,
            address: info.address as u64,
            ..SignalRecord::default()
        }
    }
}

/// What is read from, and how.
struct SignalFile {
    /// Which signals, and the status flags.
    setting: SpinLock<(EventSet, StatusFlags)>,
}

impl SignalFile {
    /// Whose signals are read: always the caller's, whoever made the descriptor.
    fn reader() -> Result<Arc<Task>> {
        Task::current().ok_or(Error::NoSuchProcess)
    }

    fn wanted(&self) -> EventSet {
        self.setting.lock().0
    }
}

impl File for SignalFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn kind_name(&self) -> &'static str {
        "signalfd"
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        if into.remaining() < size_of::<SignalRecord>() {
            return Err(Error::InvalidArgument);
        }
        let task = Self::reader()?;
        let (wanted, flags) = *self.setting.lock();
        let first = match task.take_pending(wanted) {
            Some(info) => info,
            None if flags.contains(StatusFlags::NONBLOCK) => return Err(Error::WouldBlock),
            None => task.wait_for_event(wanted, None)?,
        };
        let mut done = into.write(SignalRecord::of(&first).as_bytes())?;
        while into.remaining() >= size_of::<SignalRecord>()
            && let Some(info) = task.take_pending(wanted)
        {
            done += into.write(SignalRecord::of(&info).as_bytes())?;
        }
        Ok(done)
    }

    fn poll(&self, interest: Ready, waiter: Option<&mut PollRegistration>) -> Ready {
        let Ok(task) = Self::reader() else {
            return Ready::empty();
        };
        if let Some(registration) = waiter {
            registration.add(task.process().event_queue());
        }
        let pending = !task.pending().intersection(self.wanted()).is_empty();
        if pending {
            Ready::READ & interest
        } else {
            Ready::empty()
        }
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(super::anonymous_status())
    }

    fn status_flags(&self) -> StatusFlags {
        self.setting.lock().1
    }

    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        self.setting.lock().1 = flags;
        Ok(())
    }
}

/// signalfd4(2).
pub(crate) fn signalfd4(
    call: &mut Call<'_>,
    file: Fd,
    mask: UserSlice,
    flags: SignalFdFlags,
) -> Result<usize> {
    if mask.length != SIGNAL_SET_SIZE {
        return Err(Error::InvalidArgument);
    }
    let wanted = EventSet(UserPtr::<u64>::from(mask.address).read()?).blockable();
    if file.0 != -1 {
        let opened = call.file(file, Rights::empty())?;
        let signals = opened
            .downcast::<SignalFile>()
            .ok_or(Error::InvalidArgument)?;
        signals.setting.lock().0 = wanted;
        return Ok(file.0 as usize);
    }
    let mut status = StatusFlags::empty();
    status.set(
        StatusFlags::NONBLOCK,
        flags.contains(SignalFdFlags::NONBLOCK),
    );
    let file = SignalFile {
        setting: SpinLock::new(rank::PIPE, (wanted, status)),
    };
    call.install(Arc::new(file), flags.contains(SignalFdFlags::CLOSE_ON_EXEC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_128_bytes() {
        assert_eq!(size_of::<SignalRecord>(), 128);
        assert_eq!(core::mem::offset_of!(SignalRecord, pointer), 48);
        assert_eq!(core::mem::offset_of!(SignalRecord, address), 72);
    }
}
