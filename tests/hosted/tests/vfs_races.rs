//! Ring 2, files: several threads at the same names, under many schedules.

use base::thread::{self, Thread};
use base::{Error, Result};
use fs_ram::{Limits, RamFs};
use mem::transfer::{Sink, Source};
use object::{File, FileKind};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::bare::{kernel, kernel_on};
use vfs::{
    FileSystem, FsContext, LockKind, MountFlags, OpenOptions, RenameFlags, ResolveFlags, View,
};

const LIMITS: Limits = Limits {
    pages: 200,
    inodes: 1000,
    directory_pages: 0,
    unpaid: false,
};

fn filesystem() -> Arc<dyn FileSystem> {
    RamFs::with("tmpfs", LIMITS, 0o755).unwrap()
}

fn context() -> FsContext {
    FsContext::new(View::new(&filesystem()))
}

fn mkdir(context: &FsContext, path: &str) -> Result<()> {
    context.mkdir(None, path.as_bytes(), 0o755).map(drop)
}

fn touch(context: &FsContext, path: &str) -> Result<()> {
    let options = OpenOptions {
        create: true,
        write: true,
        mode: 0o644,
        ..OpenOptions::default()
    };
    context.open(path.as_bytes(), &options).map(drop)
}

fn rename(context: &FsContext, old: &str, new: &str, flags: RenameFlags) -> Result<()> {
    context.rename(None, old.as_bytes(), None, new.as_bytes(), flags)
}

fn exists(context: &FsContext, path: &str) -> bool {
    context
        .stat(None, path.as_bytes(), ResolveFlags::NO_FOLLOW)
        .is_ok()
}

/// Starts a thread for each closure and waits for all.
fn together(bodies: Vec<Box<dyn FnOnce() + Send>>) {
    let threads: Vec<Arc<Thread>> = bodies
        .into_iter()
        .map(|body| thread::spawn("racer", body).unwrap())
        .collect();
    for thread in threads {
        thread.join();
    }
}

/// The same body for several threads, which get their number.
fn crowd(context: &FsContext, count: usize, body: fn(&FsContext, usize)) {
    let bodies = (0..count).map(|number| {
        let context = context.clone();
        Box::new(move || body(&context, number)) as Box<dyn FnOnce() + Send>
    });
    together(bodies.collect());
}

fn names(context: &FsContext, path: &str) -> Vec<String> {
    let options = OpenOptions {
        read: true,
        directory: true,
        ..OpenOptions::default()
    };
    let mut names = Vec::new();
    let directory = context.open(path.as_bytes(), &options).unwrap();
    directory
        .read_directory(&mut |entry| {
            names.push(String::from_utf8(entry.name.to_vec()).unwrap());
            true
        })
        .unwrap();
    names.retain(|name| name != "." && name != "..");
    names
}

/// Walks the whole tree: what is listed is found and the reverse, links count what is there, no
/// directory is met twice. Returns how many directories there are.
fn check_tree(context: &FsContext) -> usize {
    let mut met = HashSet::new();
    let mut links = std::collections::HashMap::new();
    let mut todo = vec![String::from("/")];
    while let Some(path) = todo.pop() {
        let status = context
            .stat(None, path.as_bytes(), ResolveFlags::NO_FOLLOW)
            .unwrap();
        assert!(met.insert(status.inode), "{path} is met twice");
        assert!(path.len() < 200, "a loop: {path}");
        let mut directories = 2;
        for name in names(context, &path) {
            let child = format!("{}/{name}", path.trim_end_matches('/'));
            let status = context.stat(None, child.as_bytes(), ResolveFlags::NO_FOLLOW);
            let status = status.unwrap_or_else(|error| panic!("{child} is listed, but {error}"));
            let up = format!("{child}/..");
            if status.kind == FileKind::Directory {
                directories += 1;
                let parent = context
                    .stat(None, up.as_bytes(), ResolveFlags::empty())
                    .unwrap();
                let above = context
                    .stat(None, path.as_bytes(), ResolveFlags::empty())
                    .unwrap();
                assert_eq!(parent.inode, above.inode, "the parent of {child}");
                todo.push(child);
            } else {
                links.entry(status.inode).or_insert((0, status.links)).0 += 1;
            }
        }
        assert_eq!(status.links, directories, "links of {path}");
        for name in ["a", "b", "c", "x", "y"] {
            let child = format!("{}/{name}", path.trim_end_matches('/'));
            let listed = names(context, &path).iter().any(|listed| listed == name);
            assert_eq!(exists(context, &child), listed, "{child}");
        }
    }
    for (names, links) in links.into_values() {
        assert_eq!(names, links);
    }
    met.len()
}

