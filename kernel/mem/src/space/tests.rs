//! Address spaces against a model, on the hosted machine: real page tables, real faults, a
//! simulated TLB that notices a missing flush.
//!
//! The model knows, for each page of a small window, what an access has to do: fail, or find one
//! byte, which is either the page's own or that of an object's page.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use hal::PAGE_SIZE;

use super::*;
use crate::testing::{Random, in_machine};
use crate::user::{read_bytes, write_bytes};
use crate::{MemoryObject, PageCache};

const BASE: usize = 0x20_0000;
const PAGES: usize = 40;
const OBJECT_PAGES: usize = 24;
const SPACES: usize = 4;
/// The one byte of each page that the test looks at.
const SPOT: usize = 1234;

#[derive(Clone, Copy, Debug)]
enum Content {
    /// The page's own byte.
    Own(u8),
    /// What the object's page has, until it is written.
    View(usize),
    /// The object's page itself.
    Shared(usize),
}

#[derive(Clone, Copy, Debug)]
struct Page {
    protection: Protection,
    content: Content,
}

struct Model {
    space: Arc<AddressSpace>,
    pages: Vec<Option<Page>>,
}

struct World {
    random: Random,
    object: Arc<PageCache>,
    object_bytes: Vec<u8>,
    object_pages: usize,
    spaces: Vec<Model>,
}

impl World {
    fn new(seed: u64) -> Self {
        let object = PageCache::memory("object");
        object.set_size((OBJECT_PAGES * PAGE_SIZE) as u64);
        let space = AddressSpace::new().unwrap();
        Self {
            random: Random::new(seed),
            object,
            object_bytes: vec![0; OBJECT_PAGES],
            object_pages: OBJECT_PAGES,
            spaces: vec![Model {
                space,
                pages: vec![None; PAGES],
            }],
        }
    }

    fn range(&mut self) -> (usize, usize) {
        let first = self.random.below(PAGES);
        (first, 1 + self.random.below((PAGES - first).min(9)))
    }

    fn protection(&mut self) -> Protection {
        [
            Protection::empty(),
            Protection::READ,
            Protection::READ | Protection::WRITE,
            Protection::READ | Protection::WRITE,
            Protection::READ | Protection::EXECUTE,
        ][self.random.below(5)]
    }

    fn step(&mut self) {
        let chosen = self.random.below(self.spaces.len());
        match self.random.below(100) {
            0..30 => self.write(chosen),
            30..55 => self.read(chosen),
            55..68 => self.map(chosen),
            68..75 => self.protect(chosen),
            75..80 => self.unmap(chosen),
            80..84 => self.move_range(chosen),
            84..88 => self.drop_contents(chosen),
            88..92 => self.truncate(),
            92..96 => self.fork(chosen),
            _ if self.spaces.len() > 1 => drop(self.spaces.swap_remove(chosen)),
            _ => {}
        }
    }

    /// What reading the page has to give.
    fn expected(&self, page: &Page) -> Option<u8> {
        if !page.protection.contains(Protection::READ) {
            return None;
        }
        match page.content {
            Content::Own(byte) => Some(byte),
            Content::View(index) | Content::Shared(index) => {
                (index < self.object_pages).then(|| self.object_bytes[index])
            }
        }
    }

    fn read(&mut self, chosen: usize) {
        let index = self.random.below(PAGES);
        let model = &self.spaces[chosen];
        model.space.attach();
        let expected = model.pages[index]
            .as_ref()
            .and_then(|page| self.expected(page));
        let mut byte = [0];
        let result = read_bytes(BASE + index * PAGE_SIZE + SPOT, &mut byte);
        assert_eq!(
            result.ok().map(|()| byte[0]),
            expected,
            "read of page {index}"
        );
    }

