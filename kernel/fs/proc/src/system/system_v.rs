//! `/proc/sysvipc` and its limits in `/proc/sys/kernel`: what there is of System V's communication (sysvipc(7)).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use base::Result;
use ipc::system_v::{Permission, messages, semaphores as sets, shared_memory};

use crate::filesystem::Shared;
use crate::tree::{Content, Entry};

/// What lies in `/proc/sysvipc`.
pub(crate) static ENTRIES: &[Entry] = &[
    Entry::new("msg", Content::Text(message_queues)),
    Entry::new("sem", Content::Text(semaphore_sets)),
    Entry::new("shm", Content::Text(memory_segments)),
];

/// Bits of a segment's mode beside the nine: it goes with its last area, it is locked.
const REMOVED: u32 = 0o1000;
const LOCKED: u32 = 0o2000;

/// Key, identifier and mode, as every row begins.
fn begin(text: &mut String, permission: &Permission, id: i32, more_mode: u32) {
    let mode = permission.mode | more_mode;
    // Writing to a string cannot fail.
    let _ = write!(text, "{:>10} {id:>10}  {mode:>4o} ", permission.key);
}

/// Owner and maker.
fn people(text: &mut String, permission: &Permission) {
    let _ = write!(
        text,
        " {:>5} {:>5} {:>5} {:>5}",
        permission.user, permission.group, permission.creator, permission.creator_group
    );
}

fn memory_segments(shared: &Shared) -> Result<Vec<u8>> {
    let mut text = String::from(
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n",
    );
    for (id, segment) in shared.environment.system_v().segments().iter() {
        let status = segment.status();
        let removed = if status.removed { REMOVED } else { 0 };
        let locked = if status.locked { LOCKED } else { 0 };
        begin(&mut text, &status.permission, id, removed | locked);
        let _ = write!(
            text,
            "{:>21} {:>5} {:>5}  {:>5}",
            status.bytes, status.creator, status.last, status.attached
        );
        people(&mut text, &status.permission);
        let _ = writeln!(
            text,
            " {:>10} {:>10} {:>10} {:>21} {:>21}",
            status.attach_time,
            status.detach_time,
            status.change_time,
            status.resident_pages * hal::PAGE_SIZE,
            0
        );
    }
    Ok(text.into_bytes())
}

fn semaphore_sets(shared: &Shared) -> Result<Vec<u8>> {
    let mut text = String::from(
        "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n",
    );
    for (id, set) in shared.environment.system_v().sets().iter() {
        let status = set.status();
        begin(&mut text, &status.permission, id, 0);
        let _ = write!(text, "{:>10}", status.length);
        people(&mut text, &status.permission);
        let _ = writeln!(
            text,
            " {:>10} {:>10}",
            status.operation_time, status.change_time
        );
    }
    Ok(text.into_bytes())
}

fn message_queues(shared: &Shared) -> Result<Vec<u8>> {
    let mut text = String::from(
        "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n",
    );
    for (id, queue) in shared.environment.system_v().queues().iter() {
        let status = queue.status();
        begin(&mut text, &status.permission, id, 0);
        let _ = write!(
            text,
            " {:>10} {:>10} {:>5} {:>5}",
            status.bytes, status.messages, status.last_sender, status.last_receiver
        );
        people(&mut text, &status.permission);
        let _ = writeln!(
            text,
            " {:>10} {:>10} {:>10}",
            status.send_time, status.receive_time, status.change_time
        );
    }
    Ok(text.into_bytes())
}

fn line(text: impl core::fmt::Display) -> Result<Vec<u8>> {
    Ok(format!("{text}\n").into_bytes())
}

/// The longest message.
pub(crate) fn message_bytes(_: &Shared) -> Result<Vec<u8>> {
    line(messages::LONGEST_MESSAGE)
}

/// The bytes of a queue.
pub(crate) fn queue_bytes(_: &Shared) -> Result<Vec<u8>> {
    line(messages::QUEUE_BYTES)
}

/// How many queues there may be.
pub(crate) fn queues(_: &Shared) -> Result<Vec<u8>> {
    line(messages::MOST_QUEUES)
}

/// Semaphores of a set, of all sets, operations of a call, sets.
pub(crate) fn semaphores(_: &Shared) -> Result<Vec<u8>> {
    line(format_args!(
        "{}\t{}\t{}\t{}",
        sets::MOST_OF_A_SET,
        sets::MOST_OF_A_SET * sets::MOST_SETS,
        sets::MOST_OPERATIONS,
        sets::MOST_SETS
    ))
}

/// The bytes of a segment, the pages of all.
pub(crate) fn segment_limit(_: &Shared) -> Result<Vec<u8>> {
    line(shared_memory::MOST_BYTES)
}

/// How many segments there may be.
pub(crate) fn segments(_: &Shared) -> Result<Vec<u8>> {
    line(shared_memory::MOST_SEGMENTS)
}
