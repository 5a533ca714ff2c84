//! Ring 2: environments: their limits hold, also those around them; the killer stays inside; what they
//! took is given back; and a handle lets nobody do what its rights do not say.

use scarlet_abi::environment::{EnvironmentFlags, EnvironmentInfo};
use scarlet_abi::file::OpenFlags;
use scarlet_abi::process::{EXITED, TERMINATED};
use scarlet_abi::{Call, ErrorCode, NONE, Rights};
use testkit::linux::{Answer, Linux};
use testkit::memory::{push, word32};
use testkit::scarlet::number;
use testkit::{Scarlet, System};

const VIEWS: u32 = EnvironmentFlags::INHERIT_VIEWS.bits();
const OWN: u32 = VIEWS | EnvironmentFlags::OWN_PROCESSES.bits();
const PAGE: usize = 4096;
const KILL: u32 = scarlet_abi::event::KILL;
const STATUS: usize = size_of::<scarlet_abi::process::WaitStatus>();

/// How a program in an environment ended: kind and value.
fn run(scarlet: &mut Scarlet<'_>, path: &str, environment: usize) -> (u32, u32) {
    let child = scarlet.spawn_inside(path, Some(environment)).unwrap();
    loop {
        let (ended, kind, value) = scarlet.wait().unwrap();
        if ended == child {
            return (kind, value);
        }
    }
}

/// What a CPU that went idle may keep of the last program until it runs another: its page tables.
const KEPT_BY_IDLE: u64 = 16 * PAGE as u64;

/// Whether what was charged is given back, once everyone has let go who looked at the processes for a
/// moment (the killer, for one, while it compares them).
fn is_given_back(scarlet: &mut Scarlet<'_>, environment: usize) -> bool {
    for _ in 0..100 {
        if scarlet.environment_info(environment).unwrap().memory < KEPT_BY_IDLE {
            return true;
        }
        scarlet.call(Call::Sleep, &[1_000_000]).unwrap();
    }
    false
}

/// Writes a byte into each page.
fn touch(scarlet: &mut Scarlet<'_>, address: usize, pages: usize) {
    for page in 0..pages {
        scarlet.user.write(address + page * PAGE, &[1]);
    }
}

/// Forks until that fails; the children are zombies at the end. Its status is how many there were.
fn crowd(scarlet: &mut Scarlet<'_>) {
    let mut children = 0;
    while scarlet.fork(|_| ()).is_ok() {
        children += 1;
    }
    scarlet.exit(children);
}

#[test]
fn a_limit_on_threads_holds_and_the_dead_count_until_they_were_waited_for() {
    System::new()
        .scarlet("/crowd", crowd)
        .scarlet("/init", |scarlet| {
            let environment = scarlet.create_environment(VIEWS, 5, 0).unwrap();
            for _ in 0..2 {
                assert_eq!(run(scarlet, "/crowd", environment), (EXITED, 4));
                // The orphans came to us: one that is not waited for is still counted.
                while scarlet.wait().is_ok() {}
                let info = scarlet.environment_info(environment).unwrap();
                assert_eq!((info.threads, info.thread_limit), (0, 5));
            }
        })
        .check();
}

#[test]
fn an_environment_inside_cannot_allow_more_than_the_one_around() {
    System::new()
        .scarlet("/crowd", crowd)
        .scarlet("/inside", |scarlet| {
            let own = scarlet.environment_info(NONE).unwrap();
            assert_eq!((own.threads, own.thread_limit), (1, 4));
            let wider = scarlet.create_environment(VIEWS, 1000, 0).unwrap();
            assert_eq!(scarlet.environment_info(wider).unwrap().thread_limit, 4);
            // This program is one of the four.
            assert_eq!(run(scarlet, "/crowd", wider), (EXITED, 2));
        })
        .scarlet("/init", |scarlet| {
            let environment = scarlet.create_environment(VIEWS, 4, 0).unwrap();
            assert_eq!(run(scarlet, "/inside", environment), (EXITED, 0));
        })
        .check();
}

