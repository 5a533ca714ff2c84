//! Fuzzing a table of calls: arguments that nobody would give, from several threads and processes
//! at once.
//!
//! A [`Target`] is an ABI's table brought to one form: for each call its number and, for each
//! register, what the table says it is ([`Kind`]). Most arguments are of the right kind, so that calls
//! get far before they meet the one that is not: a descriptor of some kind, a pointer into a page
//! behind which there is nothing, a path that is there, a boundary of an integer. The page's contents
//! change all the time, under the hands of calls that read it.
//!
//! One [`run`] is one machine: `init` opens files of all kinds and starts victims, again and again,
//! until so many calls were made. Then it kills and collects everything; nobody may be left, and the
//! machine must end without a lost frame or thread. All of it follows from one seed.

use crate::elf::Abi;
use crate::linux::number;
use crate::memory::bytes;
use crate::{Linux, System};
use hal::hosted::{Outcome, User};
use std::cell::Cell;
use std::rc::Rc;

/// What a register is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A descriptor.
    Descriptor,
    /// The address of a string.
    Path,
    /// Another address.
    Address,
    /// How long something is.
    Length,
    /// A number of another kind.
    Number,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Callable {
    /// Its number.
    pub number: usize,
    /// Its registers.
    pub registers: Vec<Kind>,
    /// It makes a process, by copying the caller.
    pub forks: bool,
}

/// A table to fuzz.
#[derive(Clone, Debug)]
pub struct Target {
    /// Whose it is.
    pub abi: Abi,
    /// Its calls, but for those that end the program or the machine.
    pub calls: Vec<Callable>,
    /// Numbers beyond these that are tried now and then: gaps, and what comes after the end.
    pub numbers: usize,
    /// The numbers that are left out.
    pub left_out: &'static [usize],
}

/// Numbers out of a seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let mixed = (self.0 >> 29) ^ self.0;
        mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (mixed >> 17)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn of(&mut self, list: &[usize]) -> usize {
        list[self.below(list.len())]
    }

    /// Any value that a register might hold.
    fn any(&mut self, memory: usize) -> usize {
        const BOUNDARIES: &[usize] = &[
            0,
            1,
            2,
            3,
            4095,
            4096,
            4097,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
            (1 << 38) - 1,
            1 << 38,
            (1 << 38) - 4096,
            usize::MAX,
            usize::MAX - 1,
            usize::MAX - 99,
            usize::MAX - 4095,
            isize::MAX as usize,
            1 << 63,
            0xffff_ffc0_0000_0000,
        ];
        match self.below(7) {
            0 | 1 => self.of(BOUNDARIES),
            2 => self.below(10),
            3 => memory + self.below(4096),
            4 => memory + 4096 - self.below(16),
            5 => 1 << self.below(64),
            _ => self.next() as usize,
        }
    }

    /// A value of a kind, mostly.
    fn argument(&mut self, kind: Kind, memory: usize) -> usize {
        if self.below(5) == 0 {
            return self.any(memory);
        }
        match kind {
            Kind::Descriptor => self.of(&[0, 3, 4, 5, 6, 7, 8, 9, 10, 11, usize::MAX - 99]),
            Kind::Path => memory + 16 * self.below(PATHS.len()),
            Kind::Address => match self.below(6) {
                0 => 0,
                1 => memory + 4096 - self.below(64),
                _ => memory + 16 * self.below(240),
            },
            Kind::Length => self.of(&[0, 1, 4, 8, 16, 64, 100, 4096, 70_000, 1 << 20]),
            Kind::Number => match self.below(3) {
                0 => 0,
                1 => self.below(20),
                _ => 1 << self.below(22),
            },
        }
    }
}

/// Where names lie at the beginning of the page, sixteen bytes apart.
const PATHS: &[&[u8]] = &[
    b"/tmp/a",
    b"/tmp/b",
    b"/tmp/d/e",
    b"/tmp/d",
    b"/",
    b"/dev/null",
    b"/dev/ptmx",
    b"/proc/self/maps",
    b"/proc/self/fd",
    b"..",
    b"a",
    b"/other",
    b"tmpfs",
    b"/tmp/link",
    b"",
];

/// How many calls were made, and how many may be.
#[derive(Clone)]
struct Budget(Rc<Cell<u64>>, u64);

impl Budget {
    fn spend(&self) -> bool {
        self.0.set(self.0.get() + 1);
        self.0.get() < self.1
    }

    fn is_spent(&self) -> bool {
        self.0.get() >= self.1
    }
}

