//! Ranges of record locks, as pure functions over a list.
//!
//! The list is kept so that one owner's ranges never overlap: setting a lock first cuts the owner's
//! present ones out of its range, then merges with neighbours of the same kind.

use alloc::vec::Vec;

use base::{Error, Result, Room, room};

use crate::locks::LockKind;

/// Bytes from `start` up to but not including `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// First byte.
    pub start: u64,
    /// First byte behind it; [`u64::MAX`] means to the end of the file, however far that moves.
    pub end: u64,
}

impl Range {
    /// The whole file.
    pub const ALL: Range = Range {
        start: 0,
        end: u64::MAX,
    };

    fn overlaps(self, other: Range) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// One lock on one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeLock {
    /// The owner's number.
    pub owner: u64,
    /// The process shown to those who ask who is in their way; -1 for locks of open files.
    pub process: i64,
    /// What is locked.
    pub range: Range,
    /// How.
    pub kind: LockKind,
}

/// The first lock of another owner that excludes `kind` on `range`.
pub fn conflict(
    locks: &[RangeLock],
    owner: u64,
    range: Range,
    kind: LockKind,
) -> Option<RangeLock> {
    let in_the_way = |lock: &&RangeLock| {
        lock.owner != owner
            && lock.range.overlaps(range)
            && (kind == LockKind::Exclusive || lock.kind == LockKind::Exclusive)
    };
    locks
        .iter()
        .filter(in_the_way)
        .min_by_key(|lock| lock.range.start)
        .copied()
}

/// Enters a lock that has no conflict. [`Error::NoLocks`] if there is no room; nothing
/// has changed then.
pub fn set(locks: &mut Vec<RangeLock>, mut lock: RangeLock) -> Result<()> {
    // One for the lock, one for what is left behind a hole.
    room::for_one_more()
        .and_then(|()| locks.make_room(2))
        .map_err(|_| Error::NoLocks)?;
    clear(locks, lock.owner, lock.range)?;
    locks.retain(|other| {
        let joins = other.owner == lock.owner
            && other.kind == lock.kind
            && (other.range.end == lock.range.start || other.range.start == lock.range.end);
        if joins {
            lock.range.start = lock.range.start.min(other.range.start);
            lock.range.end = lock.range.end.max(other.range.end);
        }
        !joins
    });
    locks.push(lock);
    Ok(())
}

/// Takes `range` out of what `owner` holds. [`Error::NoLocks`] if there is no room for
/// what is left behind it; nothing has changed then.
pub fn clear(locks: &mut Vec<RangeLock>, owner: u64, range: Range) -> Result<()> {
    locks.make_room(1).map_err(|_| Error::NoLocks)?;
    // An owner's ranges do not overlap: only one of them can reach beyond.
    let mut tail = None;
    locks.retain_mut(|lock| {
        if lock.owner != owner || !lock.range.overlaps(range) {
            return true;
        }
        if lock.range.end > range.end {
            tail = Some(RangeLock {
                range: Range {
                    start: range.end,
                    ..lock.range
                },
                ..*lock
            });
        }
        lock.range.end = range.start;
        lock.range.start < lock.range.end
    });
    locks.extend(tail);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(owner: u64, start: u64, end: u64, kind: LockKind) -> RangeLock {
        RangeLock {
            owner,
            process: owner as i64,
            range: Range { start, end },
            kind,
        }
    }

    /// What `owner` holds at `byte`.
    fn at(locks: &[RangeLock], owner: u64, byte: u64) -> Option<LockKind> {
        let found: Vec<_> = locks
            .iter()
            .filter(|lock| {
                lock.owner == owner && (lock.range.start..lock.range.end).contains(&byte)
            })
            .collect();
        assert!(found.len() <= 1, "an owner's ranges overlap: {found:?}");
        found.first().map(|lock| lock.kind)
    }

    #[test]
    fn a_hole_splits_and_neighbours_merge() {
        let mut locks = Vec::new();
        set(&mut locks, lock(1, 0, 100, LockKind::Exclusive)).unwrap();
        clear(&mut locks, 1, Range { start: 40, end: 60 }).unwrap();
        assert_eq!(at(&locks, 1, 39), Some(LockKind::Exclusive));
        assert_eq!(at(&locks, 1, 40), None);
        assert_eq!(at(&locks, 1, 60), Some(LockKind::Exclusive));
        set(&mut locks, lock(1, 40, 60, LockKind::Exclusive)).unwrap();
        assert_eq!(locks, [lock(1, 0, 100, LockKind::Exclusive)]);
    }

    #[test]
    fn only_others_are_in_the_way() {
        let locks = [lock(1, 0, 10, LockKind::Shared)];
        assert!(conflict(&locks, 1, Range::ALL, LockKind::Exclusive).is_none());
        assert!(conflict(&locks, 2, Range::ALL, LockKind::Shared).is_none());
        assert!(conflict(&locks, 2, Range::ALL, LockKind::Exclusive).is_some());
        assert!(conflict(&locks, 2, Range { start: 10, end: 20 }, LockKind::Exclusive).is_none());
    }

    #[test]
    fn every_byte_is_as_last_set() {
        // A small exhaustive comparison with an array of bytes.
        let mut state = 12345_u64;
        let mut next = |bound: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % bound
        };
        let mut locks = Vec::new();
        let mut model = [None; 32];
        for _ in 0..2000 {
            let start = next(31);
            let end = start + 1 + next(32 - start - 1).min(31 - start);
            let kind = [None, Some(LockKind::Shared), Some(LockKind::Exclusive)][next(3) as usize];
            match kind {
                Some(kind) => set(&mut locks, lock(1, start, end, kind)).unwrap(),
                None => clear(&mut locks, 1, Range { start, end }).unwrap(),
            }
            model[start as usize..end as usize].fill(kind);
            for (byte, &expected) in model.iter().enumerate() {
                assert_eq!(at(&locks, 1, byte as u64), expected);
            }
        }
    }
}
