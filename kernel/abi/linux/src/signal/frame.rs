//! Registers into a signal frame and back, for each machine.
//!
//! The frame is the one Linux makes, because C libraries, unwinders and debuggers read it: general
//! registers, floating point state with its headers, what was blocked, the alternate stack. Only what
//! a program may set in its registers is taken back from a frame; `hal` sees to that.

#[cfg(all(target_arch = "aarch64", target_os = "none"))]
pub(super) use arm::{push_record, restore, set_return, write};
#[cfg(not(all(target_arch = "aarch64", target_os = "none")))]
pub(super) use riscv::{push_record, restore, set_return, write};

#[cfg(not(all(target_arch = "aarch64", target_os = "none")))]
mod riscv {
    use base::{Error, Result};
    use core::mem::offset_of;
    use hal::user::UserContext;
    use mem::user::UserPtr;
    use zerocopy::FromZeros;

    use crate::layout::{SignalInformation, SignalStack};
    use crate::machine::riscv64::{FrameHead, FrameMask, SignalFrame};

    /// A part of a frame; copying to and from there finds out whether that is the program's memory.
    fn at(frame: usize, offset: usize) -> usize {
        frame.wrapping_add(offset)
    }

    /// RISC-V keeps no record above the frame.
    pub(in crate::signal) fn push_record(
        _context: &UserContext,
        _pointer: &mut usize,
    ) -> Result<usize> {
        Ok(0)
    }

    /// Writes the frame of a thread with these registers.
    pub(in crate::signal) fn write(
        context: &UserContext,
        address: usize,
        information: SignalInformation,
        stack: SignalStack,
        mask: u64,
    ) -> Result<()> {
        let head = FrameHead {
            information,
            kept: FrameMask { stack, mask },
            program_counter: context.pc(),
            ..FrameHead::new_zeroed()
        };
        let floating = context.floating_point_in_memory();
        UserPtr::from(address).write(&head)?;
        UserPtr::from(at(address, offset_of!(SignalFrame, registers)))
            .write_many(&context.registers().x[1..])?;
        UserPtr::from(at(address, offset_of!(SignalFrame, floating))).write(&floating.f)?;
        UserPtr::from(at(address, offset_of!(SignalFrame, floating_control)))
            .write(&floating.fcsr)?;
        let rest = offset_of!(SignalFrame, unused);
        mem::user::zero_bytes(at(address, rest), size_of::<SignalFrame>() - rest)
    }

    /// Puts the registers of a frame back; the rest of it is for the caller.
    pub(in crate::signal) fn restore(
        context: &mut UserContext,
        address: usize,
    ) -> Result<(SignalStack, u64)> {
        let kept = at(address, offset_of!(FrameHead, kept));
        let FrameMask { stack, mask } = UserPtr::from(kept).read()?;
        let extensions = at(address, offset_of!(SignalFrame, extensions));
        // Nothing but the floating point state was saved, so nothing else can come back.
        if UserPtr::<[u32; 3]>::from(extensions).read()? != [0; 3] {
            return Err(Error::InvalidArgument);
        }
        // The program counter is in the place of x0, which is always zero.
        let first = at(address, offset_of!(FrameHead, program_counter));
        let general = &mut context.registers_mut().x;
        UserPtr::from(first).read_into(general)?;
        let program_counter = core::mem::take(&mut general[0]);
        context.set_pc(program_counter);
        let floating = context.floating_point_in_memory_mut();
        UserPtr::from(at(address, offset_of!(SignalFrame, floating))).read_into(&mut floating.f)?;
        floating.fcsr =
            UserPtr::from(at(address, offset_of!(SignalFrame, floating_control))).read()?;
        Ok((stack, mask))
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
    use zerocopy::FromZeros;

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

    /// Writes the frame of a thread with these registers.
    pub(in crate::signal) fn write(
        context: &UserContext,
        address: usize,
        information: SignalInformation,
        stack: SignalStack,
        mask: u64,
    ) -> Result<()> {
        let mut frame = SignalFrame::new_zeroed();
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
        UserPtr::from(address).write(&frame)
    }

    /// Puts the registers of a frame back; the rest of it is for the caller.
    pub(in crate::signal) fn restore(
        context: &mut UserContext,
        address: usize,
    ) -> Result<(SignalStack, u64)> {
        let mut frame = SignalFrame::new_zeroed();
        UserPtr::from(address).read_into(&mut frame)?;
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
        Ok((frame.stack, frame.mask))
    }

    /// Makes the handler return to `address`, with the record as its frame pointer.
    pub(in crate::signal) fn set_return(context: &mut UserContext, address: usize, record: usize) {
        let general = context.registers_mut();
        general.x[29] = record;
        general.x[30] = address;
    }
}
