//! A file as mapped memory: its page cache, and the place it was opened at.
//!
//! The pages are the cache's. What this adds is that a mapping keeps its file in use as an open file does (a mount cannot
//! be taken away under a running program, nor become read-only under who can still write) and that `/proc/PID/maps` can
//! say the file's name as it is now.

use alloc::string::String;
use alloc::sync::{Arc, Weak};

use base::Result;
use hal::frame::Frame;
use hal::user::Access;
use mem::{AddressSpace, ErrorMark, MemoryObject, ObjectDescription, PageCache, Pattern};

use crate::hold::MappedClaims;
use crate::path::Path;
use crate::path_text;

/// See the module.
pub(crate) struct MappedFile {
    pub(crate) place: Path,
    pub(crate) cache: Arc<PageCache>,
    /// Up to where msync(2) has told what could not be stored.
    pub(crate) errors: ErrorMark,
    /// What the open file that it came from has claimed.
    pub(crate) _claims: Option<Arc<MappedClaims>>,
}

impl MemoryObject for MappedFile {
    fn page(&self, index: u64, access: Access) -> Result<Frame> {
        self.cache.page(index, access)
    }

    fn page_expected(&self, index: u64, access: Access, pattern: Pattern) -> Result<Frame> {
        self.cache.page_expected(index, access, pattern)
    }

    fn will_need(&self, first: u64, count: u64) {
        self.cache.will_need(first, count);
    }

    fn resident(&self, first: u64, pages: &mut [Option<Frame>]) {
        self.cache.resident(first, pages);
    }

    fn writable_early(&self) -> bool {
        self.cache.writable_early()
    }

    fn generation(&self) -> u64 {
        self.cache.generation()
    }

    fn identity(&self) -> u64 {
        self.cache.identity()
    }

    fn mapped_by(&self, space: &Weak<AddressSpace>) {
        self.cache.mapped_by(space);
    }

    fn sync(&self, first: u64, count: u64) -> Result<()> {
        if !self.cache.is_stored() {
            return Ok(());
        }
        let written = self.cache.write_back(first, count);
        // And what it takes to find them again.
        let found = written.and_then(|()| self.place.inode().sync(false));
        let before = self.cache.error_since(&self.errors);
        found.and(before)
    }

    fn describe(&self) -> ObjectDescription {
        let text = path_text::text_with_removal(&self.place, None);
        let status = self.place.status().unwrap_or_default();
        ObjectDescription {
            name: String::from_utf8_lossy(&text).into_owned(),
            device: status.device,
            inode: status.inode,
        }
    }
}
