//! The first file tree: a disk's file system, or a tmpfs filled from the initramfs; with devices on `/dev`.
//!
//! Without `root=` the initramfs is the root, as it lies in memory. With `root=/dev/vda` the root is that disk's file
//! system, every environment's files included, and what is written there is there after the next start. The initramfs, if
//! there is one, is then seen at [`INITRAMFS`]: it says what this start is to do, and is gone with it. With
//! `overlayroot=tmpfs` too, the disk is only read: what is written lies in memory, on top of it.

use crate::{Failure, Options, at};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Error, log};
use fs_ram::{Limits, RamFs};
use hal::boot::Initramfs;
use vfs::{FileSystem, FsContext, MountFlags, MountSource, ResolveFlags, View};

/// Where the initramfs is seen when a disk is the root; dracut leaves it there as well.
const INITRAMFS: &[u8] = b"/run/initramfs";

/// How loop devices become known.
static LOOPS: driver_loop::Registrar = driver_loop::Registrar {
    register: fs_dev::register_block,
    remove: fs_dev::remove_block,
    scan: fs_dev::partitions::rescan,
    forget_parts: fs_dev::partitions::forget,
};

/// Makes every file system known and builds the root. Without a disk and without an initramfs the root is an empty tmpfs.
pub(crate) fn build(initramfs: Option<Initramfs>, options: &Options) -> Result<Arc<View>, Failure> {
    fs_ram::register();
    fs_ext2::register();
    fs_overlay::register();
    fs_fat::register();
    fs_xv6::register();
    vfs::set_asker(|| proc::Process::current().map(|process| process.credentials()));
    fs_dev::start().map_err(at("device files"))?;
    fs_dev::partitions::scan_all();
    let control = driver_loop::start(&LOOPS).map_err(at("loop devices"))?;
    fs_dev::register(control).map_err(at("loop devices"))?;
    let devices = fs_dev::device_files().map_err(at("/dev"))?;
    let archive = initramfs.map(unpack).transpose()?;
    let (root, archive): (Arc<dyn FileSystem>, _) = match &options.root {
        Some(name) => {
            let disk = on_disk(&devices, name, options)?;
            match options.root_overlay {
                true => (in_front_of(&disk)?, archive),
                false => (disk, archive),
            }
        }
        None => match archive {
            Some(files) => (files, None),
            None => {
                log::warn!("no initramfs: the root is empty");
                (memory()?, None)
            }
        },
    };
    let view = View::new(&root);
    mount(
        &view,
        &devices,
        b"/dev",
        MountFlags::NO_EXECUTE | MountFlags::NO_SET_ID,
    )
    .map_err(at("/dev"))?;
    if let Some(files) = archive {
        let files: Arc<dyn FileSystem> = files;
        mount(&view, &files, INITRAMFS, MountFlags::empty()).map_err(at("/run/initramfs"))?;
    }
    Ok(view)
}

fn memory() -> Result<Arc<RamFs>, Failure> {
    RamFs::with("tmpfs", Limits::default(), 0o755).map_err(at("the root file system"))
}

fn unpack(archive: Initramfs) -> Result<Arc<RamFs>, Failure> {
    let files = memory()?;
    let summary = fs_cpio::populate(&archive, &files)
        .map_err(|error| Failure::new("the initramfs", error))?;
    log::info!(
        "initramfs: {} entries, {} pages taken over, {} bytes copied",
        summary.entries,
        summary.adopted_pages,
        summary.copied_bytes
    );
    Ok(files)
}

