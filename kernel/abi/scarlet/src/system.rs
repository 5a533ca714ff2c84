//! Time, randomness, and the system as a whole.

use core::time::Duration;

use alloc::string::String;

use base::{Error, Result};
use mem::user::{UserPtr, UserSlice, write_bytes};
use scarlet_abi::system::{
    CLOCK_MONOTONIC, CLOCK_PROCESS, CLOCK_THREAD, CLOCK_WALL, MemoryInfo, POWER_OFF, POWER_RESTART,
    SystemInfo,
};

use crate::invocation::Invocation;
use crate::records;

/// Random bytes are made in pieces of this size.
const RANDOM_PIECE: usize = 256;
/// More random bytes than this are not given at once.
const MOST_RANDOM: usize = 1 << 20;
/// The longest host name.
const HOST_NAME_MAX: usize = 63;

fn superuser(call: &Invocation<'_>) -> Result<()> {
    if call.process().credentials().is_superuser() {
        Ok(())
    } else {
        Err(Error::NotPermitted)
    }
}

pub(crate) fn clock(
    call: &mut Invocation<'_>,
    clock: usize,
    record: UserPtr<u64>,
) -> Result<usize> {
    let total = |usage: proc::ResourceUsage| usage.user_ns + usage.system_ns;
    let time = match clock {
        CLOCK_MONOTONIC => base::time::now().as_nanos(),
        CLOCK_WALL => u64::try_from(base::time::wall_clock().as_nanos()).unwrap_or(u64::MAX),
        CLOCK_PROCESS => total(call.process().usage()),
        CLOCK_THREAD => total(call.task.usage()),
        _ => return Err(Error::InvalidArgument),
    };
    record.write(&time)?;
    Ok(0)
}

pub(crate) fn sleep(call: &mut Invocation<'_>, duration_ns: usize) -> Result<usize> {
    // For ever is not a duration; waiting for events is what event streams are for.
    let deadline = call.deadline(duration_ns).ok_or(Error::InvalidArgument)?;
    base::thread::sleep_until(deadline)?;
    Ok(0)
}

pub(crate) fn set_clock(call: &mut Invocation<'_>, time_ns: u64) -> Result<usize> {
    superuser(call)?;
    base::time::set_wall_clock(Duration::from_nanos(time_ns));
    Ok(0)
}

pub(crate) fn random(_call: &mut Invocation<'_>, into: UserSlice) -> Result<usize> {
    let length = into.length.min(MOST_RANDOM);
    let mut piece = [0; RANDOM_PIECE];
    let mut done = 0;
    while done < length {
        let part = &mut piece[..(length - done).min(RANDOM_PIECE)];
        base::random::fill(part);
        write_bytes(into.address.wrapping_add(done), part)?;
        done += part.len();
    }
    Ok(done)
}

pub(crate) fn system_info(
    call: &mut Invocation<'_>,
    record: UserPtr<SystemInfo>,
    size: usize,
) -> Result<usize> {
    let info = SystemInfo {
        size: size_of::<SystemInfo>() as u32,
        cpus: hal::cpu::count() as u32,
        system: records::field("Scarlet"),
        host: records::field(&call.process().environment().host_name()),
        release: records::field(env!("CARGO_PKG_VERSION")),
        version: records::field("Rust, SMP, three ABIs"),
        machine: records::field(hal::ARCH),
    };
    records::write(record, size, &info)
}

pub(crate) fn memory_info(
    call: &mut Invocation<'_>,
    record: UserPtr<MemoryInfo>,
    size: usize,
) -> Result<usize> {
    let frames = hal::frame::statistics();
    let bytes = |pages: usize| (pages * hal::PAGE_SIZE) as u64;
    let load = base::sched::load_averages();
    let fraction = |value: u64| {
        u32::try_from(value << (16 - base::sched::load::FRACTION_BITS)).unwrap_or(u32::MAX)
    };
    let info = MemoryInfo {
        size: size_of::<MemoryInfo>() as u32,
        processes: call.process().namespace().processes().len() as u32,
        total: bytes(frames.total),
        free: bytes(frames.free),
        uptime_ns: base::time::now().as_nanos(),
        load: load.map(fraction),
        reserved: 0,
    };
    records::write(record, size, &info)
}

pub(crate) fn set_host_name(call: &mut Invocation<'_>, name: UserSlice) -> Result<usize> {
    superuser(call)?;
    let name = name.read_all(HOST_NAME_MAX, Error::NameTooLong)?;
    let name = String::from_utf8(name).map_err(|_| Error::InvalidArgument)?;
    call.process().environment().set_host_name(name);
    Ok(0)
}

pub(crate) fn power(call: &mut Invocation<'_>, action: usize, status: u32) -> Result<usize> {
    superuser(call)?;
    match action {
        POWER_OFF => {
            proc::store_for_good();
            hal::power::off(status)
        }
        POWER_RESTART => {
            proc::store_for_good();
            hal::power::reset()
        }
        _ => Err(Error::InvalidArgument),
    }
}
