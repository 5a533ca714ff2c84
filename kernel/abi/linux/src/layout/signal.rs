//! Records of signals that both architectures share: `siginfo`, `stack_t`, `sigevent`, the codes.

use super::record;

record! {
    /// `siginfo_t`: 128 bytes. The union is 16-byte header plus what the signal's kind defines; it is
    /// filled by the constructors of [`crate::signal::information`].
    pub struct SignalInformation {
        /// Signal number.
        number: i32,
        /// Always zero.
        errno: i32,
        /// Where it comes from (`SI_*`, `CLD_*`, `SEGV_*`, …).
        code: i32,
        /// Padding.
        pad: i32,
        /// The union, as words.
        union: [u64; 14],
    }
}

record! {
    /// `stack_t`.
    pub struct SignalStack {
        /// Lowest byte.
        base: u64,
        /// `SS_ONSTACK`, `SS_DISABLE`, `SS_AUTODISARM`.
        flags: i32,
        /// Padding.
        pad: u32,
        /// Size in bytes.
        size: u64,
    }
}

record! {
    /// `struct sigevent`: how a timer tells of its expiry.
    pub struct SignalEvent {
        /// Passed along with the signal.
        value: u64,
        /// Which signal.
        signal: i32,
        /// `SIGEV_*`.
        notify: i32,
        /// Thread for `SIGEV_THREAD_ID`.
        thread: i32,
        /// Padding.
        pad: [u32; 11],
    }
}

/// Sent by `kill`.
pub const SI_USER: i32 = 0;
/// Sent by the kernel.
pub const SI_KERNEL: i32 = 0x80;
/// Sent by `sigqueue`.
pub const SI_QUEUE: i32 = -1;
/// Sent by a timer's expiry.
pub const SI_TIMER: i32 = -2;
/// Sent by `tkill` and `tgkill`.
pub const SI_TKILL: i32 = -6;

/// `SS_ONSTACK`: the thread is on its alternate stack.
pub const SS_ONSTACK: i32 = 1;
/// `SS_DISABLE`: no alternate stack.
pub const SS_DISABLE: i32 = 2;
/// `SS_AUTODISARM`: forget the alternate stack while a handler runs on it.
pub const SS_AUTODISARM: i32 = i32::MIN;

/// The only size of a signal set that Linux accepts.
pub const SIGNAL_SET_SIZE: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::{offset_of, size_of};

    #[test]
    fn sizes() {
        assert_eq!(size_of::<SignalInformation>(), 128);
        assert_eq!(offset_of!(SignalInformation, union), 16);
        assert_eq!(size_of::<SignalStack>(), 24);
        assert_eq!(size_of::<SignalEvent>(), 64);
    }
}
