//! Ring 2: system calls with arguments that nobody would give ([`testkit::fuzz`]).
//!
//! Whatever a program passes, a call answers or ends the program; it never panics the kernel, hangs
//! it, or leaks. By itself each table gets a few hundred calls under each seed. `cargo scarlet fuzz`
//! makes it a campaign, which these variables describe: `SCARLET_FUZZ_CALLS`, `SCARLET_FUZZ_MINUTES`
//! (whatever comes first), `SCARLET_FUZZ_SEED` (where to begin; each machine takes the next one).

use std::rc::Rc;
use std::time::{Duration, Instant};
use testkit::elf::Abi;
use testkit::fuzz::{Callable, Kind, Target, run};
use testkit::seeds;

/// Calls of one machine in a campaign.
const CAMPAIGN_CALLS: u64 = 5_000;

/// What ends the program and says nothing, or ends the machine.
const LINUX_LEFT_OUT: &[usize] = &[
    93, 94,  // exit, exit_group
    139, // rt_sigreturn, which may put the program counter anywhere: has a test of its own
    142, // reboot
];
/// Exit, ExitThread, Power.
const SCARLET_LEFT_OUT: &[usize] = &[50, 81, 113];
/// exit.
const XV6_LEFT_OUT: &[usize] = &[2];

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Makes the calls that the environment asks for.
fn fuzz(name: &str, target: Target) {
    let target = Rc::new(target);
    let (calls, minutes) = (
        setting("SCARLET_FUZZ_CALLS"),
        setting("SCARLET_FUZZ_MINUTES"),
    );
    if calls.is_none() && minutes.is_none() {
        return seeds::for_each_seed(seeds::count(), |seed| {
            if let Some(complaint) = run(&target, seed, 300).0.complaint() {
                panic!("{complaint}");
            }
        });
    }
    let calls = calls.unwrap_or(u64::MAX);
    let time = Duration::from_secs(60 * minutes.unwrap_or(u64::from(u32::MAX)));
    let (start, mut said) = (Instant::now(), Instant::now());
    let (mut made, mut seed) = (0, setting("SCARLET_FUZZ_SEED").unwrap_or(0));
    let report = |made: u64, seed: u64| {
        let rate = made as f64 / start.elapsed().as_secs_f64();
        println!("{name}: {made} calls, {rate:.0} a second, up to seed {seed}");
    };
    while made < calls && start.elapsed() < time {
        let (outcome, count) = run(&target, seed, CAMPAIGN_CALLS);
        made += count;
        if let Some(complaint) = outcome.complaint() {
            report(made, seed);
            panic!("replay with --seed {seed} --calls 1: {complaint}");
        }
        if said.elapsed() > Duration::from_secs(10) {
            said = Instant::now();
            report(made, seed);
        }
        seed += 1;
    }
    report(made, seed);
}

#[test]
fn linux_calls() {
    let calls = abi_linux::table::CALLS.iter();
    let calls = calls.filter(|call| !LINUX_LEFT_OUT.contains(&call.number.into()));
    let calls = calls.map(|call| {
        let mut registers = Vec::new();
        for argument in call.arguments {
            let kind = argument.kind.replace(' ', "");
            match kind.as_str() {
                "Fd" | "DirectoryFd" => registers.push(Kind::Descriptor),
                "UserPath" => registers.push(Kind::Path),
                "UserSlice" => registers.extend([Kind::Address, Kind::Length]),
                kind if kind.starts_with("UserPtr") => registers.push(Kind::Address),
                "usize" if ["size", "count", "length"].contains(&argument.name) => {
                    registers.push(Kind::Length);
                }
                "usize" => registers.push(Kind::Address),
                _ => registers.push(Kind::Number),
            }
        }
        Callable {
            number: call.number.into(),
            registers,
            forks: matches!(call.name, "clone"),
        }
    });
    let target = Target {
        abi: Abi::Linux,
        calls: calls.collect(),
        numbers: 460,
        left_out: LINUX_LEFT_OUT,
    };
    fuzz("linux", target);
}

#[test]
fn native_calls() {
    let calls = scarlet_abi::call::CALLS.iter();
    let calls = calls.filter(|line| !SCARLET_LEFT_OUT.contains(&(line.call as usize)));
    let calls = calls.map(|line| {
        let mut registers = Vec::new();
        for name in line.arguments.split(", ").filter(|name| !name.is_empty()) {
            match name {
                "path" => registers.extend([Kind::Descriptor, Kind::Path, Kind::Length]),
                "handle" | "view" => registers.push(Kind::Descriptor),
                "length" | "size" | "count" => registers.push(Kind::Length),
                "buffer" | "record" | "handles" | "entries" | "name" | "abi" | "address"
                | "target" => registers.push(Kind::Address),
                _ => registers.push(Kind::Number),
            }
        }
        Callable {
            number: line.call as usize,
            registers,
            forks: line.call == scarlet_abi::Call::Fork,
        }
    });
    let target = Target {
        abi: Abi::Scarlet,
        calls: calls.collect(),
        numbers: 140,
        left_out: SCARLET_LEFT_OUT,
    };
    fuzz("native", target);
}

#[test]
fn xv6_calls() {
    let calls = abi_xv6::table::CALLS.iter();
    let calls = calls.filter(|call| !XV6_LEFT_OUT.contains(&call.number));
    let calls = calls.map(|call| {
        let kinds = call.arguments.iter().map(|argument| match argument.kind {
            "descriptor" => Kind::Descriptor,
            "string" => Kind::Path,
            "buffer" | "pointer" => Kind::Address,
            _ if argument.name == "count" => Kind::Length,
            _ => Kind::Number,
        });
        Callable {
            number: call.number,
            registers: kinds.collect(),
            forks: call.name == "fork",
        }
    });
    let target = Target {
        abi: Abi::Xv6,
        calls: calls.collect(),
        numbers: 24,
        left_out: XV6_LEFT_OUT,
    };
    fuzz("xv6", target);
}

#[test]
fn a_forged_signal_frame() {
    const BOUNDARIES: [usize; 8] = [
        0,
        1,
        4096,
        1 << 38,
        (1 << 38) - 4096,
        usize::MAX,
        1 << 63,
        0xffff_ffc0_0000_0000,
    ];
    testkit::system::linux(|linux| {
        for _ in 0..10 {
            let child = linux.fork(move |child| {
                let place = child.user.allocate(2048);
                let mut words = Vec::new();
                for _ in 0..256 {
                    let random = child.user.random() as usize;
                    words.push(match random % 3 {
                        0 => BOUNDARIES[random / 3 % BOUNDARIES.len()],
                        1 => place + random / 3 % 2048,
                        _ => random,
                    });
                }
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
