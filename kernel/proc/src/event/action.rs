//! What a program asked to happen for each event, and what happens when it asked for nothing.

use super::{Event, EventSet};
use bitflags::bitflags;

bitflags! {
    /// How a handler wants to be called. The bits are the kernel's own; ABIs translate.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct ActionFlags: u32 {
        /// Children that stop or continue send no CHILD_CHANGED.
        const NO_CHILD_STOP = 1 << 0;
        /// Children that end leave no zombie.
        const NO_CHILD_WAIT = 1 << 1;
        /// The handler takes the information record.
        const INFO = 1 << 2;
        /// The handler runs on the alternate stack.
        const ON_STACK = 1 << 3;
        /// An interrupted call starts again after the handler.
        const RESTART = 1 << 4;
        /// The event is not blocked while its handler runs.
        const NO_DEFER = 1 << 5;
        /// The action goes back to the default when the handler starts.
        const RESET = 1 << 6;
        /// The handler brings its own return code.
        const RESTORER = 1 << 7;
    }
}

/// Which of the three things is to happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Disposition {
    /// The default action.
    #[default]
    Default,
    /// Nothing at all.
    Ignore,
    /// The program's own code at [`Action::entry`].
    Handler,
}

/// The action of one event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Action {
    /// Default, ignore, or a handler.
    pub disposition: Disposition,
    /// Where the handler starts.
    pub entry: usize,
    /// How it wants to be called.
    pub flags: ActionFlags,
    /// What is blocked while it runs.
    pub mask: EventSet,
    /// Where it returns to, if it brought that.
    pub restorer: usize,
}

/// What happens to a process for an event it did not ask about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DefaultAction {
    /// The process ends.
    Terminate,
    /// The process ends, and its memory would be worth looking at.
    Core,
    /// All its threads stop until CONTINUE.
    Stop,
    /// Stopped threads go on.
    Continue,
    /// Nothing.
    Ignore,
}

impl DefaultAction {
    /// The default of an event (signal(7), "Standard signals").
    pub fn of(event: Event) -> DefaultAction {
        match event {
            Event::CHILD_CHANGED | Event::URGENT | Event::WINDOW_CHANGED => DefaultAction::Ignore,
            Event::CONTINUE => DefaultAction::Continue,
            _ if EventSet::STOPS.contains(event) => DefaultAction::Stop,
            Event::QUIT
            | Event::ILLEGAL_INSTRUCTION
            | Event::TRAP
            | Event::ABORT
            | Event::BUS_ERROR
            | Event::ARITHMETIC_ERROR
            | Event::SEGMENT_FAULT
            | Event::CPU_LIMIT
            | Event::FILE_LIMIT
            | Event::BAD_CALL => DefaultAction::Core,
            _ => DefaultAction::Terminate,
        }
    }
}

/// The actions of all 64 events of a process.
#[derive(Clone)]
pub struct ActionTable([Action; Event::MAX as usize]);

impl Default for ActionTable {
    fn default() -> Self {
        ActionTable([Action::default(); Event::MAX as usize])
    }
}

impl ActionTable {
    /// The action of one event.
    pub fn get(&self, event: Event) -> Action {
        self.0[event.number() as usize - 1]
    }

    /// Replaces it and returns the old one. KILL and STOP keep their default: asking for anything else
    /// is the caller's error to report.
    pub fn set(&mut self, event: Event, action: Action) -> Action {
        let slot = &mut self.0[event.number() as usize - 1];
        let old = *slot;
        if !event.is_unstoppable() {
            *slot = Action {
                mask: action.mask.blockable(),
                ..action
            };
        }
        old
    }

    /// Whether the event need not become pending: nothing happens when it is seen. (CONTINUE acts when it is sent.)
    pub fn ignores(&self, event: Event) -> bool {
        match self.get(event).disposition {
            Disposition::Ignore => true,
            Disposition::Handler => false,
            Disposition::Default => {
                matches!(
                    DefaultAction::of(event),
                    DefaultAction::Ignore | DefaultAction::Continue
                )
            }
        }
    }

    /// What exec does: handlers fall back to the default, ignored stays ignored (execve(2)).
    pub fn reset_handlers(&mut self) {
        for action in &mut self.0 {
            let ignored = action.disposition == Disposition::Ignore;
            *action = Action {
                disposition: if ignored {
                    Disposition::Ignore
                } else {
                    Disposition::Default
                },
                ..Action::default()
            };
        }
    }

    /// The events that are ignored, and those that have a handler.
    pub fn summary(&self) -> (EventSet, EventSet) {
        let mut ignored = EventSet::EMPTY;
        let mut caught = EventSet::EMPTY;
        for event in EventSet::ALL.iter() {
            match self.get(event).disposition {
                Disposition::Ignore => ignored.insert(event),
                Disposition::Handler => caught.insert(event),
                Disposition::Default => {}
            }
        }
        (ignored, caught)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kill_and_stop_keep_their_default() {
        let mut table = ActionTable::default();
        for event in [Event::KILL, Event::STOP] {
            table.set(
                event,
                Action {
                    disposition: Disposition::Ignore,
                    ..Action::default()
                },
            );
            assert!(!table.ignores(event));
        }
    }

    #[test]
    fn exec_keeps_what_is_ignored_and_forgets_handlers() {
        let mut table = ActionTable::default();
        table.set(
            Event::INTERRUPT,
            Action {
                disposition: Disposition::Ignore,
                ..Action::default()
            },
        );
        table.set(
            Event::QUIT,
            Action {
                disposition: Disposition::Handler,
                entry: 0x1000,
                ..Action::default()
            },
        );
        table.reset_handlers();
        assert_eq!(table.get(Event::INTERRUPT).disposition, Disposition::Ignore);
        assert_eq!(table.get(Event::QUIT), Action::default());
    }

    #[test]
    fn summary_tells_ignored_from_caught() {
        let mut table = ActionTable::default();
        table.set(
            Event::HANG_UP,
            Action {
                disposition: Disposition::Ignore,
                ..Action::default()
            },
        );
        table.set(
            Event::USER_1,
            Action {
                disposition: Disposition::Handler,
                ..Action::default()
            },
        );
        assert_eq!(
            table.summary(),
            (
                EventSet::of(&[Event::HANG_UP]),
                EventSet::of(&[Event::USER_1])
            )
        );
    }
}
