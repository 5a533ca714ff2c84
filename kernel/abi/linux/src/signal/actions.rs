//! What a program wants of its signals: rt_sigaction, rt_sigprocmask, rt_sigpending, sigaltstack.

use base::{Error, Result};
use hal::user::UserContext;
use mem::user::UserPtr;
use proc::{Action, ActionFlags, Disposition, EventSet};

use super::event;
use crate::call::Call;
use crate::layout::*;
use crate::machine::current::{MINIMUM_SIGNAL_STACK, SA_RESTORER, SignalAction};

const SIG_DFL: u64 = 0;
const SIG_IGN: u64 = 1;

/// `SA_*` and what the kernel calls them.
const FLAGS: [(u64, ActionFlags); 8] = [
    (0x0000_0001, ActionFlags::NO_CHILD_STOP),
    (0x0000_0002, ActionFlags::NO_CHILD_WAIT),
    (0x0000_0004, ActionFlags::INFO),
    (0x0800_0000, ActionFlags::ON_STACK),
    (0x1000_0000, ActionFlags::RESTART),
    (0x4000_0000, ActionFlags::NO_DEFER),
    (0x8000_0000, ActionFlags::RESET),
    (SA_RESTORER, ActionFlags::RESTORER),
];

/// Flags are not refused: programs find out what a kernel knows by setting one and reading it back
/// (sigaction(2), "Dynamically probing for flag bit support").
fn flags_from_linux(bits: u64) -> ActionFlags {
    let set = FLAGS.iter().filter(|(bit, _)| bits & bit != 0);
    set.fold(ActionFlags::empty(), |flags, (_, flag)| flags | *flag)
}

fn flags_to_linux(flags: ActionFlags) -> u64 {
    let set = FLAGS.iter().filter(|(_, flag)| flags.contains(*flag));
    set.fold(0, |bits, (bit, _)| bits | bit)
}

impl SignalAction {
    fn to_action(self) -> Action {
        let disposition = match self.handler {
            SIG_DFL => Disposition::Default,
            SIG_IGN => Disposition::Ignore,
            _ => Disposition::Handler,
        };
        Action {
            disposition,
            entry: self.handler as usize,
            flags: flags_from_linux(self.flags),
            mask: EventSet(self.mask).blockable(),
            restorer: self.restorer() as usize,
        }
    }

    fn of(action: &Action) -> SignalAction {
        let handler = match action.disposition {
            Disposition::Default => SIG_DFL,
            Disposition::Ignore => SIG_IGN,
            Disposition::Handler => action.entry as u64,
        };
        let mut record = SignalAction::new(handler, flags_to_linux(action.flags), action.mask.0);
        record.set_restorer(action.restorer as u64);
        record
    }
}

fn check_size(size: usize) -> Result<()> {
    if size == SIGNAL_SET_SIZE {
        Ok(())
    } else {
        Err(Error::InvalidArgument)
    }
}

/// rt_sigaction(2).
pub(crate) fn rt_sigaction(
    call: &mut Call<'_>,
    signal: i32,
    new: UserPtr<SignalAction>,
    old: UserPtr<SignalAction>,
    size: usize,
) -> Result<usize> {
    check_size(size)?;
    let event = event(signal)?;
    let new = match new.non_null() {
        Some(new) => Some(new.read()?.to_action()),
        None => None,
    };
    if new.is_some() && event.is_unstoppable() {
        return Err(Error::InvalidArgument);
    }
    let previous = match new {
        Some(action) => call.process().set_action(event, action),
        None => call.process().with_actions(|table| table.get(event)),
    };
    if let Some(old) = old.non_null() {
        old.write(&SignalAction::of(&previous))?;
    }
    Ok(0)
}

/// rt_sigprocmask(2).
pub(crate) fn rt_sigprocmask(
    call: &mut Call<'_>,
    how: i32,
    new: UserPtr<u64>,
    old: UserPtr<u64>,
    size: usize,
) -> Result<usize> {
    check_size(size)?;
    let before = call.task.blocked();
    if let Some(new) = new.non_null() {
        let set = EventSet(new.read()?);
        let blocked = match how {
            0 => before.union(set),
            1 => before.without(set),
            2 => set,
            _ => return Err(Error::InvalidArgument),
        };
        call.task.set_blocked(blocked);
    }
    if let Some(old) = old.non_null() {
        old.write(&before.0)?;
    }
    Ok(0)
}

/// rt_sigpending(2): a smaller set than eight bytes is allowed here.
pub(crate) fn rt_sigpending(call: &mut Call<'_>, result: usize, size: usize) -> Result<usize> {
    if size > SIGNAL_SET_SIZE {
        return Err(Error::InvalidArgument);
    }
    let pending = call.task.pending().intersection(call.task.blocked());
    mem::user::write_bytes(result, &pending.0.to_le_bytes()[..size])?;
    Ok(0)
}

/// sigaltstack(2).
pub(crate) fn sigaltstack(
    call: &mut Call<'_>,
    context: &mut UserContext,
    new: UserPtr<SignalStack>,
    old: UserPtr<SignalStack>,
) -> Result<Option<usize>> {
    let state = call.thread_state()?;
    let stack_pointer = context.sp();
    let present = state.signal_stack();
    let new = match new.non_null() {
        Some(new) => Some(new.read()?),
        None => None,
    };
    if let Some(new) = new {
        if present.contains(stack_pointer) {
            return Err(Error::NotPermitted);
        }
        state.set_signal_stack(checked(new)?);
    }
    if let Some(old) = old.non_null() {
        old.write(&present.record(stack_pointer))?;
    }
    Ok(Some(0))
}

pub(super) fn checked(new: SignalStack) -> Result<crate::state::AlternateStack> {
    match new.flags & !SS_AUTODISARM {
        SS_DISABLE => Ok(crate::state::AlternateStack::default()),
        0 | SS_ONSTACK if new.size < MINIMUM_SIGNAL_STACK => Err(Error::OutOfMemory),
        0 | SS_ONSTACK => Ok(crate::state::AlternateStack {
            base: new.base as usize,
            size: new.size as usize,
            disarm: new.flags & SS_AUTODISARM != 0,
        }),
        _ => Err(Error::InvalidArgument),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_survive_the_round_trip() {
        let record = SignalAction::new(0x1000, 0x1800_0004, 0x2);
        assert_eq!(SignalAction::of(&record.to_action()), record);
        let ignore = SignalAction::new(SIG_IGN, 0, 0);
        assert_eq!(ignore.to_action().disposition, Disposition::Ignore);
        assert_eq!(SignalAction::of(&ignore.to_action()), ignore);
    }

    #[test]
    fn unknown_flags_do_not_come_back() {
        let record = SignalAction::new(0x1000, 0x0000_0400, 0);
        assert_eq!(SignalAction::of(&record.to_action()).flags, 0);
    }

    #[test]
    fn kill_is_never_in_a_mask() {
        let record = SignalAction::new(0x1000, 0, u64::MAX);
        assert_eq!(record.to_action().mask.0 & (1 << 8 | 1 << 18), 0);
    }
}
