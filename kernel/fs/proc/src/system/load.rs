//! How long and how busy.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use base::Result;
use base::sched;

use crate::filesystem::Shared;

/// Hundredths of a second: the unit of most times in procfs (`USER_HZ`).
pub(crate) fn ticks(time: Duration) -> u64 {
    (time.as_nanos() / 10_000_000) as u64
}

/// `/proc/uptime`: seconds since boot, and idle seconds of all CPUs together.
pub(crate) fn uptime(_shared: &Shared) -> Result<Vec<u8>> {
    let up = ticks(Duration::from_nanos(base::time::now().as_nanos()));
    let idle = ticks(sched::statistics().idle.iter().sum());
    let (up, up_hundredths) = (up / 100, up % 100);
    let (idle, idle_hundredths) = (idle / 100, idle % 100);
    Ok(format!("{up}.{up_hundredths:02} {idle}.{idle_hundredths:02}\n").into_bytes())
}

/// `/proc/loadavg`: three averages, threads that run and threads in all, the last id.
pub(crate) fn loadavg(shared: &Shared) -> Result<Vec<u8>> {
    let [one, five, fifteen] = sched::load_averages().map(decimal);
    let running = sched::statistics().runnable;
    let namespace = shared.namespace();
    let threads: usize = namespace
        .processes()
        .iter()
        .map(|process| process.task_count())
        .sum();
    let last = namespace.last();
    Ok(format!("{one} {five} {fifteen} {running}/{threads} {last}\n").into_bytes())
}

/// A fixed-point number with two decimals, rounded.
fn decimal(value: u64) -> alloc::string::String {
    let one = 1_u64 << sched::load::FRACTION_BITS;
    let value = value + one / 200;
    format!("{}.{:02}", value / one, value % one * 100 / one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_have_two_decimals() {
        let one = 1 << sched::load::FRACTION_BITS;
        assert_eq!(decimal(0), "0.00");
        assert_eq!(decimal(one), "1.00");
        assert_eq!(decimal(one / 2), "0.50");
        assert_eq!(decimal(12 * one + one / 4), "12.25");
    }
}
