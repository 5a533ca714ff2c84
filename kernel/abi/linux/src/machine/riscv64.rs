//! RISC-V 64: the architecture's own part of Linux's ABI (`arch/riscv/include/uapi`).

use crate::layout::{SignalInformation, SignalStack, record};

/// `utsname.machine` and the name of the ABI's directory.
pub const MACHINE: &[u8] = b"riscv64";
/// `AT_PLATFORM`: RISC-V Linux has none.
pub const PLATFORM: Option<&[u8]> = None;
/// `AT_HWCAP`: one bit a letter of the instruction set, IMAFDC.
pub const HARDWARE_CAPABILITIES: u64 =
    letter(b'I') | letter(b'M') | letter(b'A') | letter(b'F') | letter(b'D') | letter(b'C');
/// `AT_HWCAP2`: not given on RISC-V.
pub const HARDWARE_CAPABILITIES_2: Option<u64> = None;
/// `AT_MINSIGSTKSZ`: what a signal frame needs.
pub const MINIMUM_SIGNAL_STACK: u64 = 2048;

const fn letter(name: u8) -> u64 {
    1 << (name - b'A')
}

/// The open flags that architectures number differently (`asm-generic/fcntl.h`).
pub mod open {
    /// Direct I/O.
    pub const O_DIRECT: u32 = 0o40000;
    /// Files beyond 2 GiB; implied on 64-bit systems.
    pub const O_LARGEFILE: u32 = 0o100000;
    /// Only a directory.
    pub const O_DIRECTORY: u32 = 0o200000;
    /// Not through a symbolic link at the end.
    pub const O_NOFOLLOW: u32 = 0o400000;
}

record! {
    /// The kernel's `struct sigaction`: RISC-V has no restorer, handlers return through the
    /// vDSO.
    pub struct SignalAction {
        /// `SIG_DFL`, `SIG_IGN` or the handler.
        handler: u64,
        /// `SA_*`.
        flags: u64,
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
            mask,
        }
    }

    /// The restorer, where the architecture has one.
    pub fn restorer(&self) -> u64 {
        0
    }

    /// Sets the restorer, where the architecture has one.
    pub fn set_restorer(&mut self, _restorer: u64) {}
}

/// `SA_RESTORER` as far as this architecture knows it.
pub const SA_RESTORER: u64 = 0;

record! {
    /// What a handler's return puts back besides the registers.
    pub struct FrameMask {
        /// `uc_stack`.
        stack: SignalStack,
        /// `uc_sigmask`: what is blocked after the return.
        mask: u64,
    }
}

record! {
    /// A signal frame up to the program counter.
    pub struct FrameHead {
        /// `siginfo_t`, second argument of the handler.
        information: SignalInformation,
        /// `uc_flags`.
        flags: u64,
        /// `uc_link`.
        link: u64,
        /// `uc_stack` and `uc_sigmask`.
        kept: FrameMask,
        /// Room for larger sets, and `sigcontext` is aligned to 16 bytes.
        unused: [u64; 16],
        /// `sc_regs.pc`.
        program_counter: usize,
    }
}

/// `struct rt_sigframe`: the information, then the `ucontext`. Nobody has a whole one in hand: each part goes
/// straight from where the kernel keeps it to the program's stack, and back.
#[repr(C)]
pub struct SignalFrame {
    /// Up to the program counter.
    pub head: FrameHead,
    /// `sc_regs`: x1 to x31.
    pub registers: [usize; 31],
    /// `sc_fpregs` in its double-precision form: f0 to f31.
    pub floating: [u64; 32],
    /// `fcsr`.
    pub floating_control: u32,
    /// The rest of the union's room for other forms.
    pub unused: [u32; 64],
    /// `sc_extdesc`, the header of the first extension: all zero says that there are none.
    pub extensions: [u32; 3],
}

/// What a frame takes of a stack.
pub const FRAME_SIZE: usize = size_of::<SignalFrame>();

/// Where `ucontext` begins in the frame: third argument of the handler.
pub const CONTEXT_OFFSET: usize = core::mem::offset_of!(FrameHead, flags);

/// Keys of `riscv_hwprobe` and what this machine answers.
pub mod probe {
    /// Vendor.
    pub const MVENDORID: i64 = 0;
    /// Architecture identifier.
    pub const MARCHID: i64 = 1;
    /// Implementation.
    pub const MIMPID: i64 = 2;
    /// Base behaviour.
    pub const BASE_BEHAVIOR: i64 = 3;
    /// Extensions.
    pub const IMA_EXT_0: i64 = 4;
    /// How fast misaligned accesses are, old form.
    pub const CPUPERF_0: i64 = 5;
    /// Size of a cbo.zero block.
    pub const ZICBOZ_BLOCK_SIZE: i64 = 6;
    /// Highest user address.
    pub const HIGHEST_VIRT_ADDRESS: i64 = 7;
    /// Frequency of the time register.
    pub const TIME_CSR_FREQ: i64 = 8;
    /// How fast misaligned scalar accesses are.
    pub const MISALIGNED_SCALAR_PERF: i64 = 9;
    /// Base behaviour: I, M, A.
    pub const BASE_BEHAVIOR_IMA: u64 = 1;
    /// Extensions: F and D.
    pub const IMA_FD: u64 = 1 << 0;
    /// Extensions: C.
    pub const IMA_C: u64 = 1 << 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::{offset_of, size_of};

    #[test]
    fn frame_is_linux_layout() {
        assert_eq!(size_of::<SignalFrame>(), 128 + 960);
        assert_eq!(CONTEXT_OFFSET, 128);
        assert_eq!(offset_of!(FrameHead, kept) - CONTEXT_OFFSET, 16);
        assert_eq!(offset_of!(FrameMask, mask), 24);
        assert_eq!(offset_of!(FrameHead, program_counter) - CONTEXT_OFFSET, 176);
        assert_eq!(offset_of!(SignalFrame, registers) - CONTEXT_OFFSET, 184);
        assert_eq!(offset_of!(SignalFrame, floating) - CONTEXT_OFFSET, 432);
        assert_eq!(
            offset_of!(SignalFrame, floating_control) - CONTEXT_OFFSET,
            688
        );
        assert_eq!(size_of::<SignalFrame>() % 16, 0);
    }

    #[test]
    fn capabilities_and_action() {
        assert_eq!(HARDWARE_CAPABILITIES, 0x112d);
        assert_eq!(size_of::<SignalAction>(), 24);
        assert_eq!(offset_of!(SignalAction, mask), 16);
    }
}
