//! The two architectures, and what each is called by Rust, QEMU and Debian.

use clap::ValueEnum;

/// A guest architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Arch {
    /// RISC-V, 64 bits
    Riscv64,
    /// Arm, 64 bits
    Aarch64,
}

impl Arch {
    /// Both, in the order in which reports list them.
    pub const ALL: [Arch; 2] = [Arch::Riscv64, Arch::Aarch64];

    /// The name used in paths of the guest and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Arch::Riscv64 => "riscv64",
            Arch::Aarch64 => "aarch64",
        }
    }

    /// The Rust target of the kernel, which must not touch floating-point registers.
    pub fn kernel_target(self) -> &'static str {
        match self {
            Arch::Riscv64 => "riscv64imac-unknown-none-elf",
            Arch::Aarch64 => "aarch64-unknown-none-softfloat",
        }
    }

    /// The Rust target of native programs.
    pub fn user_target(self) -> &'static str {
        match self {
            Arch::Riscv64 => "riscv64gc-unknown-none-elf",
            Arch::Aarch64 => "aarch64-unknown-none",
        }
    }

    /// Debian's name of the architecture.
    pub fn debian(self) -> &'static str {
        match self {
            Arch::Riscv64 => "riscv64",
            Arch::Aarch64 => "arm64",
        }
    }

    /// The emulator.
    pub fn emulator(self) -> &'static str {
        match self {
            Arch::Riscv64 => "qemu-system-riscv64",
            Arch::Aarch64 => "qemu-system-aarch64",
        }
    }

    /// Machine and CPU of the emulator. `cortex-a72` because `max` is several times slower
    /// without hardware help.
    pub fn machine(self) -> &'static [&'static str] {
        match self {
            Arch::Riscv64 => &["-machine", "virt", "-cpu", "rv64"],
            Arch::Aarch64 => &["-machine", "virt,gic-version=2", "-cpu", "cortex-a72"],
        }
    }

    /// The console's name on Linux's command line.
    pub fn linux_console(self) -> &'static str {
        match self {
            Arch::Riscv64 => "ttyS0",
            Arch::Aarch64 => "ttyAMA0",
        }
    }
}