#[test]
fn the_super_user_inside_does_not_set_what_concerns_the_machine() {
    const SETTINGS: [&str; 4] = [
        "/proc/sys/fs/pipe-user-pages-hard",
        "/proc/sys/fs/pipe-max-size",
        "/proc/sys/fs/lease-break-time",
        "/proc/sys/vm/drop_caches",
    ];
    fn set(linux: &mut Linux<'_>) -> [Answer<usize>; 4] {
        linux.mount("proc", "/proc").unwrap();
        SETTINGS.map(|setting| {
            let file = linux.open(setting, 1, 0)?;
            linux.write(file, b"1")
        })
    }
    System::new()
        .directory("/proc")
        .linux("/inside", |linux| {
            assert_eq!(set(linux), [Err(1); 4]);
            let file = linux.open(SETTINGS[0], 0, 0).unwrap();
            assert_eq!(linux.read_all(file, 10), Ok(b"0\n".to_vec()));
        })
        .linux("/outside", |linux| assert_eq!(set(linux), [Ok(1); 4]))
        .scarlet("/init", |scarlet| {
            let environment = scarlet.create_environment(OWN, 0, 0).unwrap();
            give_root(scarlet, environment, "linux");
            assert_eq!(run(scarlet, "/inside", environment), (EXITED, 0));
            let outside = scarlet.spawn_inside("/outside", None).unwrap();
            assert_eq!(scarlet.wait().unwrap(), (outside, EXITED, 0));
        })
        .check();
}

#[test]
fn xv6_learns_from_sbrk_that_memory_has_run_out() {
    const LIMIT: usize = 64;
    System::new()
        .xv6("/grow", |xv6| {
            let mut pages = 0;
            while xv6.sbrk(PAGE as isize).is_some() {
                pages += 1;
            }
            assert!((LIMIT - 16..LIMIT).contains(&pages), "{pages} pages");
            assert!(xv6.sbrk(-(2 * PAGE as isize)).is_some());
            assert!(xv6.sbrk(2 * PAGE as isize).is_some(), "what was given back");
        })
        .scarlet("/init", |scarlet| {
            let bytes = (LIMIT * PAGE) as u64;
            let environment = scarlet.create_environment(0, 0, bytes).unwrap();
            give_root(scarlet, environment, "xv6");
            for _ in 0..2 {
                assert_eq!(run(scarlet, "/grow", environment), (EXITED, 0));
                assert!(is_given_back(scarlet, environment));
                let info = scarlet.environment_info(environment).unwrap();
                assert_eq!(info.memory_limit, bytes);
                assert!(info.refused > 0);
            }
        })
        .check();
}

/// Gives an environment the whole tree for programs of an ABI.
fn give_root(scarlet: &mut Scarlet<'_>, environment: usize, abi: &str) {
    let view = scarlet
        .call_path(Call::CreateView, &[], "/", &[])
        .expect("a view");
    scarlet.scoped(|scarlet| {
        let name = push(scarlet.user, abi.as_bytes());
        let arguments = [environment, view, name, abi.len()];
        assert_eq!(scarlet.call(Call::GiveView, &arguments), Ok(0));
    });
    scarlet.close(view).unwrap();
}

#[test]
fn there_are_as_many_xv6_processes_as_the_environment_allows() {
    System::new()
        .xv6("/crowd", |xv6| {
            let mut children = 0;
            while xv6.fork(|_| ()).is_some() {
                children += 1;
            }
            assert_eq!(children, 15);
            for _ in 0..children {
                assert!(xv6.wait().is_some());
            }
            assert!(xv6.fork(|_| ()).is_some());
        })
        .scarlet("/init", |scarlet| {
            let environment = scarlet.create_environment(0, 16, 0).unwrap();
            give_root(scarlet, environment, "xv6");
            assert_eq!(run(scarlet, "/crowd", environment), (EXITED, 0));
        })
        .check();
}

