//! `/proc/sys`: settings, as far as they are true.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use base::sync::Once;
use base::{Error, Result};
use hal::Global;
use ipc::allowance::PIPE_LIMITS;
use vfs::{LEASE_BREAK_TIME, PROTECTIONS, WATCH_LIMITS};

use crate::access::check_machine;
use crate::filesystem::Shared;
use crate::system::release::{MACHINE_RELEASE, OS_TYPE, build};
use crate::system::system_v;
use crate::tree::{Content, Entry};

/// What lies in `/proc/sys`.
pub(crate) static ENTRIES: &[Entry] = &[
    Entry::new("fs", Content::Directory(FS)),
    Entry::new("kernel", Content::Directory(KERNEL)),
    Entry::new("vm", Content::Directory(VM)),
];

static FS: &[Entry] = &[
    // Each process has its limit; there is none for all of them together.
    Entry::new(
        "file-max",
        Content::Text(|_| Ok(format!("{}\n", i64::MAX).into_bytes())),
    ),
    Entry::new("inotify", Content::Directory(INOTIFY)),
    Entry::new(
        "lease-break-time",
        Content::Setting(
            |_| number(&LEASE_BREAK_TIME),
            |_, text| set_number(&LEASE_BREAK_TIME, text),
        ),
    ),
    Entry::new("overflowgid", Content::Text(|_| Ok(b"65534\n".to_vec()))),
    Entry::new("overflowuid", Content::Text(|_| Ok(b"65534\n".to_vec()))),
    Entry::new(
        "pipe-max-size",
        Content::Setting(|_| number(&PIPE_LIMITS.size), set_pipe_size),
    ),
    Entry::new(
        "pipe-user-pages-hard",
        Content::Setting(
            |_| number(&PIPE_LIMITS.hard_pages),
            |_, text| set_number(&PIPE_LIMITS.hard_pages, text),
        ),
    ),
    Entry::new(
        "pipe-user-pages-soft",
        Content::Setting(
            |_| number(&PIPE_LIMITS.soft_pages),
            |_, text| set_number(&PIPE_LIMITS.soft_pages, text),
        ),
    ),
    Entry::new(
        "protected_fifos",
        Content::Setting(
            |_| number(&PROTECTIONS.pipes),
            |_, text| set_number_to(&PROTECTIONS.pipes, text, 2),
        ),
    ),
    Entry::new(
        "protected_hardlinks",
        Content::Setting(
            |_| number(&PROTECTIONS.hard_links),
            |_, text| set_number_to(&PROTECTIONS.hard_links, text, 1),
        ),
    ),
    Entry::new(
        "protected_regular",
        Content::Setting(
            |_| number(&PROTECTIONS.files),
            |_, text| set_number_to(&PROTECTIONS.files, text, 2),
        ),
    ),
    Entry::new(
        "protected_symlinks",
        Content::Setting(
            |_| number(&PROTECTIONS.symbolic_links),
            |_, text| set_number_to(&PROTECTIONS.symbolic_links, text, 1),
        ),
    ),
];

static INOTIFY: &[Entry] = &[
    Entry::new(
        "max_queued_events",
        Content::Setting(
            |_| number(&WATCH_LIMITS.queued),
            |_, text| set_number(&WATCH_LIMITS.queued, text),
        ),
    ),
    Entry::new(
        "max_user_instances",
        Content::Setting(
            |_| number(&WATCH_LIMITS.watchers),
            |_, text| set_number(&WATCH_LIMITS.watchers, text),
        ),
    ),
    Entry::new(
        "max_user_watches",
        Content::Setting(
            |_| number(&WATCH_LIMITS.watches),
            |_, text| set_number(&WATCH_LIMITS.watches, text),
        ),
    ),
];

fn number(setting: &AtomicUsize) -> Result<Vec<u8>> {
    Ok(format!("{}\n", setting.load(Ordering::Relaxed)).into_bytes())
}

/// A number that fits an `int`.
fn number_in(text: &[u8]) -> Result<usize> {
    let text = core::str::from_utf8(text).map_err(|_| Error::InvalidArgument)?;
    let number: u32 = text.trim().parse().map_err(|_| Error::InvalidArgument)?;
    if number > i32::MAX as u32 {
        return Err(Error::InvalidArgument);
    }
    Ok(number as usize)
}

/// Sets a number of the whole machine that fits an `int`.
fn set_number(setting: &AtomicUsize, text: &[u8]) -> Result<()> {
    set_number_to(setting, text, i32::MAX as usize)
}

/// Sets a number of the whole machine, up to `most`.
fn set_number_to(setting: &AtomicUsize, text: &[u8], most: usize) -> Result<()> {
    check_machine()?;
    let number = number_in(text)?;
    if number > most {
        return Err(Error::InvalidArgument);
    }
    setting.store(number, Ordering::Relaxed);
    Ok(())
}

/// The size of a pipe is a power of two, and at least a page.
fn set_pipe_size(_: &Shared, text: &[u8]) -> Result<()> {
    check_machine()?;
    let size = number_in(text)?.max(hal::PAGE_SIZE).next_power_of_two();
    PIPE_LIMITS.size.store(size, Ordering::Relaxed);
    Ok(())
}

