//! Ring 2: the native ABI: handles with rights, spawn with a handle map, views, mounts.

use scarlet_abi::file::OpenFlags;
use scarlet_abi::mount::MountRequest;
use scarlet_abi::process::{Bytes, EXITED, HandleMapping, SpawnRequest};
use scarlet_abi::{CURRENT_DIRECTORY, Call, ErrorCode, NONE, Rights};
use testkit::memory::push;
use testkit::scarlet::{Answer, number};
use testkit::system::scarlet;
use testkit::{Scarlet, System};
use zerocopy::IntoBytes;

fn open(scarlet: &mut Scarlet<'_>, path: &str, flags: OpenFlags) -> Answer<usize> {
    scarlet.open(path, flags)
}

#[test]
fn rights_only_shrink() {
    scarlet(|scarlet| {
        let flags = OpenFlags::READ | OpenFlags::WRITE | OpenFlags::CREATE;
        let file = open(scarlet, "/tmp/file", flags).unwrap();
        let rights = (Rights::READ | Rights::DUPLICATE | Rights::SEEK).bits() as usize;
        let reader = scarlet
            .call(Call::Duplicate, &[file, 0, rights, 0])
            .unwrap();
        assert_eq!(
            scarlet.write(reader, b"x"),
            Err(number(ErrorCode::NotPermitted))
        );
        assert_eq!(scarlet.write(file, b"text"), Ok(4));
        scarlet.call(Call::Seek, &[reader, 0, 0]).unwrap();
        assert_eq!(scarlet.read(reader, 10), Ok(b"text".to_vec()));
        let same = scarlet_abi::handle::SAME_RIGHTS;
        let again = scarlet
            .call(Call::Duplicate, &[reader, 0, same, 0])
            .unwrap();
        assert_eq!(
            scarlet.write(again, b"x"),
            Err(number(ErrorCode::NotPermitted))
        );
    });
}

#[test]
fn unknown_calls_and_flags_are_refused() {
    scarlet(|scarlet| {
        let result = scarlet.user.syscall(9999, [0; 6]) as isize;
        assert_eq!(result, -(number(ErrorCode::NotImplemented) as isize));
        let place = scarlet.user.allocate(8);
        let refused = Err(number(ErrorCode::InvalidArgument));
        assert_eq!(scarlet.call(Call::Pipe, &[place, 1 << 31]), refused);
        assert_eq!(
            scarlet.call_path(Call::Open, &[], "/tmp", &[1 << 30, 0]),
            refused
        );
    });
}

/// Spawns a program with exactly these handles (child's, own).
fn spawn(scarlet: &mut Scarlet<'_>, path: &str, handles: &[(u32, u32)]) -> Answer<usize> {
    scarlet.scoped(|scarlet| {
        let name = push(scarlet.user, path.as_bytes());
        let argument = Bytes {
            address: name as u64,
            length: path.len() as u64,
        };
        let arguments = push(scarlet.user, argument.as_bytes());
        let map: Vec<HandleMapping> = handles
            .iter()
            .map(|(target, source)| HandleMapping {
                target: *target,
                source: *source,
                rights: u32::MAX,
                reserved: 0,
            })
            .collect();
        let map_address = push(scarlet.user, map.as_bytes());
        let request = SpawnRequest {
            size: size_of::<SpawnRequest>() as u32,
            directory: CURRENT_DIRECTORY as u64,
            path: argument,
            arguments: arguments as u64,
            argument_count: 1,
            handles: map_address as u64,
            handle_count: map.len() as u64,
            working_directory: CURRENT_DIRECTORY as u64,
            ..SpawnRequest::default()
        };
        let record = push(scarlet.user, request.as_bytes());
        scarlet.call(Call::Spawn, &[record])
    })
}

#[test]
fn spawn_gives_exactly_the_named_handles() {
    System::new()
        .scarlet("/init", |scarlet| {
            let (read, write) = scarlet.pipe().unwrap();
            let child = spawn(scarlet, "/child", &[(7, write as u32)]).unwrap();
            scarlet.close(write).unwrap();
            assert_eq!(scarlet.read(read, 100), Ok(b"only seven".to_vec()));
            assert_eq!(scarlet.wait(), Ok((child, EXITED, 0)));
            assert_eq!(scarlet.read(read, 100), Ok(vec![]));
        })
        .scarlet("/child", |scarlet| {
            for handle in (0..20).filter(|handle| *handle != 7) {
                assert_eq!(
                    scarlet.write(handle, b"x"),
                    Err(number(ErrorCode::BadHandle))
                );
            }
            scarlet.write(7, b"only seven").unwrap();
        })
        .check();
}

#[test]
fn spawn_of_nothing_makes_nothing() {
    scarlet(|scarlet| {
        assert_eq!(
            spawn(scarlet, "/missing", &[]),
            Err(number(ErrorCode::NotFound))
        );
        assert_eq!(scarlet.wait().map(|_| ()), Err(number(ErrorCode::NoChild)));
        assert!(spawn(scarlet, "/init", &[(0, 99)]).is_err());
        assert_eq!(scarlet.wait().map(|_| ()), Err(number(ErrorCode::NoChild)));
    });
}

