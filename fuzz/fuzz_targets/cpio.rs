//! The cpio reader: whatever the bytes, it refuses with a reason or reads to the end.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = fs_cpio::check(bytes) {
        // The reason becomes a sentence for a person.
        assert!(!format!("{error}").is_empty());
    }
});
