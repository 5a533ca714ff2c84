//! Registers into a signal frame and back, for each machine.
//!
//! The frame is the one Linux makes, because C libraries, unwinders and debuggers read it: general
//! registers, floating point state with its headers, what was blocked, the alternate stack. Only what
//! a program may set in its registers is taken back from a frame; `hal` sees to that.

#[cfg(all(target_arch = "aarch64", target_os = "none"))]
pub(super) use arm::{build, push_record, restore, set_return};
#[cfg(not(all(target_arch = "aarch64", target_os = "none")))]
pub(super) use riscv::{build, push_record, restore, set_return};

#[cfg(not(all(target_arch = "aarch64", target_os = "none")))]
mod riscv {
    use base::{Error, Result};
    use hal::user::UserContext;

    use crate::layout::{SignalInformation, SignalStack};
    use crate::machine::riscv64::SignalFrame;

    /// RISC-V keeps no record above the frame.
    pub(in crate::signal) fn push_record(
        _context: &UserContext,
        _pointer: &mut usize,
    ) -> Result<usize> {
        Ok(0)
    }

    /// Fills in the frame, still zero, of a thread with these registers.
    pub(in crate::signal) fn build(
        frame: &mut SignalFrame,
        context: &UserContext,
        information: SignalInformation,
        stack: SignalStack,
        mask: u64,
    ) {
        frame.information = information;
        frame.stack = stack;
        frame.mask = mask;
        let general = context.registers();
        for (slot, register) in frame.registers.iter_mut().zip(&general.x) {
            *slot = *register as u64;
        }
        // The program counter is in the place of x0, which is always zero.
        frame.registers[0] = context.pc() as u64;
        context.with_floating_point(|floating| {
            frame.floating = floating.f;
            frame.floating_control = floating.fcsr;
        });
    }

    /// Puts the registers of a frame back.
    pub(in crate::signal) fn restore(context: &mut UserContext, frame: &SignalFrame) -> Result<()> {
        // Extensions follow the floating point state; none was saved, so none can come back.
        let first = u64::from(frame.reserved_first);
        let extensions = frame.reserved.iter().fold(first, |all, word| all | word);
        if extensions != 0 {
            return Err(Error::InvalidArgument);
        }
        let general = context.registers_mut();
        for (register, slot) in general.x[1..].iter_mut().zip(&frame.registers[1..]) {
            *register = *slot as usize;
        }
        context.set_pc(frame.registers[0] as usize);
        context.change_floating_point(|floating| {
            floating.f = frame.floating;
            floating.fcsr = frame.floating_control;
        });
        Ok(())
    }

    /// Makes the handler return to `address`.
    pub(in crate::signal) fn set_return(context: &mut UserContext, address: usize, _record: usize) {
        context.registers_mut().x[1] = address;
    }
}

#[cfg(all(target_arch = "aarch64", target_os = "none"))]
mod arm {
    use base::{Error, Result};
    use hal::user::UserContext;
    use mem::user::UserPtr;

    use crate::layout::{SignalInformation, SignalStack};
    use crate::machine::aarch64::{FLOATING_POINT_MAGIC, FloatingPointRecord, SignalFrame};

    /// Puts a frame record (frame pointer, return address) above the signal frame, so that a stack
    /// walk finds its way from the handler to the interrupted function.
    pub(in crate::signal) fn push_record(
        context: &UserContext,
        pointer: &mut usize,
    ) -> Result<usize> {
        let general = context.registers();
        let address = pointer.checked_sub(16).ok_or(Error::BadAddress)? & !15;
        let record = [general.x[29] as u64, general.x[30] as u64];
        UserPtr::<[u64; 2]>::from(address).write(&record)?;
        *pointer = address;
        Ok(address)
    }

    /// Fills in the frame, still zero, of a thread with these registers.
    pub(in crate::signal) fn build(
        frame: &mut SignalFrame,
        context: &UserContext,
        information: SignalInformation,
        stack: SignalStack,
        mask: u64,
    ) {
        frame.information = information;
        frame.stack = stack;
        frame.mask = mask;
        let general = context.registers();
        for (slot, register) in frame.registers.iter_mut().zip(&general.x) {
            *slot = *register as u64;
        }
        frame.stack_pointer = context.sp() as u64;
        frame.program_counter = context.pc() as u64;
        frame.state = general.pstate as u64;
        frame.floating.magic = FLOATING_POINT_MAGIC;
        frame.floating.size = size_of::<FloatingPointRecord>() as u32;
        context.with_floating_point(|floating| {
            frame.floating.status = floating.fpsr;
            frame.floating.control = floating.fpcr;
            for (slot, register) in frame.floating.registers.iter_mut().zip(&floating.v) {
                *slot = [*register as u64, (*register >> 64) as u64];
            }
        });
    }

    /// Puts the registers of a frame back.
    pub(in crate::signal) fn restore(context: &mut UserContext, frame: &SignalFrame) -> Result<()> {
        // A program may take the record away; then it has asked for a frame that Linux refuses too.
        if frame.floating.magic != FLOATING_POINT_MAGIC {
            return Err(Error::InvalidArgument);
        }
        let general = context.registers_mut();
        for (register, slot) in general.x.iter_mut().zip(&frame.registers) {
            *register = *slot as usize;
        }
        general.pstate = frame.state as usize;
        context.set_sp(frame.stack_pointer as usize);
        context.set_pc(frame.program_counter as usize);
        context.change_floating_point(|floating| {
            for (register, [low, high]) in floating.v.iter_mut().zip(&frame.floating.registers) {
                *register = u128::from(*low) | u128::from(*high) << 64;
            }
            floating.fpsr = frame.floating.status;
            floating.fpcr = frame.floating.control;
        });
        Ok(())
    }

    /// Makes the handler return to `address`, with the record as its frame pointer.
    pub(in crate::signal) fn set_return(context: &mut UserContext, address: usize, record: usize) {
        let general = context.registers_mut();
        general.x[29] = record;
        general.x[30] = address;
    }
}
