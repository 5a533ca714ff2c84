//! Write-back by age: a thread for each volume that is written to.

use alloc::sync::Arc;
use core::time::Duration;

use base::{log, thread, time};

use crate::Volume;

/// How often what was changed is brought to the disk, whoever asks for it or not.
const PERIOD: Duration = Duration::from_secs(5);

/// Starts the thread, called `name`, that keeps a volume's disk up with it. It ends with the volume.
pub fn keep_up<V: Volume>(name: &'static str, volume: &Arc<V>) {
    let volume = Arc::downgrade(volume);
    let body = move || {
        // A disk that is gone fails every time, and is news once.
        let mut failing = false;
        loop {
            if thread::sleep_until(time::now() + PERIOD).is_err() {
                continue;
            }
            let Some(volume) = volume.upgrade() else {
                return;
            };
            if volume.is_read_only() {
                return;
            }
            let outcome = volume.sync_all();
            if let Err(error) = &outcome
                && !failing
            {
                log::error!("{name}: write-back failed: {error}");
            }
            failing = outcome.is_err();
        }
    };
    // It works for everybody, whoever mounted.
    let prepare = |thread: &Arc<thread::Thread>| {
        thread.set_affinity(u64::MAX);
        thread.set_nice(0);
    };
    if thread::spawn_with(name, prepare, body).is_err() {
        log::warn!("{name}: nothing is written but at sync, for want of memory");
    }
}
