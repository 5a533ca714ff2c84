//! futex and robust lists.
//!
//! Sleeping and waking are `ipc`'s. Here are the operations' numbers, the meaning of the timeout
//! (relative for WAIT, absolute for WAIT_BITSET), the little arithmetic of WAKE_OP, and the walk over
//! the list of locks that a thread still holds when it ends (get_robust_list(2)).

use alloc::sync::Arc;
use base::time::Instant;
use base::{Error, Result};
use ipc::futex::{self, ANY, Key};
use mem::user::UserPtr;
use proc::Task;

use crate::call::{Call, Restart};
use crate::layout::TimeSpecification;
use crate::memory::space;
use crate::state::ThreadState;

mod operation {
    pub(super) const WAIT: u32 = 0;
    pub(super) const WAKE: u32 = 1;
    pub(super) const REQUEUE: u32 = 3;
    pub(super) const CMP_REQUEUE: u32 = 4;
    pub(super) const WAKE_OP: u32 = 5;
    pub(super) const WAIT_BITSET: u32 = 9;
    pub(super) const WAKE_BITSET: u32 = 10;
    pub(super) const PRIVATE: u32 = 128;
    pub(super) const CLOCK_REALTIME: u32 = 256;
}

/// futex(2). The priority-inheriting operations are not there.
pub(crate) fn futex(
    call: &mut Call<'_>,
    address: usize,
    operation: u32,
    value: u32,
    timeout: usize,
    second_address: usize,
    value3: u32,
) -> Result<usize> {
    use operation::*;
    let shared = operation & PRIVATE == 0;
    let real_time = operation & CLOCK_REALTIME != 0;
    let command = operation & !(PRIVATE | CLOCK_REALTIME);
    if real_time && command != WAIT_BITSET {
        return Err(Error::NotImplemented);
    }
    let key = |address| Key::new(&*space(call)?, address, shared);
    // In the waking operations the timeout's register holds another count.
    let second_count = timeout as u32 as i32;
    match command {
        WAIT | WAIT_BITSET => {
            let bits = if command == WAIT { ANY } else { value3 };
            let key = key(address)?;
            let deadline = deadline(call, timeout, command == WAIT, real_time)?;
            match futex::wait(key, address, value, bits, deadline) {
                Err(Error::Interrupted) if deadline.is_some() => {
                    call.restart = Some(Restart::UnlessHandled);
                    Err(Error::Interrupted)
                }
                other => other.map(|()| 0),
            }
        }
        WAKE => Ok(futex::wake(key(address)?, count(value as i32)?, ANY)),
        WAKE_BITSET if value3 == 0 => Err(Error::InvalidArgument),
        WAKE_BITSET => Ok(futex::wake(key(address)?, count(value as i32)?, value3)),
        REQUEUE | CMP_REQUEUE => {
            let (from, to) = (key(address)?, key(second_address)?);
            let expected = (command == CMP_REQUEUE).then_some((address, value3));
            let (wakes, moves) = (nonnegative(value as i32)?, nonnegative(second_count)?);
            let (woken, moved) = futex::requeue(from, to, wakes, moves, expected)?;
            Ok(if command == CMP_REQUEUE {
                woken + moved
            } else {
                woken
            })
        }
        WAKE_OP => {
            let (first, second) = (key(address)?, key(second_address)?);
            let wake_second = wake_operation(second_address, value3)?;
            let mut woken = futex::wake(first, count(value as i32)?, ANY);
            if wake_second {
                woken += futex::wake(second, count(second_count)?, ANY);
            }
            Ok(woken)
        }
        _ => Err(Error::NotImplemented),
    }
}

/// How many to wake: at least one, as Linux has it.
fn count(value: i32) -> Result<usize> {
    Ok(usize::try_from(value).unwrap_or(0).max(1))
}

fn nonnegative(value: i32) -> Result<usize> {
    usize::try_from(value).map_err(|_| Error::InvalidArgument)
}

fn deadline(
    call: &Call<'_>,
    timeout: usize,
    relative: bool,
    real_time: bool,
) -> Result<Option<Instant>> {
    let Some(timeout) = UserPtr::<TimeSpecification>::from(timeout).non_null() else {
        return Ok(None);
    };
    let time = timeout.read()?.to_duration()?;
    Ok(Some(if relative {
        call.deadline_after(time)?
    } else if real_time {
        base::time::now() + time.saturating_sub(base::time::wall_clock())
    } else {
        Instant::BOOT + time
    }))
}

