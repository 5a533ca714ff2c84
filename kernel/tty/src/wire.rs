//! What a terminal is connected to: a serial port, or the master of a pseudo-terminal.

use crate::settings::Settings;

/// The other end of a terminal.
pub trait Wire: Send + Sync {
    /// Takes as many bytes as it can without waiting, and says how many. Called under the
    /// terminal's lock. A wire that takes less than all calls
    /// [`Terminal::wire_ready`](crate::terminal::Terminal::wire_ready) when it can take more; one
    /// that takes nothing and fetches instead uses
    /// [`Terminal::take_output`](crate::terminal::Terminal::take_output).
    fn transmit(&self, bytes: &[u8]) -> usize;

    /// Readers made room: input that was refused may be offered again.
    fn input_wanted(&self);

    /// Whether all that was taken is gone.
    fn is_drained(&self) -> bool {
        true
    }

    /// Forgets what was taken and not sent. Called under the terminal's lock.
    fn discard(&self) {}

    /// The settings changed: speed and format may have.
    fn configure(&self, settings: &Settings) {
        let _ = settings;
    }

    /// A file was opened on the terminal.
    fn opened(&self) {}

    /// A file on the terminal was closed.
    fn closed(&self) {}
}
