//! Bytes of files.

use std::sync::Arc;

use base::{Error, Result};
use hal::PAGE_SIZE;
use mem::transfer::{Sink, Source};
use object::{File, SeekFrom, SpaceChange, StatusFlags};
use proptest::prelude::*;
use vfs::{Credentials, FsContext, OpenFile, OpenOptions, ResolveFlags};

use super::kit::{Short, context, on_machine};

fn write(file: &OpenFile, bytes: &[u8]) -> Result<usize> {
    file.write(&mut Source::kernel(bytes))
}

fn read_at(file: &OpenFile, offset: u64, length: usize) -> Vec<u8> {
    let mut buffer = vec![0xee; length];
    let done = file
        .read_at(offset, &mut Sink::kernel(&mut buffer))
        .unwrap();
    buffer.truncate(done);
    buffer
}

fn open(context: &FsContext, path: &str) -> Arc<OpenFile> {
    let options = OpenOptions {
        read: true,
        write: true,
        create: true,
        mode: 0o666,
        ..Default::default()
    };
    context.open(path.as_bytes(), &options).unwrap()
}

#[test]
fn what_is_written_is_read() {
    on_machine(|| {
        let context = context();
        let file = open(&context, "/f");
        assert_eq!(write(&file, b"hello, "), Ok(7));
        assert_eq!(write(&file, b"world"), Ok(5));
        assert_eq!(read_at(&file, 0, 100), b"hello, world");
        assert_eq!(file.seek(SeekFrom::Current(-5)), Ok(7));
        let mut buffer = [0; 3];
        assert_eq!(file.read(&mut Sink::kernel(&mut buffer)), Ok(3));
        assert_eq!(&buffer, b"wor");
        assert_eq!(file.seek(SeekFrom::End(1)), Ok(13));
        assert_eq!(
            file.seek(SeekFrom::Current(-14)),
            Err(Error::InvalidArgument)
        );
        assert_eq!(read_at(&file, 12, 5), b"");
        let status = file.status().unwrap();
        assert_eq!((status.size, status.blocks), (12, 8));
        // A second open has a position of its own, and sees the same bytes.
        let other = open(&context, "/f");
        assert_eq!(read_at(&other, 7, 5), b"world");
    });
}

#[test]
fn appending_goes_to_the_end_wherever_that_is() {
    on_machine(|| {
        let context = context();
        let plain = open(&context, "/f");
        let options = OpenOptions {
            write: true,
            append: true,
            ..Default::default()
        };
        let append = context.open(b"/f", &options).unwrap();
        write(&append, b"one").unwrap();
        write(&plain, b"ONE two").unwrap();
        write(&append, b" three").unwrap();
        assert_eq!(read_at(&plain, 0, 100), b"ONE two three");
        assert_eq!(
            append.read(&mut Sink::kernel(&mut [0])),
            Err(Error::BadHandle)
        );
        append.set_status_flags(StatusFlags::empty()).unwrap();
        assert_eq!(append.seek(SeekFrom::Start(0)), Ok(0));
        write(&append, b"1").unwrap();
        assert_eq!(read_at(&plain, 0, 3), b"1NE");
    });
}

#[test]
fn holes_are_zero_and_take_no_room() {
    on_machine(|| {
        let context = context();
        let file = open(&context, "/f");
        let far = 10 * PAGE_SIZE as u64;
        file.write_at(far, &mut Source::kernel(b"x")).unwrap();
        let status = file.status().unwrap();
        assert_eq!((status.size, status.blocks), (far + 1, 8));
        assert_eq!(read_at(&file, far - 3, 10), b"\0\0\0x");
        assert_eq!(file.seek(SeekFrom::Data(0)), Ok(far));
        assert_eq!(file.seek(SeekFrom::Hole(far)), Ok(far + 1));
        assert_eq!(file.seek(SeekFrom::Data(far + 1)), Err(Error::NoSuchDevice));
    });
}

#[test]
fn truncating_forgets_for_good() {
    on_machine(|| {
        let context = context();
        let file = open(&context, "/f");
        write(&file, &[7; 5000]).unwrap();
        file.truncate(10).unwrap();
        file.truncate(6000).unwrap();
        assert_eq!(read_at(&file, 8, 4), [7, 7, 0, 0]);
        assert!(read_at(&file, 10, 6000).iter().all(|&byte| byte == 0));
        let cut = OpenOptions {
            write: true,
            truncate: true,
            ..Default::default()
        };
        context.open(b"/f", &cut).unwrap();
        assert_eq!(context.status("/f").unwrap().size, 0);
        assert_eq!(context.truncate(b"/", 0), Err(Error::IsDirectory));
        assert_eq!(context.truncate(b"/f", u64::MAX), Err(Error::FileTooLarge));
        let reader = context.open(b"/f", &OpenOptions::reading()).unwrap();
        assert_eq!(reader.truncate(0), Err(Error::InvalidArgument));
    });
}

#[test]
fn a_full_file_system_says_so_and_recovers() {
    on_machine(|| {
        let small = crate::Limits {
            pages: 3,
            inodes: 10,
            directory_pages: 0,
            unpaid: false,
        };
        let filesystem: Arc<dyn vfs::FileSystem> =
            crate::RamFs::with("tmpfs", small, 0o755).unwrap();
        let context = FsContext::new(vfs::View::new(&filesystem));
        let file = open(&context, "/f");
        // What fits is written; the rest is an error.
        assert_eq!(write(&file, &[1; 5 * PAGE_SIZE]), Ok(3 * PAGE_SIZE));
        assert_eq!(write(&file, &[1]), Err(Error::NoSpace));
        assert_eq!(filesystem.statistics().blocks_free, 0);
        drop(file);
        context.unlink(None, b"/f").unwrap();
        assert_eq!(filesystem.statistics().blocks_free, 3);
        assert_eq!(write(&open(&context, "/g"), &[1]), Ok(1));
    });
}

