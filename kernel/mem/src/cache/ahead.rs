//! Reading ahead: which pages come along with one that is missing, and which are fetched before
//! anybody misses them.
//!
//! A file remembers a few *streams*: runs of pages that were brought in because somebody read in
//! order. A miss right behind a stream continues it with a window of twice the size; a miss elsewhere
//! brings what was asked for and begins a stream, in case it goes on. In each window one page is
//! marked: whoever uses it has the next window fetched by a thread of its own, so that a reader in
//! order finds everything there. Who comes to such a page before the thread has begun with it fetches
//! it himself. Because streams are found by place, several readers of one file do
//! not disturb each other, and readers through a mapping take part.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use base::rank;
use base::sync::SpinLock;
use base::wait::WaitQueue;
use hal::Global;

use super::PageCache;
use super::threads::Once;

/// The first window of a stream, and the biggest unless another one is set ([`Ahead`]), in pages: 16 KiB and 256 KiB;
/// twice that for who announced to read in order.
const FIRST_WINDOW: u64 = 4;
pub(super) const BIGGEST_WINDOW: u64 = 64;

/// The most pages that one read brings in because it asked for them itself.
const BIGGEST_REQUEST: u64 = 256;

/// What a fault brings in around the page that it needs, aligned: as much as it maps.
const AROUND: u64 = 16;

/// How many streams a file remembers.
const STREAMS: usize = 4;

/// The most windows that wait to be fetched.
const QUEUE: usize = 64;

/// The most that is read ahead of what lies on one device; nothing is where it is 0.
pub struct Ahead(AtomicU64);

impl Default for Ahead {
    fn default() -> Self {
        Self(AtomicU64::new(BIGGEST_WINDOW))
    }
}

impl Ahead {
    /// In pages.
    pub fn pages(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Sets it, in pages. No window is bigger than what one read may bring in.
    pub fn set_pages(&self, pages: u64) {
        self.0.store(pages, Ordering::Relaxed);
    }
}

/// How somebody is going to read a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pattern {
    /// Who knows.
    #[default]
    Normal,
    /// From front to back.
    Sequential,
    /// Here and there: nothing beside what is asked for is worth reading.
    Random,
}

/// For what a page is needed.
#[derive(Clone, Copy)]
pub(super) enum Need {
    /// Somebody reads that many pages.
    Read(u64, Pattern),
    /// Somebody touched a mapping.
    Touch(Pattern),
    /// A part of it will be changed.
    Change,
}

#[derive(Clone, Copy, Default)]
struct Stream {
    start: u64,
    size: u64,
    /// When it was last continued.
    turn: u64,
}

/// What is remembered of a file's readers.
#[derive(Default)]
pub(super) struct Streams {
    streams: [Stream; STREAMS],
    turn: u64,
}

/// Pages to bring in, and the one of them that is marked.
pub(super) struct Window {
    pub(super) pages: Range<u64>,
    pub(super) mark: Option<u64>,
}

impl Streams {
    /// What to bring in because the page at `index` is missing. Beyond what is asked for windows have at most `most` pages,
    /// twice that for who announced to read in order.
    pub(super) fn after_miss(&mut self, index: u64, need: Need, most: u64) -> Window {
        let (wanted, pattern) = match need {
            Need::Read(wanted, pattern) => (wanted.clamp(1, BIGGEST_REQUEST), pattern),
            Need::Touch(pattern) => (1, pattern),
            Need::Change => (1, Pattern::Random),
        };
        let alone = Window {
            pages: index..index.saturating_add(wanted),
            mark: None,
        };
        if pattern == Pattern::Random || most == 0 {
            return alone;
        }
        if let Some(place) = self.stream_where(|stream| stream.start + stream.size == index) {
            let size = next_size(self.streams[place].size, biggest(pattern, most)).max(wanted);
            return self.window(place, index, size, 0);
        }
        let place = self.oldest();
        if index == 0 || pattern == Pattern::Sequential {
            let size = first_size(wanted, biggest(pattern, most));
            let unmarked = if wanted < size { wanted } else { 0 };
            return self.window(place, index, size, unmarked);
        }
        if matches!(need, Need::Touch(_)) && most >= AROUND {
            let start = index - index % AROUND;
            self.note(place, start, AROUND);
            return Window {
                pages: start..start + AROUND,
                mark: None,
            };
        }
        self.note(place, index, wanted);
        alone
    }

