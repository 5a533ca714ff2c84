//! The instance, and how it is mounted.

use alloc::sync::Arc;
use alloc::vec;

use base::sync::Once;
use base::{Error, Result};
use hal::Global;
use vfs::{FileSystem, FileSystemStatistics, Inode, MountSource};

use crate::tree::{self, Child, Shared};
use crate::{block, processors};

/// The machine as files.
pub struct SysFs {
    shared: Shared,
    root: Arc<dyn Inode>,
}

static INSTANCE: Global<Once<Arc<SysFs>>> = Global::new(Once::new);

impl SysFs {
    fn new() -> Arc<SysFs> {
        let shared = Shared {
            device: vfs::allocate_device(),
            made: vfs::now(),
        };
        let root = tree::root(shared, || {
            vec![
                Child::changing("block", block::disks),
                Child::fixed("class", || vec![Child::changing("block", block::by_name)]),
                Child::fixed("dev", || vec![Child::changing("block", block::by_number)]),
                Child::fixed("devices", || vec![Child::fixed("system", processors::all)]),
            ]
        });
        Arc::new(SysFs { shared, root })
    }

    /// The one that there is.
    pub fn instance() -> Arc<SysFs> {
        let once: &'static Once<Arc<SysFs>> = &INSTANCE;
        if let Some(made) = once.get() {
            return made.clone();
        }
        let made = SysFs::new();
        match once.set(made.clone()) {
            Ok(()) => made,
            // Somebody was faster.
            Err(_) => once.get().cloned().unwrap_or(made),
        }
    }
}

impl FileSystem for SysFs {
    fn name(&self) -> &'static str {
        "sysfs"
    }

    fn device(&self) -> u64 {
        self.shared.device
    }

    fn root(&self) -> Arc<dyn Inode> {
        self.root.clone()
    }

    fn statistics(&self) -> FileSystemStatistics {
        FileSystemStatistics {
            magic: 0x6265_6572,
            block_size: hal::PAGE_SIZE as u64,
            name_length: vfs::NAME_MAX as u64,
            ..FileSystemStatistics::default()
        }
    }
}

/// Makes `sysfs` known to mount calls. Called once.
pub fn register() {
    vfs::register_kind("sysfs", false, make);
}

fn make(source: &MountSource<'_>) -> Result<Arc<dyn FileSystem>> {
    match vfs::parse_options(source.options).is_empty() {
        true => Ok(SysFs::instance()),
        false => Err(Error::InvalidArgument),
    }
}
