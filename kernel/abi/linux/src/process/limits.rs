//! Limits and what was used: getrlimit, prlimit64, getrusage, times.

use alloc::sync::Arc;

use base::time::Duration;
use base::{Error, Result};
use mem::user::UserPtr;
use proc::{Limit, Process, Resource, ResourceUsage as Usage};

use super::process_of;
use vfs::Capabilities;

use crate::call::Call;
use crate::layout::{ProcessTimes, ResourceLimit, ResourceUsage, TICKS_PER_SECOND, TimeValue};

fn resource(number: u32) -> Result<Resource> {
    Resource::new(number as usize).ok_or(Error::InvalidArgument)
}

impl ResourceLimit {
    fn of(limit: Limit) -> ResourceLimit {
        ResourceLimit {
            soft: limit.soft,
            hard: limit.hard,
        }
    }
}

/// getrlimit(2).
pub(crate) fn getrlimit(
    call: &mut Call<'_>,
    number: u32,
    limit: UserPtr<ResourceLimit>,
) -> Result<usize> {
    let resource = resource(number)?;
    limit.write(&ResourceLimit::of(call.process().limits().get(resource)))?;
    Ok(0)
}

/// setrlimit(2).
pub(crate) fn setrlimit(
    call: &mut Call<'_>,
    number: u32,
    limit: UserPtr<ResourceLimit>,
) -> Result<usize> {
    let limit = limit.read()?;
    set(call.process(), resource(number)?, limit)
}

/// The most descriptors that can be asked for (`fs.nr_open`).
const MOST_HANDLES: u64 = 1 << 20;

fn set(process: &Arc<Process>, resource: Resource, limit: ResourceLimit) -> Result<usize> {
    if resource == Resource::Handles && limit.hard > MOST_HANDLES {
        return Err(Error::NotPermitted);
    }
    process.set_limit(
        resource,
        Limit {
            soft: limit.soft,
            hard: limit.hard,
        },
    )?;
    if resource == Resource::ProcessorTime {
        process.processor_timers().look(process);
    }
    Ok(0)
}

/// prlimit64(2).
pub(crate) fn prlimit64(
    call: &mut Call<'_>,
    pid: i32,
    number: u32,
    new: UserPtr<ResourceLimit>,
    old: UserPtr<ResourceLimit>,
) -> Result<usize> {
    let resource = resource(number)?;
    let new = match new.non_null() {
        Some(new) => Some(new.read()?),
        None => None,
    };
    let target = process_of(call, pid)?;
    if !core::ptr::eq(&*target, &**call.process()) {
        let (mine, theirs) = (call.process().credentials(), target.credentials());
        if !mine.has(Capabilities::RESOURCES) && !theirs.belong_to(mine.uid, mine.gid) {
            return Err(Error::NotPermitted);
        }
    }
    let before = target.limits().get(resource);
    if let Some(new) = new {
        set(&target, resource, new)?;
    }
    if let Some(old) = old.non_null() {
        old.write(&ResourceLimit::of(before))?;
    }
    Ok(0)
}

/// What was used, as Linux's record.
pub(crate) fn usage_record(usage: &Usage) -> ResourceUsage {
    ResourceUsage {
        user: TimeValue::from_duration(Duration::from_nanos(usage.user_ns)),
        system: TimeValue::from_duration(Duration::from_nanos(usage.system_ns)),
        max_resident: (usage.peak_resident_bytes / 1024) as i64,
        minor_faults: usage.faults as i64,
        voluntary_switches: usage.voluntary_switches as i64,
        involuntary_switches: usage.involuntary_switches as i64,
        ..ResourceUsage::default()
    }
}

/// getrusage(2).
pub(crate) fn getrusage(
    call: &mut Call<'_>,
    who: i32,
    result: UserPtr<ResourceUsage>,
) -> Result<usize> {
    let mut usage = match who {
        0 => call.process().usage(),
        1 => call.task.usage(),
        -1 => call.process().children_usage(),
        _ => return Err(Error::InvalidArgument),
    };
    if who >= 0
        && let Some(space) = call.process().space()
    {
        usage.peak_resident_bytes = space.resident_peak_bytes() as u64;
    }
    result.write(&usage_record(&usage))?;
    Ok(0)
}

fn ticks(nanoseconds: u64) -> i64 {
    (nanoseconds / (1_000_000_000 / TICKS_PER_SECOND)) as i64
}

/// times(2): returns the ticks since boot.
pub(crate) fn times(call: &mut Call<'_>, result: UserPtr<ProcessTimes>) -> Result<usize> {
    if let Some(result) = result.non_null() {
        let (own, children) = (call.process().usage(), call.process().children_usage());
        result.write(&ProcessTimes {
            user: ticks(own.user_ns),
            system: ticks(own.system_ns),
            children_user: ticks(children.user_ns),
            children_system: ticks(children.system_ns),
        })?;
    }
    Ok(ticks(base::time::now().as_nanos()) as usize)
}
