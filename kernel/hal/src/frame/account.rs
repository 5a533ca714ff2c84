//! Accounts: who pays for a frame.
//!
//! An [`Account`] has a limit and counts the frames that were allocated while a CPU paid from it
//! ([`pay_from`]). A frame stays charged to its account until it is free again, whoever shares it
//! meanwhile and whoever drops it last: the account's number is kept in the frame's metadata. An
//! account may lie inside another one; what is charged to it is charged to all around it too.
//!
//! Number 0 is nobody: the kernel and whatever belongs to the machine itself pay nothing, and an
//! allocation for them costs one comparison more than it did without accounts.
//!
//! A table holds the accounts of a machine. A slot is taken again only after its account was
//! dropped *and* the last frame charged to it is free.

use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::allocator;
use crate::OutOfMemory;
use crate::global::Global;

/// How many accounts there can be at a time, nobody's slot included.
const SLOTS: usize = 256;
/// Added to a slot's count while its [`Account`] lives: such a slot is not free at 0 frames.
const OPEN: usize = 1 << 62;

static ACCOUNTS: Global<Table> = Global::new(Table::new);

struct Slot {
    /// Frames, and [`OPEN`].
    used: AtomicUsize,
    limit: AtomicUsize,
    refused: AtomicUsize,
    parent: AtomicU32,
}

impl Slot {
    const fn new() -> Self {
        Self {
            used: AtomicUsize::new(0),
            limit: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            parent: AtomicU32::new(0),
        }
    }

    fn frames(&self) -> usize {
        self.used.load(Ordering::Relaxed) & (OPEN - 1)
    }

    fn is_full(&self) -> bool {
        self.frames() >= self.limit.load(Ordering::Relaxed)
    }
}

struct Table {
    slots: [Slot; SLOTS],
}

impl Table {
    const fn new() -> Self {
        Self {
            slots: [const { Slot::new() }; SLOTS],
        }
    }

    /// The slot of a number; none for nobody.
    fn slot(&self, number: u32) -> Option<&Slot> {
        if number == 0 {
            return None;
        }
        self.slots.get(number as usize)
    }

    fn open(&self, parent: u32, limit: usize) -> Result<u32, OutOfMemory> {
        for (number, slot) in self.slots.iter().enumerate().skip(1) {
            let taken = slot
                .used
                .compare_exchange(0, OPEN, Ordering::Acquire, Ordering::Relaxed);
            if taken.is_ok() {
                slot.parent.store(parent, Ordering::Relaxed);
                slot.limit.store(limit, Ordering::Relaxed);
                slot.refused.store(0, Ordering::Relaxed);
                return Ok(number as u32);
            }
        }
        Err(OutOfMemory)
    }

    /// Charges one frame to an account and all around it, or nothing to anyone.
    fn charge(&self, number: u32) -> Result<(), OutOfMemory> {
        let mut next = number;
        while let Some(slot) = self.slot(next) {
            let before = slot.used.fetch_add(1, Ordering::Relaxed) & (OPEN - 1);
            if before >= slot.limit.load(Ordering::Relaxed) {
                slot.refused.fetch_add(1, Ordering::Relaxed);
                slot.used.fetch_sub(1, Ordering::Release);
                self.refund_until(number, next);
                return Err(OutOfMemory);
            }
            next = slot.parent.load(Ordering::Relaxed);
        }
        Ok(())
    }

    /// Gives one frame back to an account and to those around it, up to but not including `end`.
    fn refund_until(&self, number: u32, end: u32) {
        let mut next = number;
        while next != end
            && let Some(slot) = self.slot(next)
        {
            // Read first: at 0 the slot may be taken again.
            next = slot.parent.load(Ordering::Relaxed);
            slot.used.fetch_sub(1, Ordering::Release);
        }
    }

    fn full(&self, number: u32) -> Option<u32> {
        let mut next = number;
        while let Some(slot) = self.slot(next) {
            if slot.is_full() {
                return Some(next);
            }
            next = slot.parent.load(Ordering::Relaxed);
        }
        None
    }
}