    /// What to fetch because the marked page at `index` was used.
    pub(super) fn after_mark(&mut self, index: u64, most: u64) -> Window {
        if most == 0 {
            return Window {
                pages: index..index,
                mark: None,
            };
        }
        let inside = |stream: &Stream| {
            stream.start <= index && index < stream.start.saturating_add(stream.size)
        };
        match self.stream_where(inside) {
            Some(place) => {
                let Stream { start, size, .. } = self.streams[place];
                let size_now = next_size(size, biggest(Pattern::Normal, most))
                    .max(size.min(biggest(Pattern::Sequential, most)));
                self.window(place, start.saturating_add(size), size_now, 0)
            }
            None => {
                let place = self.oldest();
                self.window(place, index.saturating_add(1), FIRST_WINDOW.min(most), 0)
            }
        }
    }

    fn stream_where(&self, fits: impl Fn(&Stream) -> bool) -> Option<usize> {
        self.streams
            .iter()
            .position(|stream| stream.size > 0 && fits(stream))
    }

    fn oldest(&self) -> usize {
        (0..STREAMS)
            .min_by_key(|&place| self.streams[place].turn)
            .unwrap_or(0)
    }

    fn note(&mut self, place: usize, start: u64, size: u64) {
        self.turn += 1;
        self.streams[place] = Stream {
            start,
            size,
            turn: self.turn,
        };
    }

    /// A window at `start`, marked behind its first `unmarked` pages.
    fn window(&mut self, place: usize, start: u64, size: u64, unmarked: u64) -> Window {
        self.note(place, start, size);
        Window {
            pages: start..start.saturating_add(size),
            mark: Some(start.saturating_add(unmarked)),
        }
    }
}

fn biggest(pattern: Pattern, most: u64) -> u64 {
    let most = match pattern {
        Pattern::Sequential => most.saturating_mul(2),
        _ => most,
    };
    most.min(BIGGEST_REQUEST)
}

fn first_size(wanted: u64, biggest: u64) -> u64 {
    let size = wanted.next_power_of_two();
    if size <= biggest / 32 {
        (size * 4).max(FIRST_WINDOW)
    } else if size <= biggest / 4 {
        size * 2
    } else {
        biggest.max(wanted)
    }
}

fn next_size(size: u64, biggest: u64) -> u64 {
    if size < biggest / 16 {
        (size * 4).max(FIRST_WINDOW)
    } else {
        (size * 2).min(biggest)
    }
}

/// A window that was announced: its pages are marked as coming.
pub(super) struct Job {
    pub(super) first: u64,
    pub(super) count: u64,
    pub(super) token: u64,
    pub(super) mark: Option<u64>,
    /// The page that somebody waits for; the others are welcome.
    pub(super) needed: Option<u64>,
}

struct Fetcher {
    jobs: SpinLock<VecDeque<(Arc<PageCache>, Job)>>,
    filled: WaitQueue,
    thread: Once,
}

static FETCHER: Global<Fetcher> = Global::new(|| Fetcher {
    jobs: SpinLock::new(rank::LEAF, VecDeque::with_capacity(QUEUE)),
    filled: WaitQueue::new(),
    thread: Once::new(),
});

impl PageCache {
    /// Has the pages of `window` fetched by the thread for it, as far as they are not here.
    pub(super) fn fetch_later(&self, window: Window) {
        if hal::frame::is_short() || !FETCHER.thread.start("read-ahead", fetch) {
            return;
        }
        let Some(cache) = self.me.upgrade() else {
            return;
        };
        let job = {
            let mut state = self.state.lock();
            let Window { pages, mark } = window;
            let (count, token) =
                state.announce_run(pages.start, pages.end.saturating_sub(pages.start));
            Job {
                first: pages.start,
                count,
                token,
                mark,
                needed: None,
            }
        };
        if job.count == 0 {
            return;
        }
        let refused = {
            let mut jobs = FETCHER.jobs.lock();
            if jobs.len() < QUEUE {
                jobs.push_back((cache, job));
                None
            } else {
                Some((cache, job))
            }
        };
        match refused {
            None => {
                FETCHER.filled.wake_one();
                // Who found the marks before the job was queued looks for it again.
                self.arrived.wake_all();
            }
            Some((_, job)) => self.give_up(&job),
        }
    }