    fn write(&mut self, chosen: usize) {
        let index = self.random.below(PAGES);
        let byte = self.random.below(256) as u8;
        let object_pages = self.object_pages;
        let model = &mut self.spaces[chosen];
        model.space.attach();
        let page = &mut model.pages[index];
        let may = page.is_some_and(|page| {
            let there = match page.content {
                Content::Own(_) => true,
                Content::View(index) | Content::Shared(index) => index < object_pages,
            };
            page.protection.contains(Protection::WRITE) && there
        });
        let result = write_bytes(BASE + index * PAGE_SIZE + SPOT, &[byte]);
        assert_eq!(result.is_ok(), may, "write to page {index}: {page:?}");
        if let Some(page) = page
            && may
        {
            match page.content {
                Content::Shared(index) => self.object_bytes[index] = byte,
                _ => page.content = Content::Own(byte),
            }
        }
    }

    fn map(&mut self, chosen: usize) {
        let (first, count) = self.range();
        let protection = self.protection();
        let offset = self.random.below(OBJECT_PAGES);
        let kind = self.random.below(4);
        let anonymous = kind < 2;
        let backing = if anonymous {
            Backing::Anonymous
        } else {
            let object: Arc<dyn MemoryObject> = self.object.clone();
            let offset = (offset * PAGE_SIZE) as u64;
            Backing::Object {
                object,
                offset,
                maximum: Protection::all(),
            }
        };
        let sharing = if kind == 3 {
            Sharing::Shared
        } else {
            Sharing::Private
        };
        let model = &mut self.spaces[chosen];
        let request = MapRequest {
            placement: Placement::Fixed(BASE + first * PAGE_SIZE),
            length: count * PAGE_SIZE,
            protection,
            sharing,
            backing,
            kind: AreaKind::Normal,
        };
        assert!(model.space.map(request).is_ok());
        for index in 0..count {
            let content = match kind {
                0 | 1 => Content::Own(0),
                2 => Content::View(offset + index),
                _ => Content::Shared(offset + index),
            };
            model.pages[first + index] = Some(Page {
                protection,
                content,
            });
        }
    }

    fn protect(&mut self, chosen: usize) {
        let (first, count) = self.range();
        let protection = self.protection();
        let model = &mut self.spaces[chosen];
        let pages = &mut model.pages[first..first + count];
        let covered = pages.iter().all(Option::is_some);
        let address = BASE + first * PAGE_SIZE;
        let result = model.space.protect(address, count * PAGE_SIZE, protection);
        assert_eq!(result.is_ok(), covered);
        if covered {
            for page in pages.iter_mut().flatten() {
                page.protection = protection;
            }
        }
    }

    fn unmap(&mut self, chosen: usize) {
        let (first, count) = self.range();
        let model = &mut self.spaces[chosen];
        let address = BASE + first * PAGE_SIZE;
        assert!(model.space.unmap(address, count * PAGE_SIZE).is_ok());
        model.pages[first..first + count].fill(None);
    }

    fn move_range(&mut self, chosen: usize) {
        let (first, count) = self.range();
        let target = self.random.below(PAGES - count + 1);
        let model = &mut self.spaces[chosen];
        let request = RemapRequest {
            address: BASE + first * PAGE_SIZE,
            old_length: count * PAGE_SIZE,
            new_length: count * PAGE_SIZE,
            may_move: true,
            fixed: Some(BASE + target * PAGE_SIZE),
            keep_old: false,
        };
        if model.space.remap(request).is_ok() {
            let moved: Vec<_> = model.pages[first..first + count].to_vec();
            assert!(moved.iter().all(Option::is_some), "a hole was moved");
            model.pages[first..first + count].fill(None);
            model.pages[target..target + count].copy_from_slice(&moved);
        }
    }

