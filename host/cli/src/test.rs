//! Runs the rings and judges what came out.
//!
//! | ring | what | how |
//! |---|---|---|
//! | 1 | formats, state machines, policies | `cargo test` of every crate but ring 2's |
//! | 2 | the kernel on the hosted backend | `cargo test` of `tests/hosted` |
//! | 3 | the machine layer, inside the kernel | QEMU, both architectures ([`selftest`]) |
//! | 4 | what a person types ([`session`]); the same on Linux ([`differential`]) | QEMU, both architectures |
//! | 5 | instructions against the committed baseline ([`crate::bench::baseline`]) | QEMU, both architectures |
//!
//! Every run in QEMU has a limit of time, and a failure shows the guest's console. The last line
//! is `N passed, N failed`.

mod cargo;
mod differential;
mod lines;
mod pool;
mod selftest;
mod session;

use crate::{arch::Arch, bench, project::Project, setup, ui};
use anyhow::Result;
use std::time::Instant;

/// What to run.
pub struct Selection {
    /// Only this architecture.
    pub arch: Option<Arch>,
    /// Only this ring.
    pub ring: Option<u8>,
    /// Only tests whose names contain this.
    pub filter: Option<String>,
}

impl Selection {
    fn ring(&self, ring: u8) -> bool {
        self.ring.is_none_or(|only| only == ring)
    }

    fn architectures(&self) -> impl Iterator<Item = Arch> {
        Arch::ALL
            .into_iter()
            .filter(|arch| self.arch.is_none_or(|only| only == *arch))
    }

    fn name(&self, name: &str) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|part| name.contains(part.as_str()))
    }
}

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Tests that were not run.
    pub skipped: usize,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// One test that runs a guest: it has a name and says what is wrong, if something is.
pub struct Case<'a> {
    /// `ring/architecture/suite/name`.
    pub name: String,
    /// Runs it; the error is what a person needs to see.
    pub run: Box<dyn Fn() -> Result<(), String> + Send + Sync + 'a>,
}

/// Runs the selected tests and prints the summary; the result is the tool's exit status.
pub fn run(project: &Project, selection: &Selection) -> Result<u8> {
    let began = Instant::now();
    let mut tally = Tally::default();
    if selection.ring(1) && selection.arch.is_none() {
        // The file systems' tests read what it makes, and let it judge what they write.
        setup::program("e2fsck", "e2fsprogs")?;
        setup::program("fsck.fat", "dosfstools")?;
    }
    for ring in [1, 2] {
        if selection.ring(ring) && selection.arch.is_none() {
            tally.add(cargo::run(project, ring, selection.filter.as_deref())?);
        }
    }
    let mut cases = Vec::new();
    if selection.ring(3) {
        for arch in selection.architectures() {
            cases.extend(selftest::cases(project, arch)?);
        }
    }
    if selection.ring(4) {
        for arch in selection.architectures() {
            cases.extend(session::cases(project, arch)?);
            cases.extend(differential::cases(project, arch)?);
        }
    }
    if selection.ring(5) {
        for arch in selection.architectures() {
            match bench::baseline::case(project, arch)? {
                Some(case) => cases.push(case),
                None => tally.skipped += 1,
            }
        }
    }
    cases.retain(|case| selection.name(&case.name));
    tally.add(pool::run(&cases));
    ui::clear();
    println!("finished in {} s", began.elapsed().as_secs());
    print!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.skipped > 0 {
        print!(", {} skipped", tally.skipped);
    }
    println!();
    if tally.passed + tally.failed == 0 {
        anyhow::bail!("no test matches");
    }
    Ok(u8::from(tally.failed > 0))
}
