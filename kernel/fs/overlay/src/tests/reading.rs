//! Reading directories while they change, and pages that are shared.

use std::collections::BTreeMap;
use std::sync::Arc;

use object::File;
use vfs::{OpenOptions, ResolveFlags};

use super::kit::*;

fn page_cache(root: &vfs::FsContext, path: &str) -> Arc<mem::PageCache> {
    place(root, path).inode().page_cache().unwrap()
}

#[test]
fn whatever_happens_beside_it_what_stays_is_shown_once() {
    on_machine(|| {
        let root = ground();
        root.make_directory("/low/d").unwrap();
        root.make_directory("/low2/d").unwrap();
        for number in 0..150 {
            root.put(&format!("/low/d/one{number}"), b"1").unwrap();
            root.put(&format!("/low2/d/two{number}"), b"2").unwrap();
            root.put(&format!("/low2/d/one{number}"), b"2").unwrap();
        }
        mount(&root, "lowerdir=/low:/low2,upperdir=/up,workdir=/staging");
        let options = OpenOptions {
            read: true,
            directory: true,
            ..Default::default()
        };
        let directory = root.open(b"/all/d", &options).unwrap();
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let mut step = 0;
        loop {
            let mut batch = Vec::new();
            directory
                .read_directory(&mut |entry| {
                    batch.push(String::from_utf8(entry.name.to_vec()).unwrap());
                    batch.len() < 7
                })
                .unwrap();
            // The one that was refused comes again.
            if batch.len() == 7 {
                batch.pop();
            }
            if batch.is_empty() {
                break;
            }
            for name in batch {
                *seen.entry(name).or_default() += 1;
            }
            // Copies up, makes and removes while it is read.
            step += 1;
            if step > 60 {
                continue;
            }
            let path = format!("/all/d/one{}", (step * 37) % 150);
            root.chmod(None, path.as_bytes(), 0o600, ResolveFlags::empty())
                .unwrap();
            let _ = root.remove(&format!("/all/d/two{}", step % 50));
            root.put(&format!("/all/d/new{step}"), b"").unwrap();
        }
        for number in 0..150 {
            assert_eq!(seen.get(&format!("one{number}")), Some(&1), "one{number}");
            let two = format!("two{number}");
            let times = seen.get(&two).copied().unwrap_or(0);
            assert!(times == 1 || (number < 50 && times == 0), "{two}");
        }
        assert!(seen.values().all(|times| *times == 1));
    });
}

#[test]
fn many_overlays_share_the_pages_of_one_layer() {
    on_machine(|| {
        let root = usual();
        for name in ["/up2", "/staging2", "/all2"] {
            root.make_directory(name).unwrap();
        }
        let second = overlay(&root, "lowerdir=/low,upperdir=/up2,workdir=/staging2").unwrap();
        root.view
            .mount(&second, &place(&root, "/all2"), vfs::MountFlags::empty())
            .unwrap();
        let low = page_cache(&root, "/low/file");
        for path in ["/all/file", "/all2/file"] {
            assert!(Arc::ptr_eq(&low, &page_cache(&root, path)));
        }
        root.put("/all/file", b"mine").unwrap();
        assert!(!Arc::ptr_eq(&low, &page_cache(&root, "/all/file")));
        assert_eq!(root.get("/all2/file").unwrap(), b"low");
    });
}

#[test]
fn numbers_agree_and_stay() {
    on_machine(|| {
        let root = usual();
        root.put("/all/new", b"").unwrap();
        root.chmod(None, b"/all/dir/a", 0o600, ResolveFlags::empty())
            .unwrap();
        for directory in ["/all", "/all/dir"] {
            let top = place(&root, directory);
            let mut entries = Vec::new();
            top.inode()
                .read_directory(0, &mut |entry| {
                    entries.push((entry.name.to_vec(), entry.inode));
                    true
                })
                .unwrap();
            for (name, inode) in entries {
                let path = format!("{directory}/{}", String::from_utf8(name).unwrap());
                let status = root.link_status(&path).unwrap();
                assert_eq!(status.inode, inode, "{path}");
                assert_eq!(status.device, root.status("/all").unwrap().device);
            }
        }
        // Forgotten and looked up again, a copy keeps its number.
        let before = root.status("/all/dir/a").unwrap().inode;
        vfs::dentry_cache::shrink(usize::MAX);
        assert_eq!(root.status("/all/dir/a").unwrap().inode, before);
    });
}
