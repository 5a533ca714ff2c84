//! A disk with a part, and what is counted of both.

use std::sync::Arc;

use base::Error;
use device::block::partition::{Entry, Partition};
use device::block::{BlockCache, BlockDevice, BlockFile, MemoryDisk, SECTOR};
use device::registry;
use filesystem_testkit::{Short, context, on_machine};
use mem::transfer::{Sink, Source};
use object::{File, FileAccess, StatusFlags};
use vfs::{FileSystem, FsContext, OpenOptions};

use crate::SysFs;

/// Runs a test with a disk of 64 sectors, whose second part is its last 32.
fn with_disk(test: impl FnOnce(&FsContext, &[Arc<dyn BlockDevice>; 2]) + 'static) {
    on_machine(move || {
        let disk: Arc<dyn BlockDevice> = MemoryDisk::new("disk", 16, vec![0; 64 * SECTOR]);
        let entry = Entry {
            number: 2,
            start: 32,
            sectors: 32,
        };
        let part: Arc<dyn BlockDevice> = Arc::new(Partition::new(&disk, &entry).unwrap());
        let devices = [disk, part];
        for device in &devices {
            registry().add_block(device.clone()).unwrap();
        }
        let filesystem: Arc<dyn FileSystem> = SysFs::instance();
        test(&context(&filesystem), &devices);
        for device in &devices {
            registry().remove_block(device.number());
            BlockCache::forget(device).unwrap();
        }
    });
}

fn text(context: &FsContext, path: &str) -> String {
    String::from_utf8(context.get(path).unwrap()).unwrap()
}

/// Reads, sectors read, writes, sectors written, in flight, flushes.
fn counts(context: &FsContext, path: &str) -> [u64; 6] {
    let line = text(context, path);
    let fields: Vec<u64> = line
        .split_whitespace()
        .map(|word| word.parse().unwrap())
        .collect();
    assert_eq!(fields.len(), 17, "{line}");
    [0, 2, 4, 6, 8, 15].map(|index| fields[index])
}

#[test]
fn a_disk_and_its_part_are_told() {
    with_disk(|context, _| {
        assert_eq!(context.status("/").unwrap().mode, 0o555);
        let names = context.names("/block").unwrap();
        assert_eq!(names, [".", "..", "disk"]);
        let names = context.names("/block/disk/disk2").unwrap();
        let known = [
            "alignment_offset",
            "dev",
            "partition",
            "ro",
            "size",
            "start",
            "stat",
            "uevent",
        ];
        let mut names: Vec<&str> = names.iter().map(String::as_str).skip(2).collect();
        names.sort_unstable();
        assert_eq!(names, known);
        for (path, expected) in [
            ("disk/dev", "240:16\n"),
            ("disk/size", "64\n"),
            ("disk/ro", "0\n"),
            ("disk/removable", "0\n"),
            ("disk/alignment_offset", "0\n"),
            ("disk/queue/logical_block_size", "512\n"),
            ("disk/queue/physical_block_size", "512\n"),
            ("disk/queue/minimum_io_size", "512\n"),
            ("disk/queue/optimal_io_size", "0\n"),
            (
                "disk/uevent",
                "MAJOR=240\nMINOR=16\nDEVNAME=disk\nDEVTYPE=disk\n",
            ),
            ("disk/disk2/dev", "240:18\n"),
            ("disk/disk2/start", "32\n"),
            ("disk/disk2/size", "32\n"),
            ("disk/disk2/partition", "2\n"),
            (
                "disk/disk2/uevent",
                "MAJOR=240\nMINOR=18\nDEVNAME=disk2\nDEVTYPE=partition\nPARTN=2\n",
            ),
        ] {
            assert_eq!(text(context, &format!("/block/{path}")), expected, "{path}");
        }
        // By number and by name.
        assert_eq!(text(context, "/dev/block/240:18/start"), "32\n");
        assert_eq!(text(context, "/class/block/disk2/../size"), "64\n");
        let status = context.status("/dev/block/240:16").unwrap();
        assert_eq!(status.inode, context.status("/block/disk").unwrap().inode);
        assert_eq!((status.mode, status.links), (0o755, 4));
        assert_eq!(context.status("/block/disk/dev").unwrap().mode, 0o444);
    });
}

#[test]
fn a_part_counts_as_well_as_the_disk() {
    with_disk(|context, [_, part]| {
        assert_eq!(counts(context, "/block/disk/stat"), [0; 6]);
        let access = FileAccess::READ | FileAccess::WRITE;
        let file = BlockFile::open(part, access, StatusFlags::empty()).unwrap();
        file.write_at(0, &mut Source::kernel(&[1; 8192])).unwrap();
        assert_eq!(counts(context, "/block/disk/stat"), [0; 6]);
        file.sync(true).unwrap();
        let [reads, read, writes, written, flying, flushes] = counts(context, "/block/disk/stat");
        assert!(writes > 0 && written == 16 && flying == 0 && flushes > 0);
        // A flush is the disk's.
        let of_part = counts(context, "/block/disk/disk2/stat");
        assert_eq!(of_part, [reads, read, writes, written, 0, 0]);
        file.read_at(8192, &mut Sink::kernel(&mut [0; 512]))
            .unwrap();
        let after = counts(context, "/block/disk/disk2/stat");
        assert!(after[0] > reads && after[1] > read);
        assert_eq!(after[..5], counts(context, "/block/disk/stat")[..5]);
    });
}

#[test]
fn a_device_that_goes_takes_its_files_along() {
    on_machine(|| {
        let filesystem: Arc<dyn FileSystem> = SysFs::instance();
        let context = context(&filesystem);
        let disk = MemoryDisk::new("disk", 0, vec![0; 8 * SECTOR]);
        let number = disk.number();
        registry().add_block(disk).unwrap();
        let options = OpenOptions::reading();
        let size = context.open(b"/block/disk/size", &options).unwrap();
        registry().remove_block(number);
        let mut bytes = [0; 8];
        let read = size.read(&mut Sink::kernel(&mut bytes));
        assert_eq!(read, Err(Error::NoSuchDevice));
        assert_eq!(context.error("/block/disk/size"), Some(Error::NotFound));
        assert_eq!(context.error("/dev/block/240:0"), Some(Error::NotFound));
        assert_eq!(context.names("/block").unwrap(), [".", ".."]);
    });
}

#[test]
fn nothing_can_be_made_or_written() {
    with_disk(|context, _| {
        assert_eq!(context.touch("/file").err(), Some(Error::AccessDenied));
        let size = context.touch("/block/disk/size");
        assert_eq!(size.err(), Some(Error::AccessDenied));
        let made = context.make_directory("/block/disk/directory");
        assert_eq!(made, Err(Error::NotPermitted));
        let removed = context.remove("/block/disk/size");
        assert_eq!(removed, Err(Error::NotPermitted));
    });
}

#[test]
fn the_processors_are_listed() {
    filesystem_testkit::on_machine_with(1, 3, || {
        let filesystem: Arc<dyn FileSystem> = SysFs::instance();
        let context = context(&filesystem);
        for name in ["online", "possible", "present"] {
            let path = format!("/devices/system/cpu/{name}");
            assert_eq!(text(&context, &path), "0-2\n");
        }
        assert!(context.status("/devices/system/cpu/cpu2").is_ok());
        assert!(context.status("/devices/system/cpu/cpu3").is_err());
    });
}
