//! When memory runs short: names and inodes go as pages do, and come back from the disk.

use std::sync::Arc;

use hal::hosted::Machine;
use vfs::dentry_cache;

use super::kit::*;

const FILES: usize = 600;

/// A file larger than the memory goes through it; the names looked up before it are hardly used meanwhile.
#[test]
fn names_and_inodes_go_with_the_pages() {
    let image = make_image(24 << 10, &["-b", "1024", "-N", "3000"]);
    let outcome = Machine::new(1)
        .cpus(2)
        .memory_bytes(8 << 20)
        .step_limit(400_000_000)
        .run_with(move |_| {
            base::init().unwrap();
            let disk = disk(image);
            let ext2 = mount(&disk);
            let context = Arc::new(context(&ext2));
            for number in 0..FILES {
                context
                    .put(&format!("/{number}"), number.to_string().as_bytes())
                    .unwrap();
            }
            vfs::FileSystem::sync(&*ext2).unwrap();
            let before = dentry_cache::len();
            assert!(before >= FILES);
            context.put("/large", &vec![7; 14 << 20]).unwrap();
            let after = dentry_cache::len();
            assert!(after < before / 2, "{after} of {before} names are left");
            for number in 0..FILES {
                let found = context.get(&format!("/{number}"));
                assert_eq!(found, Ok(number.to_string().into_bytes()));
            }
            vfs::FileSystem::sync(&*ext2).unwrap();
            drop((context, ext2));
            assert_clean(&disk.contents());
        });
    assert_eq!(outcome.complaint(), None);
}
