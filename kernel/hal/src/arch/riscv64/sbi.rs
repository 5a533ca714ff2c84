//! Calls to the firmware (RISC-V Supervisor Binary Interface 2.0).

use core::arch::asm;

use crate::sync::Once;

const EXTENSION_BASE: usize = 0x10;
const EXTENSION_TIME: usize = 0x5449_4d45;
const EXTENSION_IPI: usize = 0x0073_5049;
const EXTENSION_RFENCE: usize = 0x5246_4e43;
const EXTENSION_HSM: usize = 0x0048_534d;
const EXTENSION_SRST: usize = 0x5352_5354;
const EXTENSION_DBCN: usize = 0x4442_434e;
const LEGACY_PUTCHAR: usize = 1;

/// Calls function `function` of `extension`; returns (error, value).
///
/// # Safety
/// What the call does to memory and to this CPU must be accounted for by the caller.
#[inline]
unsafe fn call(extension: usize, function: usize, arguments: [usize; 5]) -> (isize, usize) {
    let (error, value);
    // SAFETY: an SBI call preserves all registers but a0 and a1 (SBI 2.0, chapter 3); its effects
    // are the caller's to answer for.
    unsafe {
        asm!(
            "ecall",
            inlateout("a0") arguments[0] as isize => error,
            inlateout("a1") arguments[1] => value,
            in("a2") arguments[2],
            in("a3") arguments[3],
            in("a4") arguments[4],
            in("a6") function,
            in("a7") extension,
            options(nostack),
        );
    }
    (error, value)
}

/// Whether the firmware knows an extension.
fn probe(extension: usize) -> bool {
    // SAFETY: a query without effect.
    let (error, value) = unsafe { call(EXTENSION_BASE, 3, [extension, 0, 0, 0, 0]) };
    error == 0 && value != 0
}

/// Writes bytes, of which a copy is at a physical address, to the debug console; without one, to
/// the legacy console.
pub(super) fn console_write(physical: usize, bytes: &[u8]) {
    let length = bytes.len();
    static HAS_DEBUG_CONSOLE: Once<bool> = Once::new();
    if *HAS_DEBUG_CONSOLE.get_or_init(|| probe(EXTENSION_DBCN)) {
        let mut done = 0;
        while done < length {
            // SAFETY: the firmware reads `length - done` bytes, which are there for it.
            let (error, count) =
                unsafe { call(EXTENSION_DBCN, 0, [length - done, physical + done, 0, 0, 0]) };
            if error != 0 {
                return;
            }
            done += count;
        }
        return;
    }
    for &byte in bytes {
        // SAFETY: prints one byte.
        unsafe { call(LEGACY_PUTCHAR, 0, [usize::from(byte), 0, 0, 0, 0]) };
    }
}

/// Sets this hart's timer; clears a pending timer interrupt.
pub(super) fn set_timer(ticks: u64) {
    // SAFETY: leads at most to a timer interrupt, which has a handler.
    unsafe { call(EXTENSION_TIME, 0, [ticks as usize, 0, 0, 0, 0]) };
}

/// Raises the software interrupt of one hart.
pub(super) fn send_ipi(hart: usize) {
    // SAFETY: leads to a software interrupt, which has a handler.
    unsafe { call(EXTENSION_IPI, 0, [1, hart, 0, 0, 0]) };
}

/// A set of harts as the firmware wants it: bits from a base.
#[derive(Clone, Copy)]
pub(super) struct HartSet {
    /// The bits.
    pub(super) mask: usize,
    /// The hart that bit 0 stands for; all ones: every hart, whatever the mask.
    pub(super) base: usize,
}

/// Makes harts run FENCE.I.
pub(super) fn remote_fence_instructions(harts: HartSet) {
    // SAFETY: a fence takes nothing away from anybody.
    unsafe { call(EXTENSION_RFENCE, 0, [harts.mask, harts.base, 0, 0, 0]) };
}

/// Makes harts forget the translations of a range, for one address space identifier or all.
pub(super) fn remote_fence_addresses(
    harts: HartSet,
    start: usize,
    size: usize,
    asid: Option<usize>,
) {
    // SAFETY: as above.
    unsafe {
        match asid {
            Some(asid) => call(
                EXTENSION_RFENCE,
                2,
                [harts.mask, harts.base, start, size, asid],
            ),
            None => call(
                EXTENSION_RFENCE,
                1,
                [harts.mask, harts.base, start, size, 0],
            ),
        };
    }
}

/// Starts a hart at a physical address with translation off; `a1` will hold `opaque` there.
///
/// # Safety
/// `start` must be code that is fit for a hart that knows nothing else.
pub(super) unsafe fn start_hart(hart: usize, start: usize, opaque: usize) -> bool {
    // SAFETY: passed on to the caller.
    unsafe { call(EXTENSION_HSM, 0, [hart, start, opaque, 0, 0]).0 == 0 }
}

/// Shuts down (`kind` 0) or reboots (`kind` 1) the machine; returns only if that failed.
pub(super) fn system_reset(kind: usize, failed: bool) {
    // SAFETY: ends everything, which no memory safety argument minds.
    unsafe { call(EXTENSION_SRST, 0, [kind, usize::from(failed), 0, 0, 0]) };
}
