//! reboot: turning the machine off or starting it again.

use base::{Error, Result};

use crate::call::Call;

const MAGIC_1: u32 = 0xfee1_dead;
const MAGIC_2: [u32; 4] = [672_274_793, 85_072_278, 369_367_448, 537_993_216];

const RESTART: u32 = 0x0123_4567;
const HALT: u32 = 0xcdef_0123;
const CAD_ON: u32 = 0x89ab_cdef;
const CAD_OFF: u32 = 0;
const POWER_OFF: u32 = 0x4321_fedc;

/// reboot(2). A container's programs are not the super-user of the machine: only the outermost
/// environment may do this.
pub(crate) fn reboot(
    call: &mut Call<'_>,
    magic: u32,
    magic2: u32,
    command: u32,
    _argument: usize,
) -> Result<usize> {
    let outermost = call.process().environment().parent().is_none();
    if !call.process().credentials().is_superuser() || !outermost {
        return Err(Error::NotPermitted);
    }
    if magic != MAGIC_1 || !MAGIC_2.contains(&magic2) {
        return Err(Error::InvalidArgument);
    }
    match command {
        RESTART => {
            proc::store_for_good();
            hal::power::reset()
        }
        HALT | POWER_OFF => {
            proc::store_for_good();
            hal::power::off(0)
        }
        // There is no keyboard whose Ctrl-Alt-Del reaches the kernel.
        CAD_ON | CAD_OFF => Ok(0),
        _ => Err(Error::InvalidArgument),
    }
}