#[test]
fn racing_renames_make_no_loops() {
    kernel_on(3, || {
        let context = context();
        for path in ["/a", "/b", "/c", "/a/x", "/b/x", "/c/x"] {
            mkdir(&context, path).unwrap();
        }
        crowd(&context, 3, |context, number| {
            let moves = [
                ("/a", "/b/x/y"),
                ("/b", "/a/x/y"),
                ("/c", "/b/y"),
                ("/b/x/y", "/a"),
                ("/a/x/y", "/b"),
                ("/b/y", "/c"),
                ("/a/x", "/c/x/y"),
                ("/c/x/y", "/a/x"),
            ];
            for step in 0..8 {
                let (old, new) = moves[(step * 3 + number) % moves.len()];
                let _ = rename(context, old, new, RenameFlags::empty());
                let _ = rename(context, new, old, RenameFlags::NO_REPLACE);
            }
        });
        // Empty directories may have been replaced, nothing else may have been lost.
        assert!((4..=7).contains(&check_tree(&context)));
    });
}

#[test]
fn exchanges_lose_nothing() {
    kernel_on(3, || {
        let context = context();
        for path in ["/a", "/b", "/a/x", "/b/x", "/a/x/y"] {
            mkdir(&context, path).unwrap();
        }
        touch(&context, "/b/y").unwrap();
        crowd(&context, 3, |context, number| {
            let pairs = [
                ("/a", "/b/x"),
                ("/a/x", "/b/y"),
                ("/a/x", "/b"),
                ("/b/x", "/a/x/y"),
            ];
            for step in 0..6 {
                let (one, two) = pairs[(step + number) % pairs.len()];
                let _ = rename(context, one, two, RenameFlags::EXCHANGE);
            }
        });
        assert_eq!(check_tree(&context), 6);
    });
}

#[test]
fn nothing_appears_in_a_removed_directory() {
    kernel_on(2, || {
        let context = context();
        mkdir(&context, "/a").unwrap();
        crowd(&context, 3, |context, number| {
            for _ in 0..5 {
                let result = match number {
                    0 => context
                        .rmdir(None, b"/a")
                        .and_then(|()| mkdir(context, "/a")),
                    1 => mkdir(context, "/a/x").and_then(|()| context.rmdir(None, b"/a/x")),
                    _ => touch(context, "/a/y").and_then(|()| context.unlink(None, b"/a/y")),
                };
                if let Err(error) = result {
                    assert!(
                        matches!(error, Error::NotFound | Error::NotEmpty),
                        "{error}"
                    );
                }
            }
        });
        check_tree(&context);
    });
}

#[test]
fn only_one_creates_exclusively() {
    kernel_on(4, || {
        let context = context();
        let winners = Arc::new(AtomicUsize::new(0));
        let bodies = (0..4).map(|_| {
            let (context, winners) = (context.clone(), winners.clone());
            Box::new(move || {
                let options = OpenOptions {
                    create: true,
                    exclusive: true,
                    write: true,
                    mode: 0o600,
                    ..OpenOptions::default()
                };
                match context.open(b"/lock", &options) {
                    Ok(_) => {
                        winners.fetch_add(1, Ordering::SeqCst);
                    }
                    Err(error) => assert_eq!(error, Error::Exists),
                }
            }) as Box<dyn FnOnce() + Send>
        });
        together(bodies.collect());
        assert_eq!(winners.load(Ordering::SeqCst), 1);
        check_tree(&context);
    });
}