    fn drop_contents(&mut self, chosen: usize) {
        let (first, count) = self.range();
        let model = &mut self.spaces[chosen];
        // Only ranges of anonymous memory: a private view would show its object again, which the
        // model has forgotten.
        let pages = &mut model.pages[first..first + count];
        let plain =
            |page: &Option<Page>| page.is_some_and(|page| matches!(page.content, Content::Own(_)));
        let address = BASE + first * PAGE_SIZE;
        let anonymous = (first..first + count).all(|index| {
            let at = BASE + index * PAGE_SIZE;
            let inner = model.space.inner.lock();
            inner
                .areas
                .find(at)
                .is_some_and(|area| area.object.is_none())
        });
        if anonymous && pages.iter().all(plain) {
            let length = count * PAGE_SIZE;
            assert!(
                model
                    .space
                    .advise(address, length, Advice::DontNeed)
                    .is_ok()
            );
            for page in pages.iter_mut().flatten() {
                page.content = Content::Own(0);
            }
        }
    }

    fn truncate(&mut self) {
        let pages = self.random.below(OBJECT_PAGES + 1);
        self.object.truncate((pages * PAGE_SIZE) as u64).unwrap();
        for index in pages..OBJECT_PAGES {
            self.object_bytes[index] = 0;
        }
        if pages < self.object_pages {
            // Private copies of what was cut off are gone, too.
            for model in &mut self.spaces {
                for (index, page) in model.pages.iter_mut().enumerate() {
                    let inner = model.space.inner.lock();
                    let at = BASE + index * PAGE_SIZE;
                    let shown = inner
                        .areas
                        .find(at)
                        .filter(|area| area.object.is_some())
                        .map(|area| area.object_index(at) as usize);
                    if let (Some(page), Some(shown)) = (page, shown)
                        && shown >= pages
                        && matches!(page.content, Content::Own(_))
                    {
                        page.content = Content::View(shown);
                    }
                }
            }
        }
        self.object_pages = pages;
    }

    fn fork(&mut self, chosen: usize) {
        if self.spaces.len() == SPACES {
            return;
        }
        let model = &self.spaces[chosen];
        let space = model.space.fork().unwrap();
        let pages = model.pages.clone();
        self.spaces.push(Model { space, pages });
    }

    fn check_accounts(&self) {
        for model in &self.spaces {
            let mapped = model.pages.iter().flatten().count() * PAGE_SIZE;
            let statistics = model.space.statistics();
            assert_eq!(statistics.virtual_bytes, mapped);
            let resident: usize = model.space.areas().map(|area| area.resident_pages).sum();
            assert_eq!(statistics.resident_bytes, resident * PAGE_SIZE);
        }
    }
}

#[test]
fn address_spaces_agree_with_the_model() {
    for seed in 1..=30 {
        in_machine(seed, 1, move || {
            let mut world = World::new(seed);
            for _ in 0..400 {
                world.step();
            }
            world.check_accounts();
            AddressSpace::detach();
        });
    }
}

#[test]
fn a_machine_gets_all_its_memory_back() {
    in_machine(7, 1, || {
        // What is made once and kept (the page of zeros) is made here.
        World::new(1).step();
        let before = hal::frame::statistics().free;
        for seed in 1..20 {
            let mut world = World::new(seed);
            for _ in 0..200 {
                world.step();
            }
            AddressSpace::detach();
        }
        let after = hal::frame::statistics().free;
        assert!(
            after + 64 >= before,
            "{before} pages were free, {after} are"
        );
    });
}

#[test]
fn a_stack_grows_to_its_limit_and_no_further() {
    in_machine(3, 1, || {
        let space = AddressSpace::new().unwrap();
        space.attach();
        let top = 0x4000_0000;
        let limit = 64 * PAGE_SIZE;
        let request = MapRequest {
            kind: AreaKind::Stack { limit },
            ..MapRequest::anonymous(
                Placement::Fixed(top - PAGE_SIZE),
                PAGE_SIZE,
                Protection::READ | Protection::WRITE,
            )
        };
        space.map(request).unwrap();
        assert!(write_bytes(top - limit, &[1]).is_ok());
        assert!(write_bytes(top - limit - 1, &[1]).is_err());
        AddressSpace::detach();
    });
}