#[test]
fn fork_at_the_limit_waits_for_orphans_to_be_collected() {
    System::new()
        .xv6("/parents", |xv6| {
            for round in 0..20 {
                let child = xv6.fork(|child| {
                    let orphans = [child.fork(|_| ()), child.fork(|_| ())];
                    child.exit(i32::from(orphans.contains(&None)));
                });
                assert!(child.is_some(), "round {round}");
                assert_eq!(xv6.wait(), child.map(|child| (child, 0)), "round {round}");
            }
        })
        .scarlet("/init", |scarlet| {
            let environment = scarlet.create_environment(0, 16, 0).unwrap();
            give_root(scarlet, environment, "xv6");
            let parents = scarlet.spawn_inside("/parents", Some(environment)).unwrap();
            loop {
                // A collector that gets no CPU for a while.
                scarlet.call(Call::Sleep, &[20_000_000]).unwrap();
                let (ended, kind, value) = scarlet.wait().unwrap();
                if ended == parents {
                    return assert_eq!((kind, value), (EXITED, 0));
                }
            }
        })
        .check();
}

#[test]
fn fork_at_the_limit_does_not_wait_for_ever() {
    System::new()
        .xv6("/parents", |xv6| {
            let mut orphans = 0;
            loop {
                let child = xv6.fork(|child| {
                    let orphan = child.fork(|_| ());
                    child.exit(i32::from(orphan.is_none()));
                });
                assert!(child.is_some());
                match xv6.wait() {
                    Some((_, 0)) => orphans += 1,
                    _ => return assert_eq!(orphans, 7),
                }
            }
        })
        .scarlet("/init", |scarlet| {
            let environment = scarlet.create_environment(0, 9, 0).unwrap();
            give_root(scarlet, environment, "xv6");
            let parents = scarlet.spawn_inside("/parents", Some(environment)).unwrap();
            // Nobody collects the orphans before that one has ended.
            let place = scarlet.user.allocate(STATUS);
            let ended = scarlet.call(Call::Wait, &[parents, 0, place, STATUS]);
            assert_eq!(ended, Ok(parents));
            assert_eq!(word32(scarlet.user, place + 4), EXITED);
            assert_eq!(word32(scarlet.user, place + 8), 0);
            while scarlet.wait().is_ok() {}
        })
        .check();
}

#[test]
fn the_killer_stays_inside() {
    System::new()
        .scarlet("/small", |scarlet| {
            // It waits for its end with the environment.
            let (reading, _writing) = scarlet.pipe().unwrap();
            let _ = scarlet.read(reading, 1);
        })
        .scarlet("/hog", |scarlet| {
            let area = scarlet.map(200 * PAGE).unwrap();
            touch(scarlet, area, 200);
            unreachable!("there is no room for it");
        })
        .scarlet("/init", |scarlet| {
            // The biggest of all, but outside.
            let area = scarlet.map(400 * PAGE).unwrap();
            touch(scarlet, area, 400);
            let bytes = 100 * PAGE as u64;
            let environment = scarlet.create_environment(VIEWS, 0, bytes).unwrap();
            let small = scarlet.spawn_inside("/small", Some(environment)).unwrap();
            assert_eq!(run(scarlet, "/hog", environment), (TERMINATED, KILL));
            touch(scarlet, area, 400);
            scarlet
                .call(Call::SendEvent, &[small, KILL as usize])
                .expect("it lives");
            assert_eq!(scarlet.wait(), Ok((small, TERMINATED, KILL)));
            assert!(is_given_back(scarlet, environment));
        })
        .check();
}

#[test]
fn memory_inside_counts_around_and_a_full_outer_one_kills_inside_itself_only() {
    System::new()
        .scarlet("/hog", |scarlet| {
            let area = scarlet.map(200 * PAGE).unwrap();
            touch(scarlet, area, 200);
            unreachable!("there is no room for it");
        })
        .scarlet("/middle", |scarlet| {
            let inner = scarlet
                .create_environment(VIEWS, 0, 1000 * PAGE as u64)
                .unwrap();
            assert_eq!(run(scarlet, "/hog", inner), (TERMINATED, KILL));
            assert!(is_given_back(scarlet, inner));
            let info = scarlet.environment_info(inner).unwrap();
            assert_eq!(info.refused, 0, "it was the outer one");
            assert!(scarlet.environment_info(NONE).unwrap().refused > 0);
        })
        .scarlet("/init", |scarlet| {
            let bytes = 100 * PAGE as u64;
            let outer = scarlet.create_environment(VIEWS, 0, bytes).unwrap();
            assert_eq!(run(scarlet, "/middle", outer), (EXITED, 0));
            assert!(is_given_back(scarlet, outer));
        })
        .check();
}

