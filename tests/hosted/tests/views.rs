//! Ring 2: views by handle. What is passed on with a view, and what is not: the right to mount in it, a way out of it.

use scarlet_abi::file::{OpenFlags, PathPair};
use scarlet_abi::mount::MountRequest;
use scarlet_abi::process::{Bytes, EXITED, HandleMapping, SpawnFlags, SpawnRequest};
use scarlet_abi::{CURRENT_DIRECTORY, Call, ErrorCode, NONE, Rights};
use testkit::memory::push;
use testkit::scarlet::{Answer, number};
use testkit::{Scarlet, System};
use zerocopy::IntoBytes;

fn refused() -> Answer<usize> {
    Err(number(ErrorCode::NotPermitted))
}

fn bytes(scarlet: &mut Scarlet<'_>, text: &str) -> Bytes {
    Bytes {
        address: push(scarlet.user, text.as_bytes()) as u64,
        length: text.len() as u64,
    }
}

/// `CreateView` of `/jail`.
fn jail(scarlet: &mut Scarlet<'_>) -> usize {
    scarlet
        .call_path(Call::CreateView, &[], "/jail", &[])
        .unwrap()
}

/// `Duplicate` with fewer rights.
fn with(scarlet: &mut Scarlet<'_>, view: usize, rights: Rights) -> usize {
    let rights = rights.bits() as usize;
    scarlet
        .call(Call::Duplicate, &[view, 0, rights, 0])
        .unwrap()
}

/// `Mount` of a tmpfs in a view.
fn mount(scarlet: &mut Scarlet<'_>, view: usize, target: &str) -> Answer<usize> {
    scarlet.scoped(|scarlet| {
        let target = bytes(scarlet, target);
        let kind = bytes(scarlet, "tmpfs");
        let request = MountRequest {
            size: size_of::<MountRequest>() as u32,
            view: view as u64,
            target_address: target.address,
            target_length: target.length,
            type_address: kind.address,
            type_length: kind.length,
            source_address: kind.address,
            source_length: kind.length,
            ..MountRequest::default()
        };
        let record = push(scarlet.user, request.as_bytes());
        scarlet.call(Call::Mount, &[record])
    })
}

/// `Unmount` in a view.
fn unmount(scarlet: &mut Scarlet<'_>, view: usize, target: &str) -> Answer<usize> {
    scarlet.call_path(Call::Unmount, &[view], target, &[1])
}

/// `Bind` of a place of one's own view into another.
fn bind(scarlet: &mut Scarlet<'_>, view: usize, from: &str, to: &str) -> Answer<usize> {
    scarlet.scoped(|scarlet| {
        let (source, target) = (bytes(scarlet, from), bytes(scarlet, to));
        let pair = PathPair {
            size: size_of::<PathPair>() as u32,
            from_directory: CURRENT_DIRECTORY as u64,
            from_address: source.address,
            from_length: source.length,
            to_directory: view as u64,
            to_address: target.address,
            to_length: target.length,
            ..PathPair::default()
        };
        let record = push(scarlet.user, pair.as_bytes());
        scarlet.call(Call::Bind, &[record])
    })
}

/// `Spawn` in a view; the child's handle 3 is `given`.
fn spawn_in(scarlet: &mut Scarlet<'_>, view: usize, path: &str, given: usize) -> Answer<usize> {
    scarlet.scoped(|scarlet| {
        let name = bytes(scarlet, path);
        let mapping = HandleMapping {
            target: 3,
            source: given as u32,
            rights: u32::MAX,
            reserved: 0,
        };
        let request = SpawnRequest {
            size: size_of::<SpawnRequest>() as u32,
            flags: SpawnFlags::IN_VIEW.bits(),
            directory: CURRENT_DIRECTORY as u64,
            path: name,
            arguments: push(scarlet.user, name.as_bytes()) as u64,
            argument_count: 1,
            handles: push(scarlet.user, mapping.as_bytes()) as u64,
            handle_count: 1,
            working_directory: CURRENT_DIRECTORY as u64,
            terminal: u32::MAX,
            view: view as u32,
            ..SpawnRequest::default()
        };
        let record = push(scarlet.user, request.as_bytes());
        scarlet.call(Call::Spawn, &[record])
    })
}

fn sees(scarlet: &mut Scarlet<'_>, path: &str) -> bool {
    match scarlet.open(path, OpenFlags::READ) {
        Ok(file) => {
            scarlet.close(file).unwrap();
            true
        }
        Err(error) => {
            assert_eq!(error, number(ErrorCode::NotFound), "{path}");
            false
        }
    }
}

fn system() -> System {
    System::new()
        .directory("/jail/sub")
        .directory("/jail/empty")
        .file("/jail/file", b"inside")
        .file("/secret", b"outside")
}

