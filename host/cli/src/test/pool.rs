//! Runs cases side by side, as many as the machine has CPUs, and reports each as it ends.

use super::{Case, Tally};
use crate::ui;
use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

/// Runs all cases.
pub fn run(cases: &[Case]) -> Tally {
    ui::clear();
    let next = AtomicUsize::new(0);
    let tally = Mutex::new(Tally::default());
    let workers = std::thread::available_parallelism().map_or(1, |number| number.get());
    std::thread::scope(|scope| {
        for _ in 0..workers.min(cases.len()) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let began = Instant::now();
                    let result = (case.run)();
                    let seconds = began.elapsed().as_secs_f32();
                    let mut tally = tally
                        .lock()
                        .unwrap_or_else(|poisoned| poisoned.into_inner());
                    match result {
                        Ok(()) => {
                            println!("ok      {} ({seconds:.1} s)", case.name);
                            tally.passed += 1;
                        }
                        Err(reason) => {
                            println!("FAILED  {} ({seconds:.1} s)\n{reason}\n", case.name);
                            tally.failed += 1;
                        }
                    }
                }
            });
        }
    });
    tally
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