#[test]
fn writing_after_fork_copies_only_what_is_shared() {
    in_machine(4, 1, || {
        let space = AddressSpace::new().unwrap();
        space.attach();
        let data = Protection::READ | Protection::WRITE;
        let length = 16 * PAGE_SIZE;
        let at = space
            .map(MapRequest::anonymous(Placement::Anywhere(0), length, data))
            .unwrap();
        for page in 0..16 {
            write_bytes(at + page * PAGE_SIZE, &[page as u8]).unwrap();
        }
        let child = space.fork().unwrap();
        let free = hal::frame::statistics().free;
        write_bytes(at, &[99]).unwrap();
        assert_eq!(
            hal::frame::statistics().free,
            free - 1,
            "one page is copied"
        );
        let mut byte = [0];
        child.read_bytes(at, &mut byte).unwrap();
        assert_eq!(byte[0], 0, "the child keeps what was there");
        drop(child);
        let free = hal::frame::statistics().free;
        write_bytes(at + PAGE_SIZE, &[98]).unwrap();
        assert_eq!(
            hal::frame::statistics().free,
            free,
            "what nobody shares is written in place"
        );
        AddressSpace::detach();
    });
}

#[test]
fn threads_that_share_a_space_see_each_others_pages() {
    for seed in 1..=40 {
        in_machine(seed, 2, move || {
            let space = AddressSpace::new().unwrap();
            let data = Protection::READ | Protection::WRITE;
            let length = 24 * PAGE_SIZE;
            let request = MapRequest::anonymous(Placement::Anywhere(0), length, data);
            let at = space.map(request).unwrap();
            // Each thread writes a byte of its own in every page, while another forks, protects
            // and unprotects; no byte may be lost to a page that was copied or mapped twice.
            let writers: Vec<_> = (0..3usize)
                .map(|number| {
                    let space = space.clone();
                    let write = move || {
                        space.attach();
                        for round in 1..=3u8 {
                            for page in 0..24 {
                                let place = at + page * PAGE_SIZE + number;
                                while write_bytes(place, &[round]).is_err() {
                                    base::thread::yield_now();
                                }
                                let mut byte = [0];
                                while read_bytes(place, &mut byte).is_err() {
                                    base::thread::yield_now();
                                }
                                assert_eq!(byte[0], round, "page {page}, thread {number}");
                            }
                        }
                    };
                    base::thread::spawn("writer", write).unwrap()
                })
                .collect();
            let mut random = Random::new(seed);
            for _ in 0..12 {
                let place = at + random.below(20) * PAGE_SIZE;
                match random.below(3) {
                    0 => drop(space.fork().unwrap()),
                    1 => {
                        let narrow = [Protection::READ, Protection::empty()][random.below(2)];
                        space.protect(place, 4 * PAGE_SIZE, narrow).unwrap();
                        base::thread::yield_now();
                        space.protect(place, 4 * PAGE_SIZE, data).unwrap();
                    }
                    _ => base::thread::yield_now(),
                }
            }
            writers.iter().for_each(|thread| thread.join());
        });
    }
}

#[test]
fn memory_that_runs_out_is_an_error() {
    in_machine(5, 1, || {
        let space = AddressSpace::new().unwrap();
        space.attach();
        let data = Protection::READ | Protection::WRITE;
        let total = hal::frame::statistics().total * PAGE_SIZE;
        let more = MapRequest::anonymous(Placement::Anywhere(0), total + PAGE_SIZE, data);
        assert_eq!(space.map(more).err(), Some(base::Error::OutOfMemory));
        let length = total - PAGE_SIZE;
        let most = MapRequest::anonymous(Placement::Anywhere(0), length, data);
        let at = space.map(most).unwrap();
        assert_eq!(
            space.populate(at, length).err(),
            Some(base::Error::OutOfMemory)
        );
        assert!(space.fork().is_err());
        assert!(write_bytes(at, &[1]).is_ok(), "what is there stays usable");
        space.unmap(at, length).unwrap();
        assert!(space.fork().is_ok());
        AddressSpace::detach();
    });
}
