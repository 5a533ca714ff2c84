//! The page of zeros that all anonymous memory shares until it is written to.

use hal::Global;
use hal::frame::Frame;

static ZERO: Global<Option<Frame>> = Global::new(|| Frame::allocate().ok());

/// The page of zeros, if there was memory for it when it was first asked for. Nobody writes to it:
/// the page tables that hold it do so without write access.
pub(crate) fn zero_page() -> Option<&'static Frame> {
    ZERO.as_ref()
}

/// Whether `frame` is the page of zeros.
pub(crate) fn is_zero_page(frame: &Frame) -> bool {
    zero_page().is_some_and(|zero| zero.number() == frame.number())
}
