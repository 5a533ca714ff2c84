//! How a Linux program begins: the auxiliary vector, and the page its signal handlers return through.

use alloc::string::String;
use alloc::sync::Arc;
use base::{Error, Result};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use hal::user::Access;
use mem::{
    AddressSpace, AreaKind, Backing, MapRequest, MemoryObject, ObjectDescription, Placement,
    Protection, Sharing,
};
use proc::exec::stack::auxiliary;
use proc::{ExecInfo, InitialState, Process, Resource};

use crate::machine::current::{
    HARDWARE_CAPABILITIES, HARDWARE_CAPABILITIES_2, MINIMUM_SIGNAL_STACK, PLATFORM, RETURN_CODE,
};

/// No Linux program is linked below this address (`vm.mmap_min_addr`'s usual value): what is, belongs
/// to another ABI.
pub const LOWEST_LINK: u64 = 0x1_0000;

/// How far a stack may grow.
pub(crate) fn stack_limit(process: &Process) -> usize {
    usize::try_from(process.limits().soft(Resource::Stack))
        .unwrap_or(usize::MAX)
        .min(hal::USER_END / 4)
}

/// Lays out the first stack and maps the return code.
pub(crate) fn initial_stack(
    info: &ExecInfo<'_>,
    space: &Arc<AddressSpace>,
) -> Result<InitialState> {
    map_return_code(space)?;
    let mut more = alloc::vec![
        (auxiliary::HARDWARE, HARDWARE_CAPABILITIES),
        (auxiliary::MINIMUM_SIGNAL_STACK, MINIMUM_SIGNAL_STACK),
    ];
    if let Some(second) = HARDWARE_CAPABILITIES_2 {
        more.push((auxiliary::HARDWARE_2, second));
    }
    proc::exec::system_v_start(info, space, &more, PLATFORM)
}

/// The page with the code that handlers return through: every process maps the same one.
struct ReturnCode {
    frame: Frame,
    identity: u64,
}

impl MemoryObject for ReturnCode {
    fn page(&self, index: u64, _access: Access) -> Result<Frame> {
        if index == 0 {
            Ok(self.frame.clone())
        } else {
            Err(Error::OutOfRange)
        }
    }

    fn identity(&self) -> u64 {
        self.identity
    }

    fn describe(&self) -> ObjectDescription {
        ObjectDescription {
            name: String::from("[sigpage]"),
            ..ObjectDescription::default()
        }
    }
}

static RETURN_PAGE: hal::Global<base::sync::SpinLock<Option<Arc<ReturnCode>>>> =
    hal::Global::new(|| base::sync::SpinLock::new(base::rank::LEAF, None));

fn return_page() -> Result<Arc<ReturnCode>> {
    if let Some(page) = RETURN_PAGE.lock().clone() {
        return Ok(page);
    }
    let frame = Frame::allocate()?;
    for (index, instruction) in RETURN_CODE.iter().enumerate() {
        frame.store_u32(index * 4, *instruction);
    }
    let made = Arc::new(ReturnCode {
        frame,
        identity: mem::next_identity(),
    });
    // Two first programs at once: the first page stays, the other is freed.
    Ok(RETURN_PAGE.lock().get_or_insert(made).clone())
}

fn map_return_code(space: &Arc<AddressSpace>) -> Result<()> {
    let object = return_page()?;
    space.map(MapRequest {
        placement: Placement::Anywhere(0),
        length: PAGE_SIZE,
        protection: Protection::READ | Protection::EXECUTE,
        sharing: Sharing::Shared,
        backing: Backing::Object {
            object,
            offset: 0,
            maximum: Protection::READ | Protection::EXECUTE,
        },
        kind: AreaKind::Kernel,
    })?;
    Ok(())
}

/// Where the return code is mapped in a space. Looked for once a process, at its first signal.
pub(crate) fn find_return_code(space: &AddressSpace) -> Option<usize> {
    let areas = space.areas();
    areas
        .iter()
        .find(|area| area.kind == AreaKind::Kernel)
        .map(|area| area.start)
}
