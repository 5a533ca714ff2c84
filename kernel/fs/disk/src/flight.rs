//! Pages on their way to the disk, of several files at once.
//!
//! Whoever brings a whole file system to its disk begins with the pages of many files before it waits for those of the first:
//! otherwise thousands of small files are thousands of waits, one behind the other. Only one thread a volume does so, the one
//! that holds [`Shared`](crate::Shared)'s lock on storing, and it has at most one run of each file under way. Who is about to
//! give blocks of a file to others takes [`Live::placing`], so that nothing more is begun, and waits until what is
//! under way has landed.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use base::Result;
use base::sync::MutexGuard;
use device::block::{Batch, Operation, Pieces};
use mem::Storing;

use crate::{DiskNode, Live, Volume};

struct Flight<N: DiskNode, F> {
    node: Arc<N>,
    batch: Arc<Batch>,
    landed: Option<F>,
}

/// Writes pieces of `node`, and does not wait for it. `landed` is called when all of them are on the disk. The caller
/// holds [`Live::placing`].
pub fn begin_write<N: DiskNode>(
    node: &Arc<N>,
    pieces: &Pieces,
    landed: impl FnOnce(&N) + Send + 'static,
) -> Result<Option<Box<dyn Storing>>> {
    let batch = pieces.submit(&**node.volume.device(), Operation::Write)?;
    node.flights.fetch_add(1, Ordering::AcqRel);
    Ok(Some(Box::new(Flight {
        node: node.clone(),
        batch,
        landed: Some(landed),
    })))
}

impl<N: DiskNode, F: FnOnce(&N) + Send> Storing for Flight<N, F> {
    fn wait(mut self: Box<Self>) -> Result<()> {
        self.batch.wait()?;
        if let Some(landed) = self.landed.take() {
            landed(&self.node);
        }
        Ok(())
    }
}

impl<N: DiskNode, F> Drop for Flight<N, F> {
    fn drop(&mut self) {
        // Nobody cares for the outcome who did not ask for it.
        let _ = self.batch.wait();
        self.node.flights.fetch_sub(1, Ordering::AcqRel);
        self.node.landings.wake_all();
    }
}

impl<V: Volume> Live<V> {
    /// To be held while blocks of the file go to others: nothing of it is on its way to the disk.
    pub fn hold_still(&self) -> MutexGuard<'_, ()> {
        let placing = self.placing.lock();
        self.landings
            .wait_until(|| (self.flights.load(Ordering::Acquire) == 0).then_some(()));
        placing
    }
}
