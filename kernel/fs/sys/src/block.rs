//! `/sys/block`: disks, their parts, and what they have done; the links that lead there.
//!
//! A file knows its device only as long as the machine does: afterwards it cannot be read ([`Error::NoSuchDevice`]).

use alloc::format;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use alloc::vec;
use alloc::vec::Vec;

use base::{Error, Result};
use device::block::{BlockDevice, SECTOR};
use device::registry;
use driver_loop::{LoopDevice, Setup};
use proc::Process;
use vfs::OpenFile;

use crate::tree::Child;

type Device = Arc<dyn BlockDevice>;

/// What `/sys/block` has.
pub(crate) fn disks() -> Vec<Child> {
    let all = registry().block_devices().into_iter();
    all.filter(|device| device.whole().is_none())
        .map(|device| directory(&device))
        .collect()
}

/// What `/sys/class/block` has.
pub(crate) fn by_name() -> Vec<Child> {
    let all = registry().block_devices().into_iter();
    all.map(|device| Child::link(String::from(device.name()), place(&device)))
        .collect()
}

/// What `/sys/dev/block` has.
pub(crate) fn by_number() -> Vec<Child> {
    let all = registry().block_devices().into_iter();
    all.map(|device| Child::link(number(&device), place(&device)))
        .collect()
}

fn number(device: &Device) -> String {
    let number = device.number();
    format!("{}:{}", number.major, number.minor)
}

/// Where a device's directory is, from two directories below the root.
fn place(device: &Device) -> String {
    match device.whole() {
        Some(whole) => format!("../../block/{}/{}", whole.name(), device.name()),
        None => format!("../../block/{}", device.name()),
    }
}

fn directory(device: &Device) -> Child {
    let weak = Arc::downgrade(device);
    Child::changing(device.name(), move || {
        weak.upgrade()
            .map_or_else(Vec::new, |device| files(&device))
    })
}

/// A text about a device.
fn text(name: &str, device: &Device, make: fn(&Device) -> String) -> Child {
    let weak = Arc::downgrade(device);
    Child::text(name, move || {
        let device = weak.upgrade().ok_or(Error::NoSuchDevice)?;
        let mut text = make(&device);
        text.push('\n');
        Ok(text.into_bytes())
    })
}

fn files(device: &Device) -> Vec<Child> {
    let mut files = vec![
        text("alignment_offset", device, |_| String::from("0")),
        text("dev", device, number),
        text("ro", device, |device| {
            format!("{}", u8::from(device.is_protected()))
        }),
        text("size", device, |device| {
            format!("{}", device.geometry().sectors)
        }),
        text("uevent", device, event),
    ];
    if device.counters().is_some() {
        files.push(text("stat", device, done));
    }
    if device.part().is_some() {
        files.push(text("partition", device, |device| {
            format!("{}", device.part().map_or(0, |part| part.number))
        }));
        files.push(text("start", device, |device| {
            format!("{}", device.part().map_or(0, |part| part.start))
        }));
        return files;
    }
    files.push(text("removable", device, |_| String::from("0")));
    let weak = Arc::downgrade(device);
    files.push(Child::fixed("queue", move || {
        weak.upgrade()
            .map_or_else(Vec::new, |device| limits(&device))
    }));
    let attached = driver_loop::find(device.number()).filter(|device| device.is_attached());
    if let Some(attached) = attached {
        let weak = Arc::downgrade(&attached);
        files.push(Child::changing("loop", move || attachment(&weak)));
    }
    let parts = registry().block_devices().into_iter().filter(|part| {
        part.whole()
            .is_some_and(|whole| whole.number() == device.number())
    });
    files.extend(parts.map(|part| directory(&part)));
    files
}

/// What requests are good for a device. None here says more about its medium than the size of a block.
fn limits(device: &Device) -> Vec<Child> {
    let block_size = |device: &Device| format!("{}", device.geometry().block_size);
    let mut files = Vec::new();
    for name in ["logical", "physical"] {
        files.push(text(&format!("{name}_block_size"), device, block_size));
    }
    files.push(text("minimum_io_size", device, block_size));
    files.push(text("optimal_io_size", device, |_| String::from("0")));
    // Where memory for direct transfers may not begin.
    files.push(text("dma_alignment", device, |_| format!("{}", SECTOR - 1)));
    if device.ahead().is_some() {
        files.push(text("read_ahead_kb", device, |device| {
            let pages = device.ahead().map_or(0, |ahead| ahead.pages());
            format!("{}", pages * (hal::PAGE_SIZE as u64 / 1024))
        }));
    }
    files
}

/// What would be told to whoever waits for devices.
fn event(device: &Device) -> String {
    let number = device.number();
    let kind = match device.part() {
        Some(part) => format!("partition\nPARTN={}", part.number),
        None => String::from("disk"),
    };
    let (major, minor, name) = (number.major, number.minor, device.name());
    format!("MAJOR={major}\nMINOR={minor}\nDEVNAME={name}\nDEVTYPE={kind}")
}

/// Linux, `Documentation/block/stat`: the widths are its, too.
fn done(device: &Device) -> String {
    let fields = device.counters().map(|counters| counters.fields());
    let fields = fields.unwrap_or_default();
    let fields: Vec<String> = fields.iter().map(|field| format!("{field:>8}")).collect();
    fields.join(" ")
}

/// A text about the file that is attached to a device.
fn attached(
    name: &'static str,
    device: &Weak<LoopDevice>,
    make: fn(&LoopDevice, &Setup) -> Result<Vec<u8>>,
) -> Child {
    let weak = device.clone();
    Child::text(name, move || {
        let device = weak.upgrade().ok_or(Error::NoSuchDevice)?;
        let (setup, _) = device.setup()?;
        let mut text = make(&device, &setup)?;
        text.push(b'\n');
        Ok(text)
    })
}

fn attachment(device: &Weak<LoopDevice>) -> Vec<Child> {
    vec![
        attached("autoclear", device, |_, setup| flag(setup.autoclear)),
        attached("backing_file", device, |device, _| backing(device)),
        attached("offset", device, |_, setup| count(setup.offset)),
        attached("partscan", device, |_, setup| flag(setup.scanned)),
        attached("sizelimit", device, |_, setup| count(setup.limit)),
    ]
}

fn flag(set: bool) -> Result<Vec<u8>> {
    count(u64::from(set))
}

fn count(count: u64) -> Result<Vec<u8>> {
    Ok(format!("{count}").into_bytes())
}

/// Where the file lies, for whoever asks.
fn backing(device: &LoopDevice) -> Result<Vec<u8>> {
    let file = device.file()?;
    let opened = file.downcast::<OpenFile>().ok_or(Error::NoSuchDevice)?;
    let process = Process::current().ok_or(Error::NoSuchProcess)?;
    Ok(process.fs().path_of_with_removal(opened.path()))
}