    /// Takes the job out of the queue that is to fetch the page at `index`, if it is still in there.
    pub(super) fn take_queued(&self, index: u64) -> Option<(Arc<PageCache>, Job)> {
        self.source.as_ref()?;
        let mut jobs = FETCHER.jobs.lock();
        let place = jobs.iter().position(|(cache, job)| {
            core::ptr::eq(Arc::as_ptr(cache), self)
                && job.first <= index
                && index - job.first < job.count
        });
        jobs.remove(place?)
    }

    /// Has `count` pages from `first` on brought in soon, as far as the file goes.
    pub fn prefetch(&self, first: u64, count: u64) {
        if self.source.is_none() || self.is_metadata() {
            return;
        }
        let end = first
            .saturating_add(count)
            .min(self.state.lock().page_count());
        let mut at = first;
        // No more than half of what is free, lest the first ones go before the last ones come.
        let most = (hal::frame::statistics().free / 2) as u64;
        let end = end.min(first.saturating_add(most));
        while at < end {
            let next = end.min(at + BIGGEST_REQUEST);
            // What is here, or coming, splits the window.
            let mut from = at;
            while let Some(absent) = self.first_absent(from..next) {
                self.fetch_later(Window {
                    pages: absent..next,
                    mark: None,
                });
                match self.first_present(absent..next) {
                    Some(present) if present > absent => from = present,
                    _ => break,
                }
            }
            at = next;
        }
    }

    fn first_absent(&self, range: Range<u64>) -> Option<u64> {
        self.state.lock().pages.first_gap(range)
    }

    fn first_present(&self, range: Range<u64>) -> Option<u64> {
        self.state.lock().pages.first_in(range)
    }
}

fn fetch() {
    loop {
        let (cache, job) = FETCHER
            .filled
            .wait_until(|| FETCHER.jobs.lock().pop_front());
        // Nobody waits for the error: whoever needs a page asks for it again and hears it.
        let _ = cache.complete(&job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pages a reader in order has brought in at each miss.
    fn windows(most: u64, pattern: Pattern) -> Vec<u64> {
        let mut streams = Streams::default();
        let mut index = 0;
        let mut sizes = Vec::new();
        for _ in 0..6 {
            let window = streams.after_miss(index, Need::Read(1, pattern), most);
            sizes.push(window.pages.end - window.pages.start);
            index = window.pages.end;
        }
        sizes
    }

    #[test]
    fn windows_grow_up_to_what_is_set() {
        let normal = |most| windows(most, Pattern::Normal);
        assert_eq!(normal(BIGGEST_WINDOW), [4, 8, 16, 32, 64, 64]);
        assert_eq!(normal(8), [2, 4, 8, 8, 8, 8]);
        assert_eq!(normal(1), [1; 6]);
        assert_eq!(normal(0), [1; 6]);
        assert!(
            normal(u64::MAX)
                .iter()
                .all(|pages| *pages <= BIGGEST_REQUEST)
        );
        let announced = |most| windows(most, Pattern::Sequential);
        assert_eq!(announced(8), [2, 4, 8, 16, 16, 16]);
        assert!(
            announced(u64::MAX)
                .iter()
                .all(|pages| *pages <= BIGGEST_REQUEST)
        );
    }

    #[test]
    fn without_reading_ahead_nobody_gets_more_than_he_asks_for() {
        let mut streams = Streams::default();
        let before = streams.after_miss(0, Need::Read(1, Pattern::Sequential), BIGGEST_WINDOW);
        assert!(before.mark.is_some());
        let none = streams.after_mark(0, 0);
        assert!(none.pages.is_empty() && none.mark.is_none());
        for need in [
            Need::Read(3, Pattern::Sequential),
            Need::Touch(Pattern::Normal),
            Need::Touch(Pattern::Sequential),
        ] {
            let wanted = match need {
                Need::Read(wanted, _) => wanted,
                _ => 1,
            };
            let window = streams.after_miss(100, need, 0);
            assert_eq!(window.pages, 100..100 + wanted);
        }
    }
}
