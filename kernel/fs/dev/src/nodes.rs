//! What lies in `/dev`.

use alloc::sync::Arc;

use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};
use device::block::{BlockCache, BlockDevice};
use device::{CharacterDevice, registry};
use fs_ram::{Limits, RamFs};
use hal::Global;
use object::FileKind;
use vfs::{FileSystem, Inode, Name, NewInode, Ownership};

/// Symbolic links that programs look for.
const LINKS: [(&[u8], &[u8]); 4] = [
    (b"fd", b"/proc/self/fd"),
    (b"stdin", b"/proc/self/fd/0"),
    (b"stdout", b"/proc/self/fd/1"),
    (b"stderr", b"/proc/self/fd/2"),
];

/// Directories that other file systems are mounted on.
const DIRECTORIES: [(&[u8], u32); 2] = [(b"pts", 0o755), (b"shm", 0o1777)];

/// The group `disk` of Debian's `/etc/group`.
const DISK_GROUP: u32 = 6;

static FILES: Global<SpinLock<Option<Arc<RamFs>>>> =
    Global::new(|| SpinLock::new(rank::VIEW, None));

/// The file system for `/dev`, filled from the device registry. One for the machine: every mount
/// shows the same nodes.
pub fn device_files() -> Result<Arc<dyn FileSystem>> {
    if let Some(present) = FILES.lock().clone() {
        return Ok(present);
    }
    let limits = Limits {
        pages: Limits::default().pages.min(4096),
        inodes: 4096,
        directory_pages: 0,
        unpaid: false,
    };
    let made = RamFs::with("devtmpfs", limits, 0o755)?;
    made.let_names_appear();
    let root = made.root();
    for (name, body) in LINKS {
        make(&root, name, &NewInode::Symlink(body), 0o777)?;
    }
    for (name, mode) in DIRECTORIES {
        make(&root, name, &NewInode::Directory, mode)?;
    }
    for device in registry().character_devices() {
        add_node(&root, &*device)?;
    }
    for device in registry().block_devices() {
        add_block_node(&root, &*device)?;
    }
    let mut files = FILES.lock();
    Ok(files.get_or_insert(made).clone())
}

/// Registers a character device and shows it in `/dev`.
pub fn register(device: Arc<dyn CharacterDevice>) -> Result<()> {
    registry().add_character(device.clone())?;
    let files = FILES.lock().clone();
    match files {
        Some(files) => add_node(&files.root(), &*device),
        None => Ok(()),
    }
}

/// Registers a block device and shows it in `/dev`.
pub fn register_block(device: Arc<dyn BlockDevice>) -> Result<()> {
    registry().add_block(device.clone())?;
    let files = FILES.lock().clone();
    match files {
        Some(files) => add_block_node(&files.root(), &*device),
        None => Ok(()),
    }
}

/// Takes a block device out of the registry and of `/dev`. Files that are open on it stay.
pub fn remove_block(device: &Arc<dyn BlockDevice>) -> Result<()> {
    registry().remove_block(device.number());
    let files = FILES.lock().clone();
    if let Some(files) = files {
        let removed = files.root().unlink(Name::new(device.name().as_bytes())?);
        if !matches!(removed, Err(Error::NotFound)) {
            removed?;
        }
    }
    BlockCache::forget(device)
}

/// Makes a block device's node, as Debian's udev does.
fn add_block_node(root: &Arc<dyn Inode>, device: &dyn BlockDevice) -> Result<()> {
    let number = device.number();
    let node = NewInode::Device {
        kind: FileKind::BlockDevice,
        major: number.major,
        minor: number.minor,
    };
    let owner = Ownership {
        mode: 0o660,
        uid: 0,
        gid: DISK_GROUP,
    };
    make_owned(root, device.name().as_bytes(), &node, owner)?;
    Ok(())
}

/// Makes a device's node, with the directories in its name. Pseudo-terminals are `pts`'s business.
fn add_node(root: &Arc<dyn Inode>, device: &dyn CharacterDevice) -> Result<()> {
    let name = device.name();
    if name.starts_with("pts/") {
        return Ok(());
    }
    let mut directory = root.clone();
    let mut rest = name.as_bytes();
    while let Some(slash) = rest.iter().position(|&byte| byte == b'/') {
        let (part, tail) = (rest.get(..slash), rest.get(slash + 1..));
        directory = make(
            &directory,
            part.unwrap_or_default(),
            &NewInode::Directory,
            0o755,
        )?;
        rest = tail.unwrap_or_default();
    }
    let number = device.number();
    let node = NewInode::Device {
        kind: FileKind::CharacterDevice,
        major: number.major,
        minor: number.minor,
    };
    make(&directory, rest, &node, device.mode())?;
    Ok(())
}

/// Makes an entry, unless there is one of that name.
fn make(
    directory: &Arc<dyn Inode>,
    name: &[u8],
    new: &NewInode<'_>,
    mode: u32,
) -> Result<Arc<dyn Inode>> {
    let owner = Ownership {
        mode,
        uid: 0,
        gid: 0,
    };
    make_owned(directory, name, new, owner)
}

fn make_owned(
    directory: &Arc<dyn Inode>,
    name: &[u8],
    new: &NewInode<'_>,
    owner: Ownership,
) -> Result<Arc<dyn Inode>> {
    let name = Name::new(name)?;
    match directory.create(name, new, owner) {
        Err(Error::Exists) => directory.lookup(name),
        made => made,
    }
}
