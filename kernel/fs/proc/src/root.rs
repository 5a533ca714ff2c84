//! What lies in `/proc`: fixed entries, and a directory for each process.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use object::{DirectoryEntry, FileKind, FileStatus};
use proc::{Process, Task};
use vfs::{Inode, Name};

use crate::filesystem::Shared;
use crate::process::{Subject, directory};
use crate::tree::{Content, Entry, row};
use crate::{reports, sysctl, system};
use fs_text::{Listing, Meta, Visit, inode_below, show};

/// Cookies of processes follow those of the fixed entries.
const PROCESSES: u64 = 256;

static ENTRIES: &[Entry] = &[
    Entry::new("self", Content::Link(link_to_self)),
    Entry::new("thread-self", Content::Link(link_to_thread)),
    Entry::new("cmdline", Content::Text(system::machine::command_line)),
    Entry::new("cpuinfo", Content::Text(system::machine::cpuinfo)),
    Entry::new("devices", Content::Text(system::devices::devices)),
    Entry::new("diskstats", Content::Text(system::devices::disk_statistics)),
    Entry::new("filesystems", Content::Text(system::devices::filesystems)),
    Entry::new("locks", Content::Text(system::locks::locks)),
    Entry::new("loadavg", Content::Text(system::load::loadavg)),
    Entry::new("meminfo", Content::Text(system::memory::meminfo)),
    Entry::new("mounts", Content::Alias("self/mounts")),
    Entry::new("partitions", Content::Text(system::devices::partitions)),
    Entry::new("scarlet", Content::Special(reports::directory)),
    Entry::new("stat", Content::Text(system::stat::stat)),
    Entry::new("swaps", Content::Text(system::memory::swaps)),
    Entry::new("sys", Content::Directory(sysctl::ENTRIES)),
    Entry::new("sysrq-trigger", Content::Order(system::crash::order)),
    Entry::new("sysvipc", Content::Directory(system::system_v::ENTRIES)),
    Entry::new("uptime", Content::Text(system::load::uptime)),
    Entry::new("version", Content::Text(system::release::version)),
    Entry::new("vmstat", Content::Text(system::memory::vmstat)),
];

/// The root directory.
pub(crate) struct Root {
    shared: Arc<Shared>,
    meta: Meta,
}

impl Root {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        let meta = Meta {
            links: 2,
            ..shared.meta(1, 0o555)
        };
        Self {
            shared: shared.clone(),
            meta,
        }
    }
}

/// The number of a process's directory.
pub(crate) fn process_inode(id: u32) -> u64 {
    u64::from(id) << 32 | 2
}

fn link_to_self(shared: &Shared) -> Result<Vec<u8>> {
    let process = Process::current().ok_or(Error::NotFound)?;
    match process.identity().number_in(shared.namespace()) {
        0 => Err(Error::NotFound),
        id => Ok(format!("{id}").into_bytes()),
    }
}

fn link_to_thread(shared: &Shared) -> Result<Vec<u8>> {
    let task = Task::current().ok_or(Error::NotFound)?;
    let process = task.process().identity().number_in(shared.namespace());
    match task.identity().number_in(shared.namespace()) {
        0 => Err(Error::NotFound),
        id => Ok(format!("{process}/task/{id}").into_bytes()),
    }
}

/// A decimal number without leading zeros or sign.
pub(crate) fn id_of(name: Name<'_>) -> Option<u32> {
    let text = name.as_str()?;
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if plain { text.parse().ok() } else { None }
}

impl Listing for Root {
    fn status(&self) -> Result<FileStatus> {
        let processes = self.shared.namespace().processes().len() as u32;
        let links = self.meta.links + processes;
        Ok(FileStatus {
            links,
            ..self.meta.status(FileKind::Directory)
        })
    }

    fn is_fixed(&self) -> bool {
        false
    }

    fn find(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        if let Some(id) = id_of(name) {
            let namespace = self.shared.namespace();
            // A thread's number leads to its process too, but is not listed.
            let found = namespace.process(id);
            let process = found.or_else(|| Some(namespace.task(id)?.process().clone()));
            let subject = Subject::process(&self.shared, process.ok_or(Error::NotFound)?);
            return Ok(directory::process(subject));
        }
        let wanted = |entry: &&Entry| entry.name.as_bytes() == name.as_bytes();
        let entry = ENTRIES.iter().find(wanted).ok_or(Error::NotFound)?;
        entry.make(&self.shared, inode_below(self.meta.inode, name.as_bytes()))
    }

    fn list(&self, cookie: u64, visit: &mut Visit<'_>) -> Result<()> {
        let fixed = row(ENTRIES, self.meta.inode);
        if cookie < PROCESSES && !show(fixed, cookie, visit) {
            return Ok(());
        }
        let mut next = cookie.saturating_sub(PROCESSES) as u32;
        while let Some((id, _process)) = self.shared.namespace().next_process(next) {
            let after = id.saturating_add(1);
            let name = format!("{id}");
            let more = visit(&DirectoryEntry {
                name: name.as_bytes(),
                inode: process_inode(id),
                kind: FileKind::Directory,
                next_position: PROCESSES + u64::from(after),
            });
            if !more {
                return Ok(());
            }
            next = after;
        }
        Ok(())
    }
}
