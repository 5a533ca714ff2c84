//! The device tree as drivers see it: whatever the bytes, a list or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = device::tree::devices(bytes);
});