#[test]
fn times_follow_what_is_done() {
    on_machine(|| {
        let context = context();
        let file = open(&context, "/f");
        let made = file.status().unwrap();
        base::thread::sleep_until(base::time::now() + core::time::Duration::from_secs(2)).unwrap();
        write(&file, b"x").unwrap();
        let written = file.status().unwrap();
        assert!(written.modification_time > made.modification_time);
        assert!(written.change_time > made.change_time);
        assert_eq!(written.access_time, made.access_time);
        base::thread::sleep_until(base::time::now() + core::time::Duration::from_secs(2)).unwrap();
        read_at(&file, 0, 1);
        let read = file.status().unwrap();
        assert!(read.access_time > written.modification_time);
        base::thread::sleep_until(base::time::now() + core::time::Duration::from_secs(2)).unwrap();
        read_at(&file, 0, 1);
        assert_eq!(
            file.status().unwrap().access_time,
            read.access_time,
            "relatime"
        );
        context
            .chmod(None, b"/f", 0o600, ResolveFlags::empty())
            .unwrap();
        assert!(file.status().unwrap().change_time > read.change_time);
    });
}

#[test]
fn a_stranger_writing_takes_the_set_user_id_bit() {
    on_machine(|| {
        let context = context();
        drop(open(&context, "/f"));
        context
            .chmod(None, b"/f", 0o4777, ResolveFlags::empty())
            .unwrap();
        let user = FsContext {
            credentials: Credentials::user(7, 7),
            ..context.clone()
        };
        let file = user
            .open(
                b"/f",
                &OpenOptions {
                    write: true,
                    ..Default::default()
                },
            )
            .unwrap();
        write(&file, b"x").unwrap();
        assert_eq!(context.status("/f").unwrap().mode, 0o777);
    });
}

/// Writes, truncations and reads, on the file and on a vector of bytes.
#[test]
fn a_file_is_a_vector_of_bytes() {
    #[derive(Clone, Debug)]
    enum Operation {
        Write(u64, usize, u8),
        Truncate(u64),
        Append(usize, u8),
    }
    let offset = 0..20_000_u64;
    let operation = prop_oneof![
        4 => (offset.clone(), 0..9000_usize, any::<u8>())
            .prop_map(|(offset, length, byte)| Operation::Write(offset, length, byte)),
        2 => offset.prop_map(Operation::Truncate),
        1 => (0..5000_usize, any::<u8>()).prop_map(|(length, byte)| Operation::Append(length, byte)),
    ];
    on_machine(move || {
        super::properties::check(
            60,
            proptest::collection::vec(operation, 1..20),
            |operations| {
                let context = context();
                let file = open(&context, "/f");
                let mut model: Vec<u8> = Vec::new();
                for operation in operations {
                    match operation {
                        Operation::Write(offset, length, byte) => {
                            let bytes = vec![byte; length];
                            let done = file.write_at(offset, &mut Source::kernel(&bytes));
                            assert_eq!(done, Ok(length));
                            let end = offset as usize + length;
                            if length > 0 {
                                model.resize(model.len().max(end), 0);
                                model[offset as usize..end].fill(byte);
                            }
                        }
                        Operation::Truncate(length) => {
                            file.truncate(length).unwrap();
                            model.resize(length as usize, 0);
                        }
                        Operation::Append(length, byte) => {
                            file.seek(SeekFrom::End(0)).unwrap();
                            assert_eq!(write(&file, &vec![byte; length]), Ok(length));
                            model.resize(model.len() + length, byte);
                        }
                    }
                    assert_eq!(file.status().unwrap().size, model.len() as u64);
                    assert_eq!(read_at(&file, 0, model.len() + 10), model);
                }
            },
        );
    });
}

#[test]
fn promised_room_counts_and_is_a_hole_until_it_is_used() {
    on_machine(|| {
        let context = context();
        let file = open(&context, "/f");
        let page = PAGE_SIZE as u64;
        let allocate = |keep_size| SpaceChange::Allocate { keep_size };
        file.change_space(0, 4 * page, allocate(true)).unwrap();
        let status = file.status().unwrap();
        assert_eq!((status.size, status.blocks), (0, 32));
        file.truncate(4 * page).unwrap();
        assert_eq!(file.status().unwrap().size, 4 * page);
        assert_eq!(file.seek(SeekFrom::Data(0)), Err(Error::NoSuchDevice));
        let mut byte = Source::kernel(b"x");
        file.write_at(2 * page, &mut byte).unwrap();
        assert_eq!(file.seek(SeekFrom::Data(0)), Ok(2 * page));
        assert_eq!(file.seek(SeekFrom::Hole(2 * page)), Ok(3 * page));
        file.change_space(2 * page, page, SpaceChange::Punch)
            .unwrap();
        assert_eq!(file.status().unwrap().blocks, 24);
        assert_eq!(read_at(&file, 2 * page, 1), b"\0");
        // Room beyond the end goes with a cut to the same length.
        file.change_space(4 * page, page, allocate(true)).unwrap();
        assert_eq!(file.status().unwrap().blocks, 32);
        file.truncate(4 * page).unwrap();
        assert_eq!(file.status().unwrap().blocks, 24);
        // All or nothing.
        let most = context
            .root
            .mount()
            .volume()
            .filesystem()
            .statistics()
            .blocks;
        assert_eq!(
            file.change_space(0, most * page + 1, allocate(false)),
            Err(Error::NoSpace)
        );
        assert_eq!(file.status().unwrap().blocks, 24);
    });
}
