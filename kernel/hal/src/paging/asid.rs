//! Address space identifiers, which let translations survive a switch of spaces.
//!
//! Identifiers are handed out one after another. When there are none left, a new *generation*
//! begins: all numbers are free again except those in use on some CPU at that moment, and every
//! CPU forgets all user translations before it first uses an identifier of the new generation.
//! An identifier with its generation is a *tag*; a space whose tag is of an older generation gets
//! a new one when it is next activated.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::global::Global;
use crate::sync::{Rank, SpinLock};
use crate::{MAX_CPUS, arch};

const RANK_ALL: Rank = Rank(750);
const RANK_CPU: Rank = Rank(751);

/// Below this bit a tag is the identifier, from it on the generation.
const GENERATION: usize = 1 << 16;

/// One CPU's part. Its lock is all but never contended: only the beginning of a generation takes
/// another CPU's.
struct CpuRecord {
    /// The tag of the space it uses.
    active: usize,
    /// The generation it has forgotten all older translations for.
    generation: usize,
}

struct Numbers {
    next: usize,
    /// Tags that were in use when the generation began.
    kept: [usize; MAX_CPUS],
}

pub(super) struct Asids {
    /// How many identifiers there are, 0 counting as one of them; 0 if there are too few to use.
    limit: usize,
    generation: AtomicUsize,
    numbers: SpinLock<Numbers>,
    cpus: [SpinLock<CpuRecord>; MAX_CPUS],
}

pub(super) static ASIDS: Global<Asids> = Global::new(Asids::new);

/// What a CPU must do to use a space.
pub(super) struct Use {
    /// The identifier.
    pub(super) asid: usize,
    /// Whether to forget all user translations first.
    pub(super) flush_all: bool,
}

impl Asids {
    fn new() -> Self {
        let limit = arch::asid_limit().min(GENERATION);
        Self {
            limit: if limit > 2 * MAX_CPUS { limit } else { 0 },
            generation: AtomicUsize::new(GENERATION),
            numbers: SpinLock::new(
                RANK_ALL,
                Numbers {
                    next: 1,
                    kept: [0; MAX_CPUS],
                },
            ),
            cpus: [const {
                SpinLock::new(
                    RANK_CPU,
                    CpuRecord {
                        active: 0,
                        generation: GENERATION,
                    },
                )
            }; MAX_CPUS],
        }
    }

    /// Says that this CPU (interrupts are disabled) uses the space with this tag from now on.
    /// `renewed` is called if the tag gets a new identifier, under which nobody has cached
    /// anything, before anybody can use that.
    #[inline]
    pub(super) fn take(&self, tag: &AtomicUsize, renewed: impl FnOnce()) -> Use {
        if self.limit == 0 {
            return Use {
                asid: 0,
                flush_all: true,
            };
        }
        let cpu = arch::cpu_id();
        {
            let mut record = self.cpus[cpu].lock();
            let generation = self.generation.load(Ordering::Acquire);
            let value = tag.load(Ordering::Acquire);
            if value & !(GENERATION - 1) == generation {
                return Self::enter(&mut record, value, generation);
            }
        }
        self.renew(tag, cpu, renewed)
    }

    #[cold]
    fn renew(&self, tag: &AtomicUsize, cpu: usize, renewed: impl FnOnce()) -> Use {
        let mut numbers = self.numbers.lock();
        let mut generation = self.generation.load(Ordering::Relaxed);
        let mut value = tag.load(Ordering::Acquire);
        if value & !(GENERATION - 1) != generation {
            // In use on some CPU when this generation began: its number was kept for it.
            if value != 0 && numbers.kept.contains(&value) {
                let same = value & (GENERATION - 1) | generation;
                for kept in numbers.kept.iter_mut().filter(|kept| **kept == value) {
                    *kept = same;
                }
                value = same;
            } else {
                let number = loop {
                    if numbers.next == self.limit {
                        generation = self.begin_generation(&mut numbers);
                    }
                    let number = numbers.next;
                    numbers.next += 1;
                    if !numbers
                        .kept
                        .iter()
                        .any(|kept| kept & (GENERATION - 1) == number)
                    {
                        break number;
                    }
                };
                value = number | generation;
                renewed();
            }
            tag.store(value, Ordering::Release);
        }
        let mut record = self.cpus[cpu].lock();
        Self::enter(&mut record, value, generation)
    }

    fn begin_generation(&self, numbers: &mut Numbers) -> usize {
        let generation = self.generation.load(Ordering::Relaxed) + GENERATION;
        // First the new generation, then each CPU's tag: a CPU that takes an identifier after
        // its record was read sees the new generation.
        self.generation.store(generation, Ordering::Release);
        for (kept, record) in numbers.kept.iter_mut().zip(&self.cpus) {
            *kept = record.lock().active;
        }
        numbers.next = 1;
        generation
    }

    fn enter(record: &mut CpuRecord, tag: usize, generation: usize) -> Use {
        let flush_all = record.generation != generation;
        record.generation = generation;
        record.active = tag;
        Use {
            asid: tag & (GENERATION - 1),
            flush_all,
        }
    }

    /// Says that this CPU (interrupts are disabled) uses no space.
    pub(super) fn leave(&self) {
        if self.limit != 0 {
            self.cpus[arch::cpu_id()].lock().active = 0;
        }
    }

    /// The identifier in a tag.
    pub(super) fn number(&self, tag: &AtomicUsize) -> usize {
        if self.limit == 0 {
            0
        } else {
            tag.load(Ordering::Acquire) & (GENERATION - 1)
        }
    }

    /// Whether identifiers are in use at all.
    pub(super) fn are_used(&self) -> bool {
        self.limit != 0
    }
}
