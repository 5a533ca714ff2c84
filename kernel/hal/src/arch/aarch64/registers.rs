//! System registers by name.
//!
//! Reading a register is harmless. Writing one may change what memory means, so [`write_register`]
//! is for the few whose every value is safe for Rust code, or whose caller argues why this one is.

/// Reads a system register.
macro_rules! read_register {
    ($name:literal) => {{
        let value: u64;
        // SAFETY: reading a system register has no effect. Not `pure`: most change by themselves.
        unsafe {
            core::arch::asm!(
                concat!("mrs {}, ", $name),
                out(reg) value,
                options(nomem, nostack, preserves_flags)
            )
        };
        value
    }};
}

/// Writes a system register. Expands to an unsafe operation: the caller says why it is sound.
macro_rules! write_register {
    ($name:literal, $value:expr) => {
        core::arch::asm!(
            concat!("msr ", $name, ", {}"),
            in(reg) $value as u64,
            options(nostack, preserves_flags)
        )
    };
}

pub(super) use {read_register, write_register};

/// Waits until everything before is in force for the instructions that follow.
#[inline(always)]
pub(super) fn instruction_barrier() {
    // SAFETY: a barrier has no other effect.
    unsafe { core::arch::asm!("isb", options(nostack, preserves_flags)) };
}

/// What this kind of CPU can do.
#[derive(Clone, Copy)]
pub(super) struct Features {
    /// Privileged access to user pages can be shut off (FEAT_PAN).
    pub(super) pan: bool,
    /// Address space identifiers have 16 bits, not 8.
    pub(super) wide_asid: bool,
}

/// Asks the identification registers.
pub(super) fn features() -> Features {
    Features {
        pan: read_register!("id_aa64mmfr1_el1") >> 20 & 0xf != 0,
        wide_asid: read_register!("id_aa64mmfr0_el1") >> 4 & 0xf == 2,
    }
}
