//! What the machine's room costs: the figures behind every system call.
//!
//! With `selftest-measure` on the command line; under QEMU's `-icount shift=0` a nanosecond is a
//! guest instruction.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt::Write;

use super::spaces::{BASE, READ_WRITE, space_with};
use super::{Outcome, user as programs};
use crate::frame::Frame;
use crate::panic::Console;
use crate::sync::{Once, Rank, SpinLock};
use crate::thread::{self, KernelThread};
use crate::user;
use crate::{PAGE_SIZE, interrupt, paging, timer};

/// Prints nanoseconds for one turn of `action`.
fn measure(name: &str, turns: u64, mut action: impl FnMut()) {
    action();
    let start = timer::now_ns();
    for _ in 0..turns {
        action();
    }
    let spent = timer::now_ns() - start;
    let _ = writeln!(
        Console,
        "{name}: {}.{} ns",
        spent / turns,
        spent * 10 / turns % 10
    );
}

/// Prints all figures.
pub(super) fn run() -> Outcome {
    measure("nothing", 1000, || {
        core::hint::black_box(0);
    });
    measure("clock", 1000, || {
        core::hint::black_box(timer::now_ns());
    });
    let lock = SpinLock::new(Rank(500), 0u64);
    measure("spin lock", 1000, || *lock.lock() += 1);
    measure("interrupts off and on", 1000, || drop(interrupt::disable()));
    measure("box of 64 bytes", 1000, || {
        drop(core::hint::black_box(Box::new([0u64; 8])))
    });
    measure("box of 2000 bytes", 1000, || {
        drop(core::hint::black_box(Box::<[u8; 2000]>::new_uninit()));
    });
    measure("frame, dirty", 1000, || {
        drop(core::hint::black_box(Frame::allocate_dirty()))
    });
    measure("frame, zeroed", 1000, || {
        drop(core::hint::black_box(Frame::allocate()))
    });
    memory()?;
    let (_table, mut context) = programs::caller()?;
    measure("system call", 1000, || {
        core::hint::black_box(context.run(&mut programs::Outside));
    });
    paging::deactivate();
    switches()
}

fn memory() -> Outcome {
    let frame = Frame::allocate().map_err(|_| "out of memory")?;
    let other = Frame::allocate().map_err(|_| "out of memory")?;
    measure("copy of a page", 1000, || frame.copy_from(&other));
    let mut table = space_with(2, READ_WRITE)?;
    let mut bytes = [0; PAGE_SIZE];
    measure("page from user", 1000, || {
        let _ = user::copy_from_user(BASE, &mut bytes);
    });
    measure("page from user, unaligned", 1000, || {
        let _ = user::copy_from_user(BASE + 3, &mut bytes);
    });
    measure("8 bytes from user", 1000, || {
        let mut word = [0; 8];
        let _ = core::hint::black_box(user::copy_from_user(BASE + 8, &mut word));
    });
    measure("100 bytes to user", 1000, || {
        let _ = user::copy_to_user(BASE + 8, &bytes[..100]);
    });
    measure("copy that faults", 100, || {
        let _ = user::copy_to_user(BASE + 3 * PAGE_SIZE, &bytes[..8]);
    });
    let range = BASE..BASE + PAGE_SIZE;
    measure("map over, one page", 1000, || {
        let _ = table.cursor(range.clone()).map(frame.clone(), READ_WRITE);
    });
    measure("unmap and map, one page", 1000, || {
        table.cursor(range.clone()).unmap();
        let _ = table.cursor(range.clone()).map(frame.clone(), READ_WRITE);
    });
    measure("protect, one page", 1000, || {
        table.cursor(range.clone()).protect(READ_WRITE);
    });
    let second = space_with(1, READ_WRITE)?;
    measure("activate another space", 1000, || {
        table.space().activate();
        second.space().activate();
    });
    measure("space made, one page, dropped", 100, || {
        let _ = space_with(1, READ_WRITE);
        second.space().activate();
    });
    paging::deactivate();
    Ok(())
}

fn switches() -> Outcome {
    static PARTNERS: Once<(Arc<KernelThread>, Arc<KernelThread>)> = Once::new();
    let partner = KernelThread::new(
        "partner",
        Box::new(|| {
            loop {
                if let Some((home, _)) = PARTNERS.get() {
                    thread::switch_to(home.clone());
                }
            }
        }),
    )
    .map_err(|_| "out of memory")?;
    let _ = PARTNERS.set((KernelThread::current(), partner.clone()));
    measure("two thread switches", 1000, || {
        thread::switch_to(partner.clone())
    });
    measure("thread made and dropped", 100, || {
        drop(KernelThread::new("idle", Box::new(|| {})))
    });
    Ok(())
}
