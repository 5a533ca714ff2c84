//! riscv_hwprobe: what the processor can do, asked key by key.

use base::{Error, Result};
use mem::user::UserPtr;

use crate::call::Call;
use crate::layout::HardwareProbe;
use crate::machine::riscv64::probe;

/// The most pairs of one call.
const MOST: usize = 1024;

/// The answer to one key; `None` for keys that are not known, whose number becomes -1.
fn answer(key: i64) -> Option<u64> {
    match key {
        // Not told: nothing here depends on the make of the processor.
        probe::MVENDORID | probe::MARCHID | probe::MIMPID => Some(0),
        probe::BASE_BEHAVIOR => Some(probe::BASE_BEHAVIOR_IMA),
        probe::IMA_EXT_0 => Some(probe::IMA_FD | probe::IMA_C),
        // How fast misaligned accesses are was not measured: unknown.
        probe::CPUPERF_0 | probe::MISALIGNED_SCALAR_PERF => Some(0),
        probe::HIGHEST_VIRT_ADDRESS => Some(hal::USER_END as u64 - 1),
        _ => None,
    }
}

/// riscv_hwprobe(2). The CPUs are all alike, so which ones are asked about changes nothing.
pub(crate) fn riscv_hwprobe(
    _call: &mut Call<'_>,
    pairs: UserPtr<HardwareProbe>,
    count: usize,
    cpus_size: usize,
    cpus: usize,
    flags: u32,
) -> Result<usize> {
    const WHICH_CPUS: u32 = 1;
    if flags & !WHICH_CPUS != 0 || count > MOST {
        return Err(Error::InvalidArgument);
    }
    if flags & WHICH_CPUS != 0 {
        return which_cpus(pairs, count, cpus_size, cpus);
    }
    if cpus_size != 0 {
        read_mask(cpus_size, cpus)?;
    }
    for index in 0..count {
        let pair = pairs.offset(index);
        let mut record = pair.read()?;
        match answer(record.key) {
            Some(value) => record.value = value,
            None => record = HardwareProbe { key: -1, value: 0 },
        }
        pair.write(&record)?;
    }
    Ok(0)
}

/// The other direction: which CPUs have all these values. All have, or none.
fn which_cpus(
    pairs: UserPtr<HardwareProbe>,
    count: usize,
    cpus_size: usize,
    cpus: usize,
) -> Result<usize> {
    if cpus_size == 0 || cpus == 0 {
        return Err(Error::InvalidArgument);
    }
    let mut all_have = true;
    for record in pairs.read_many(count)? {
        all_have &= answer(record.key).is_some_and(|value| value & record.value == record.value);
    }
    let present = (1u64 << hal::cpu::count()) - 1;
    let asked = match read_mask(cpus_size, cpus)? & present {
        0 => present,
        some => some,
    };
    let result = if all_have { asked } else { 0 };
    let size = cpus_size.min(size_of::<u64>());
    mem::user::write_bytes(cpus, &result.to_le_bytes()[..size])?;
    Ok(0)
}

/// The CPUs that are asked about; there are never more than the first word has room for.
fn read_mask(size: usize, address: usize) -> Result<u64> {
    let mut mask = [0; size_of::<u64>()];
    let size = size.min(mask.len());
    mem::user::read_bytes(address, &mut mask[..size])?;
    Ok(u64::from_le_bytes(mask))
}
