//! Where an archive's bytes are.

use hal::boot::Initramfs;
use hal::frame::Frame;

/// An archive in memory.
pub trait Source {
    /// Its length in bytes.
    fn len(&self) -> usize;

    /// True if there is nothing.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies bytes from `offset` on; returns how many there were.
    fn read(&self, offset: usize, into: &mut [u8]) -> usize;

    /// The page that begins at `offset`, if the archive lies in pages that can be given away.
    fn page(&self, offset: usize) -> Option<Frame>;
}

impl Source for Initramfs {
    fn len(&self) -> usize {
        Initramfs::len(self)
    }

    fn read(&self, offset: usize, into: &mut [u8]) -> usize {
        Initramfs::read(self, offset, into)
    }

    fn page(&self, offset: usize) -> Option<Frame> {
        let whole = offset.is_multiple_of(hal::PAGE_SIZE)
            && offset.checked_add(hal::PAGE_SIZE)? <= Initramfs::len(self);
        whole.then(|| self.frame(offset / hal::PAGE_SIZE))
    }
}

/// Bytes that are not pages: everything is copied.
impl Source for [u8] {
    fn len(&self) -> usize {
        <[u8]>::len(self)
    }

    fn read(&self, offset: usize, into: &mut [u8]) -> usize {
        let rest = self.get(offset..).unwrap_or_default();
        let count = rest.len().min(into.len());
        let (Some(to), Some(from)) = (into.get_mut(..count), rest.get(..count)) else {
            return 0;
        };
        to.copy_from_slice(from);
        count
    }

    fn page(&self, _offset: usize) -> Option<Frame> {
        None
    }
}
