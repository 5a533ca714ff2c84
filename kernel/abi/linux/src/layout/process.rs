//! Records about processes and the system: `rusage`, `rlimit`, `utsname`, `sysinfo`, `clone_args`.

use super::{TimeValue, record};

record! {
    /// `struct rlimit64`.
    pub struct ResourceLimit {
        /// What is enforced.
        soft: u64,
        /// How far the soft limit may be raised.
        hard: u64,
    }
}

record! {
    /// `struct rusage`.
    pub struct ResourceUsage {
        /// Time in user mode.
        user: TimeValue,
        /// Time in the kernel.
        system: TimeValue,
        /// Largest resident size in KiB.
        max_resident: i64,
        /// Unused by Linux too.
        unused1: [i64; 3],
        /// Page faults without input.
        minor_faults: i64,
        /// Page faults with input.
        major_faults: i64,
        /// Unused by Linux too.
        unused2: [i64; 6],
        /// Switches because the thread slept.
        voluntary_switches: i64,
        /// Switches because its time was over.
        involuntary_switches: i64,
    }
}

/// Length of each name in [`SystemName`].
pub const NAME_LENGTH: usize = 65;

/// `struct new_utsname`: six names of 65 bytes.
#[derive(
    Clone,
    Copy,
    zerocopy::FromBytes,
    zerocopy::IntoBytes,
    zerocopy::Immutable,
    zerocopy::KnownLayout,
)]
#[repr(C)]
pub struct SystemName {
    /// "Linux": the ABI spoken.
    pub system: [u8; NAME_LENGTH],
    /// Host name.
    pub node: [u8; NAME_LENGTH],
    /// Release.
    pub release: [u8; NAME_LENGTH],
    /// Version.
    pub version: [u8; NAME_LENGTH],
    /// Machine.
    pub machine: [u8; NAME_LENGTH],
    /// Domain name.
    pub domain: [u8; NAME_LENGTH],
}

record! {
    /// `struct sysinfo` of 64-bit Linux, 112 bytes.
    pub struct SystemInformation {
        /// Seconds since boot.
        uptime: i64,
        /// Load averages, fixed point with 16 bits of fraction.
        loads: [u64; 3],
        /// Total memory in units.
        total_memory: u64,
        /// Free memory in units.
        free_memory: u64,
        /// Shared memory in units.
        shared_memory: u64,
        /// Memory used by buffers, in units.
        buffer_memory: u64,
        /// Swap.
        total_swap: u64,
        /// Free swap.
        free_swap: u64,
        /// Number of processes.
        processes: u16,
        /// Padding.
        pad1: u16,
        /// Padding.
        pad2: u32,
        /// Total high memory.
        total_high: u64,
        /// Free high memory.
        free_high: u64,
        /// Size of a unit in bytes.
        unit: u32,
        /// Padding.
        pad3: u32,
    }
}

record! {
    /// `struct clone_args` up to `CLONE_ARGS_SIZE_VER2`.
    pub struct CloneArguments {
        /// `CLONE_*`, without the exit signal.
        flags: u64,
        /// Where to put a pid descriptor.
        pidfd: u64,
        /// Where to put the thread id in the child's memory.
        child_tid: u64,
        /// Where to put the thread id in the parent's memory.
        parent_tid: u64,
        /// Signal sent to the parent at exit.
        exit_signal: u64,
        /// Lowest byte of the child's stack.
        stack: u64,
        /// Size of the stack.
        stack_size: u64,
        /// Thread pointer.
        tls: u64,
        /// Chosen thread ids.
        set_tid: u64,
        /// Number of chosen thread ids.
        set_tid_size: u64,
        /// Control group.
        cgroup: u64,
    }
}

record! {
    /// `struct riscv_hwprobe`.
    pub struct HardwareProbe {
        /// What is asked; -1 comes back for what is not known.
        key: i64,
        /// The answer.
        value: u64,
    }
}

record! {
    /// `struct sched_param`.
    pub struct SchedulingParameter {
        /// Real-time priority.
        priority: i32,
    }
}

record! {
    /// `struct sched_attr`.
    pub struct SchedulingAttributes {
        /// Bytes that are meant.
        size: u32,
        /// `SCHED_*`.
        policy: u32,
        /// `SCHED_FLAG_*`.
        flags: u64,
        /// Of the fair policies.
        nice: i32,
        /// Of the real-time policies.
        priority: u32,
        /// Of the deadline policy, as the next two.
        runtime: u64,
        /// See `runtime`.
        deadline: u64,
        /// See `runtime`.
        period: u64,
        /// The least and the most that the CPU's speed should be.
        utilisation: [u32; 2],
    }
}

record! {
    /// `struct __user_cap_header_struct`.
    pub struct CapabilityHeader {
        /// Version of the interface.
        version: u32,
        /// Whose, zero for the caller.
        pid: i32,
    }
}

record! {
    /// `struct __user_cap_data_struct`.
    pub struct CapabilityData {
        /// Capabilities in force.
        effective: u32,
        /// Capabilities that may be put in force.
        permitted: u32,
        /// Capabilities that survive exec.
        inheritable: u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::{offset_of, size_of};

    #[test]
    fn sizes() {
        assert_eq!(size_of::<ResourceUsage>(), 144);
        assert_eq!(offset_of!(ResourceUsage, minor_faults), 64);
        assert_eq!(offset_of!(ResourceUsage, voluntary_switches), 128);
        assert_eq!(size_of::<SystemName>(), 390);
        assert_eq!(size_of::<SystemInformation>(), 112);
        assert_eq!(offset_of!(SystemInformation, processes), 80);
        assert_eq!(offset_of!(SystemInformation, unit), 104);
        assert_eq!(size_of::<CloneArguments>(), 88);
        assert_eq!(size_of::<HardwareProbe>(), 16);
        assert_eq!(size_of::<ResourceLimit>(), 16);
        assert_eq!(size_of::<CapabilityData>(), 12);
    }
}
