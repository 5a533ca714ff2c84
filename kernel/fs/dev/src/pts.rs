//! `/dev/pts`: a node for each pseudo-terminal there is.
//!
//! The nodes come and go with the pairs, so nothing here is cached by name. A node belongs to whoever
//! opened the multiplexer; `chown` and `chmod` by login programs are remembered while the
//! pair exists.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};
use device::{CharacterDevice, DeviceNumber, registry};
use hal::Global;
use object::{DirectoryEntry, FileKind, FileStatus, Timestamp};
use vfs::{AttributeChange, FileSystem, FileSystemStatistics, Inode, Name, Ownership};

/// The major number of slaves.
const MAJOR: u32 = 136;

/// Inode numbers, as Linux gives them: 1 the root, 2 the multiplexer, N + 3 the slaves.
const FIRST_INODE: u64 = 3;

/// What is remembered of a pair's node.
#[derive(Clone, Copy)]
struct Attributes {
    uid: u32,
    gid: u32,
    /// Set by chmod and chown; until then the mount's options decide.
    mode: Option<u32>,
    group: Option<u32>,
    made: Timestamp,
    access_time: Timestamp,
    modification_time: Timestamp,
    change_time: Timestamp,
}

static ATTRIBUTES: Global<SpinLock<BTreeMap<u32, Attributes>>> =
    Global::new(|| SpinLock::new(rank::INODE, BTreeMap::new()));

/// A new pair: its node belongs to the process that made it.
pub(crate) fn note_owner(index: u32) {
    let credentials = proc::Process::current().map(|process| process.credentials());
    let (uid, gid) = credentials.map_or((0, 0), |made_by| (made_by.fsuid, made_by.fsgid));
    let attributes = fresh(uid, gid);
    ATTRIBUTES.lock().insert(index, attributes);
}

fn fresh(uid: u32, gid: u32) -> Attributes {
    let now = vfs::now();
    Attributes {
        uid,
        gid,
        mode: None,
        group: None,
        made: now,
        access_time: now,
        modification_time: now,
        change_time: now,
    }
}

/// What the nodes of an instance are like (Documentation/filesystems/devpts.rst).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PtsOptions {
    /// Permission bits of slaves.
    pub mode: u32,
    /// Permission bits of the multiplexer.
    pub multiplexer_mode: u32,
    /// The slaves' group; that of their makers if `None`.
    pub group: Option<u32>,
}

impl Default for PtsOptions {
    fn default() -> Self {
        Self {
            mode: 0o600,
            multiplexer_mode: 0,
            group: None,
        }
    }
}

/// The file system for `/dev/pts`.
pub struct DevPts {
    root: Arc<Root>,
}

impl DevPts {
    /// A new instance; all show the same pairs.
    pub fn new(options: PtsOptions) -> Arc<Self> {
        Arc::new(Self {
            root: Arc::new(Root {
                device: vfs::allocate_device(),
                options,
                made: vfs::now(),
            }),
        })
    }
}

impl FileSystem for DevPts {
    fn name(&self) -> &'static str {
        "devpts"
    }

    fn device(&self) -> u64 {
        self.root.device
    }

    fn root(&self) -> Arc<dyn Inode> {
        self.root.clone()
    }

    fn statistics(&self) -> FileSystemStatistics {
        FileSystemStatistics {
            magic: 0x1cd1,
            block_size: hal::PAGE_SIZE as u64,
            name_length: vfs::NAME_MAX as u64,
            ..FileSystemStatistics::default()
        }
    }

    fn options(&self) -> Vec<u8> {
        let options = self.root.options;
        let group = options
            .group
            .map_or(String::new(), |gid| format!(",gid={gid}"));
        let (mode, multiplexer) = (options.mode, options.multiplexer_mode);
        format!("{group},mode={mode:03o},ptmxmode={multiplexer:03o}").into_bytes()
    }
}

struct Root {
    device: u64,
    options: PtsOptions,
    made: Timestamp,
}

struct Node {
    device: u64,
    number: DeviceNumber,
    inode: u64,
    options: PtsOptions,
    made: Timestamp,
}

impl Root {
    fn multiplexer(&self) -> Node {
        let number = DeviceNumber::new(5, 2);
        Node {
            device: self.device,
            number,
            inode: 2,
            options: self.options,
            made: self.made,
        }
    }

