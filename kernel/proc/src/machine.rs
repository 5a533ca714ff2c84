//! The machine's own environment: the outermost one, which holds all processes.
//!
//! Nothing looks processes up in it on behalf of a program: it serves those who speak for the machine, the terminals and
//! the choice of a victim when memory has run out.

use crate::environment::Environment;
use crate::namespace::PidNamespace;
use crate::task::Task;
use crate::{memory_pressure, terminal};
use alloc::sync::Arc;
use base::sync::Once;
use hal::Global;
use ipc::local::PeerCredentials;

static MACHINE: Global<Once<Arc<Environment>>> = Global::new(Once::new);

/// Makes `environment` the machine's own, and connects processes with terminals and with memory pressure. Called once
/// at boot; a second call changes nothing.
pub fn start(environment: &Arc<Environment>) {
    if MACHINE.set(environment.clone()).is_ok() {
        terminal::install();
        memory_pressure::install();
        ipc::local::set_writer(writer);
    }
}

/// Who the caller is to the other end of a local socket.
fn writer() -> Option<PeerCredentials> {
    let task = Task::current()?;
    let process = task.process();
    let credentials = process.credentials();
    Some(PeerCredentials {
        process: process.identity().clone(),
        uid: credentials.uid,
        gid: credentials.gid,
    })
}

/// The machine's own environment, once there is one.
pub fn environment() -> Option<Arc<Environment>> {
    MACHINE.get().cloned()
}

/// The outermost namespace of process ids.
pub fn namespace() -> Option<Arc<PidNamespace>> {
    MACHINE
        .get()
        .map(|environment| environment.processes().clone())
}
