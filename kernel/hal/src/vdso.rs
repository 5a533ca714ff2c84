//! What every program may map of the machine's clock: the vDSO's image, and the page it reads.
//!
//! The image is built by this crate's build script from `vdso/`; here it is data. Its entry point
//! is the code that signal handlers return through. [`ClockData`] is the page that must be mapped
//! right below it.
//!
//! On the hosted machine programs are closures, which read no ELF image; there the image is the
//! return code alone.

use crate::frame::Frame;
use crate::{OutOfMemory, arch};
use core::sync::atomic::Ordering;

#[path = "../vdso/src/page.rs"]
mod page;
use page::ClockPage;

#[cfg(target_os = "none")]
const IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/vdso.so"));
/// `li a7, 139; ecall`: the hosted machine behaves as RISC-V.
#[cfg(not(target_os = "none"))]
const IMAGE: &[u8] = &[0x93, 0x08, 0xb0, 0x08, 0x73, 0x00, 0x00, 0x00];

const ELF_MAGIC: &[u8] = b"\x7fELF";
/// Where an ELF header has `e_entry`.
const ENTRY: usize = 24;

/// The bytes to map, readable and executable, at the beginning of a page.
pub fn image() -> &'static [u8] {
    IMAGE
}

/// Whether the image is one that a C library can read.
pub fn is_elf() -> bool {
    IMAGE.starts_with(ELF_MAGIC)
}

/// Where in the image the code is that signal handlers return through.
pub fn signal_return() -> usize {
    match IMAGE
        .get(ENTRY..ENTRY + 8)
        .and_then(|entry| entry.try_into().ok())
    {
        Some(entry) if is_elf() => u64::from_le_bytes(entry) as usize,
        _ => 0,
    }
}

/// The page of clock data.
pub struct ClockData {
    frame: Frame,
}

impl ClockData {
    /// A page that shows the machine's clock, and a time of day that is `wall_offset` nanoseconds
    /// ahead of it.
    pub fn new(wall_offset: u64) -> Result<ClockData, OutOfMemory> {
        let data = ClockData {
            frame: Frame::allocate()?,
        };
        data.page()
            .tick
            .store(arch::tick_scale(), Ordering::Relaxed);
        data.set_wall_offset(wall_offset);
        Ok(data)
    }

    /// Sets how far the time of day is ahead of the clock, in nanoseconds.
    pub fn set_wall_offset(&self, nanoseconds: u64) {
        self.page()
            .wall_offset
            .store(nanoseconds, Ordering::Relaxed);
    }

    /// The frame, to be mapped for reading.
    pub fn frame(&self) -> Frame {
        self.frame.clone()
    }

    fn page(&self) -> &ClockPage {
        // SAFETY: the frame is larger than the record and aligned to a page, lives as long as the
        // borrow, and all bytes are valid for the record, which is made of atomics. Others reach the
        // frame by machine code only.
        unsafe { &*self.frame.pointer().cast::<ClockPage>() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosted::Machine;
    use crate::timer::{now_ns, ticks, ticks_to_ns};

    #[test]
    fn the_page_shows_the_kernels_clock() {
        let outcome = Machine::new(0).run_with(|_| {
            let Ok(data) = ClockData::new(1_000_000_000_000) else {
                panic!("no memory");
            };
            let (before, ticks) = (now_ns(), ticks());
            let page = data.page();
            assert!(page.monotonic(ticks) >= before);
            assert_eq!(page.monotonic(ticks), ticks_to_ns(ticks));
            assert_eq!(page.wall(ticks) - page.monotonic(ticks), 1_000_000_000_000);
            data.set_wall_offset(u64::MAX);
            assert_eq!(page.wall(ticks), u64::MAX);
            drop(data);
            crate::power::off(0)
        });
        assert_eq!(outcome.complaint(), None);
    }
}