    fn slave(&self, index: u32) -> Option<Node> {
        let number = DeviceNumber::new(MAJOR, index);
        registry().character(number)?;
        let inode = u64::from(index) + FIRST_INODE;
        Some(Node {
            device: self.device,
            number,
            inode,
            options: self.options,
            made: self.made,
        })
    }
}

/// The pairs there are, by number.
fn indices() -> Vec<u32> {
    let is_slave = |device: &Arc<dyn CharacterDevice>| {
        let number = device.number();
        (number.major == MAJOR).then_some(number.minor)
    };
    registry()
        .character_devices()
        .iter()
        .filter_map(is_slave)
        .collect()
}

impl Inode for Root {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> FileKind {
        FileKind::Directory
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(FileStatus {
            kind: FileKind::Directory,
            mode: 0o755,
            inode: 1,
            device: self.device,
            links: 2,
            block_size: 1024,
            access_time: self.made,
            modification_time: self.made,
            change_time: self.made,
            ..FileStatus::default()
        })
    }

    fn caches_absence(&self) -> bool {
        false
    }

    fn lookup(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        let text = name.as_str().ok_or(Error::NotFound)?;
        if text == "ptmx" {
            return Ok(Arc::new(self.multiplexer()));
        }
        let index: u32 = text.parse().map_err(|_| Error::NotFound)?;
        if format!("{index}") != text {
            return Err(Error::NotFound);
        }
        self.slave(index)
            .map(|node| Arc::new(node) as Arc<dyn Inode>)
            .ok_or(Error::NotFound)
    }

    fn read_directory(
        &self,
        cookie: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        // Cookies: 1 behind the multiplexer, N + 2 behind slave N.
        let mut show = |name: &[u8], inode: u64, next_position: u64| {
            visit(&DirectoryEntry {
                name,
                inode,
                kind: FileKind::CharacterDevice,
                next_position,
            })
        };
        if cookie == 0 && !show(b"ptmx", 2, 1) {
            return Ok(());
        }
        for index in indices() {
            let after = u64::from(index) + 2;
            let name = format!("{index}");
            if after > cookie && !show(name.as_bytes(), u64::from(index) + FIRST_INODE, after) {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Node {
    fn is_slave(&self) -> bool {
        self.number.major == MAJOR
    }

    fn attributes(&self) -> (Ownership, Attributes) {
        let known = ATTRIBUTES.lock().get(&self.number.minor).copied();
        let made = self.made;
        let attributes = known.filter(|_| self.is_slave()).unwrap_or(Attributes {
            made,
            access_time: made,
            modification_time: made,
            change_time: made,
            uid: 0,
            gid: 0,
            mode: None,
            group: None,
        });
        let (mode, group) = match self.is_slave() {
            true => (self.options.mode, self.options.group),
            false => (self.options.multiplexer_mode, None),
        };
        let ownership = Ownership {
            mode: attributes.mode.unwrap_or(mode),
            uid: attributes.uid,
            gid: attributes.group.or(group).unwrap_or(attributes.gid),
        };
        (ownership, attributes)
    }
}

impl Inode for Node {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> FileKind {
        FileKind::CharacterDevice
    }

    fn status(&self) -> Result<FileStatus> {
        let (ownership, attributes) = self.attributes();
        Ok(FileStatus {
            kind: FileKind::CharacterDevice,
            mode: ownership.mode,
            uid: ownership.uid,
            gid: ownership.gid,
            inode: self.inode,
            device: self.device,
            device_major: self.number.major,
            device_minor: self.number.minor,
            links: 1,
            block_size: 1024,
            access_time: attributes.access_time,
            modification_time: attributes.modification_time,
            change_time: attributes.change_time,
            birth_time: attributes.made,
            ..FileStatus::default()
        })
    }

    fn set_attributes(&self, change: &AttributeChange) -> Result<()> {
        if !self.is_slave() {
            return Err(Error::NotPermitted);
        }
        let mut table = ATTRIBUTES.lock();
        let attributes = table
            .entry(self.number.minor)
            .or_insert_with(|| fresh(0, 0));
        attributes.mode = change.mode.or(attributes.mode);
        attributes.uid = change.uid.unwrap_or(attributes.uid);
        attributes.group = change.gid.or(attributes.group);
        if let Some(time) = change.access_time {
            attributes.access_time = time;
        }
        if let Some(time) = change.modification_time {
            attributes.modification_time = time;
        }
        if let Some(time) = change.change_time {
            attributes.change_time = time;
        }
        Ok(())
    }

    fn cacheable(&self) -> bool {
        false
    }
}
