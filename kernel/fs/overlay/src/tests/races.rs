//! Many at once, on two CPUs, with many seeds.

use base::{Error, thread};
use filesystem_testkit::Random;
use vfs::{FsContext, OpenOptions, ResolveFlags};

use super::kit::*;

/// Runs these at the same time and waits for all.
fn together(all: Vec<Box<dyn FnOnce() + Send>>) {
    let started = all.into_iter().map(|one| thread::spawn("racer", one));
    let racers: Vec<_> = started.collect::<Result<_, _>>().unwrap();
    racers.iter().for_each(|racer| racer.join());
}

fn racer(
    root: &FsContext,
    work: impl FnOnce(&FsContext) + Send + 'static,
) -> Box<dyn FnOnce() + Send> {
    let root = root.clone();
    Box::new(move || work(&root))
}

#[test]
fn two_writers_get_one_copy() {
    for seed in 0..30 {
        on_machine_with(seed, 2, || {
            let root = usual();
            let chmod = |mode| {
                racer(&root, move |root| {
                    root.chmod(None, b"/all/dir/a", mode, ResolveFlags::empty())
                        .unwrap();
                })
            };
            let append = racer(&root, |root| {
                let file = root.touch("/all/dir/a").unwrap();
                file.inode()
                    .append(&mut mem::transfer::Source::kernel(b"+"))
                    .unwrap();
            });
            together(vec![chmod(0o600), chmod(0o640), append]);
            assert_eq!(root.get("/all/dir/a").unwrap(), b"a+");
            assert_eq!(root.get("/up/dir/a").unwrap(), b"a+");
            assert_eq!(list(&root, "/up/dir"), ["a"]);
            assert_clean(&root);
        });
    }
}

#[test]
fn a_copy_does_not_bring_back_what_was_removed() {
    for seed in 0..40 {
        on_machine_with(seed, 2, || {
            let root = usual();
            let held = place(&root, "/all/dir/a");
            let copy = racer(&root, move |root| {
                // Too late, it says so.
                match root.set_mode(&held, 0o600) {
                    Ok(()) => assert_eq!(held.status().unwrap().mode, 0o600),
                    Err(error) => assert!(matches!(error, Error::Exists | Error::NotFound)),
                }
            });
            let remove = racer(&root, |root| {
                root.remove("/all/dir/a").unwrap();
                root.remove("/all/dir/b").unwrap();
                root.rmdir(None, b"/all/dir").unwrap();
            });
            together(vec![copy, remove]);
            assert_eq!(list(&root, "/all"), ["file"]);
            assert!(is_whiteout(&root, "/up/dir"));
            assert_clean(&root);
        });
    }
}

#[test]
fn a_link_swapped_into_the_upper_layer_leads_nowhere() {
    for seed in 0..30 {
        on_machine_with(seed, 2, || {
            let root = usual();
            root.make_directory("/victim").unwrap();
            root.put("/victim/a", b"precious").unwrap();
            // Somebody works in the upper layer itself, which is not to be done.
            let swap = racer(&root, |root| {
                for _ in 0..4 {
                    let _ = root.make_link("/victim", "/up/dir");
                    let _ = root.make_link("/victim/a", "/up/dir/a");
                    thread::yield_now();
                    let _ = root.remove("/up/dir");
                }
            });
            let places = ["/all/dir/a", "/all/dir/b", "/all/file"].map(|path| place(&root, path));
            let write = racer(&root, |root| {
                let options = OpenOptions {
                    write: true,
                    truncate: true,
                    ..Default::default()
                };
                for place in places {
                    let _ = root.open_place(place, &options);
                }
            });
            together(vec![swap, write]);
            assert_eq!(root.get("/victim/a").unwrap(), b"precious");
            assert_eq!(list(&root, "/victim"), ["a"]);
        });
    }
}

#[test]
fn a_storm_of_operations_ends_as_a_tree() {
    for seed in 0..12 {
        on_machine_with(seed, 2, move || {
            let root = ground();
            for directory in ["/low/p", "/low/q", "/low2/q"] {
                root.make_directory(directory).unwrap();
                for number in 0..3 {
                    root.put(&format!("{directory}/{number}"), b"low").unwrap();
                }
            }
            mount(&root, "lowerdir=/low:/low2,upperdir=/up,workdir=/staging");
            let storm = |part: u64| {
                racer(&root, move |root| {
                    let mut random = Random::new(seed * 4 + part);
                    for _ in 0..60 {
                        let mut path = || {
                            let directory = ["/all/p", "/all/q", "/all/r"][random.below(3)];
                            format!("{directory}/{}", random.below(4))
                        };
                        let (one, other) = (path(), path());
                        let _ = match random.below(8) {
                            0 => root.put(&one, b"new"),
                            1 => root.remove(&one),
                            2 => root.move_to(&one, &other),
                            3 => root.make_directory(&one),
                            4 => root.rmdir(None, one.as_bytes()),
                            5 => root.move_with(&one, &other, vfs::RenameFlags::EXCHANGE),
                            6 => root.names("/all/q").map(drop),
                            _ => root.make_directory("/all/r"),
                        };
                    }
                })
            };
            together((0..3).map(storm).collect());
            assert_clean(&root);
            // What is seen is what the layers say, before and after the next mount.
            let tree = |root: &FsContext| -> Vec<Vec<String>> {
                let directories = ["/all", "/all/p", "/all/q"];
                directories.iter().map(|path| list(root, path)).collect()
            };
            let before = tree(&root);
            unmount(&root);
            mount(&root, "lowerdir=/low:/low2,upperdir=/up,workdir=/staging");
            assert_eq!(tree(&root), before);
        });
    }
}
