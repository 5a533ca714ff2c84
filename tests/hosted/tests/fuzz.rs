//! Ring 2: system calls with arguments that nobody would give.
//!
//! Whatever a program passes, a call answers or ends the program; it never panics the kernel,
//! hangs it, or leaks. Each run makes a few hundred calls out of one table with random and boundary
//! arguments, in several processes at once; `SCARLET_SEEDS` makes it a long campaign.

use hal::hosted::User;
use std::rc::Rc;
use testkit::System;
use testkit::elf::Abi;

/// Calls that end the process (which says nothing), the machine, or sleep for ever by design.
const LINUX_LEFT_OUT: &[usize] = &[
    93, 94,  // exit, exit_group
    139, // rt_sigreturn, which may put the program counter anywhere: has a test of its own
    142, // reboot
];
const SCARLET_LEFT_OUT: &[usize] = &[50, 81, 113];
const XV6_LEFT_OUT: &[usize] = &[2];

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

    /// A value that a register might hold.
    fn argument(&mut self, memory: usize) -> usize {
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
        match self.below(8) {
            0 | 1 => BOUNDARIES[self.below(BOUNDARIES.len())],
            2 => self.below(10),
            3 => memory + self.below(4096),
            4 => memory + 8 * self.below(512),
            5 => memory + 4096 - self.below(16),
            6 => 1 << self.below(64),
            _ => self.next() as usize,
        }
    }
}

/// Makes `count` calls out of `numbers`, with `memory` (a page, and nothing behind it) for
/// pointers to lie in.
fn bombard(user: &mut User, numbers: &[usize], memory: usize, dice: &mut Dice, count: usize) {
    for _ in 0..count {
        if dice.below(4) == 0 {
            let mut words = [0; 64];
            for word in &mut words {
                *word = dice.next() as u8 & dice.next() as u8;
            }
            let at = memory + dice.below(4096 - words.len());
            user.write(at, &words);
        }
        if dice.below(6) == 0 {
            const NAMES: &[&[u8]] = &[
                b"/tmp/a\0",
                b"/\0",
                b"/dev/null\0",
                b"/proc/self\0",
                b"..\0",
                b"/tmp\0",
                b"a/b\0",
            ];
            let at = memory + 8 * dice.below(500);
            user.write(at, NAMES[dice.below(NAMES.len())]);
        }
        let number = numbers[dice.below(numbers.len())];
        let arguments = core::array::from_fn(|_| dice.argument(memory));
        user.syscall(number, arguments);
    }
}

/// Three victims bombard a table; the first process kills them when their time is over.
fn fuzz(abi: Abi, numbers: Vec<usize>) {
    let numbers = Rc::new(numbers);
    System::new()
        .steps(20_000_000)
        .command_line("loglevel=0")
        .program("/victim", abi, move |user| {
            let mut dice = Dice(user.random());
            bombard(user, &numbers, abi.data(), &mut dice, 150);
            end(user, abi);
        })
        .linux("/init", |linux| {
            linux.mount("proc", "/proc").unwrap();
            let mut victims = Vec::new();
            for _ in 0..3 {
                let victim = linux.fork(|child| {
                    child.call(testkit::linux::number::SETSID, &[]).unwrap();
                    // Descriptors 3 to 9 are of all kinds, whatever the victim speaks.
                    child.open("/tmp/file", 0o102, 0o666).unwrap();
                    child.open("/tmp", 0, 0).unwrap();
                    child.open("/dev/zero", 2, 0).unwrap();
                    child.pipe(0).unwrap();
                    child.open("/proc/self/status", 0, 0).unwrap();
                    child.open("/dev/console", 2, 0).unwrap();
                    child.exec("/victim", &["victim"]).unwrap();
                });
                victims.push(victim.unwrap());
            }
            // Long enough for most; some sleep for ever by then.
            linux.sleep_ns(2_000_000_000).unwrap();
            loop {
                // Whatever they have become, and whomever they have begotten.
                let _ = linux.kill(-1, 9);
                match linux.wait_for(-1, 0x4000_0001) {
                    Err(10) => break,
                    _ => drop(linux.sleep_ns(100_000)),
                }
            }
        })
        .check();
}

fn end(user: &mut User, abi: Abi) {
    let number = match abi {
        Abi::Linux => testkit::linux::number::EXIT_GROUP,
        Abi::Scarlet => scarlet_abi::Call::Exit as usize,
        Abi::Xv6 => 2,
    };
    user.syscall(number, [0; 6]);
}

#[test]
fn linux_calls() {
    let numbers = (0..460)
        .filter(|number| !LINUX_LEFT_OUT.contains(number))
        .collect();
    fuzz(Abi::Linux, numbers);
}

#[test]
fn native_calls() {
    let numbers = scarlet_abi::call::CALLS
        .iter()
        .map(|line| line.call as usize);
    fuzz(
        Abi::Scarlet,
        numbers
            .filter(|number| !SCARLET_LEFT_OUT.contains(number))
            .collect(),
    );
}

#[test]
fn xv6_calls() {
    fuzz(
        Abi::Xv6,
        (0..30)
            .filter(|number| !XV6_LEFT_OUT.contains(number))
            .collect(),
    );
}

#[test]
fn a_forged_signal_frame() {
    testkit::system::linux(|linux| {
        for _ in 0..10 {
            let child = linux.fork(move |child| {
                let mut dice = Dice(child.user.random());
                let place = child.user.allocate(2048);
                let words: Vec<usize> = (0..256).map(|_| dice.argument(place)).collect();
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                child.user.write(place, &bytes);
                let _ = child.call(testkit::linux::number::RT_SIGRETURN, &[]);
            });
            child.unwrap();
            let (_, ended) = linux.wait().unwrap();
            assert!(!matches!(ended, testkit::linux::Ended::Stopped(_)));
        }
    });
}
