//! Bringing pages in and out.

use base::{Error, Result};
use hal::frame::Frame;

use super::PageCache;
use super::state::Lookup;

/// What to do about a page that is not here.
enum Turn {
    Found(Frame),
    Wait,
    Bring(u64),
}

impl PageCache {
    /// The page at `index`, which has to lie within the file.
    pub(super) fn page_within(&self, index: u64) -> Result<Frame> {
        self.page_with(index, |cache| {
            if index < cache.state.lock().page_count() {
                Ok(())
            } else {
                Err(Error::OutOfRange)
            }
        })
    }

    /// The page at `index`, wherever the end is: for a write that will extend the file.
    pub(super) fn page_for_write(&self, index: u64) -> Result<Frame> {
        self.page_with(index, |_| Ok(()))
    }

    fn page_with(&self, index: u64, allowed: impl Fn(&Self) -> Result<()>) -> Result<Frame> {
        loop {
            allowed(self)?;
            let turn = {
                let mut state = self.state.lock();
                match state.find(index) {
                    Lookup::Here(frame) => Turn::Found(frame),
                    Lookup::Coming => Turn::Wait,
                    Lookup::Absent => Turn::Bring(state.announce(index)),
                }
            };
            match turn {
                Turn::Found(frame) => return Ok(frame),
                Turn::Wait => self.arrived.wait_until(|| {
                    let coming = matches!(self.state.lock().find(index), Lookup::Coming);
                    (!coming).then_some(())
                }),
                Turn::Bring(token) => {
                    let brought = self.bring(index, token);
                    self.arrived.wake_all();
                    if let Some(frame) = brought? {
                        return Ok(frame);
                    }
                }
            }
        }
    }

    /// Brings a page in and enters it in the place of the mark; `None` if the mark is gone because
    /// the page was cut off meanwhile.
    fn bring(&self, index: u64, token: u64) -> Result<Option<Frame>> {
        let brought = self.make_page(index);
        let mut state = self.state.lock();
        match brought {
            Err(error) => {
                state.withdraw(index, token);
                Err(error)
            }
            Ok(frame) if state.is_announced(index, token) => {
                state.put(index, frame.clone());
                Ok(Some(frame))
            }
            Ok(frame) => {
                drop(state);
                drop(frame);
                self.refund(1);
                Ok(None)
            }
        }
    }

    fn make_page(&self, index: u64) -> Result<Frame> {
        if let Some(budget) = &self.budget {
            budget.charge(1)?;
        }
        let made = match &self.source {
            None => match &self.budget {
                Some(budget) if !budget.is_charged_to_writer() => {
                    let payer = base::thread::pay_from(0);
                    let made = Frame::allocate();
                    base::thread::pay_from(payer);
                    made
                }
                _ => Frame::allocate(),
            }
            .map_err(Error::from),
            Some(source) => Frame::allocate_dirty()
                .map_err(Error::from)
                .and_then(|frame| source.read_page(index, &frame).map(|()| frame)),
        };
        if made.is_err() {
            self.refund(1);
        }
        made
    }

    pub(super) fn refund(&self, pages: usize) {
        if let Some(budget) = &self.budget
            && pages > 0
        {
            budget.refund(pages);
        }
    }

    /// Stores the dirty ones of `count` pages from `first` on.
    pub fn write_back(&self, first: u64, count: u64) -> Result<()> {
        let Some(source) = &self.source else {
            return Ok(());
        };
        let range = first..first.saturating_add(count);
        // A page that is mapped for writing would become dirty again without anyone being told:
        // it is taken out of the address spaces first, and the next write faults.
        loop {
            let next = self.state.lock().take_dirty(range.clone());
            let Some((index, frame)) = next else {
                return Ok(());
            };
            self.unmap_everywhere(index..index + 1);
            if let Err(error) = source.write_page(index, &frame) {
                self.state.lock().mark_dirty(index);
                return Err(error);
            }
        }
    }
}
