//! `/proc/scarlet/memory`, `scheduler`, `locks`: figures for who tunes the kernel, as it counts
//! them anyway.

use alloc::format;
use alloc::string::String;
use core::fmt::Write;

use base::rank;

use crate::reports::register_report;
use crate::system::memory::file_kibibytes;

/// Registers the reports.
pub(crate) fn register() {
    register_report("memory", memory);
    register_report("scheduler", scheduler);
    register_report("locks", locks);
}

/// Pages by use, in KiB. Programs' pages are counted as they map them, so one that two map counts
/// twice.
fn memory() -> String {
    let page = hal::PAGE_SIZE / 1024;
    let frames = hal::frame::statistics();
    let kernel = hal::frame::kernel_pages();
    let mut programs = 0;
    for thread in proc::Process::current()
        .map(|process| process.environment().processes().processes())
        .unwrap_or_default()
    {
        if let Some(space) = thread.space() {
            let statistics = space.statistics();
            programs += statistics
                .resident_bytes
                .saturating_sub(statistics.resident_file_bytes)
                / 1024;
        }
    }
    let used = frames.total.saturating_sub(frames.free) * page;
    let rows = [
        (
            "never free: image, firmware, tables",
            frames.reserved_by_kernel * page,
        ),
        ("managed", frames.total * page),
        ("free", frames.free * page),
        ("used", used),
        ("used: files in memory", file_kibibytes() as usize),
        ("used: programs' own pages", programs),
        ("used: page tables", kernel.page_tables * page),
        ("used: kernel heap", kernel.heap * page),
    ];
    let mut text = String::new();
    for (name, value) in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<40}{value:>9} KiB");
    }
    text
}

/// Each CPU's queue and counts, then the whole.
fn scheduler() -> String {
    let statistics = base::sched::statistics();
    let mut text = String::from(
        "cpu runnable   switches      wakes       kept     stolen      given      kicks      halts    watched      ticks  deadlines    idle us\n",
    );
    for (number, cpu) in statistics.cpus.iter().enumerate() {
        let _ = writeln!(
            text,
            "{number:3} {:8} {:10} {:10} {:10} {:10} {:10} {:10} {:10} {:10} {:10} {:10} {:10}",
            cpu.runnable,
            cpu.switches,
            cpu.wakes,
            cpu.kept,
            cpu.stolen,
            cpu.given,
            cpu.kicks,
            cpu.halts,
            cpu.watched,
            cpu.ticks,
            cpu.deadlines,
            cpu.idle.as_micros()
        );
    }
    text + &format!(
        "threads alive {}, started {}, runnable {}\n",
        statistics.threads_alive, statistics.threads_started, statistics.runnable
    )
}

/// How often somebody waited for a lock, by rank.
fn locks() -> String {
    let mut text = String::from("rank       waits name\n");
    for (rank, waits) in hal::sync::all_waits() {
        let _ = writeln!(text, "{:4} {waits:11} {}", rank.0, rank::name(rank));
    }
    text
}
