//! The first file tree: a tmpfs filled from the initramfs, with devices on `/dev`.

use crate::{Failure, at};
use alloc::sync::Arc;
use base::log;
use fs_ram::{Limits, RamFs};
use hal::boot::Initramfs;
use vfs::{FileSystem, FsContext, MountFlags, ResolveFlags, View};

/// Makes every file system known and builds the root from the initramfs. Without one the root is an empty tmpfs.
pub(crate) fn build(initramfs: Option<Initramfs>) -> Result<Arc<View>, Failure> {
    fs_ram::register();
    fs_ext2::register();
    fs_dev::start().map_err(at("device files"))?;
    let root =
        RamFs::with("tmpfs", Limits::default(), 0o755).map_err(at("the root file system"))?;
    match initramfs {
        Some(archive) => unpack(&archive, &root)?,
        None => log::warn!("no initramfs: the root is empty"),
    }
    let filesystem: Arc<dyn FileSystem> = root;
    let view = View::new(&filesystem);
    mount_devices(&view)?;
    Ok(view)
}

fn unpack(archive: &Initramfs, root: &RamFs) -> Result<(), Failure> {
    let summary =
        fs_cpio::populate(archive, root).map_err(|error| Failure::new("the initramfs", error))?;
    log::info!(
        "initramfs: {} entries, {} pages taken over, {} bytes copied",
        summary.entries,
        summary.adopted_pages,
        summary.copied_bytes
    );
    Ok(())
}

/// Mounts the machine's devices on `/dev`, which is made if the archive has none: the first process needs its console.
fn mount_devices(view: &Arc<View>) -> Result<(), Failure> {
    let context = FsContext::new(view.clone());
    match context.mkdir(None, b"/dev", 0o755) {
        Ok(_) | Err(base::Error::Exists) => {}
        Err(error) => return Err(at("/dev")(error)),
    }
    let place = context
        .resolve(None, b"/dev", ResolveFlags::DIRECTORY)
        .map_err(at("/dev"))?;
    let devices = fs_dev::device_files().map_err(at("/dev"))?;
    view.mount(
        &devices,
        &place,
        MountFlags::NO_EXECUTE | MountFlags::NO_SET_ID,
    )
    .map_err(at("/dev"))
}
