//! The three functions that programs know on every architecture.
//!
//! Each takes the caller's pointers as they are: one that leads nowhere faults in the caller, as in
//! any other function of a library.

use crate::machine::{self, call};

const NANOSECONDS: u64 = 1_000_000_000;
/// What the kernel says of its coarse clocks, in nanoseconds.
const COARSE: i64 = 4_000_000;

const CLOCK_REALTIME: i32 = 0;
const CLOCK_MONOTONIC: i32 = 1;
const CLOCK_MONOTONIC_RAW: i32 = 4;
const CLOCK_REALTIME_COARSE: i32 = 5;
const CLOCK_MONOTONIC_COARSE: i32 = 6;
const CLOCK_BOOTTIME: i32 = 7;
const CLOCK_TAI: i32 = 11;

/// `struct timespec`.
#[repr(C)]
pub struct TimeSpecification {
    seconds: i64,
    nanoseconds: i64,
}

/// `struct timeval`.
#[repr(C)]
pub struct TimeValue {
    seconds: i64,
    microseconds: i64,
}

/// `struct timezone`.
#[repr(C)]
pub struct TimeZone {
    minutes_west: i32,
    summer_time: i32,
}

/// clock_gettime(2).
///
/// # Safety
///
/// `time` is a pointer to a `struct timespec`.
#[cfg_attr(target_arch = "riscv64", unsafe(export_name = "__vdso_clock_gettime"))]
#[cfg_attr(
    target_arch = "aarch64",
    unsafe(export_name = "__kernel_clock_gettime")
)]
pub unsafe extern "C" fn clock_gettime(clock: i32, time: *mut TimeSpecification) -> i32 {
    let page = machine::clock_page();
    let now = match clock {
        CLOCK_MONOTONIC | CLOCK_MONOTONIC_RAW | CLOCK_MONOTONIC_COARSE | CLOCK_BOOTTIME => {
            page.monotonic(machine::counter())
        }
        CLOCK_REALTIME | CLOCK_REALTIME_COARSE | CLOCK_TAI => page.wall(machine::counter()),
        _ => return call(machine::CLOCK_GETTIME, clock as usize, time as usize),
    };
    let value = TimeSpecification {
        seconds: (now / NANOSECONDS) as i64,
        nanoseconds: (now % NANOSECONDS) as i64,
    };
    // SAFETY: the caller's pointer.
    unsafe { time.write(value) };
    0
}

/// clock_getres(2).
///
/// # Safety
///
/// `resolution` is null or a pointer to a `struct timespec`.
#[cfg_attr(target_arch = "riscv64", unsafe(export_name = "__vdso_clock_getres"))]
#[cfg_attr(target_arch = "aarch64", unsafe(export_name = "__kernel_clock_getres"))]
pub unsafe extern "C" fn clock_getres(clock: i32, resolution: *mut TimeSpecification) -> i32 {
    let nanoseconds = match clock {
        CLOCK_REALTIME | CLOCK_MONOTONIC | CLOCK_MONOTONIC_RAW | CLOCK_BOOTTIME | CLOCK_TAI => 1,
        CLOCK_REALTIME_COARSE | CLOCK_MONOTONIC_COARSE => COARSE,
        _ => return call(machine::CLOCK_GETRES, clock as usize, resolution as usize),
    };
    if !resolution.is_null() {
        let value = TimeSpecification {
            seconds: 0,
            nanoseconds,
        };
        // SAFETY: the caller's pointer.
        unsafe { resolution.write(value) };
    }
    0
}

/// gettimeofday(2). The time zone is always zero, as the kernel says.
///
/// # Safety
///
/// Both are null or pointers to what their types say.
#[cfg_attr(target_arch = "riscv64", unsafe(export_name = "__vdso_gettimeofday"))]
#[cfg_attr(target_arch = "aarch64", unsafe(export_name = "__kernel_gettimeofday"))]
pub unsafe extern "C" fn gettimeofday(time: *mut TimeValue, zone: *mut TimeZone) -> i32 {
    if !time.is_null() {
        let now = machine::clock_page().wall(machine::counter());
        let value = TimeValue {
            seconds: (now / NANOSECONDS) as i64,
            microseconds: (now % NANOSECONDS / 1000) as i64,
        };
        // SAFETY: the caller's pointer.
        unsafe { time.write(value) };
    }
    if !zone.is_null() {
        let value = TimeZone {
            minutes_west: 0,
            summer_time: 0,
        };
        // SAFETY: the caller's pointer.
        unsafe { zone.write(value) };
    }
    0
}
