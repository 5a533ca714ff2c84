//! `/dev/pts`: a node for each pseudo-terminal there is.
//!
//! The nodes come and go with the pairs, so nothing here is cached by name. A node belongs to whoever
//! opened the multiplexer; `chown` and `chmod` by login programs are remembered while the
//! pair exists.

use alloc::collections::BTreeMap;
use alloc::format;
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

/// The group that terminals belong to, as distributions number it (`tty`).
const GROUP: u32 = 5;

/// Inode numbers, as Linux gives them: 1 the root, 2 the multiplexer, N + 3 the slaves.
const FIRST_INODE: u64 = 3;

/// What is remembered of a pair's node.
#[derive(Clone, Copy)]
struct Attributes {
    ownership: Ownership,
    made: Timestamp,
    access_time: Timestamp,
    modification_time: Timestamp,
    change_time: Timestamp,
}

static ATTRIBUTES: Global<SpinLock<BTreeMap<u32, Attributes>>> =
    Global::new(|| SpinLock::new(rank::INODE, BTreeMap::new()));

/// A new pair: its node belongs to the process that made it.
pub(crate) fn note_owner(index: u32) {
    let uid = proc::Process::current().map_or(0, |process| process.credentials().fsuid);
    let attributes = fresh(uid);
    ATTRIBUTES.lock().insert(index, attributes);
}

fn fresh(uid: u32) -> Attributes {
    let now = vfs::now();
    Attributes {
        ownership: Ownership {
            mode: 0o620,
            uid,
            gid: GROUP,
        },
        made: now,
        access_time: now,
        modification_time: now,
        change_time: now,
    }
}

/// The file system for `/dev/pts`.
pub struct DevPts {
    root: Arc<Root>,
}

impl DevPts {
    /// A new instance; all show the same pairs.
    pub fn new() -> Arc<Self> {
        let made = vfs::now();
        Arc::new(Self {
            root: Arc::new(Root {
                device: vfs::allocate_device(),
                made,
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
        format!(",gid={GROUP},mode=620,ptmxmode=666").into_bytes()
    }
}

struct Root {
    device: u64,
    made: Timestamp,
}

struct Node {
    device: u64,
    number: DeviceNumber,
    inode: u64,
    mode: u32,
    made: Timestamp,
}

impl Root {
    fn multiplexer(&self) -> Node {
        let number = DeviceNumber::new(5, 2);
        Node {
            device: self.device,
            number,
            inode: 2,
            mode: 0o666,
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
            mode: 0o620,
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
    fn attributes(&self) -> Attributes {
        let known = ATTRIBUTES.lock().get(&self.number.minor).copied();
        match known.filter(|_| self.number.major == MAJOR) {
            Some(attributes) => attributes,
            None => Attributes {
                ownership: Ownership {
                    mode: self.mode,
                    uid: 0,
                    gid: 0,
                },
                made: self.made,
                access_time: self.made,
                modification_time: self.made,
                change_time: self.made,
            },
        }
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
        let attributes = self.attributes();
        Ok(FileStatus {
            kind: FileKind::CharacterDevice,
            mode: attributes.ownership.mode,
            uid: attributes.ownership.uid,
            gid: attributes.ownership.gid,
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
        if self.number.major != MAJOR {
            return Err(Error::NotPermitted);
        }
        let mut table = ATTRIBUTES.lock();
        let attributes = table.entry(self.number.minor).or_insert_with(|| fresh(0));
        let ownership = attributes.ownership;
        attributes.ownership = Ownership {
            mode: change.mode.unwrap_or(ownership.mode),
            uid: change.uid.unwrap_or(ownership.uid),
            gid: change.gid.unwrap_or(ownership.gid),
        };
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
