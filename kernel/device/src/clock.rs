//! Clocks that keep the time of day while the machine is off.

use base::Result;

/// A real-time clock.
pub trait Clock: Send + Sync {
    /// A short name for the log, such as `pl031`.
    fn name(&self) -> &str;

    /// Nanoseconds since 1970-01-01 00:00 UTC.
    fn now_ns(&self) -> Result<u64>;

    /// Sets it, where it can be set.
    fn set_ns(&self, nanoseconds: u64) -> Result<()> {
        let _ = nanoseconds;
        Err(base::Error::Unsupported)
    }
}
