//! The vDSO in a program's memory: clocks without a call, and the code that handlers return through.
//!
//! Two pages, mapped at the top of where mappings go, whose place is random for each program: the
//! page of clock data (`[vvar]`, to be read) and above it the image (`[vdso]`, to be read and
//! executed). Both are the same frames in every process; nobody may make them writable. What is in
//! them is the machine's business ([`hal::vdso`]).

use alloc::string::String;
use alloc::sync::Arc;
use base::{Error, Result, log};
use hal::frame::Frame;
use hal::user::Access;
use hal::{Global, PAGE_SIZE, vdso};
use mem::{
    AddressSpace, AreaKind, Backing, MapRequest, MemoryObject, ObjectDescription, Placement,
    Protection, Sharing,
};

const IMAGE_NAME: &str = "[vdso]";
const DATA_NAME: &str = "[vvar]";

/// The two, made when the ABI is registered, so that no environment pays for what all share.
/// `None` if there was no memory even then: nothing can be executed on such a machine.
static PAGES: Global<Option<Pages>> = Global::new(|| match Pages::new() {
    Ok(pages) => Some(pages),
    Err(error) => {
        log::warn!("linux: no pages for the vDSO: {error}");
        None
    }
});

struct Pages {
    data: Arc<Shared>,
    image: Arc<Shared>,
}

impl Pages {
    fn new() -> Result<Pages> {
        let image = Frame::allocate()?;
        // One page by construction; a longer one would be seen by the first program's tests.
        let bytes = vdso::image();
        image.write(0, bytes.get(..PAGE_SIZE).unwrap_or(bytes));
        Ok(Pages {
            data: Shared::new(DATA_NAME, base::time::clock_page()?),
            image: Shared::new(IMAGE_NAME, image),
        })
    }
}

/// One frame that every process maps.
struct Shared {
    name: &'static str,
    frame: Frame,
    identity: u64,
}

impl Shared {
    fn new(name: &'static str, frame: Frame) -> Arc<Shared> {
        Arc::new(Shared {
            name,
            frame,
            identity: mem::next_identity(),
        })
    }
}

impl MemoryObject for Shared {
    fn page(&self, index: u64, _access: Access) -> Result<Frame> {
        if index == 0 {
            Ok(self.frame.clone())
        } else {
            Err(Error::OutOfRange)
        }
    }

    fn identity(&self) -> u64 {
        self.identity
    }

    fn describe(&self) -> ObjectDescription {
        ObjectDescription {
            name: String::from(self.name),
            ..ObjectDescription::default()
        }
    }
}

/// Makes the pages; called once, before there are programs.
pub(crate) fn prepare() {
    let _ = &*PAGES;
}

/// Maps both pages; returns where the image begins.
pub(crate) fn map(space: &Arc<AddressSpace>) -> Result<usize> {
    let pages = PAGES.as_ref().ok_or(Error::OutOfMemory)?;
    // Room for both is found by the first mapping, whose second page the other one replaces.
    let data = space.map(request(
        &pages.data,
        Placement::Anywhere(0),
        2 * PAGE_SIZE,
        Protection::READ,
    ))?;
    space.map(request(
        &pages.image,
        Placement::Fixed(data + PAGE_SIZE),
        PAGE_SIZE,
        Protection::READ | Protection::EXECUTE,
    ))
}

fn request(
    object: &Arc<Shared>,
    placement: Placement,
    length: usize,
    protection: Protection,
) -> MapRequest {
    MapRequest {
        placement,
        length,
        protection,
        sharing: Sharing::Private,
        backing: Backing::Object {
            object: object.clone(),
            offset: 0,
            maximum: protection,
        },
        kind: AreaKind::Kernel,
    }
}

/// Where handlers return through in a space. Looked for once a process, at its first signal.
pub(crate) fn find_return_code(space: &AddressSpace) -> Option<usize> {
    space
        .areas()
        .find(|area| area.kind == AreaKind::Kernel && area.protection.contains(Protection::EXECUTE))
        .map(|area| area.start + vdso::signal_return())
}
