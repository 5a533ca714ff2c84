//! `/proc/PID/limits`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base::Result;
use proc::{Resource, UNLIMITED};

use super::Subject;

/// Names and units, in the order of the resources' numbers.
const ROWS: [(&str, &str); Resource::COUNT] = [
    ("Max cpu time", "seconds"),
    ("Max file size", "bytes"),
    ("Max data size", "bytes"),
    ("Max stack size", "bytes"),
    ("Max core file size", "bytes"),
    ("Max resident set", "bytes"),
    ("Max processes", "processes"),
    ("Max open files", "files"),
    ("Max locked memory", "bytes"),
    ("Max address space", "bytes"),
    ("Max file locks", "locks"),
    ("Max pending signals", "signals"),
    ("Max msgqueue size", "bytes"),
    ("Max nice priority", ""),
    ("Max realtime priority", ""),
    ("Max realtime timeout", "us"),
];

/// The table.
pub(super) fn limits(subject: &Subject) -> Result<Vec<u8>> {
    let limits = subject.process.limits();
    let mut text = row("Limit", "Soft Limit", "Hard Limit", "Units");
    for (number, (name, unit)) in ROWS.into_iter().enumerate() {
        let Some(resource) = Resource::new(number) else {
            continue;
        };
        let limit = limits.get(resource);
        text.push_str(&row(name, &value(limit.soft), &value(limit.hard), unit));
    }
    Ok(text.into_bytes())
}

fn row(name: &str, soft: &str, hard: &str, unit: &str) -> String {
    format!("{name:<25} {soft:<20} {hard:<20} {unit:<10}\n")
}

fn value(limit: u64) -> String {
    if limit == UNLIMITED {
        String::from("unlimited")
    } else {
        format!("{limit}")
    }
}
