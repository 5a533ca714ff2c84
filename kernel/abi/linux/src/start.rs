//! How a Linux program begins: the auxiliary vector.

use alloc::sync::Arc;
use base::Result;
use mem::AddressSpace;
use proc::exec::stack::auxiliary;
use proc::{ExecInfo, InitialState, Process, Resource};

use crate::machine::current::{
    HARDWARE_CAPABILITIES, HARDWARE_CAPABILITIES_2, MINIMUM_SIGNAL_STACK, PLATFORM,
};
use crate::vdso;

/// No Linux program is linked below this address (`vm.mmap_min_addr`'s usual value): what is, belongs
/// to another ABI.
pub const LOWEST_LINK: u64 = 0x1_0000;

/// How far a stack may grow.
pub(crate) fn stack_limit(process: &Process) -> usize {
    usize::try_from(process.limits().soft(Resource::Stack))
        .unwrap_or(usize::MAX)
        .min(hal::USER_END / 4)
}

/// Maps the vDSO and lays out the first stack.
pub(crate) fn initial_stack(
    info: &ExecInfo<'_>,
    space: &Arc<AddressSpace>,
) -> Result<InitialState> {
    let image = vdso::map(space)?;
    let mut more = alloc::vec![
        (auxiliary::HARDWARE, HARDWARE_CAPABILITIES),
        (auxiliary::MINIMUM_SIGNAL_STACK, MINIMUM_SIGNAL_STACK),
    ];
    if let Some(second) = HARDWARE_CAPABILITIES_2 {
        more.push((auxiliary::HARDWARE_2, second));
    }
    if hal::vdso::is_elf() {
        more.push((auxiliary::VDSO, image as u64));
    }
    proc::exec::system_v_start(info, space, &more, PLATFORM)
}
