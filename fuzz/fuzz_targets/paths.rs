//! Path splitting: whatever the bytes, an error or components that make sense, links included.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vfs::components::{Component, Pending};

fuzz_target!(|bytes: &[u8]| {
    // The first byte says how often the rest is also met as a link's body.
    let Some((&links, path)) = bytes.split_first() else {
        return;
    };
    let Ok(mut pending) = Pending::new(path) else {
        return;
    };
    let mut left = links;
    let mut steps = 0_usize;
    while let Ok(Some((component, place))) = pending.step() {
        if let Component::Entry(name) = component {
            assert!(!name.as_bytes().contains(&b'/') && name.as_bytes().len() <= 255);
        }
        assert!(place.last || place.slash_follows);
        if left > 0 {
            left -= 1;
            if pending.push_link(path.to_vec()).is_err() {
                return;
            }
        }
        steps += 1;
        assert!(steps < 41 * 4096);
    }
});