#[test]
fn a_sealed_view_stays_as_it_is() {
    system()
        .scarlet("/init", |scarlet| {
            let view = jail(scarlet);
            mount(scarlet, view, "/sub").unwrap();
            scarlet.call(Call::SealView, &[view]).unwrap();
            assert_eq!(mount(scarlet, view, "/empty"), refused());
            assert_eq!(unmount(scarlet, view, "/sub"), refused());
            assert_eq!(bind(scarlet, view, "/", "/empty"), refused());
            // From inside as well, and in a copy of its own.
            let child = scarlet
                .fork(move |child| {
                    child.call(Call::EnterView, &[view]).unwrap();
                    assert_eq!(mount(child, NONE, "/empty"), refused());
                    assert_eq!(unmount(child, NONE, "/sub"), refused());
                    // A copy that can be changed would show what is covered.
                    assert_eq!(child.call_path(Call::CreateView, &[], "/", &[]), refused());
                })
                .unwrap();
            assert_eq!(scarlet.wait(), Ok((child, EXITED, 0)));
        })
        .check();
}

#[test]
fn a_view_without_the_right_to_mount_is_entered_but_not_changed() {
    system()
        .scarlet("/init", |scarlet| {
            let view = jail(scarlet);
            let enter = with(scarlet, view, Rights::EXECUTE | Rights::TRANSFER);
            assert_eq!(mount(scarlet, enter, "/sub"), refused());
            assert_eq!(bind(scarlet, enter, "/", "/sub"), refused());
            assert_eq!(scarlet.call(Call::SealView, &[enter]), refused());
            let child = scarlet
                .fork(move |child| {
                    child.close(view).unwrap();
                    child.call(Call::EnterView, &[enter]).unwrap();
                    assert!(sees(child, "/file"));
                    assert_eq!(mount(child, NONE, "/sub"), refused());
                    assert_eq!(bind(child, NONE, "/", "/sub"), refused());
                    assert_eq!(child.call_path(Call::CreateView, &[], "/", &[]), refused());
                    // Entering again gives nothing more.
                    child.call(Call::EnterView, &[enter]).unwrap();
                    assert_eq!(mount(child, NONE, "/sub"), refused());
                })
                .unwrap();
            assert_eq!(scarlet.wait(), Ok((child, EXITED, 0)));
            // Whoever has the right still has it.
            mount(scarlet, view, "/sub").unwrap();
        })
        .check();
}

#[test]
fn a_view_without_the_right_to_enter_is_not_entered() {
    system()
        .scarlet("/init", |scarlet| {
            let view = jail(scarlet);
            let change = with(scarlet, view, Rights::CONTROL);
            assert_eq!(scarlet.call(Call::EnterView, &[change]), refused());
            assert_eq!(spawn_in(scarlet, change, "/file", view), refused());
            mount(scarlet, change, "/sub").unwrap();
        })
        .check();
}

#[test]
fn a_program_starts_in_a_view_it_is_given() {
    system()
        .scarlet("/init", |scarlet| {
            let view = jail(scarlet);
            bind(scarlet, view, "/child", "/empty").unwrap_err();
            let (read, write) = scarlet.pipe().unwrap();
            let file = scarlet
                .open("/jail/child", OpenFlags::WRITE | OpenFlags::CREATE)
                .unwrap();
            scarlet.close(file).unwrap();
            bind(scarlet, view, "/child", "/child").unwrap();
            let enter = with(scarlet, view, Rights::EXECUTE);
            let child = spawn_in(scarlet, enter, "/child", write).unwrap();
            scarlet.close(write).unwrap();
            assert_eq!(scarlet.read(read, 100), Ok(b"in the view".to_vec()));
            assert_eq!(scarlet.wait(), Ok((child, EXITED, 0)));
        })
        .scarlet("/child", |scarlet| {
            assert!(sees(scarlet, "/file"));
            for path in ["/secret", "/../secret", "/sub/../../secret", "../secret"] {
                assert!(!sees(scarlet, path), "{path}");
            }
            assert_eq!(mount(scarlet, NONE, "/sub"), refused());
            scarlet.write(3, b"in the view").unwrap();
        })
        .check();
}

#[test]
fn a_handle_that_may_not_be_handed_on_is_not() {
    system()
        .scarlet("/init", |scarlet| {
            let view = jail(scarlet);
            let kept = with(scarlet, view, Rights::CONTROL | Rights::EXECUTE);
            assert_eq!(spawn_in(scarlet, view, "/file", kept), refused());
        })
        .check();
}

#[test]
fn what_is_made_by_a_place_of_one_view_is_not_made_in_another() {
    system()
        .scarlet("/init", |scarlet| {
            let view = jail(scarlet);
            // A directory that is held leads on where it is; mounting goes by the view.
            let held = scarlet.open("/jail/sub", OpenFlags::READ).unwrap();
            let child = scarlet
                .fork(move |child| {
                    child.call(Call::EnterView, &[view]).unwrap();
                    let text = push(child.user, b".");
                    assert_eq!(
                        child.call(Call::Unmount, &[NONE, held, text, 1, 1]),
                        Err(number(ErrorCode::InvalidArgument))
                    );
                })
                .unwrap();
            assert_eq!(scarlet.wait(), Ok((child, EXITED, 0)));
        })
        .check();
}
