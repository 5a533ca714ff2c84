//! The system as a whole.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Answer of `SystemInfo`. Each name is padded with zeroes.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SystemInfo {
    /// Size of this record.
    pub size: u32,
    /// CPUs that run.
    pub cpus: u32,
    /// The system's name.
    pub system: [u8; 64],
    /// The host's name.
    pub host: [u8; 64],
    /// The kernel's version.
    pub release: [u8; 64],
    /// When and how it was built.
    pub version: [u8; 64],
    /// The machine.
    pub machine: [u8; 64],
}

impl Default for SystemInfo {
    fn default() -> SystemInfo {
        SystemInfo {
            size: 0,
            cpus: 0,
            system: [0; 64],
            host: [0; 64],
            release: [0; 64],
            version: [0; 64],
            machine: [0; 64],
        }
    }
}

/// Answer of `MemoryInfo`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct MemoryInfo {
    /// Size of this record.
    pub size: u32,
    /// Processes that exist.
    pub processes: u32,
    /// Memory that the kernel manages, in bytes.
    pub total: u64,
    /// Memory that nobody uses.
    pub free: u64,
    /// Time since start.
    pub uptime_ns: u64,
    /// Load over 1, 5 and 15 minutes, in units of 1/65536.
    pub load: [u32; 3],
    /// Zero.
    pub reserved: u32,
}

/// `Power`: switch off.
pub const POWER_OFF: usize = 0;
/// `Power`: restart.
pub const POWER_RESTART: usize = 1;

/// `Clock`: nanoseconds since the system started; never goes back.
pub const CLOCK_MONOTONIC: usize = 0;
/// `Clock`: nanoseconds since 1970.
pub const CLOCK_WALL: usize = 1;
/// `Clock`: CPU time of this process.
pub const CLOCK_PROCESS: usize = 2;
/// `Clock`: CPU time of this thread.
pub const CLOCK_THREAD: usize = 3;
