//! A disk that takes its time, and answers in an order of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use base::sync::SpinLock;
use base::wait::WaitQueue;
use base::{rank, thread};
use device::DeviceNumber;
use device::block::{BlockDevice, Geometry, MemoryDisk, Request};

use crate::Random;

/// A disk in memory behind a queue, from which a thread takes one request after another at random.
pub struct SlowDisk {
    disk: Arc<MemoryDisk>,
    queue: SpinLock<Vec<Request>>,
    longest: AtomicUsize,
    called: WaitQueue,
    over: AtomicBool,
}

impl SlowDisk {
    /// Puts `disk` behind a queue; the seed decides the order of answers.
    pub fn new(disk: &Arc<MemoryDisk>, seed: u64) -> Arc<SlowDisk> {
        let slow = Arc::new(SlowDisk {
            disk: disk.clone(),
            queue: SpinLock::new(rank::DEVICE, Vec::new()),
            longest: AtomicUsize::new(0),
            called: WaitQueue::new(),
            over: AtomicBool::new(false),
        });
        let device = slow.clone();
        thread::spawn("slow disk", move || device.serve(Random::new(seed))).expect("a thread");
        slow
    }

    /// The most requests that were in the queue at once.
    pub fn longest_queue(&self) -> usize {
        self.longest.load(Ordering::Relaxed)
    }

    /// Its thread ends. Nothing may be asked of it after that.
    pub fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.called.wake_all();
    }

    fn serve(&self, mut random: Random) {
        while !self.over.load(Ordering::Acquire) {
            self.called.wait_until(|| {
                let over = self.over.load(Ordering::Acquire);
                (over || !self.queue.lock().is_empty()).then_some(())
            });
            // Others may want something, too, before this one does anything.
            for _ in 0..random.below(20) {
                thread::yield_now();
            }
            let taken = {
                let mut queue = self.queue.lock();
                // Most often the latest: what came early may be there very late.
                let place = match random.below(16) {
                    0 => random.below(queue.len().max(1)),
                    _ => queue.len().saturating_sub(1),
                };
                (place < queue.len()).then(|| queue.remove(place))
            };
            if let Some(request) = taken {
                self.disk.submit(request);
            }
        }
    }
}

impl BlockDevice for SlowDisk {
    fn number(&self) -> DeviceNumber {
        self.disk.number()
    }

    fn name(&self) -> &str {
        self.disk.name()
    }

    fn geometry(&self) -> Geometry {
        self.disk.geometry()
    }

    fn submit(&self, request: Request) {
        if std::thread::panicking() {
            // The machine has ended, so its threads have, and what ends with a failed test waits for an answer.
            let left = std::mem::take(&mut *self.queue.lock());
            left.into_iter().for_each(|early| self.disk.submit(early));
            return self.disk.submit(request);
        }
        let length = {
            let mut queue = self.queue.lock();
            queue.push(request);
            queue.len()
        };
        self.longest.fetch_max(length, Ordering::Relaxed);
        self.called.wake_all();
    }
}
