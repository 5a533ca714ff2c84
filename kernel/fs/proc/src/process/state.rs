//! What a process does at the moment, as one letter.

use alloc::sync::Arc;

use proc::Task;

use super::Subject;

/// Letter and word of a state.
pub(super) fn state(subject: &Subject) -> (char, &'static str) {
    let process = &subject.process;
    if process.is_zombie() {
        return ('Z', "zombie");
    }
    if process.is_stopped() {
        return ('T', "stopped");
    }
    let asleep = |task: &Arc<Task>| task.thread().is_some_and(|thread| thread.is_asleep());
    let sleeping = match &subject.task {
        Some(task) => asleep(task),
        None => process
            .tasks()
            .iter()
            .filter(|task| task.is_leader())
            .all(asleep),
    };
    if sleeping {
        ('S', "sleeping")
    } else {
        ('R', "running")
    }
}
