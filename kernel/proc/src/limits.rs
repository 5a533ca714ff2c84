//! Resource limits of a process: how much of everything it may have.
//!
//! Each resource has a soft limit, which is enforced, and a hard limit, up to which the process may
//! raise the soft one itself (getrlimit(2)). Limits are copied by fork and kept by exec. A limit that
//! no code enforces yet is still remembered and reported: programs set limits and read them back.

use base::{Error, Result};

/// No limit.
pub const UNLIMITED: u64 = u64::MAX;

/// What a limit is about. The numbers are those of Linux on our two architectures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Resource {
    /// Processor seconds.
    ProcessorTime = 0,
    /// The largest file it may write, in bytes.
    FileSize = 1,
    /// Bytes of data segment.
    Data = 2,
    /// Bytes of stack.
    Stack = 3,
    /// Bytes of a core dump.
    Core = 4,
    /// Resident bytes.
    Resident = 5,
    /// Processes and threads of this user.
    Processes = 6,
    /// Open handles: one more than the highest slot.
    Handles = 7,
    /// Bytes locked in memory.
    LockedMemory = 8,
    /// Bytes of address space.
    AddressSpace = 9,
    /// File locks.
    Locks = 10,
    /// Queued events.
    PendingEvents = 11,
    /// Bytes in message queues.
    MessageQueues = 12,
    /// How far the priority may be raised.
    Nice = 13,
    /// The highest real-time priority.
    RealTimePriority = 14,
    /// Microseconds of real-time work without a blocking call.
    RealTimeTime = 15,
}

impl Resource {
    /// How many resources there are.
    pub const COUNT: usize = 16;

    /// The resource of that number.
    pub fn new(number: usize) -> Option<Resource> {
        use Resource::*;
        const ALL: [Resource; Resource::COUNT] = [
            ProcessorTime,
            FileSize,
            Data,
            Stack,
            Core,
            Resident,
            Processes,
            Handles,
            LockedMemory,
            AddressSpace,
            Locks,
            PendingEvents,
            MessageQueues,
            Nice,
            RealTimePriority,
            RealTimeTime,
        ];
        ALL.get(number).copied()
    }
}

/// A soft and a hard limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    /// What is enforced.
    pub soft: u64,
    /// How far the soft limit may be raised.
    pub hard: u64,
}

impl Limit {
    /// No limit at all.
    pub const NONE: Limit = Limit {
        soft: UNLIMITED,
        hard: UNLIMITED,
    };
}

/// All limits of a process.
#[derive(Clone, Debug)]
pub struct Limits([Limit; Resource::COUNT]);

impl Limits {
    /// Raises a soft limit on the kernel's own account.
    pub(crate) fn raise_soft(&mut self, resource: Resource, soft: u64) {
        self.0[resource as usize].soft = soft;
    }

    /// The limits of the first process: like Linux's, with `processes` for the number of processes.
    pub fn initial(processes: u64) -> Limits {
        let mut limits = Limits([Limit::NONE; Resource::COUNT]);
        limits.0[Resource::Stack as usize] = Limit {
            soft: 8 << 20,
            hard: UNLIMITED,
        };
        limits.0[Resource::Core as usize] = Limit {
            soft: 0,
            hard: UNLIMITED,
        };
        limits.0[Resource::Processes as usize] = Limit {
            soft: processes,
            hard: processes,
        };
        limits.0[Resource::Handles as usize] = Limit {
            soft: 1024,
            hard: 4096,
        };
        limits.0[Resource::LockedMemory as usize] = Limit {
            soft: 8 << 20,
            hard: 8 << 20,
        };
        limits.0[Resource::PendingEvents as usize] = Limit {
            soft: processes,
            hard: processes,
        };
        limits.0[Resource::MessageQueues as usize] = Limit {
            soft: 819_200,
            hard: 819_200,
        };
        limits.0[Resource::Nice as usize] = Limit { soft: 0, hard: 0 };
        limits.0[Resource::RealTimePriority as usize] = Limit { soft: 0, hard: 0 };
        limits
    }

    /// One limit.
    pub fn get(&self, resource: Resource) -> Limit {
        self.0[resource as usize]
    }

    /// The soft limit.
    pub fn soft(&self, resource: Resource) -> u64 {
        self.get(resource).soft
    }

    /// Sets a limit; only a privileged process may raise the hard one.
    pub fn set(&mut self, resource: Resource, limit: Limit, privileged: bool) -> Result<()> {
        if limit.soft > limit.hard {
            return Err(Error::InvalidArgument);
        }
        if limit.hard > self.get(resource).hard && !privileged {
            return Err(Error::NotPermitted);
        }
        self.0[resource as usize] = limit;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_privileged_raise_a_hard_limit() {
        let mut limits = Limits::initial(100);
        let more = Limit {
            soft: 200,
            hard: 200,
        };
        assert_eq!(
            limits.set(Resource::Processes, more, false),
            Err(Error::NotPermitted)
        );
        assert_eq!(limits.set(Resource::Processes, more, true), Ok(()));
        assert_eq!(limits.soft(Resource::Processes), 200);
        let twisted = Limit { soft: 2, hard: 1 };
        assert_eq!(
            limits.set(Resource::Processes, twisted, true),
            Err(Error::InvalidArgument)
        );
    }

    #[test]
    fn numbers_name_resources() {
        for number in 0..Resource::COUNT {
            assert_eq!(
                Resource::new(number).map(|resource| resource as usize),
                Some(number)
            );
        }
        assert_eq!(Resource::new(16), None);
    }
}
