//! The first stack in place: mapped, filled, and the registers that begin on it.

use super::stack::{StackBuilder, SystemV, auxiliary, system_v};
use super::{ExecInfo, InitialState};
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::Result;
use hal::PAGE_SIZE;
use hal::user::UserContext;
use mem::{AddressSpace, AreaKind, MapRequest, Placement, Protection};

/// How much stack is mapped from the start; it grows when it is touched below.
const FIRST_STACK: usize = 32 * PAGE_SIZE;

/// Maps a stack that ends at `top` and grows downwards, and writes what the builder holds. Returns the stack pointer.
pub fn install_stack(
    space: &Arc<AddressSpace>,
    top: usize,
    limit: usize,
    executable: bool,
    builder: StackBuilder,
) -> Result<usize> {
    let (pointer, bytes) = builder.finish();
    let length = (top - pointer).next_multiple_of(PAGE_SIZE) + FIRST_STACK;
    let mut protection = Protection::READ | Protection::WRITE;
    protection.set(Protection::EXECUTE, executable);
    let placement = Placement::FixedNoReplace(top - length);
    let request = MapRequest {
        kind: AreaKind::Stack {
            limit: limit.max(length),
        },
        ..MapRequest::anonymous(placement, length, protection)
    };
    space.map(request)?;
    space.write_bytes(pointer, &bytes)?;
    Ok(pointer)
}

/// The auxiliary values that every System V program gets.
pub fn standard_auxiliary(info: &ExecInfo<'_>) -> Vec<(u64, u64)> {
    let mut values = Vec::with_capacity(24);
    if info.image.table_address != 0 {
        values.push((
            auxiliary::PROGRAM_HEADERS,
            info.image.table_address + info.bias as u64,
        ));
    }
    values.extend([
        (
            auxiliary::PROGRAM_HEADER_SIZE,
            super::elf::PROGRAM_HEADER_SIZE as u64,
        ),
        (
            auxiliary::PROGRAM_HEADER_COUNT,
            info.image.header.table_entries as u64,
        ),
        (auxiliary::PAGE_SIZE, PAGE_SIZE as u64),
        (auxiliary::BASE, info.interpreter_base.unwrap_or(0) as u64),
        (auxiliary::FLAGS, 0),
        (auxiliary::ENTRY, info.entry as u64),
        (auxiliary::USER, info.credentials.uid.into()),
        (auxiliary::EFFECTIVE_USER, info.credentials.euid.into()),
        (auxiliary::GROUP, info.credentials.gid.into()),
        (auxiliary::EFFECTIVE_GROUP, info.credentials.egid.into()),
        (auxiliary::SECURE, info.secure.into()),
        (auxiliary::CLOCK_TICKS, 100),
    ]);
    values
}

/// Lays out a System V stack with the standard auxiliary values and `more`, and starts at the image's start.
pub fn system_v_start(
    info: &ExecInfo<'_>,
    space: &Arc<AddressSpace>,
    more: &[(u64, u64)],
    platform: Option<&[u8]>,
) -> Result<InitialState> {
    let mut values = standard_auxiliary(info);
    values.extend_from_slice(more);
    let mut random = [0; 16];
    base::random::fill(&mut random);
    let mut builder = StackBuilder::new(info.stack_top, info.stack_limit / 4 * 3);
    let content = SystemV {
        arguments: info.arguments,
        environment: info.environment,
        auxiliary: &values,
        random,
        platform,
        executed_path: info.path,
    };
    let addresses = system_v(&mut builder, &content)?;
    let pointer = install_stack(
        space,
        info.stack_top,
        info.stack_limit,
        info.executable_stack,
        builder,
    )?;
    Ok(InitialState {
        context: UserContext::new(info.start, pointer),
        arguments: addresses.arguments,
        environment: addresses.environment,
    })
}