static KERNEL: &[Entry] = &[
    Entry::new("cap_last_cap", Content::Text(|_| Ok(b"40\n".to_vec()))),
    Entry::new("domainname", Content::Setting(domain_name, set_domain_name)),
    Entry::new("hostname", Content::Setting(host_name, set_host_name)),
    Entry::new("msgmax", Content::Text(system_v::message_bytes)),
    Entry::new("msgmnb", Content::Text(system_v::queue_bytes)),
    Entry::new("msgmni", Content::Text(system_v::queues)),
    Entry::new("ngroups_max", Content::Text(|_| Ok(b"65536\n".to_vec()))),
    Entry::new(
        "osrelease",
        Content::Text(|_| Ok(format!("{MACHINE_RELEASE}\n").into_bytes())),
    ),
    Entry::new(
        "ostype",
        Content::Text(|_| Ok(format!("{OS_TYPE}\n").into_bytes())),
    ),
    Entry::new("overflowgid", Content::Text(|_| Ok(b"65534\n".to_vec()))),
    Entry::new("overflowuid", Content::Text(|_| Ok(b"65534\n".to_vec()))),
    Entry::new("pid_max", Content::Setting(pid_max, set_pid_max)),
    Entry::new("random", Content::Directory(RANDOM)),
    Entry::new("sem", Content::Text(system_v::semaphores)),
    Entry::new("shmall", Content::Text(system_v::segment_limit)),
    Entry::new("shmmax", Content::Text(system_v::segment_limit)),
    Entry::new("shmmni", Content::Text(system_v::segments)),
    // A kernel that went wrong stops.
    Entry::new("tainted", Content::Text(|_| Ok(b"0\n".to_vec()))),
    Entry::new("threads-max", Content::Text(threads_max)),
    Entry::new(
        "version",
        Content::Text(|_| Ok(format!("{}\n", build()).into_bytes())),
    ),
];

static RANDOM: &[Entry] = &[
    Entry::new(
        "boot_id",
        Content::Text(|_| Ok(format!("{}\n", boot_id()).into_bytes())),
    ),
    Entry::new("entropy_avail", Content::Text(|_| Ok(b"256\n".to_vec()))),
    Entry::new("poolsize", Content::Text(|_| Ok(b"256\n".to_vec()))),
    Entry::new(
        "uuid",
        Content::Text(|_| Ok(format!("{}\n", random_uuid()).into_bytes())),
    ),
];

static VM: &[Entry] = &[
    Entry::new("drop_caches", Content::Order(drop_caches)),
    // Memory is promised without being counted; who touches too much may be ended.
    Entry::new("overcommit_memory", Content::Text(|_| Ok(b"1\n".to_vec()))),
];

/// Lets go of what is remembered only to be quick (Linux, Documentation/admin-guide/sysctl/vm.rst): 1 means
/// clean pages of files on devices, 2 names, 3 both.
fn drop_caches(_: &Shared, text: &[u8]) -> Result<()> {
    check_machine()?;
    let (pages, names) = match text.trim_ascii() {
        b"1" => (true, false),
        b"2" => (false, true),
        b"3" => (true, true),
        _ => return Err(Error::InvalidArgument),
    };
    if names {
        vfs::dentry_cache::shrink(usize::MAX);
    }
    if pages {
        mem::drop_clean_pages();
    }
    Ok(())
}

fn host_name(shared: &Shared) -> Result<Vec<u8>> {
    Ok(format!("{}\n", shared.environment.host_name()).into_bytes())
}

fn domain_name(shared: &Shared) -> Result<Vec<u8>> {
    Ok(format!("{}\n", shared.environment.domain_name()).into_bytes())
}

fn set_host_name(shared: &Shared, text: &[u8]) -> Result<()> {
    shared.environment.set_host_name(name_in(text)?);
    Ok(())
}

fn set_domain_name(shared: &Shared, text: &[u8]) -> Result<()> {
    shared.environment.set_domain_name(name_in(text)?);
    Ok(())
}

/// A host name: up to 64 bytes, up to a line's end.
fn name_in(text: &[u8]) -> Result<String> {
    let line = text
        .split(|&byte| byte == b'\n' || byte == 0)
        .next()
        .unwrap_or_default();
    let name = core::str::from_utf8(line).map_err(|_| Error::InvalidArgument)?;
    if name.len() > 64 {
        Err(Error::InvalidArgument)
    } else {
        Ok(String::from(name))
    }
}

fn pid_max(shared: &Shared) -> Result<Vec<u8>> {
    Ok(format!("{}\n", shared.namespace().maximum()).into_bytes())
}

fn set_pid_max(shared: &Shared, text: &[u8]) -> Result<()> {
    let text = core::str::from_utf8(text).map_err(|_| Error::InvalidArgument)?;
    let maximum = text.trim().parse().map_err(|_| Error::InvalidArgument)?;
    shared.namespace().set_maximum(maximum)
}

fn threads_max(shared: &Shared) -> Result<Vec<u8>> {
    Ok(format!("{}\n", shared.environment.limits().threads).into_bytes())
}

static BOOT_ID: Global<Once<String>> = Global::new(Once::new);

/// The number of this boot: random, and the same until the next.
fn boot_id() -> &'static str {
    let once: &'static Once<String> = &BOOT_ID;
    if once.get().is_none() {
        let _ = once.set(random_uuid());
    }
    once.get().map_or("", String::as_str)
}

/// A random (version 4) UUID, RFC 9562.
fn random_uuid() -> String {
    let mut bytes = [0; 16];
    base::random::fill(&mut bytes);
    let number = u128::from_be_bytes(bytes) & !(0xf << 76 | 3 << 62) | 4 << 76 | 2 << 62;
    let digits = format!("{number:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}