fn mount(scarlet: &mut Scarlet<'_>, kind: &str, target: &str) -> Answer<usize> {
    scarlet.scoped(|scarlet| {
        let target_address = push(scarlet.user, target.as_bytes()) as u64;
        let type_address = push(scarlet.user, kind.as_bytes()) as u64;
        let request = MountRequest {
            size: size_of::<MountRequest>() as u32,
            view: NONE as u64,
            target_address,
            target_length: target.len() as u64,
            type_address,
            type_length: kind.len() as u64,
            source_address: type_address,
            source_length: kind.len() as u64,
            ..MountRequest::default()
        };
        let record = push(scarlet.user, request.as_bytes());
        scarlet.call(Call::Mount, &[record])
    })
}

#[test]
fn a_mount_hides_and_gives_back() {
    scarlet(|scarlet| {
        let create = OpenFlags::WRITE | OpenFlags::CREATE;
        open(scarlet, "/tmp/below", create).unwrap();
        mount(scarlet, "tmpfs", "/tmp").unwrap();
        let missing = Err(number(ErrorCode::NotFound));
        assert_eq!(open(scarlet, "/tmp/below", OpenFlags::READ), missing);
        let above = open(scarlet, "/tmp/above", create).unwrap();
        let unmount =
            |scarlet: &mut Scarlet<'_>| scarlet.call_path(Call::Unmount, &[NONE], "/tmp", &[0]);
        assert_eq!(
            unmount(scarlet),
            Err(number(ErrorCode::Busy)),
            "a file is open there"
        );
        scarlet.close(above).unwrap();
        unmount(scarlet).unwrap();
        open(scarlet, "/tmp/below", OpenFlags::READ).unwrap();
        assert_eq!(open(scarlet, "/tmp/above", OpenFlags::READ), missing);
    });
}

#[test]
fn a_view_s_root_is_the_end_of_the_world() {
    System::new()
        .directory("/jail/sub")
        .file("/jail/file", b"inside")
        .file("/secret", b"outside")
        .scarlet("/init", |scarlet| {
            let view = scarlet
                .call_path(Call::CreateView, &[], "/jail", &[])
                .unwrap();
            let child = scarlet
                .fork(move |child| {
                    child.call(Call::EnterView, &[view]).unwrap();
                    let file = open(child, "/file", OpenFlags::READ).unwrap();
                    assert_eq!(child.read(file, 10), Ok(b"inside".to_vec()));
                    for path in ["/secret", "/../secret", "/sub/../../secret"] {
                        let missing = Err(number(ErrorCode::NotFound));
                        assert_eq!(open(child, path, OpenFlags::READ), missing, "{path}");
                    }
                })
                .unwrap();
            assert_eq!(scarlet.wait(), Ok((child, EXITED, 0)));
            open(scarlet, "/secret", OpenFlags::READ).unwrap();
        })
        .check();
}

#[test]
fn mounting_and_looking_at_once() {
    System::new()
        .cpus(3)
        .scarlet("/init", |scarlet| {
            for _ in 0..2 {
                scarlet
                    .fork(|child| {
                        for _ in 0..10 {
                            let flags = OpenFlags::WRITE | OpenFlags::CREATE;
                            if let Ok(file) = open(child, "/tmp/x", flags) {
                                let _ = child.write(file, b"x");
                                child.close(file).unwrap();
                            }
                        }
                    })
                    .unwrap();
            }
            for _ in 0..4 {
                mount(scarlet, "tmpfs", "/tmp").unwrap();
                // The others may have a file open there at this moment.
                while scarlet
                    .call_path(Call::Unmount, &[NONE], "/tmp", &[0])
                    .is_err()
                {
                    scarlet.call(Call::Yield, &[]).unwrap();
                }
            }
            while scarlet.wait().is_ok() {}
        })
        .check();
}

#[test]
fn threads_and_futexes() {
    scarlet(|scarlet| {
        let word = scarlet.user.allocate(16);
        scarlet.user.write(word, &[0; 16]);
        let wrong = scarlet.call(Call::FutexWait, &[word, 1, NONE]);
        assert!(wrong.is_err(), "the word is not 1");
        let late = scarlet.call(Call::FutexWait, &[word, 0, 1_000_000]);
        assert_eq!(late, Err(number(ErrorCode::TimedOut)));
        assert_eq!(scarlet.call(Call::FutexWake, &[word, 10]), Ok(0));
    });
}

#[test]
fn time_passes_and_sleep_takes_it() {
    scarlet(|scarlet| {
        let place = scarlet.user.allocate(8);
        scarlet.call(Call::Clock, &[0, place]).unwrap();
        let before = testkit::memory::word64(scarlet.user, place);
        scarlet.call(Call::Sleep, &[5_000_000]).unwrap();
        scarlet.call(Call::Clock, &[0, place]).unwrap();
        let after = testkit::memory::word64(scarlet.user, place);
        assert!(after - before >= 5_000_000);
    });
}
