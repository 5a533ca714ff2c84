//! sysinfo.

use base::Result;
use hal::PAGE_SIZE;
use mem::user::UserPtr;

use crate::call::Call;
use crate::layout::SystemInformation;

/// Bits of fraction in the load averages of `sysinfo`.
const LOAD_FRACTION: u32 = 16;

/// sysinfo(2).
pub(crate) fn sysinfo(call: &mut Call<'_>, result: UserPtr<SystemInformation>) -> Result<usize> {
    let memory = hal::frame::statistics();
    let processes = call.process().namespace().processes().len();
    let loads = base::sched::load_averages();
    result.write(&SystemInformation {
        uptime: (base::time::now().as_nanos() / 1_000_000_000) as i64,
        loads: loads.map(|load| load << (LOAD_FRACTION - base::sched::load::FRACTION_BITS)),
        total_memory: (memory.total * PAGE_SIZE) as u64,
        free_memory: (memory.free * PAGE_SIZE) as u64,
        processes: u16::try_from(processes).unwrap_or(u16::MAX),
        unit: 1,
        ..SystemInformation::default()
    })?;
    Ok(0)
}