#[test]
fn files_in_memory_are_paid_for_until_they_are_gone() {
    System::new()
        .scarlet("/writer", |scarlet| {
            let flags = OpenFlags::WRITE | OpenFlags::CREATE;
            let file = scarlet.open("/tmp/file", flags).unwrap();
            for _ in 0..30 {
                scarlet.write(file, &[7; PAGE]).unwrap();
            }
        })
        .scarlet("/init", |scarlet| {
            let environment = scarlet.create_environment(VIEWS, 0, 1 << 20).unwrap();
            assert_eq!(run(scarlet, "/writer", environment), (EXITED, 0));
            let held = scarlet.environment_info(environment).unwrap().memory;
            assert!(held >= 30 * PAGE as u64, "{held}");
            scarlet
                .call_path(Call::Remove, &[], "/tmp/file", &[0])
                .unwrap();
            assert!(is_given_back(scarlet, environment));
        })
        .check();
}

#[test]
fn own_ids_begin_at_one_and_end_with_the_first() {
    System::new()
        .scarlet("/first", |scarlet| {
            let id = |scarlet: &mut Scarlet<'_>| {
                let place = scarlet.user.allocate(96);
                scarlet.call(Call::ProcessInfo, &[0, place, 96]).unwrap();
                (
                    word32(scarlet.user, place + 4),
                    word32(scarlet.user, place + 8),
                )
            };
            assert_eq!(id(scarlet), (1, 0), "nobody outside is seen");
            let child = scarlet.fork(move |child| {
                assert_eq!(id(child), (2, 1));
                let (reading, _writing) = child.pipe().unwrap();
                let _ = child.read(reading, 1);
                unreachable!("it ends with the first process");
            });
            assert_eq!(child, Ok(2));
            for outside in 3..20 {
                let sent = scarlet.call(Call::SendEvent, &[outside, KILL as usize]);
                assert_eq!(sent, Err(number(ErrorCode::NoSuchProcess)));
            }
        })
        .scarlet("/init", |scarlet| {
            let environment = scarlet.create_environment(OWN, 8, 0).unwrap();
            assert_eq!(run(scarlet, "/first", environment), (EXITED, 0));
            assert_eq!(scarlet.environment_info(environment).unwrap().threads, 0);
            let again = scarlet.spawn_inside("/first", Some(environment));
            assert!(again.is_err(), "its world has ended: {again:?}");
        })
        .check();
}

#[test]
fn nothing_is_left_of_an_environment() {
    System::new()
        .steps(20_000_000)
        .scarlet("/child", |scarlet| {
            let area = scarlet.map(4 * PAGE).unwrap();
            touch(scarlet, area, 4);
        })
        .scarlet("/init", |scarlet| {
            // More than there can be at a time.
            for _ in 0..300 {
                let environment = scarlet.create_environment(OWN, 2, 1 << 20).unwrap();
                scarlet.close(environment).unwrap();
            }
            for _ in 0..5 {
                let environment = scarlet.create_environment(OWN, 2, 1 << 20).unwrap();
                let child = scarlet.spawn_inside("/child", Some(environment)).unwrap();
                scarlet.close(environment).unwrap();
                assert_eq!(scarlet.wait(), Ok((child, EXITED, 0)));
            }
        })
        .check();
}

