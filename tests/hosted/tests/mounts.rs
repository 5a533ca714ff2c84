//! Ring 2, mounts: everything that can be done to trees of mounts, by several threads in several views that hear of each
//! other, under many schedules. Nothing is left of it at the end.

use base::thread::{self, Thread};
use base::{Error, Result};
use fs_ram::{Limits, RamFs};
use std::sync::Arc;
use testkit::bare::kernel_on;
use vfs::{Cover, FileSystem, FsContext, MountFlags, Path, Propagation, ResolveFlags, View};

const LIMITS: Limits = Limits {
    pages: 200,
    inodes: 1000,
    directory_pages: 0,
    unpaid: false,
};

/// Where things are mounted, at first.
const PLACES: [&str; 6] = ["/a", "/b", "/a/x", "/a/y", "/b/x", "/c"];

/// More mounts than this in one view are taken away again: every copy doubles what it is copied with.
const MOST: usize = 40;

fn filesystem() -> Arc<dyn FileSystem> {
    let made = RamFs::with("tmpfs", LIMITS, 0o755).unwrap();
    let context = FsContext::new(View::new(&(made.clone() as Arc<dyn FileSystem>)));
    for directory in ["/x", "/y"] {
        context.mkdir(None, directory.as_bytes(), 0o755).unwrap();
    }
    made
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn cover(&mut self) -> Cover {
        match self.roll(3) {
            0 => Cover::NotTheTop,
            _ => Cover::All,
        }
    }

    fn place(&mut self, context: &FsContext) -> Result<Path> {
        let name = PLACES[self.roll(PLACES.len())];
        context.resolve(None, name.as_bytes(), ResolveFlags::empty())
    }
}

/// One thing, whatever comes of it.
fn act(context: &mut FsContext, dice: &mut Dice) -> Result<()> {
    if context.view.mounts(None).len() > MOST {
        let place = dice.place(context)?;
        return context.view.unmount(place, true);
    }
    let view = context.view.clone();
    match dice.roll(12) {
        0 | 1 => view.mount(&filesystem(), &dice.place(context)?, MountFlags::empty()),
        2 | 3 => {
            let recursive = dice.roll(2) == 0;
            view.bind(&dice.place(context)?, &dice.place(context)?, recursive)
        }
        4 => view.move_mount(&dice.place(context)?, &dice.place(context)?, dice.cover()),
        5 => view.unmount(dice.place(context)?, false),
        6 => view.unmount(dice.place(context)?, true),
        7 | 8 => {
            let to = [
                Propagation::Shared,
                Propagation::Slave,
                Propagation::Private,
                Propagation::Unbindable,
            ];
            let to = to[dice.roll(4)];
            view.propagate(&dice.place(context)?, to, dice.roll(2) == 0)
        }
        9 => {
            let tree = view.copy_tree(&dice.place(context)?, dice.roll(2) == 0)?;
            if dice.roll(2) == 0 {
                return Ok(());
            }
            let target = dice.place(context)?;
            view.attach_tree(&tree, &target, dice.cover())
                .unwrap_or(Err(Error::NotFound))
        }
        10 => context.unshare_view(),
        _ => {
            let new = dice.place(context)?;
            let old = context.root.clone();
            view.pivot(&old, &new, &new)?;
            context.follow_root(&old, &new);
            view.unmount(context.root.clone(), true)
        }
    }
}

#[test]
fn whatever_is_mounted_goes_again() {
    kernel_on(3, || {
        let base = filesystem();
        let context = FsContext::new(View::new(&base));
        for directory in ["/a", "/b", "/c", "/a/x", "/a/y", "/b/x"] {
            context.mkdir(None, directory.as_bytes(), 0o755).unwrap();
        }
        let root = context.root.clone();
        context
            .view
            .propagate(&root, Propagation::Shared, false)
            .unwrap();
        drop(root);
        let threads: Vec<Arc<Thread>> = (0..3u64)
            .map(|number| {
                let mut own = context.clone();
                let body = move || {
                    if number > 0 {
                        own.unshare_view().unwrap();
                    }
                    let mut dice = Dice(number);
                    for _ in 0..15 {
                        let _ = act(&mut own, &mut dice);
                    }
                };
                thread::spawn("mounter", body).unwrap()
            })
            .collect();
        for thread in threads {
            thread.join();
        }
        drop(context);
        assert_eq!(
            Arc::strong_count(&base),
            1,
            "nobody holds the first file system"
        );
    });
}

#[test]
fn one_thread_after_another_does_it_too() {
    kernel_on(1, || {
        for round in 0..2u64 {
            let base = filesystem();
            let mut context = FsContext::new(View::new(&base));
            for directory in ["/a", "/b", "/c", "/a/x", "/a/y", "/b/x"] {
                context.mkdir(None, directory.as_bytes(), 0o755).unwrap();
            }
            let mut others: Vec<FsContext> = Vec::new();
            let mut dice = Dice(round);
            for step in 0..30 {
                let _ = act(&mut context, &mut dice);
                if step % 10 == 0 {
                    let mut other = context.clone();
                    other.unshare_view().unwrap();
                    others.push(other);
                }
                for other in &mut others {
                    let _ = act(other, &mut dice);
                }
            }
            drop((context, others));
            assert_eq!(Arc::strong_count(&base), 1);
        }
    });
}
