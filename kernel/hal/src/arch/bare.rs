//! What the two bare-metal backends share.

use crate::sync::Once;

/// A value made at its first use, once: on bare metal there is one machine.
pub(crate) struct GlobalCell<T: 'static> {
    initialise: fn() -> T,
    value: Once<T>,
}

impl<T: Send + Sync + 'static> GlobalCell<T> {
    /// An empty cell.
    pub(crate) const fn new(initialise: fn() -> T) -> Self {
        Self {
            initialise,
            value: Once::new(),
        }
    }

    /// The value.
    #[inline]
    pub(crate) fn get(&self) -> &T {
        self.value.get_or_init(self.initialise)
    }
}
