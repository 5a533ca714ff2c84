//! What the kernel is told when it starts.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::PAGE_SIZE;
use crate::frame::Frame;

#[cfg(any(target_os = "none", test))]
pub(crate) mod facts;
#[cfg(any(target_os = "none", test))]
mod trim;

/// What the machine tells the kernel at the start.
pub struct BootInfo {
    /// The command line, without its terminator.
    pub command_line: String,
    /// The first file system's archive, if one was loaded.
    pub initramfs: Option<Initramfs>,
    /// The device tree blob; empty on the hosted backend.
    pub device_tree: Arc<[u8]>,
    /// How many CPUs can be started, this one included.
    pub cpu_count: usize,
    /// How much memory the machine has.
    pub memory_bytes: u64,
    /// Unpredictable bytes from the firmware; may be empty.
    pub random_seed: Vec<u8>,
}

/// The archive that was loaded next to the kernel: whole frames, which can be shared into a file
/// system without a copy. Bytes of the last frame beyond the end are zero.
pub struct Initramfs {
    frames: Vec<Frame>,
    length: usize,
}

impl Initramfs {
    /// The archive of `length` bytes that lies in `frames`, one after another.
    pub(crate) fn new(frames: Vec<Frame>, length: usize) -> Self {
        assert!(
            length <= frames.len() * PAGE_SIZE,
            "an initramfs is as long as its frames"
        );
        Self { frames, length }
    }

    /// The archive's length in bytes.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Copies bytes out from `offset` on, as many as there are; returns how many.
    pub fn read(&self, offset: usize, into: &mut [u8]) -> usize {
        let total = into.len().min(self.length.saturating_sub(offset));
        let mut done = 0;
        while done < total {
            let position = offset + done;
            let within = position % PAGE_SIZE;
            let count = (PAGE_SIZE - within).min(total - done);
            self.frames[position / PAGE_SIZE].read(within, &mut into[done..done + count]);
            done += count;
        }
        total
    }

    /// The page number `page_index` of the archive, shared, not copied. Panics beyond the last.
    pub fn frame(&self, page_index: usize) -> Frame {
        self.frames[page_index].clone()
    }
}

/// Where both bare-metal backends go when the machine is ready: the kernel's main function, on
/// the first CPU, with interrupts disabled.
#[cfg(target_os = "none")]
pub(crate) fn enter(blob: &[u8], facts: &facts::Facts<'_>) -> ! {
    unsafe extern "Rust" {
        /// The kernel, linked in by the image (`kernel/hal/start`).
        safe fn scarlet_kernel_main(boot: BootInfo) -> !;
    }
    let frames = crate::frame::statistics();
    let pages = frames.total + frames.reserved_by_kernel;
    scarlet_kernel_main(BootInfo {
        command_line: String::from(facts.command_line),
        initramfs: crate::frame::take_initramfs()
            .map(|(frames, length)| Initramfs::new(frames, length)),
        device_tree: trim::trimmed(blob),
        cpu_count: crate::cpu::count(),
        memory_bytes: (pages * PAGE_SIZE) as u64,
        random_seed: Vec::from(facts.random_seed),
    })
}
