//! A file that is attached to a device, and the thread that does its requests.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use base::sync::SpinLock;
use base::wait::WaitQueue;
use base::{Error, Result, rank, thread};
use device::block::{Operation, Request, SECTOR};
use hal::PAGE_SIZE;
use mem::transfer::{Sink, Source};
use object::File;

/// How a file is to be shown as a disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// Where the disk begins in the file, in bytes.
    pub offset: u64,
    /// The most bytes of the disk; 0 for all that there are.
    pub limit: u64,
    /// Writes are refused.
    pub read_only: bool,
    /// The file is let go with the last use of the device.
    pub autoclear: bool,
    /// Its partition table is looked through, as soon as it is attached.
    pub scanned: bool,
    /// The file's name, as whoever attached it tells; nothing depends on it.
    pub name: Vec<u8>,
}

/// See the module.
pub(crate) struct Attachment {
    queue: SpinLock<Queue>,
    arrived: WaitQueue,
    over: WaitQueue,
}

struct Queue {
    requests: VecDeque<(u64, Request)>,
    /// Nothing comes any more.
    closed: bool,
    /// The file was let go.
    ended: bool,
}

impl Attachment {
    /// Attaches a file: starts the thread, which lets the file go when it ends.
    pub(crate) fn new(file: Arc<dyn File>) -> Result<Arc<Attachment>> {
        let queue = Queue {
            requests: VecDeque::new(),
            closed: false,
            ended: false,
        };
        let made = Arc::new(Attachment {
            queue: SpinLock::new(rank::DEVICE, queue),
            arrived: WaitQueue::new(),
            over: WaitQueue::new(),
        });
        let attachment = made.clone();
        let body = move || {
            attachment.work(&*file);
            drop(file);
            attachment.queue.lock().ended = true;
            attachment.over.wake_all();
        };
        // It works for everybody, whoever attached.
        let prepare = |thread: &Arc<thread::Thread>| {
            thread.set_affinity(u64::MAX);
            thread.set_nice(0);
        };
        thread::spawn_with("loop", prepare, body).map_err(|_| Error::OutOfMemory)?;
        Ok(made)
    }

    /// Takes a request, or gives it back when it takes no more; `offset` is where the disk begins in the file.
    pub(crate) fn submit(&self, offset: u64, request: Request) -> Option<Request> {
        {
            let mut queue = self.queue.lock();
            if queue.closed {
                return Some(request);
            }
            queue.requests.push_back((offset, request));
        }
        self.arrived.wake_one();
        None
    }

    /// Takes no more requests. Those that were taken are done, and the file is let go, when this returns: whoever detached
    /// it may unmount what it lies on.
    pub(crate) fn close(&self) {
        self.queue.lock().closed = true;
        self.arrived.wake_all();
        self.over
            .wait_until(|| self.queue.lock().ended.then_some(()));
    }

    fn work(&self, file: &dyn File) {
        let mut buffer = vec![0; PAGE_SIZE];
        loop {
            let next = self.arrived.wait_until(|| {
                let mut queue = self.queue.lock();
                match queue.requests.pop_front() {
                    Some(request) => Some(Some(request)),
                    None if queue.closed => Some(None),
                    None => None,
                }
            });
            let Some((offset, request)) = next else {
                return;
            };
            let outcome = perform(file, offset, &request, &mut buffer);
            request.finish(outcome);
        }
    }
}

fn perform(file: &dyn File, offset: u64, request: &Request, buffer: &mut [u8]) -> Result<()> {
    if request.operation == Operation::Flush {
        return file.sync(false);
    }
    let mut at = request
        .sector
        .checked_mul(SECTOR as u64)
        .and_then(|begin| begin.checked_add(offset))
        .ok_or(Error::InputOutput)?;
    for segment in request.segments() {
        let mut done = 0;
        while done < segment.length {
            let part = (segment.length - done).min(buffer.len());
            let bytes = &mut buffer[..part];
            if request.operation == Operation::Read {
                read_all(file, at, bytes)?;
                segment.frame.write(segment.offset + done, bytes);
            } else {
                segment.frame.read(segment.offset + done, bytes);
                write_all(file, at, bytes)?;
            }
            done += part;
            at += part as u64;
        }
    }
    Ok(())
}

/// What lies behind the file's end is zero: it may have been cut off since it was attached.
fn read_all(file: &dyn File, offset: u64, into: &mut [u8]) -> Result<()> {
    let mut done = 0;
    while done < into.len() {
        match file.read_at(offset + done as u64, &mut Sink::kernel(&mut into[done..]))? {
            0 => {
                into[done..].fill(0);
                return Ok(());
            }
            count => done += count,
        }
    }
    Ok(())
}

fn write_all(file: &dyn File, offset: u64, from: &[u8]) -> Result<()> {
    let mut done = 0;
    while done < from.len() {
        match file.write_at(offset + done as u64, &mut Source::kernel(&from[done..]))? {
            0 => return Err(Error::InputOutput),
            count => done += count,
        }
    }
    Ok(())
}
