//! The instance, and how it is mounted.

use alloc::string::String;
use alloc::sync::Arc;

use base::sync::Once;
use base::{Error, Result};
use fs_text::{Directory, Meta};
use hal::Global;
use object::Timestamp;
use proc::{Environment, PidNamespace, Process};
use vfs::{FileSystem, FileSystemStatistics, Inode, MountSource};

use crate::root::Root;

/// What all inodes of an instance share.
pub(crate) struct Shared {
    pub(crate) device: u64,
    pub(crate) environment: Arc<Environment>,
    /// What the times of its files are.
    pub(crate) made: Timestamp,
}

impl Shared {
    /// The namespace that is shown.
    pub(crate) fn namespace(&self) -> &Arc<PidNamespace> {
        self.environment.processes()
    }

    /// A file of the super-user.
    pub(crate) fn meta(&self, inode: u64, mode: u32) -> Meta {
        Meta {
            device: self.device,
            inode,
            mode,
            uid: 0,
            gid: 0,
            links: 1,
            size: 0,
            block_size: 1024,
            made: self.made,
        }
    }
}

/// A view of an environment's processes, as files.
pub struct ProcFs {
    shared: Arc<Shared>,
}

impl ProcFs {
    /// The processes of `environment`.
    pub fn new(environment: &Arc<Environment>) -> Arc<Self> {
        let shared = Arc::new(Shared {
            device: vfs::allocate_device(),
            environment: environment.clone(),
            made: vfs::now(),
        });
        Arc::new(Self { shared })
    }
}

impl FileSystem for ProcFs {
    fn name(&self) -> &'static str {
        "proc"
    }

    fn device(&self) -> u64 {
        self.shared.device
    }

    fn root(&self) -> Arc<dyn Inode> {
        Arc::new(Directory(Root::new(&self.shared)))
    }

    fn statistics(&self) -> FileSystemStatistics {
        FileSystemStatistics {
            magic: 0x9fa0,
            block_size: hal::PAGE_SIZE as u64,
            name_length: vfs::NAME_MAX as u64,
            ..FileSystemStatistics::default()
        }
    }
}

static COMMAND_LINE: Global<Once<String>> = Global::new(Once::new);

/// Makes `proc` known to mount calls, and tells it the kernel's command line. Called once.
pub fn start(command_line: &str) {
    let _ = COMMAND_LINE.set(String::from(command_line));
    vfs::register_kind("proc", false, make);
    crate::insight::register();
}

/// The kernel's command line.
pub(crate) fn command_line() -> &'static str {
    let once: &'static Once<String> = &COMMAND_LINE;
    once.get().map_or("", String::as_str)
}

fn make(source: &MountSource<'_>) -> Result<Arc<dyn FileSystem>> {
    // hidepid and gid would have to be enforced; nothing else is known of proc.
    if !vfs::parse_options(source.options).is_empty() {
        return Err(Error::InvalidArgument);
    }
    let process = Process::current().ok_or(Error::NoSuchProcess)?;
    Ok(ProcFs::new(process.environment()))
}
