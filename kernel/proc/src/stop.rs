//! Job-control stops: all threads of a process stand still until CONTINUE or the end.
//!
//! A stop event's default action asks for the stop; each thread parks itself when it next comes to its user loop; the
//! last one to arrive completes the stop, and the parent hears of it. Sleeping calls are
//! interrupted and start again afterwards, as the ABI decides.

use crate::event::{ChildChange, DefaultAction, Event, notify_parent};
use crate::process::Process;
use crate::task::Task;
use alloc::sync::Arc;

impl Process {
    /// Starts a stop, unless CONTINUE came since `generation` or the process is ending.
    pub(crate) fn begin_stop(&self, event: Event, generation: u64) {
        debug_assert_eq!(DefaultAction::of(event), DefaultAction::Stop);
        let mut shared = self.shared.lock();
        if shared.ending.is_some()
            || shared.stop.generation != generation
            || shared.stop.requested.is_some()
        {
            return;
        }
        shared.stop.requested = Some(event);
        shared.stop.continued = false;
        for task in &shared.tasks {
            task.notice();
        }
    }

    /// Completes the stop if every thread is parked; returns the event that the parent is to hear about.
    pub(crate) fn complete_stop(&self) -> Option<Event> {
        let mut shared = self.shared.lock();
        let event = shared.stop.requested?;
        if shared.stop.complete
            || shared.tasks.is_empty()
            || shared.stop.parked < shared.tasks.len()
        {
            return None;
        }
        shared.stop.complete = true;
        shared.stop.unreported = Some(event);
        Some(event)
    }

    /// Tells the parent if the stop is complete now.
    pub(crate) fn report_stop(self: &Arc<Self>) {
        if let Some(event) = self.complete_stop() {
            notify_parent(self, ChildChange::Stopped, event.number().into());
        }
    }
}

impl Task {
    /// Stands still while the process is stopped.
    pub(crate) fn park(&self) {
        let process = self.process();
        process.shared.lock().stop.parked += 1;
        process.report_stop();
        process.continued.wait_until(|| {
            let stopped = process.shared.lock().stop.requested.is_some();
            (!stopped || self.is_killed()).then_some(())
        });
        process.shared.lock().stop.parked -= 1;
    }
}