#[test]
fn a_replaced_name_is_never_missing() {
    kernel_on(2, || {
        let context = context();
        touch(&context, "/target").unwrap();
        mkdir(&context, "/a").unwrap();
        crowd(&context, 2, |context, number| {
            for _ in 0..6 {
                if number == 0 {
                    touch(context, "/a/new").unwrap();
                    rename(context, "/a/new", "/target", RenameFlags::empty()).unwrap();
                } else {
                    assert!(exists(context, "/target"));
                }
            }
        });
        check_tree(&context);
    });
}

#[test]
fn links_and_unlinks_keep_count() {
    kernel_on(3, || {
        let context = context();
        touch(&context, "/a").unwrap();
        crowd(&context, 3, |context, number| {
            let other = ["/b", "/c", "/x"][number];
            for _ in 0..4 {
                if let Ok(place) = context.resolve(None, b"/a", ResolveFlags::empty()) {
                    let _ = context.link(&place, None, other.as_bytes());
                }
                let _ = context.unlink(None, other.as_bytes());
                let _ = rename(context, other, "/a", RenameFlags::empty());
            }
        });
        check_tree(&context);
    });
}

#[test]
fn appended_records_are_whole_and_none_is_lost() {
    kernel_on(3, || {
        let context = context();
        crowd(&context, 3, |context, number| {
            let options = OpenOptions {
                create: true,
                write: true,
                append: true,
                mode: 0o600,
                ..OpenOptions::default()
            };
            let file = context.open(b"/log", &options).unwrap();
            for _ in 0..5 {
                let record = [b'0' + number as u8; 10];
                assert_eq!(file.write(&mut Source::kernel(&record)), Ok(10));
            }
        });
        let file = context.open(b"/log", &OpenOptions::reading()).unwrap();
        let mut bytes = [0; 200];
        assert_eq!(file.read(&mut Sink::kernel(&mut bytes)), Ok(150));
        for record in bytes[..150].chunks(10) {
            assert!(record.iter().all(|byte| *byte == record[0]), "{record:?}");
        }
    });
}

#[test]
fn nobody_is_led_out_of_the_root_of_a_walk() {
    kernel_on(2, || {
        let context = context();
        for path in ["/jail", "/jail/a", "/jail/a/b"] {
            mkdir(&context, path).unwrap();
        }
        touch(&context, "/secret").unwrap();
        crowd(&context, 2, |context, number| {
            let jail = context
                .resolve(None, b"/jail", ResolveFlags::empty())
                .unwrap();
            for _ in 0..6 {
                if number == 0 {
                    rename(context, "/jail/a/b", "/b", RenameFlags::empty()).unwrap();
                    rename(context, "/b", "/jail/a/b", RenameFlags::empty()).unwrap();
                } else {
                    for flags in [ResolveFlags::IN_ROOT, ResolveFlags::BENEATH] {
                        for path in ["a/b/../../secret", "a/b/../secret"] {
                            let found = context.resolve(Some(&jail), path.as_bytes(), flags);
                            assert!(found.is_err(), "{path} leads to {:?}", found.unwrap());
                        }
                    }
                }
            }
        });
        check_tree(&context);
    });
}

#[test]
fn a_working_directory_always_has_a_true_name() {
    kernel_on(2, || {
        let mut context = context();
        for path in ["/a", "/b", "/a/x", "/a/x/y"] {
            mkdir(&context, path).unwrap();
        }
        context.change_directory(None, b"/a/x/y").unwrap();
        crowd(&context, 2, |context, number| {
            for _ in 0..6 {
                if number == 0 {
                    let _ = rename(context, "/a/x", "/b/c", RenameFlags::empty());
                    let _ = rename(context, "/b/c", "/a/x", RenameFlags::empty());
                } else {
                    let text = context.working_directory_text().unwrap();
                    let known: [&[u8]; 2] = [b"/a/x/y", b"/b/c/y"];
                    assert!(known.contains(&&text[..]), "{}", text.escape_ascii());
                }
            }
        });
    });
}

