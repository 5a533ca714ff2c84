//! Entering user mode with the clock running for the right side.

use super::Thread;
use hal::user::{CallRegisters, Kernel, Next, UserContext, UserEvent};

/// Runs the program until it needs `kernel` for more than a system call that is answered on the
/// way, and counts the time as user time and kernel time of `thread`, which is the current one.
#[inline]
pub fn run_user(thread: &Thread, context: &mut UserContext, kernel: impl Kernel) -> UserEvent {
    let event = context.run(&mut Timed { thread, kernel });
    // The others come from the kernel itself.
    if !matches!(event, UserEvent::Syscall | UserEvent::Attention) {
        thread.scheduling.enter_kernel();
    }
    event
}

/// The kernel, with the clock changed over on the way in and out.
struct Timed<'a, K> {
    thread: &'a Thread,
    kernel: K,
}

impl<K: Kernel> Kernel for Timed<'_, K> {
    #[inline]
    fn system_call(&mut self, call: CallRegisters<'_>) -> Next {
        self.thread.scheduling.enter_kernel();
        self.kernel.system_call(call)
    }

    #[inline]
    fn may_enter(&mut self) -> bool {
        let may = self.kernel.may_enter();
        if may {
            self.thread.scheduling.leave_kernel();
        }
        may
    }
}