/// The file system of the disk that the command line names. Each kind that lies on disks is tried, unless one is named.
fn on_disk(
    devices: &Arc<dyn FileSystem>,
    name: &str,
    options: &Options,
) -> Result<Arc<dyn FileSystem>, Failure> {
    let refused = |reason: String| Failure::new("the root file system", reason);
    let Some(node) = name.strip_prefix("/dev") else {
        return Err(refused(format!(
            "root={name}: write a device's path, such as root=/dev/vda"
        )));
    };
    // The files of /dev are not mounted anywhere yet: they are a tree of their own, seen from its root.
    let context = FsContext::new(View::new(devices));
    if let Err(error) = context.resolve(None, node.as_bytes(), ResolveFlags::empty()) {
        let known = device::registry().block_devices();
        // A loop device without a file has no sectors: it is nothing to start from.
        let known: Vec<String> = known
            .iter()
            .filter(|disk| disk.geometry().sectors > 0)
            .map(|disk| format!("/dev/{}", disk.name()))
            .collect();
        return Err(refused(match (error, known.is_empty()) {
            (Error::NotFound, true) => format!("root={name}: this machine has no disk"),
            (Error::NotFound, false) => {
                format!(
                    "root={name}: there is no such disk, only {}",
                    known.join(" ")
                )
            }
            (error, _) => format!("root={name}: {error}"),
        }));
    }
    let kinds: Vec<&str> = match &options.root_kind {
        Some(kind) => Vec::from([kind.as_str()]),
        None => vfs::kinds()
            .into_iter()
            .filter_map(|(kind, needs_device)| needs_device.then_some(kind))
            .collect(),
    };
    let only_read = options.root_read_only || options.root_overlay;
    let found = match first_of(&kinds, node, options, &context, only_read) {
        // As mount(8) does; the system says itself what it cannot do without.
        Err(Error::AccessDenied) if !only_read => {
            log::warn!("root: {name} is write-protected");
            first_of(&kinds, node, options, &context, true)
        }
        found => found,
    };
    let (root, kind) = found.map_err(|last| {
        let kinds = kinds.join(" or ");
        refused(format!("root={name}: {kinds} cannot be mounted: {last}"))
    })?;
    let how = match root.is_read_only() {
        true => ", read-only",
        false => "",
    };
    log::info!("root: {kind} on {name}{how}");
    Ok(root)
}

/// The first kind that the disk can be mounted as; else what the last one said.
fn first_of<'a>(
    kinds: &[&'a str],
    node: &str,
    options: &Options,
    context: &FsContext,
    read_only: bool,
) -> base::Result<(Arc<dyn FileSystem>, &'a str)> {
    let mut words: Vec<&str> = options.root_options.iter().map(String::as_str).collect();
    words.push(if read_only { "ro" } else { "rw" });
    let words = words.join(",");
    let source = MountSource {
        source: node.as_bytes(),
        options: words.as_bytes(),
        read_only,
        context,
    };
    let mut last = Error::NotSupportedByDevice;
    for kind in kinds {
        match vfs::make_filesystem(kind.as_bytes(), &source) {
            Ok(root) => return Ok((root, kind)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// What is written lies in a tmpfs, and the file system itself stays as it is: the two shown as one.
fn in_front_of(disk: &Arc<dyn FileSystem>) -> Result<Arc<dyn FileSystem>, Failure> {
    let wrong = at("the overlay on the root file system");
    let files: Arc<dyn FileSystem> = memory()?;
    let view = View::new(&files);
    let context = FsContext::new(view.clone());
    let make = || -> base::Result<Arc<dyn FileSystem>> {
        mount(&view, disk, b"/lower", MountFlags::empty())?;
        context.mkdir(None, b"/upper", 0o755)?;
        context.mkdir(None, b"/work", 0o755)?;
        let source = MountSource {
            source: b"overlayroot",
            options: b"lowerdir=/lower,upperdir=/upper,workdir=/work",
            read_only: false,
            context: &context,
        };
        vfs::make_filesystem(b"overlay", &source)
    };
    make().map_err(wrong)
}

/// Mounts on a directory that is made, with those above it, where the root lacks it.
fn mount(
    view: &Arc<View>,
    filesystem: &Arc<dyn FileSystem>,
    place: &[u8],
    flags: MountFlags,
) -> base::Result<()> {
    let context = FsContext::new(view.clone());
    let ends = place.iter().enumerate().skip(1);
    let ends = ends.filter_map(|(at, byte)| (*byte == b'/').then_some(at));
    for end in ends.chain([place.len()]) {
        let directory = &place[..end];
        match context.resolve(None, directory, ResolveFlags::DIRECTORY) {
            Ok(_) => {}
            Err(Error::NotFound) => drop(context.mkdir(None, directory, 0o755)?),
            Err(error) => return Err(error),
        }
    }
    let target = context.resolve(None, place, ResolveFlags::DIRECTORY)?;
    view.mount(filesystem, &target, flags)
}