/// Makes `count` calls, with `memory` (a page, and nothing behind it) for pointers to lie in.
fn bombard(user: &mut User, target: &Rc<Target>, budget: &Budget, count: usize, forks: bool) {
    let memory = target.abi.data();
    let mut dice = Dice(user.random());
    for _ in 0..count {
        if dice.below(12) == 0 {
            for (index, path) in PATHS.iter().enumerate() {
                let mut name = [0; 16];
                name[..path.len()].copy_from_slice(path);
                user.write(memory + 16 * index, &name);
            }
        }
        if dice.below(3) == 0 {
            let mut words = [0u8; 64];
            for word in words.chunks_mut(8) {
                let value = dice.argument(Kind::Number, memory);
                let value = if dice.below(4) == 0 {
                    dice.any(memory)
                } else {
                    value
                };
                word.copy_from_slice(&value.to_le_bytes());
            }
            let room = 4096 - 16 * PATHS.len() - words.len();
            user.write(memory + 16 * PATHS.len() + dice.below(room), &words);
        }
        if !budget.spend() {
            return;
        }
        let call = &target.calls[dice.below(target.calls.len())];
        if dice.below(40) == 0 {
            let number = dice.below(target.numbers + 10);
            if !target.left_out.contains(&number) {
                user.syscall(number, core::array::from_fn(|_| dice.any(memory)));
            }
            continue;
        }
        let mut arguments = [0; 6];
        for (argument, kind) in arguments.iter_mut().zip(&call.registers) {
            *argument = dice.argument(*kind, memory);
        }
        if call.forks && forks && dice.below(2) == 0 {
            let (target_, budget_) = (target.clone(), budget.clone());
            user.fork(call.number, arguments, move |user| {
                bombard(user, &target_, &budget_, 30, false);
                end(user, target_.abi);
            });
        } else {
            user.syscall(call.number, arguments);
        }
    }
}

fn end(user: &mut User, abi: Abi) {
    let number = match abi {
        Abi::Linux => number::EXIT_GROUP,
        Abi::Scarlet => scarlet_abi::Call::Exit as usize,
        Abi::Xv6 => 2,
    };
    user.syscall(number, [0; 6]);
}

/// A victim: two more threads, where the ABI lets threads be made by copying, and itself.
fn victim(user: &mut User, target: &Rc<Target>, budget: &Budget) {
    if target.abi == Abi::Linux {
        for _ in 0..2 {
            let (target, budget) = (target.clone(), budget.clone());
            let mut linux = Linux::new(user);
            let Ok(stack) = linux.map(4 * 4096, false) else {
                break;
            };
            // VM, FS, FILES, SIGHAND, THREAD.
            let _ = linux.clone(0x1_0f00, stack + 4 * 4096, move |thread| {
                bombard(thread.user, &target, &budget, 300, true);
            });
        }
    }
    bombard(user, target, budget, 300, true);
    end(user, target.abi);
}

/// What a victim finds open: descriptors 3 to 10 are of all kinds, whatever it speaks.
fn become_victim(linux: &mut Linux<'_>) {
    linux.call(number::SETSID, &[]).unwrap();
    for (path, flags) in [("/tmp/a", 0o102), ("/tmp", 0), ("/dev/zero", 2)] {
        linux.open(path, flags, 0o666).unwrap_or(0);
    }
    let _ = linux.pipe(0);
    for path in ["/proc/self/status", "/dev/console", "/dev/ptmx"] {
        linux.open(path, 0, 0).unwrap_or(0);
    }
    let _ = linux.exec("/victim", &["victim"]);
}

/// Kills and collects whoever is there, whatever they have become.
fn collect(linux: &mut Linux<'_>) {
    loop {
        let _ = linux.kill(-1, 9);
        match linux.wait_for(-1, 0x4000_0001) {
            Err(10) => break,
            _ => drop(linux.sleep_ns(100_000)),
        }
    }
}

/// How many processes and threads there are.
fn population(linux: &mut Linux<'_>) -> u16 {
    linux.scoped(|linux| {
        let place = linux.user.allocate(112);
        linux.call(number::SYSINFO, &[place]).unwrap();
        let record = bytes(linux.user, place, 112);
        u16::from_le_bytes([record[80], record[81]])
    })
}

/// One machine: at least `calls` calls of `target`; gives how it ended, and how many it were.
pub fn run(target: &Rc<Target>, seed: u64, calls: u64) -> (Outcome, u64) {
    let budget = Budget(Rc::new(Cell::new(0)), calls);
    let (victims, table) = (budget.clone(), target.clone());
    let (others, other_table) = (budget.clone(), target.clone());
    let watched = budget.clone();
    let system = System::new()
        .steps(2_000_000 + 20_000 * calls)
        .command_line("loglevel=0")
        .program("/victim", target.abi, move |user| {
            victim(user, &table, &victims);
        })
        // What victims may start, and take away.
        .program("/other", target.abi, move |user| {
            bombard(user, &other_table, &others, 100, true);
            end(user, other_table.abi);
        })
        .linux("/init", move |linux| {
            linux.mount("proc", "/proc").unwrap();
            let mut idle_rounds = 0;
            // Until enough is done, or victims cannot start any more, whatever they did to that end.
            while !watched.is_spent() && idle_rounds < 3 {
                let before = watched.0.get();
                for _ in 0..3 {
                    let _ = linux.fork(become_victim);
                }
                // Long enough for most; some sleep for ever by then.
                for _ in 0..40 {
                    let _ = linux.sleep_ns(5_000_000);
                    if let Err(10) = linux.wait_for(-1, 0x4000_0001) {
                        break;
                    }
                }
                collect(linux);
                idle_rounds = if watched.0.get() == before {
                    idle_rounds + 1
                } else {
                    0
                };
            }
            for _ in 0..100 {
                if population(linux) == 1 {
                    return;
                }
                let _ = linux.sleep_ns(1_000_000);
            }
            panic!("{} are left", population(linux));
        });
    (system.run(seed), budget.0.get())
}
