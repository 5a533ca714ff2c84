//! Areas: ranges of pages that are alike.

use alloc::sync::Arc;
use core::ops::Range;

use hal::PAGE_SIZE;

use super::request::{AreaKind, Protection, Sharing};
use crate::{MemoryObject, Pattern};

/// A range of pages with the same backing and the same rules.
#[derive(Clone)]
pub(crate) struct Area {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) protection: Protection,
    pub(crate) maximum: Protection,
    pub(crate) sharing: Sharing,
    pub(crate) object: Option<ObjectPart>,
    pub(crate) kind: AreaKind,
    pub(crate) at_fork: AtFork,
    /// How the pages of its object will be touched.
    pub(crate) pattern: Pattern,
    /// Whether a page of it may be its own rather than the object's. While this is false for an
    /// area that shows an object, fork has nothing to copy: the pages fault in again.
    pub(crate) has_own_pages: bool,
    /// The program wants its pages to stay where they are. They do anyway; it is remembered for those who ask.
    pub(crate) locked: bool,
}

/// The part of an object that an area shows.
#[derive(Clone)]
pub(crate) struct ObjectPart {
    pub(crate) object: Arc<dyn MemoryObject>,
    /// The byte of the object that the area begins with.
    pub(crate) offset: u64,
}

/// What a forked process gets of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtFork {
    Copy,
    Omit,
    Wipe,
}

impl Area {
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    pub(crate) fn length(&self) -> usize {
        self.end - self.start
    }

    /// Which page of the object is shown at `address`.
    pub(crate) fn object_index(&self, address: usize) -> u64 {
        let offset = self.object.as_ref().map_or(0, |part| part.offset);
        (offset + (address - self.start) as u64) / PAGE_SIZE as u64
    }

    /// Tells the object that one more area shows it.
    pub(crate) fn announce(&self) {
        if let Some(part) = &self.object {
            part.object.area_added();
        }
    }

    /// Tells the object that one area less shows it.
    pub(crate) fn withdraw(&self) {
        if let Some(part) = &self.object {
            part.object.area_removed();
        }
    }

    /// Cuts everything before `address` off and returns it.
    pub(crate) fn split_front(&mut self, address: usize) -> Area {
        let mut front = self.clone();
        front.end = address;
        if let Some(part) = &mut self.object {
            part.offset += (address - self.start) as u64;
        }
        self.start = address;
        front
    }

    /// Whether `next` continues this area so that both can be one.
    pub(crate) fn joins(&self, next: &Area) -> bool {
        let objects = match (&self.object, &next.object) {
            (None, None) => true,
            (Some(one), Some(two)) => {
                one.object.identity() == two.object.identity()
                    && one.offset + self.length() as u64 == two.offset
            }
            _ => false,
        };
        objects
            && self.end == next.start
            && self.protection == next.protection
            && self.maximum == next.maximum
            && self.sharing == next.sharing
            && self.kind == next.kind
            && self.at_fork == next.at_fork
            && self.pattern == next.pattern
            && self.locked == next.locked
            && !matches!(self.kind, AreaKind::Stack { .. })
    }

    pub(crate) fn is_private_data(&self) -> bool {
        self.sharing == Sharing::Private
            && self.protection.contains(Protection::WRITE)
            && !matches!(self.kind, AreaKind::Stack { .. })
    }
}
