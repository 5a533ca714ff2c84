//! The rows: what is measured, in the order in which reports show it.

use anyhow::{Result, bail};

/// How a row comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The benchmark program has it under this name.
    Program,
    /// The benchmark program times a command line: how often it does its thing, what is made
    /// ready first, and the words.
    Command(u32, &'static str, &'static str),
    /// The benchmark program has it under this name, for a machine with a disk: see [`super::disks`].
    Disk,
    /// The first process reads the machine's counter.
    FirstProcess,
    /// `/proc/meminfo` on a machine with 128 MiB, as `free` counts.
    MemoryUsed,
    /// 128 MiB less what is free or holds files: the kernel's image and tables are in it.
    MemoryTaken,
    /// The smallest machine that runs a command.
    LeastMemory,
}

impl Source {
    /// Whether it is a time, and so part of the geometric mean.
    pub fn is_time(self) -> bool {
        matches!(
            self,
            Source::Program | Source::Command(..) | Source::Disk | Source::FirstProcess
        )
    }
}

/// A row of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name on command lines, in the baseline and in JSON.
    pub name: &'static str,
    /// What `--only` selects it by.
    pub group: &'static str,
    /// What a person reads.
    pub title: &'static str,
    /// Where it comes from.
    pub source: Source,
}

const fn program(group: &'static str, name: &'static str, title: &'static str) -> Row {
    Row {
        name,
        group,
        title,
        source: Source::Program,
    }
}

const fn disk(name: &'static str, title: &'static str) -> Row {
    Row {
        name,
        group: "disk",
        title,
        source: Source::Disk,
    }
}

/// All rows.
pub const ROWS: &[Row] = &[
    program("calls", "null_call", "system call that does nothing"),
    program("calls", "read_byte", "read of one byte, /dev/zero"),
    program("calls", "write_byte", "write of one byte, /dev/null"),
    program("calls", "open_close", "open and close"),
    program("calls", "stat", "stat"),
    program("processes", "fork_exit", "fork, exit, wait"),
    program("processes", "fork_exec", "fork, exec, exit, wait"),
    program("processes", "thread", "thread made and joined"),
    program("processes", "signal", "signal to itself"),
    program("wake", "pipe_pingpong", "pipe ping-pong, one CPU"),
    program("wake", "pipe_pingpong_2cpu", "pipe ping-pong, two CPUs"),
    program("wake", "futex_pingpong", "futex ping-pong, one CPU"),
    program("wake", "futex_pingpong_2cpu", "futex ping-pong, two CPUs"),
    program("wake", "socket_pingpong", "local socket ping-pong, one CPU"),
    program("wake", "epoll_10", "epoll wake, 10 descriptors"),
    program("wake", "epoll_1000", "epoll wake, 1,000 descriptors"),
    program("bandwidth", "pipe_4k", "pipe, 1 MiB in blocks of 4 KiB"),
    program("bandwidth", "pipe_64k", "pipe, 1 MiB in blocks of 64 KiB"),
    program("memory", "mmap_touch", "mmap 1 MiB, touch, unmap"),
    program("memory", "anonymous_fault", "page fault, anonymous memory"),
    program("memory", "file_fault", "page fault, file in memory"),
    program(
        "files",
        "create_delete",
        "file made, 4 KiB written, removed",
    ),
    program("files", "path_walk", "stat, 8 directories deep"),
    Row {
        name: "sh_loop",
        group: "commands",
        title: "BusyBox sh: one turn of a loop with /bin/true",
        source: Source::Command(
            100,
            "",
            "/bin/busybox sh -c 'i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i+1)); done'",
        ),
    },
    Row {
        name: "tar",
        group: "commands",
        title: "tar of 2,000 files, each file",
        source: Source::Command(
            2000,
            "/tests/bench tree /tmp/tree 2000",
            "/bin/busybox tar cf /tmp/tree.tar -C /tmp tree",
        ),
    },
    disk(
        "disk_read_cold",
        "ext2: 256 MiB read in order, cold, each MiB",
    ),
    disk("disk_read_cached", "ext2: the same in memory"),
    disk("disk_random_cold", "ext2: 4 KiB read anywhere, cold"),
    disk("disk_random_cached", "ext2: the same in memory"),
    disk("disk_write", "ext2: 256 MiB written and synced, each MiB"),
    disk(
        "disk_rewrite",
        "ext2: 256 MiB in memory overwritten, each MiB",
    ),
    disk(
        "disk_find_cold",
        "ext2: find over 2,000 files, cold, each file",
    ),
    disk("disk_find_cached", "ext2: the same in memory"),
    disk("disk_unpack", "ext2: tar unpacked and synced, each file"),
    disk("disk_create", "ext2: 10,000 files made and synced, each"),
    disk("disk_delete", "ext2: 10,000 files removed and synced, each"),
    disk("disk_append_fsync", "ext2: 100 bytes appended, fsync"),
    disk(
        "overlay_lookup_cold",
        "overlay of 4 layers on ext2: stat of 2,000 files, cold, each",
    ),
    disk("overlay_lookup_cached", "overlay: the same in memory"),
    disk(
        "overlay_copy_up",
        "overlay: 1,000 lower files opened to write and synced, each",
    ),
    disk(
        "overlay_copy_up_large",
        "overlay: a lower file of 64 MiB opened to write and synced, each MiB",
    ),
    Row {
        name: "boot",
        group: "machine",
        title: "from power-on to the first process, firmware included",
        source: Source::FirstProcess,
    },
    Row {
        name: "memory_used",
        group: "machine",
        title: "memory used when up with 128 MiB, as free says",
        source: Source::MemoryUsed,
    },
    Row {
        name: "memory_taken",
        group: "machine",
        title: "memory used when up with 128 MiB, kernel image and tables included",
        source: Source::MemoryTaken,
    },
    Row {
        name: "memory_least",
        group: "machine",
        title: "least memory that boots to a BusyBox prompt",
        source: Source::LeastMemory,
    },
];

/// The rows of a group, or the row with this name, or all.
pub fn select(only: Option<&str>) -> Result<Vec<Row>> {
    let rows: Vec<Row> = ROWS
        .iter()
        .filter(|row| only.is_none_or(|only| row.group == only || row.name == only))
        .copied()
        .collect();
    if rows.is_empty() {
        let mut groups: Vec<&str> = ROWS.iter().map(|row| row.group).collect();
        groups.dedup();
        bail!("no such row or group; the groups are {}", groups.join(", "));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_groups_select() {
        let mut names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ROWS.len());
        assert_eq!(select(Some("calls")).unwrap().len(), 5);
        assert_eq!(select(Some("tar")).unwrap().len(), 1);
        assert!(select(Some("nonsense")).is_err());
    }
}