#[test]
fn mounts_come_and_go_under_walkers() {
    kernel_on(3, || {
        let context = context();
        mkdir(&context, "/a").unwrap();
        touch(&context, "/a/x").unwrap();
        crowd(&context, 3, |context, number| {
            for _ in 0..4 {
                if number > 0 {
                    let _ = exists(context, "/a/../a/x");
                    let _ = touch(context, "/a/y");
                    continue;
                }
                let place = context.resolve(None, b"/a", ResolveFlags::empty()).unwrap();
                let mounted = context
                    .view
                    .mount(&filesystem(), &place, MountFlags::empty());
                assert_eq!(mounted, Ok(()));
                drop(place);
                let top = context.resolve(None, b"/a", ResolveFlags::empty()).unwrap();
                match context.view.unmount(top, false) {
                    Ok(()) => {}
                    Err(error) => {
                        assert_eq!(error, Error::Busy);
                        let top = context.resolve(None, b"/a", ResolveFlags::empty()).unwrap();
                        context.view.unmount(top, true).unwrap();
                    }
                }
            }
        });
        assert!(exists(&context, "/a/x"));
        assert_eq!(context.view.mounts(None).len(), 1);
        check_tree(&context);
    });
}

#[test]
fn both_ends_of_a_fifo_meet() {
    kernel(|| {
        fs_dev::start().unwrap();
        let context = context();
        let write = |nonblocking| OpenOptions {
            write: true,
            nonblocking,
            ..OpenOptions::default()
        };
        for path in ["/a", "/b", "/c"] {
            let fifo = vfs::NewInode::Fifo;
            context.mknod(None, path.as_bytes(), fifo, 0o600).unwrap();
            let alone = context.open(path.as_bytes(), &write(true));
            assert_eq!(alone.err(), Some(Error::NoSuchDevice));
        }
        crowd(&context, 2, |context, number| {
            for path in ["/a", "/b", "/c"] {
                let path = path.as_bytes();
                if number == 0 {
                    let options = OpenOptions {
                        write: true,
                        ..OpenOptions::default()
                    };
                    let end = context.open(path, &options).unwrap();
                    assert_eq!(end.write(&mut Source::kernel(b"x")), Ok(1));
                } else {
                    let end = context.open(path, &OpenOptions::reading()).unwrap();
                    let mut byte = [0];
                    assert_eq!(end.read(&mut Sink::kernel(&mut byte)), Ok(1));
                    assert_eq!(end.read(&mut Sink::kernel(&mut byte)), Ok(0));
                }
            }
        });
        // What was left in it went with its last end.
        let read = OpenOptions {
            read: true,
            nonblocking: true,
            ..OpenOptions::default()
        };
        let both = (
            context.open(b"/a", &read).unwrap(),
            context.open(b"/a", &write(true)).unwrap(),
        );
        assert_eq!(both.1.write(&mut Source::kernel(b"left")), Ok(4));
        drop(both);
        let end = context.open(b"/a", &read).unwrap();
        assert_eq!(end.read(&mut Sink::kernel(&mut [0])), Ok(0));
    });
}

#[test]
fn a_file_lock_is_held_by_one() {
    kernel_on(3, || {
        let context = context();
        touch(&context, "/lock").unwrap();
        let inside = Arc::new(AtomicUsize::new(0));
        let bodies = (0..3).map(|_| {
            let (context, inside) = (context.clone(), inside.clone());
            Box::new(move || {
                for _ in 0..3 {
                    let file = context.open(b"/lock", &OpenOptions::reading()).unwrap();
                    file.flock().lock(1, LockKind::Exclusive, true).unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    // Closing gives it back.
                    drop(file);
                }
            }) as Box<dyn FnOnce() + Send>
        });
        together(bodies.collect());
    });
}