/// Changes the word at `address` as `FUTEX_OP` says and tells whether its old value passes the
/// comparison.
fn wake_operation(address: usize, encoded: u32) -> Result<bool> {
    let signed = |bits: u32| ((bits << 20) as i32) >> 20;
    let (operation, comparison) = (encoded >> 28 & 7, encoded >> 24 & 15);
    let (mut operand, against) = (signed(encoded >> 12 & 0xfff), signed(encoded & 0xfff));
    if encoded >> 31 != 0 {
        operand = 1i32.wrapping_shl(operand as u32);
    }
    let change = |old: u32| {
        let operand = operand as u32;
        Ok(match operation {
            0 => operand,
            1 => old.wrapping_add(operand),
            2 => old | operand,
            3 => old & !operand,
            4 => old ^ operand,
            _ => return Err(Error::NotImplemented),
        })
    };
    let old = update(address, change)? as i32;
    Ok(match comparison {
        0 => old == against,
        1 => old != against,
        2 => old < against,
        3 => old <= against,
        4 => old > against,
        5 => old >= against,
        _ => return Err(Error::NotImplemented),
    })
}

/// Replaces a word atomically; returns the old value.
fn update(address: usize, change: impl Fn(u32) -> Result<u32>) -> Result<u32> {
    let mut old = mem::user::load_u32(address)?;
    loop {
        match mem::user::compare_exchange_u32(address, old, change(old)?)? {
            Ok(old) => return Ok(old),
            Err(present) => old = present,
        }
    }
}

/// `sizeof(struct robust_list_head)`.
const ROBUST_HEAD: usize = 24;

/// set_robust_list(2).
pub(crate) fn set_robust_list(call: &mut Call<'_>, head: usize, size: usize) -> Result<usize> {
    if size != ROBUST_HEAD {
        return Err(Error::InvalidArgument);
    }
    call.thread_state()?.set_robust_list(head);
    Ok(0)
}

/// get_robust_list(2).
pub(crate) fn get_robust_list(
    call: &mut Call<'_>,
    pid: i32,
    head: UserPtr<usize>,
    size: UserPtr<usize>,
) -> Result<usize> {
    let task = crate::process::task_of(call, pid)?;
    if !Arc::ptr_eq(task.process(), call.process()) && !call.process().credentials().is_superuser()
    {
        return Err(Error::NotPermitted);
    }
    size.write(&ROBUST_HEAD)?;
    head.write(&ThreadState::of(&task)?.robust_list())?;
    Ok(0)
}

/// More entries than this in a robust list are a loop (`ROBUST_LIST_LIMIT`).
const ROBUST_LIMIT: usize = 2048;
const WAITERS: u32 = 0x8000_0000;
const OWNER_DIED: u32 = 0x4000_0000;
const OWNER: u32 = 0x3fff_ffff;

/// A thread ends or leaves its memory: locks it still holds are marked and their waiters woken.
pub(crate) fn leave(task: &Arc<Task>) {
    let Ok(state) = ThreadState::of(task) else {
        return;
    };
    let head = state.robust_list();
    if head != 0 {
        state.set_robust_list(0);
        // A list that cannot be read ends there; nobody is left to be told.
        let _ = walk(head, task.id());
    }
}

fn walk(head: usize, owner: u32) -> Result<()> {
    let word = |offset: usize| UserPtr::<usize>::from(head + offset).read();
    let (first, offset, pending) = (word(0)?, word(8)?, word(16)?);
    let mut entry = first;
    for _ in 0..ROBUST_LIMIT {
        // The lowest bit marks priority-inheriting locks, which there are none of.
        let node = entry & !1;
        if node == head {
            break;
        }
        let next = UserPtr::<usize>::from(node).read();
        if node != pending & !1 {
            release(node.wrapping_add(offset), owner)?;
        }
        entry = next?;
    }
    if pending & !1 != 0 {
        release((pending & !1).wrapping_add(offset), owner)?;
    }
    Ok(())
}

fn release(address: usize, owner: u32) -> Result<()> {
    let mut mine = false;
    let old = update(address, |old| {
        Ok(if old & OWNER == owner {
            old & WAITERS | OWNER_DIED
        } else {
            old
        })
    })?;
    if old & OWNER == owner {
        mine = true;
    }
    if mine && old & WAITERS != 0 {
        futex::wake_word(address, 1);
    }
    Ok(())
}
