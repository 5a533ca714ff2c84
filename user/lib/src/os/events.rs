//! Control events.

use super::OwnedHandle;
use crate::io::{self, Read};
use crate::sys;
pub use scarlet_abi::event::*;
use zerocopy::IntoBytes;

/// Decides what an event does to this program; gives what it did before.
pub fn set_action(event: u32, action: Action) -> io::Result<Action> {
    let previous = sys::set_event_action(event, action as usize)?;
    Ok(Action::from_number(previous).unwrap_or(Action::Default))
}

/// Sends an event to a process.
pub fn send(process: u32, event: u32) -> io::Result<()> {
    sys::send_event(process as isize, event)?;
    Ok(())
}

/// Sends an event to all processes of a group.
pub fn send_group(group: u32, event: u32) -> io::Result<()> {
    sys::send_event(-(group as isize), event)?;
    Ok(())
}

/// Sends an event with the number as a person types it: negative for a group, 0 for one's own group.
pub fn send_number(number: i64, event: u32) -> io::Result<()> {
    sys::send_event(number as isize, event)?;
    Ok(())
}

/// The stream of received events.
pub struct EventStream(OwnedHandle);

impl EventStream {
    /// Opens it.
    pub fn open() -> io::Result<EventStream> {
        let flags = scarlet_abi::handle::HandleFlags::CLOSE_ON_EXECUTE;
        Ok(EventStream(OwnedHandle::from_number(sys::open_events(
            flags.bits(),
        )?)))
    }

    /// Waits for the next event.
    pub fn next_event(&mut self) -> io::Result<EventRecord> {
        let mut record = EventRecord::default();
        self.0.read_exact(record.as_mut_bytes())?;
        Ok(record)
    }

    /// The handle, for polling.
    pub fn handle(&self) -> &OwnedHandle {
        &self.0
    }
}

/// The number of an event given as a number or a name (`TERM`, `SIGTERM`, `term`).
pub fn number_of(text: &str) -> Option<u32> {
    if let Ok(number) = text.parse::<u32>() {
        return (number <= MAXIMUM).then_some(number);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    NAMES
        .iter()
        .find(|(_, word, _)| *word == name)
        .map(|&(number, _, _)| number)
}

/// The name of an event.
pub fn name_of(event: u32) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(number, _, _)| *number == event)
        .map(|&(_, word, _)| word)
}
