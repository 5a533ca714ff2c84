//! What is set on a device from outside, whatever it could do.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

use mem::Ahead;

use super::BlockDevice;

/// See the module.
#[derive(Default)]
pub struct Settings {
    protected: AtomicBool,
    ahead: Arc<Ahead>,
}

impl Settings {
    /// As devices begin: nothing is forbidden.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forbids to write to the device, or allows it as far as the device does. A file system that is mounted already
    /// goes on, as on Linux.
    pub fn protect(&self, protected: bool) {
        self.protected.store(protected, Ordering::Relaxed);
    }
}

impl dyn BlockDevice {
    /// Whether nobody begins to write to it: it refuses, or that was forbidden.
    pub fn is_protected(&self) -> bool {
        let forbidden = |settings: &Settings| settings.protected.load(Ordering::Relaxed);
        self.geometry().read_only || self.settings().is_some_and(forbidden)
    }

    /// How much is read ahead of what lies on it; a part has no own limit.
    pub fn ahead(&self) -> Option<&Arc<Ahead>> {
        match self.whole() {
            Some(whole) => whole.ahead(),
            None => self.settings().map(|settings| &settings.ahead),
        }
    }
}
