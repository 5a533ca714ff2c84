//! How a process ended, and what waiting for it tells.

use crate::event::Event;

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExitStatus {
    /// By itself, with this status. ABIs narrow it as they must.
    Exited(i32),
    /// By an event.
    Killed {
        /// Which.
        event: Event,
        /// Whether its default action would have written a core.
        core: bool,
    },
}

/// What a child did that its parent may wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitStatus {
    /// It ended.
    Ended(ExitStatus),
    /// It stopped, because of this event.
    Stopped(Event),
    /// It goes on after a stop.
    Continued,
}

/// Processor time and other things used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ResourceUsage {
    /// Nanoseconds in user mode.
    pub user_ns: u64,
    /// Nanoseconds in the kernel.
    pub system_ns: u64,
    /// Page faults.
    pub faults: u64,
    /// Switches to another thread by its own wish.
    pub voluntary_switches: u64,
    /// Switches that it was made to do.
    pub involuntary_switches: u64,
    /// The most pages that were present at once.
    pub peak_resident_bytes: u64,
}

impl ResourceUsage {
    /// Adds another's.
    pub fn add(&mut self, other: &ResourceUsage) {
        self.user_ns += other.user_ns;
        self.system_ns += other.system_ns;
        self.faults += other.faults;
        self.voluntary_switches += other.voluntary_switches;
        self.involuntary_switches += other.involuntary_switches;
        self.peak_resident_bytes = self.peak_resident_bytes.max(other.peak_resident_bytes);
    }
}
