//! The system calls, each as a safe function.
//!
//! [`invoke`] is the one place with the system call instruction. The functions of the submodules turn
//! Rust's references into addresses and lengths; that they name no memory but what the references
//! cover is each one's safety argument.

mod environment;
mod memory;
mod name;
mod process;
mod stream;
mod system;
mod terminal;

pub(crate) use environment::*;
pub(crate) use memory::*;
pub(crate) use name::*;
pub(crate) use process::*;
pub(crate) use stream::*;
pub(crate) use system::*;
pub(crate) use terminal::*;

use scarlet_abi::error::decode;
use scarlet_abi::{Call, ErrorCode};

/// What a call gives.
pub(crate) type Answer = Result<usize, ErrorCode>;

/// Makes a system call.
///
/// # Safety
///
/// The arguments must be what `call` is documented to take, and every address among them, or inside a
/// record among them, must belong to memory that the caller may let the kernel read or write so.
pub(crate) unsafe fn invoke<const N: usize>(call: Call, arguments: [usize; N]) -> Answer {
    let mut all = [0; 6];
    all[..N].copy_from_slice(&arguments);
    let result: isize;
    // SAFETY: the instruction enters the kernel, which keeps every register but the result's, and
    // touches only memory that the caller of this function vouches for.
    #[cfg(target_arch = "riscv64")]
    unsafe {
        core::arch::asm!(
            "ecall",
            inlateout("a0") all[0] => result,
            in("a1") all[1],
            in("a2") all[2],
            in("a3") all[3],
            in("a4") all[4],
            in("a5") all[5],
            in("a7") call as usize,
            options(nostack),
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        core::arch::asm!(
            "svc #0",
            inlateout("x0") all[0] => result,
            in("x1") all[1],
            in("x2") all[2],
            in("x3") all[3],
            in("x4") all[4],
            in("x5") all[5],
            in("x8") call as usize,
            options(nostack),
        );
    }
    // There is no Scarlet below any other machine; the crate still compiles there, for its lints.
    #[cfg(not(any(target_arch = "riscv64", target_arch = "aarch64")))]
    {
        let _ = (call, all);
        result = -(ErrorCode::NotImplemented as isize);
    }
    decode(result)
}

/// A slice's address as an argument.
fn address<T>(slice: &[T]) -> usize {
    slice.as_ptr() as usize
}

/// A record's address as an argument.
fn record_address<T>(record: &T) -> usize {
    core::ptr::from_ref(record) as usize
}

/// A record's address as an argument that the kernel fills.
fn record_address_mut<T>(record: &mut T) -> usize {
    core::ptr::from_mut(record) as usize
}
