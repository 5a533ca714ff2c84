//! Deferred work: what an interrupt handler starts but may not do itself.
//!
//! [`defer`] puts a closure into a queue; one kernel thread runs them in order, where they may
//! sleep. For a driver that has the same thing to do at every interrupt, [`Work`] is made once
//! and then queued without allocating; queueing it again before it ran is the same as once.

use crate::wait::WaitQueue;
use crate::{Result, rank, thread};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use hal::Global;
use hal::sync::SpinLock;

enum Item {
    Once(Box<dyn FnOnce() + Send>),
    Again(Arc<Inner>),
}

struct Queue {
    items: SpinLock<VecDeque<Item>>,
    filled: WaitQueue,
}

static QUEUE: Global<Queue> = Global::new(|| Queue {
    items: SpinLock::new(rank::LEAF, VecDeque::with_capacity(64)),
    filled: WaitQueue::new(),
});

struct Inner {
    function: Box<dyn Fn() + Send + Sync>,
    queued: AtomicBool,
}

/// Work that is done again and again.
#[derive(Clone)]
pub struct Work {
    inner: Arc<Inner>,
}

impl Work {
    /// Work that runs `function` each time it was queued.
    pub fn new(function: impl Fn() + Send + Sync + 'static) -> Work {
        Work {
            inner: Arc::new(Inner {
                function: Box::new(function),
                queued: AtomicBool::new(false),
            }),
        }
    }

    /// Has it run soon, once, however often this is called before it does.
    pub fn queue(&self) {
        if !self.inner.queued.swap(true, Ordering::SeqCst) {
            push(Item::Again(self.inner.clone()));
        }
    }
}

/// Runs `function` soon in the work thread.
pub fn defer(function: impl FnOnce() + Send + 'static) {
    push(Item::Once(Box::new(function)));
}

fn push(item: Item) {
    QUEUE.items.lock().push_back(item);
    QUEUE.filled.wake_one();
}

/// Starts the work thread.
pub(crate) fn start() -> Result<()> {
    thread::spawn("work", || {
        loop {
            let item = QUEUE.filled.wait_until(|| QUEUE.items.lock().pop_front());
            match item {
                Item::Once(function) => function(),
                Item::Again(inner) => {
                    // Before it runs: what comes up meanwhile must not be missed.
                    inner.queued.store(false, Ordering::SeqCst);
                    (inner.function)();
                }
            }
        }
    })?;
    Ok(())
}
