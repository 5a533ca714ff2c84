//! AArch64: the architecture's own part of Linux's ABI (`arch/arm64/include/uapi`).

use crate::layout::{SignalInformation, SignalStack, record};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `utsname.machine` and the name of the ABI's directory.
pub const MACHINE: &[u8] = b"aarch64";
/// `AT_PLATFORM`.
pub const PLATFORM: Option<&[u8]> = Some(b"aarch64\0");
/// `AT_HWCAP`: floating point and Advanced SIMD, which every ARMv8-A application processor has. More
/// is claimed only when the processor's registers have been read; `HWCAP_CPUID` never, because that
/// would promise to emulate reads of identification registers.
pub const HARDWARE_CAPABILITIES: u64 = (1 << 0) | (1 << 1);
/// `AT_HWCAP2`.
pub const HARDWARE_CAPABILITIES_2: Option<u64> = Some(0);
/// `AT_MINSIGSTKSZ`: what a signal frame and its frame record need.
pub const MINIMUM_SIGNAL_STACK: u64 = 5120;

/// The open flags that architectures number differently (`arch/arm64/include/uapi/asm/fcntl.h`).
pub mod open {
    /// Only a directory.
    pub const O_DIRECTORY: u32 = 0o40000;
    /// Not through a symbolic link at the end.
    pub const O_NOFOLLOW: u32 = 0o100000;
    /// Direct I/O.
    pub const O_DIRECT: u32 = 0o200000;
    /// Files beyond 2 GiB; implied on 64-bit systems.
    pub const O_LARGEFILE: u32 = 0o400000;
}

record! {
    /// The kernel's `struct sigaction`, with a restorer that few programs use.
    pub struct SignalAction {
        /// `SIG_DFL`, `SIG_IGN` or the handler.
        handler: u64,
        /// `SA_*`.
        flags: u64,
        /// Where the handler returns to, if `SA_RESTORER` is set.
        restorer_address: u64,
        /// Signals blocked while the handler runs.
        mask: u64,
    }
}

impl SignalAction {
    /// A record without a restorer.
    pub fn new(handler: u64, flags: u64, mask: u64) -> Self {
        Self {
            handler,
            flags,
            restorer_address: 0,
            mask,
        }
    }

    /// The restorer, where the architecture has one.
    pub fn restorer(&self) -> u64 {
        self.restorer_address
    }

    /// Sets the restorer, where the architecture has one.
    pub fn set_restorer(&mut self, restorer: u64) {
        self.restorer_address = restorer;
    }
}

/// `SA_RESTORER`.
pub const SA_RESTORER: u64 = 0x0400_0000;

/// Room for extension records in `struct sigcontext`.
pub const RESERVED: usize = 4096;

/// `struct rt_sigframe`: the information, then the `ucontext`.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SignalFrame {
    /// `siginfo_t`, second argument of the handler.
    pub information: SignalInformation,
    /// `uc_flags`.
    pub flags: u64,
    /// `uc_link`.
    pub link: u64,
    /// `uc_stack`.
    pub stack: SignalStack,
    /// `uc_sigmask`: what is blocked after the return.
    pub mask: u64,
    /// Room for larger sets.
    pub unused: [u64; 15],
    /// `sigcontext` is aligned to 16 bytes.
    pub pad1: u64,
    /// The address that faulted.
    pub fault_address: u64,
    /// x0 to x30.
    pub registers: [u64; 31],
    /// Stack pointer.
    pub stack_pointer: u64,
    /// Program counter.
    pub program_counter: u64,
    /// Flags of the processor.
    pub state: u64,
    /// The records are aligned to 16 bytes.
    pub pad2: u64,
    /// First record: floating point and SIMD.
    pub floating: FloatingPointRecord,
    /// Second record: always the terminator, behind which nobody reads on. (Linux has a fault's
    /// syndrome here; with that one there would have to be a third.)
    pub exception: ExceptionRecord,
}

/// What a frame takes of a stack: the rest of the room for records is left as it was.
pub const FRAME_SIZE: usize = size_of::<SignalFrame>() + RESERVED
    - size_of::<FloatingPointRecord>()
    - size_of::<ExceptionRecord>();

/// `struct fpsimd_context`.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct FloatingPointRecord {
    /// [`FLOATING_POINT_MAGIC`].
    pub magic: u32,
    /// 528.
    pub size: u32,
    /// `FPSR`.
    pub status: u32,
    /// `FPCR`.
    pub control: u32,
    /// v0 to v31, low word first.
    pub registers: [[u64; 2]; 32],
}

record! {
    /// `struct esr_context`.
    pub struct ExceptionRecord {
        /// [`EXCEPTION_MAGIC`], or zero for the terminator.
        magic: u32,
        /// 16, or zero for the terminator.
        size: u32,
        /// `ESR_EL1`.
        syndrome: u64,
    }
}

/// Marks a [`FloatingPointRecord`].
pub const FLOATING_POINT_MAGIC: u32 = 0x4650_8001;
/// Marks an [`ExceptionRecord`].
pub const EXCEPTION_MAGIC: u32 = 0x4553_5201;

/// Where `ucontext` begins in the frame: third argument of the handler.
pub const CONTEXT_OFFSET: usize = core::mem::offset_of!(SignalFrame, flags);

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::{offset_of, size_of};

    #[test]
    fn frame_is_linux_layout() {
        assert_eq!(FRAME_SIZE, 4688);
        assert_eq!(CONTEXT_OFFSET, 128);
        assert_eq!(offset_of!(SignalFrame, fault_address) - CONTEXT_OFFSET, 176);
        assert_eq!(offset_of!(SignalFrame, stack_pointer) - CONTEXT_OFFSET, 432);
        assert_eq!(offset_of!(SignalFrame, floating) - CONTEXT_OFFSET, 464);
        assert_eq!(size_of::<FloatingPointRecord>(), 528);
        assert_eq!(size_of::<ExceptionRecord>(), 16);
        assert_eq!(FRAME_SIZE % 16, 0);
    }

    #[test]
    fn action_has_a_restorer() {
        assert_eq!(size_of::<SignalAction>(), 32);
        assert_eq!(offset_of!(SignalAction, mask), 24);
    }
}
