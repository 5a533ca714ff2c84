//! Records about readiness: `pollfd`, `epoll_event`, descriptor sets, and the event bits.

use super::record;

record! {
    /// `struct pollfd`.
    pub struct PollFd {
        /// Descriptor; negative ones are skipped.
        descriptor: i32,
        /// Events asked for.
        events: u16,
        /// Events found.
        found: u16,
    }
}

record! {
    /// `struct epoll_event` of every architecture but x86-64 (there it is packed): the data word is
    /// naturally aligned.
    pub struct EpollEvent {
        /// `EPOLL*` bits.
        events: u32,
        /// Padding.
        pad: u32,
        /// What the program wants back.
        data: u64,
    }
}

record! {
    /// The sixth argument of `pselect6`: address and size of a signal mask.
    pub struct SignalMaskArgument {
        /// Address of the mask, or zero.
        address: u64,
        /// Its size, which must be eight.
        size: u64,
    }
}

/// There is data to read.
pub const POLLIN: u32 = 0x001;
/// There is urgent data to read.
pub const POLLPRI: u32 = 0x002;
/// Writing will not block.
pub const POLLOUT: u32 = 0x004;
/// An error is pending.
pub const POLLERR: u32 = 0x008;
/// The other side is gone.
pub const POLLHUP: u32 = 0x010;
/// The descriptor is not open.
pub const POLLNVAL: u32 = 0x020;
/// As `POLLIN`.
pub const POLLRDNORM: u32 = 0x040;
/// Priority band data.
pub const POLLRDBAND: u32 = 0x080;
/// As `POLLOUT`.
pub const POLLWRNORM: u32 = 0x100;
/// Priority band may be written.
pub const POLLWRBAND: u32 = 0x200;
/// The other side will send no more.
pub const POLLRDHUP: u32 = 0x2000;
/// epoll: wake only one waiter.
pub const EPOLLEXCLUSIVE: u32 = 1 << 28;
/// epoll: keep the system awake (accepted and without effect where nothing sleeps).
pub const EPOLLWAKEUP: u32 = 1 << 29;
/// epoll: report once, then rest until modified.
pub const EPOLLONESHOT: u32 = 1 << 30;
/// epoll: report changes, not levels.
pub const EPOLLET: u32 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::{offset_of, size_of};

    #[test]
    fn sizes() {
        assert_eq!(size_of::<PollFd>(), 8);
        assert_eq!(size_of::<EpollEvent>(), 16);
        assert_eq!(offset_of!(EpollEvent, data), 8);
    }
}