#[test]
fn environments_do_not_lie_endlessly_deep() {
    System::new()
        .scarlet("/deeper", |scarlet| {
            match scarlet.create_environment(VIEWS, 0, 1 << 20) {
                Ok(environment) => {
                    let (kind, depth) = run(scarlet, "/deeper", environment);
                    assert_eq!(kind, EXITED);
                    scarlet.exit(depth as i32 + 1);
                }
                Err(error) => {
                    assert_eq!(error, number(ErrorCode::NoSpace));
                    scarlet.exit(1);
                }
            }
        })
        .scarlet("/init", |scarlet| {
            let environment = scarlet.create_environment(VIEWS, 0, 0).unwrap();
            assert_eq!(run(scarlet, "/deeper", environment), (EXITED, 15));
        })
        .check();
}

#[test]
fn a_handle_allows_what_its_rights_say() {
    System::new()
        .scarlet("/child", |scarlet| {
            // The handle did not come along, and there is no other way to an environment.
            for handle in 0..16 {
                let info: Result<EnvironmentInfo, i32> = scarlet.environment_info(handle);
                assert_eq!(info.err(), Some(number(ErrorCode::BadHandle)));
                let child = scarlet.spawn_inside("/child", Some(handle));
                assert_eq!(child, Err(number(ErrorCode::BadHandle)));
            }
        })
        .scarlet("/init", |scarlet| {
            let denied = Err(number(ErrorCode::NotPermitted));
            let environment = scarlet.create_environment(VIEWS, 3, 0).unwrap();
            let with = |scarlet: &mut Scarlet<'_>, rights: Rights| {
                let arguments = [environment, 0, rights.bits() as usize, 0];
                scarlet.call(Call::Duplicate, &arguments).unwrap()
            };
            let only_asks = with(scarlet, Rights::STATUS | Rights::DUPLICATE);
            let only_starts = with(scarlet, Rights::EXECUTE);
            let only_gives = with(scarlet, Rights::CONTROL);
            assert!(scarlet.environment_info(only_asks).is_ok());
            assert_eq!(scarlet.environment_info(only_starts).map(|_| 0), denied);
            assert_eq!(scarlet.spawn_inside("/child", Some(only_asks)), denied);
            assert_eq!(scarlet.spawn_inside("/child", Some(only_gives)), denied);
            let view = scarlet.call_path(Call::CreateView, &[], "/", &[]).unwrap();
            let name = push(scarlet.user, b"scarlet");
            for (handle, expected) in [(only_asks, denied), (only_starts, denied)] {
                let given = scarlet.call(Call::GiveView, &[handle, view, name, 7]);
                assert_eq!(given, expected);
            }
            let given = scarlet.call(Call::GiveView, &[only_gives, view, name, 7]);
            assert_eq!(given, Ok(0));
            // Rights do not come back.
            let all = (Rights::STATUS | Rights::EXECUTE).bits() as usize;
            assert_eq!(
                scarlet.call(Call::Duplicate, &[only_asks, 0, all, 0]),
                denied
            );
            // Other handles are no environments.
            for other in [0, view] {
                let spawned = scarlet.spawn_inside("/child", Some(other));
                assert!(spawned.is_err());
                assert!(scarlet.environment_info(other).is_err());
            }
            assert_eq!(run(scarlet, "/child", only_starts), (EXITED, 0));
        })
        .check();
}

#[test]
fn without_a_view_nothing_is_started_and_without_power_nothing_is_made() {
    System::new()
        .scarlet("/child", |_| ())
        .scarlet("/init", |scarlet| {
            let bare = scarlet.create_environment(0, 3, 0).unwrap();
            let spawned = scarlet.spawn_inside("/child", Some(bare));
            assert_eq!(spawned, Err(number(ErrorCode::NotFound)));
            let wrong = [
                (0x8000, 0, 0, ErrorCode::InvalidArgument),
                (VIEWS, 0, 100, ErrorCode::InvalidArgument),
            ];
            for (flags, threads, memory, code) in wrong {
                let made = scarlet.create_environment(flags, threads, memory);
                assert_eq!(made, Err(number(code)));
            }
            scarlet.call(Call::SetIdentity, &[1000, 1000]).unwrap();
            let made = scarlet.create_environment(VIEWS, 0, 0);
            assert_eq!(made, Err(number(ErrorCode::NotPermitted)));
        })
        .check();
}
