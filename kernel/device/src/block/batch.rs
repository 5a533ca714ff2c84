//! Requests, and waiting for several of them.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::sync::SpinLock;
use base::wait::WaitQueue;
use base::{Error, Result, rank};

use super::{BlockDevice, Counters, Operation, SECTOR, Segment};

/// Requests that somebody waits for together.
pub struct Batch {
    state: SpinLock<State>,
    answered: WaitQueue,
}

#[derive(Default)]
struct State {
    outstanding: usize,
    /// The first error.
    error: Option<Error>,
    /// What answered requests held, until somebody who may free memory comes.
    used: Vec<(Vec<Segment>, Counting)>,
}

/// Where a request is counted: by a part of a disk, and by the disk.
type Counting = [Option<Arc<Counters>>; 2];

impl Batch {
    /// Without requests yet.
    pub fn new() -> Arc<Batch> {
        Arc::new(Batch {
            state: SpinLock::new(rank::DEVICE_BATCH, State::default()),
            answered: WaitQueue::new(),
        })
    }

    /// Sleeps until every request is answered; the first error, if there was one. Nothing ends this
    /// sleep but the answers, which every device owes.
    pub fn wait(&self) -> Result<()> {
        self.answered
            .wait_until(|| (self.state.lock().outstanding == 0).then_some(()));
        let (used, error) = {
            let mut state = self.state.lock();
            (core::mem::take(&mut state.used), state.error.take())
        };
        drop(used);
        error.map_or(Ok(()), Err)
    }

    /// Whether every request is answered.
    pub fn is_done(&self) -> bool {
        self.state.lock().outstanding == 0
    }
}

/// Something that a device shall do. One that is dropped unanswered counts as failed.
pub struct Request {
    /// What to do.
    pub operation: Operation,
    /// Where the first byte is on the device, in sectors.
    pub sector: u64,
    segments: Vec<Segment>,
    batch: Arc<Batch>,
    counting: Counting,
    /// When it began to be counted, in ticks of the clock.
    begun: u64,
    answered: bool,
}

impl Request {
    /// A request whose answer `batch` waits for.
    pub fn new(
        operation: Operation,
        sector: u64,
        segments: Vec<Segment>,
        batch: &Arc<Batch>,
    ) -> Request {
        {
            let mut state = batch.state.lock();
            state.outstanding += 1;
            // So that an answer, which may come in an interrupt, allocates nothing.
            let outstanding = state.outstanding;
            state.used.reserve(outstanding);
        }
        Request {
            operation,
            sector,
            segments,
            batch: batch.clone(),
            counting: [None, None],
            begun: 0,
            answered: false,
        }
    }

    /// Where the bytes are, in the device's order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// How many bytes it moves.
    pub fn bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.length).sum()
    }

    /// Gives the segments to whoever does the work. They are to come back with
    /// [`Request::return_segments`] before the answer, which may come where nothing should be freed.
    pub fn take_segments(&mut self) -> Vec<Segment> {
        core::mem::take(&mut self.segments)
    }

    /// See [`Request::take_segments`].
    pub fn return_segments(&mut self, segments: Vec<Segment>) {
        self.segments = segments;
    }

    /// Whether `device` can do this at all; each driver asks first.
    pub fn check(&self, device: &dyn BlockDevice) -> Result<()> {
        let geometry = device.geometry();
        let block = geometry.block_size;
        let aligned = |bytes: usize| bytes.is_multiple_of(block.max(SECTOR));
        if self.operation == Operation::Write && geometry.read_only {
            return Err(Error::ReadOnlyFileSystem);
        }
        let bytes = self.bytes();
        let whole = self.segments.iter().all(|segment| {
            segment.offset.is_multiple_of(SECTOR) && segment.length.is_multiple_of(SECTOR)
        });
        if !whole || !aligned(bytes) || !self.sector.is_multiple_of((block / SECTOR) as u64) {
            return Err(Error::InvalidArgument);
        }
        let end = self.sector.checked_add((bytes / SECTOR) as u64);
        if end.is_none_or(|end| end > geometry.sectors) || self.segments.len() > geometry.segments {
            return Err(Error::InputOutput);
        }
        Ok(())
    }

    /// Counts it from now on until its answer. Whoever is going to answer it, or to hand it on to the whole disk, says
    /// this once, after having looked whether it can be done.
    #[inline]
    pub fn count(&mut self, counters: &Arc<Counters>) {
        let Some(place) = self.counting.iter_mut().find(|place| place.is_none()) else {
            return;
        };
        self.begun = hal::timer::ticks();
        counters.begin(self.begun);
        *place = Some(counters.clone());
    }

    /// The same request with another place: a partition's way to the whole device.
    pub fn moved(mut self, by: u64) -> Request {
        self.sector = self.sector.saturating_add(by);
        self
    }

    /// Answers it. Callable in an interrupt.
    pub fn finish(mut self, outcome: Result<()>) {
        self.answer(outcome);
    }

    fn answer(&mut self, outcome: Result<()>) {
        if core::mem::replace(&mut self.answered, true) {
            return;
        }
        let counting = core::mem::take(&mut self.counting);
        if counting[0].is_some() {
            let (now, sectors) = (hal::timer::ticks(), (self.bytes() / SECTOR) as u64);
            for counters in counting.iter().flatten() {
                counters.end(self.operation, sectors, self.begun, now);
            }
        }
        let last = {
            let mut state = self.batch.state.lock();
            let held = (core::mem::take(&mut self.segments), counting);
            state.used.push(held);
            state.outstanding -= 1;
            if let Err(error) = outcome {
                state.error.get_or_insert(error);
            }
            state.outstanding == 0
        };
        if last {
            self.batch.answered.wake_all();
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.answer(Err(Error::InputOutput));
    }
}
