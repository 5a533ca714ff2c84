//! On which CPU a woken thread continues: a pure function.
//!
//! Where it ran last, if that CPU idles: its data is still warm there. Else on the waker's own
//! CPU if that idles (an interrupt woke it), else on any idle one. If none idles, where fewer
//! wait, preferring the last one.

/// What the choice knows of a CPU.
#[derive(Clone, Copy, Debug)]
pub struct CpuView {
    /// Nothing runs there.
    pub idle: bool,
    /// How many run or wait there.
    pub load: usize,
}

/// A set of CPUs, one bit each.
pub type CpuMask = u64;

/// Whether `mask` contains `cpu`.
pub fn allows(mask: CpuMask, cpu: usize) -> bool {
    cpu < 64 && mask & (1 << cpu) != 0
}

/// Chooses a CPU out of `cpus` for a thread that may run on those of `mask`, ran on `last` before,
/// and is woken on `waker`. A mask that allows none of them is treated as allowing all.
pub fn choose(cpus: &[CpuView], mask: CpuMask, last: usize, waker: usize) -> usize {
    let may = |cpu: usize| cpu < cpus.len() && allows(mask, cpu);
    let candidates = || (0..cpus.len()).filter(|cpu| may(*cpu));
    if candidates().next().is_none() {
        return if cpus.is_empty() {
            0
        } else {
            choose(cpus, CpuMask::MAX, last, waker)
        };
    }
    for preferred in [last, waker] {
        if may(preferred) && cpus[preferred].idle {
            return preferred;
        }
    }
    if let Some(idle) = candidates().find(|cpu| cpus[*cpu].idle) {
        return idle;
    }
    candidates()
        .min_by_key(|cpu| (cpus[*cpu].load, *cpu != last, *cpu != waker))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: CpuView = CpuView {
        idle: false,
        load: 1,
    };
    const IDLE: CpuView = CpuView {
        idle: true,
        load: 0,
    };

    #[test]
    fn warm_and_idle_wins() {
        assert_eq!(choose(&[IDLE, IDLE, IDLE], CpuMask::MAX, 2, 0), 2);
    }

    #[test]
    fn idle_beats_warm() {
        assert_eq!(choose(&[BUSY, BUSY, IDLE], CpuMask::MAX, 0, 1), 2);
        assert_eq!(choose(&[BUSY, IDLE, IDLE], CpuMask::MAX, 0, 2), 2);
    }

    #[test]
    fn the_mask_rules() {
        assert_eq!(choose(&[IDLE, BUSY, IDLE], 0b010, 0, 0), 1);
        assert_eq!(choose(&[IDLE, BUSY], 1 << 9, 0, 0), 0);
    }

    #[test]
    fn fewer_wait_wins_when_all_are_busy() {
        let long = CpuView {
            idle: false,
            load: 5,
        };
        assert_eq!(choose(&[long, BUSY], CpuMask::MAX, 0, 0), 1);
        assert_eq!(choose(&[BUSY, BUSY], CpuMask::MAX, 1, 0), 1);
    }
}
