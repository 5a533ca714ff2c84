//! A machine for one test, and a root's context on a file system in it.

use std::sync::Arc;
use vfs::{FileSystem, FsContext, View};

/// Runs `test` as the kernel of a machine of its own with one CPU.
///
/// # Panics
/// If the test panics, or the machine has something to complain about: a leak, a lock out of order.
pub fn on_machine(test: impl FnOnce() + 'static) {
    on_machine_with(1, 1, test);
}

/// The same with `cpus` CPUs whose order of steps follows `seed`.
///
/// # Panics
/// As [`on_machine`].
pub fn on_machine_with(seed: u64, cpus: usize, test: impl FnOnce() + 'static) {
    let outcome = hal::hosted::Machine::new(seed)
        .cpus(cpus)
        .run_with(move |_| {
            base::init().expect("the kernel's ground comes up");
            test();
        });
    if let Some(complaint) = outcome.complaint() {
        panic!("{complaint}");
    }
}

/// The super-user's context on a view whose root is `filesystem`, with no umask.
pub fn context(filesystem: &Arc<dyn FileSystem>) -> FsContext {
    let mut context = FsContext::new(View::new(filesystem));
    context.umask = 0;
    context
}