/// An open account. Frames charged to it stay charged when it is dropped.
#[derive(Debug)]
pub struct Account {
    number: u32,
}

impl Account {
    /// Opens an account of at most `limit` frames inside `parent`, if that is one. Fails when the
    /// machine has too many of them.
    pub fn open(parent: Option<&Account>, limit: usize) -> Result<Account, OutOfMemory> {
        let parent = parent.map_or(0, Account::number);
        let number = ACCOUNTS.open(parent, limit)?;
        Ok(Account { number })
    }

    /// Its number, for [`pay_from`]; never 0.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// How many frames are charged to it at this moment, those of accounts inside it included.
    pub fn used(&self) -> usize {
        ACCOUNTS.slot(self.number).map_or(0, Slot::frames)
    }

    /// The most frames it allows.
    pub fn limit(&self) -> usize {
        ACCOUNTS
            .slot(self.number)
            .map_or(0, |slot| slot.limit.load(Ordering::Relaxed))
    }

    /// How often it refused a frame.
    pub fn refused(&self) -> usize {
        ACCOUNTS
            .slot(self.number)
            .map_or(0, |slot| slot.refused.load(Ordering::Relaxed))
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Some(slot) = ACCOUNTS.slot(self.number) {
            slot.used.fetch_sub(OPEN, Ordering::Release);
        }
    }
}

/// From now on this CPU's allocations of frames for programs are charged to the account with this
/// number; 0 for nobody's. A number that no account has is nobody's too.
pub fn pay_from(number: u32) {
    allocator::set_payer(if (number as usize) < SLOTS { number } else { 0 });
}

/// The first account without a frame left, of the one with this number and those around it.
pub fn full_account(number: u32) -> Option<u32> {
    ACCOUNTS.full(number)
}

/// Charges a frame; only for a `number` that is not 0.
#[cold]
#[inline(never)]
pub(super) fn charge(number: u32) -> Result<(), OutOfMemory> {
    ACCOUNTS.charge(number)
}

/// Gives back what [`charge`] took.
#[cold]
#[inline(never)]
pub(super) fn refund(number: u32) {
    ACCOUNTS.refund_until(number, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_and_what_is_given_back_can_be_had_again() {
        let table = Table::new();
        let account = table.open(0, 2).expect("an account");
        assert!(table.charge(account).is_ok());
        assert!(table.charge(account).is_ok());
        assert_eq!(table.full(account), Some(account));
        assert!(table.charge(account).is_err());
        table.refund_until(account, 0);
        assert_eq!(table.full(account), None);
        assert!(table.charge(account).is_ok());
    }

    #[test]
    fn all_around_pay_too_and_a_refusal_charges_nobody() {
        let table = Table::new();
        let outer = table.open(0, 3).expect("outer");
        let inner = table.open(outer, 9).expect("inner");
        assert!(table.charge(outer).is_ok());
        assert!(table.charge(inner).is_ok());
        assert!(table.charge(inner).is_ok());
        assert_eq!(table.full(inner), Some(outer));
        assert!(table.charge(inner).is_err());
        let frames = |number: u32| table.slots[number as usize].frames();
        assert_eq!((frames(outer), frames(inner)), (3, 2));
        table.refund_until(inner, 0);
        assert_eq!((frames(outer), frames(inner)), (2, 1));
    }

    #[test]
    fn a_slot_is_taken_again_only_when_its_last_frame_is_free() {
        let table = Table::new();
        let first = table.open(0, 9).expect("first");
        assert!(table.charge(first).is_ok());
        table.slots[first as usize]
            .used
            .fetch_sub(OPEN, Ordering::Release);
        let second = table.open(0, 9).expect("second");
        assert_ne!(first, second);
        table.refund_until(first, 0);
        assert_eq!(table.open(0, 9).ok(), Some(first));
    }

    #[test]
    fn the_table_comes_to_an_end() {
        let table = Table::new();
        for _ in 1..SLOTS {
            assert!(table.open(0, 1).is_ok());
        }
        assert!(table.open(0, 1).is_err());
        assert!(
            table.charge(0).is_ok(),
            "nobody's frames are free of charge"
        );
    }
}
