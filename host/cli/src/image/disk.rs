//! The root disk: the layers of `images/*.toml` on an ext2 file system in a file, one for each
//! architecture, `disks/ARCH.img` of the checkout.
//!
//! It is made once and then kept, because a person's files are on it ([`merge`] says what happens
//! when the layers change). It lies outside of `target`, so that no clean takes it away. Whoever
//! works on it holds a lock on the file: a machine for as long as it runs, even if this tool is
//! killed meanwhile, because the emulator inherits the locked file. [`ext2`] does the work,
//! [`shell`] is for people.

pub mod ext2;
mod holder;
mod manifest;
mod merge;
mod put;
pub mod shell;
#[cfg(test)]
mod tests;

use crate::{arch::Arch, image::cpio::Tree, project::Project, ui};
use anyhow::{Context, Result, bail};
use ext2::{Repair, Script};
pub use manifest::hash;
use rustix::{
    fs::{FlockOperation, flock},
    io::{FdFlags, fcntl_setfd},
};
use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
};

/// Bytes of a disk unless its size is said. The file is sparse: it takes what is on it.
pub const SIZE: u64 = 1 << 30;
/// The smallest disk that the layers fit on with some room.
const SMALLEST: u64 = 16 << 20;
/// Beyond this, a block's number no longer fits a file of e2fsprogs' and ours without 64bit.
const LARGEST: u64 = 4 << 40;

/// Who else may use the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody: it is written.
    Alone,
    /// Others that leave it as it is.
    Reading,
}

/// A disk image that nobody else changes.
#[derive(Debug)]
pub struct RootDisk {
    /// The image.
    pub path: PathBuf,
    lock: File,
}

/// Where the disk of an architecture is.
pub fn place(project: &Project, arch: Arch) -> PathBuf {
    project
        .root
        .join("disks")
        .join(format!("{}.img", arch.name()))
}

impl RootDisk {
    /// Locks an image that is there.
    pub fn open(path: &Path, sharing: Sharing) -> Result<RootDisk> {
        let name = shown(path);
        let lock = OpenOptions::new()
            .read(true)
            .write(sharing == Sharing::Alone)
            .open(path)
            .with_context(|| format!("{name}: the disk image cannot be opened"))?;
        let operation = match sharing {
            Sharing::Alone => FlockOperation::NonBlockingLockExclusive,
            Sharing::Reading => FlockOperation::NonBlockingLockShared,
        };
        if flock(&lock, operation).is_err() {
            let holder = holder::of(&lock).map_or(String::new(), |who| format!(" by {who}"));
            bail!(
                "{name} is in use{holder}: shut that machine down first (`--diskless` boots beside \
                 it)"
            );
        }
        Ok(RootDisk {
            path: path.to_owned(),
            lock,
        })
    }

    /// From now on the lock is everybody's whom this process starts, and lasts as long as they do.
    pub fn pass_on(&self) -> Result<()> {
        fcntl_setfd(&self.lock, FdFlags::empty()).context("the disk's lock cannot be passed on")
    }

    /// Others may read the image too; nobody changes it.
    pub fn share(&self) -> Result<()> {
        flock(&self.lock, FlockOperation::NonBlockingLockShared).context("the disk's lock")
    }

    /// Repairs the file system if whoever had it last did not leave it in order.
    pub fn put_in_order(&self) -> Result<()> {
        let name = shown(&self.path);
        let Some(facts) = ext2::superblock(&self.path)? else {
            bail!("{name} holds no ext2 file system: `cargo scarlet image --new` makes it anew");
        };
        if facts.clean {
            return Ok(());
        }
        ui::step("checking the disk");
        let how = match ext2::repair(&self.path)? {
            Repair::Preen => "e2fsck has put it in order",
            Repair::Thorough => "e2fsck has repaired it; what had lost its name is in /lost+found",
        };
        ui::clear();
        eprintln!("(the machine was not shut down; {how})");
        Ok(())
    }

    /// Brings the layers' changes to the disk; what a person has changed stays, and is named.
    pub fn refresh(&self, project: &Project, tree: &Tree) -> Result<()> {
        let scratch = Scratch::new(project);
        let kept = merge::merge(&self.path, tree, &scratch.0)?;
        if !kept.is_empty() {
            ui::clear();
            let names: Vec<String> = kept.iter().take(5).map(|path| format!("/{path}")).collect();
            let more = if kept.len() > 5 { ", …" } else { "" };
            eprintln!(
                "(kept as changed on the disk, although the layers changed too: {}{more})",
                names.join(", ")
            );
        }
        Ok(())
    }

    /// Puts files of this machine on the disk, executable and root's; directories are made as
    /// needed, files are replaced.
    pub fn add(&self, files: &[(PathBuf, String)]) -> Result<()> {
        let mut lengths = Vec::new();
        for (file, path) in files {
            let name = file.display();
            let facts =
                fs::metadata(file).with_context(|| format!("--add {name}: cannot be read"))?;
            if !facts.is_file() {
                bail!("--add {name}: that is not a file; add files one at a time");
            }
            if path.ends_with('/') {
                bail!("--add {name}={path}: say the file's own name too, such as {path}program");
            }
            lengths.push(facts.len().max(1));
        }
        put::check_room(&self.path, &lengths)?;
        for (file, path) in files {
            let mut script = Script::default();
            let path = path.trim_matches('/');
            let above: Vec<&str> = path.match_indices('/').map(|(at, _)| &path[..at]).collect();
            for (directory, stat) in above.iter().zip(ext2::stat(&self.path, &above)?) {
                match stat {
                    Some(stat) if stat.kind == "directory" || stat.kind == "symlink" => {}
                    Some(_) => bail!("--add: /{directory} on the disk is not a directory"),
                    None => {
                        let name = script.enter(directory)?;
                        script.add("mkdir", &[name])?;
                        script.attributes(name, put::DIRECTORY | 0o755, (0, 0))?;
                    }
                }
            }
            let name = script.enter(path)?;
            match &ext2::stat(&self.path, &[path])?[0] {
                Some(stat) if stat.kind == "directory" => {
                    bail!("--add: /{path} on the disk is a directory; say the file's own name too")
                }
                Some(_) => script.add("rm", &[name])?,
                None => {}
            }
            let host = file.canonicalize()?.display().to_string();
            script.add("write", &[&host, name])?;
            script.attributes(name, put::REGULAR | 0o755, (0, 0))?;
            script.write(&self.path)?;
        }
        Ok(())
    }
}

/// How a path is shown: from the current directory where it lies below it.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
    short
        .unwrap_or_else(|| path.to_owned())
        .display()
        .to_string()
}

/// The disk of an architecture, alone: made if it is not there or anew if that is wanted, of the
/// wanted size, in order, and with the layers as they are now.
pub fn ready(
    project: &Project,
    arch: Arch,
    tree: &Tree,
    size: Option<u64>,
    anew: bool,
) -> Result<RootDisk> {
    let path = place(project, arch);
    if let Some(size) = size
        && !(SMALLEST..=LARGEST).contains(&size)
    {
        bail!("a disk has between 16M and 4096G");
    }
    if path.exists() && !anew {
        let disk = RootDisk::open(&path, Sharing::Alone)?;
        disk.put_in_order()?;
        if let Some(size) = size {
            enlarge(&disk, size)?;
        }
        disk.refresh(project, tree)?;
        return Ok(disk);
    }
    // A machine that runs keeps its disk.
    let _old = path
        .exists()
        .then(|| RootDisk::open(&path, Sharing::Alone))
        .transpose()?;
    ui::step(format!("making the {} disk", arch.name()));
    let folder = path.parent().context("the disk has no folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let made = fresh(project, &new, size.unwrap_or(SIZE), tree)
        .and_then(|()| fs::rename(&new, &path).context("the new disk cannot take its place"));
    if made.is_err() {
        let _ = fs::remove_file(&new);
    }
    made?;
    RootDisk::open(&path, Sharing::Alone)
}

/// Makes a disk with the layers and nothing else.
pub fn fresh(project: &Project, path: &Path, size: u64, tree: &Tree) -> Result<()> {
    ext2::make(path, size, "scarlet")?;
    let scratch = Scratch::new(project);
    merge::merge(path, tree, &scratch.0)?;
    Ok(())
}

fn enlarge(disk: &RootDisk, size: u64) -> Result<()> {
    let now = fs::metadata(&disk.path)?.len();
    if size < now {
        bail!(
            "the disk has {}, and cannot be made smaller (`--new --size` makes it anew, empty)",
            put::mebibytes(now)
        );
    }
    if size > now {
        ui::step("making the disk larger");
        ext2::enlarge(&disk.path, size)?;
    }
    Ok(())
}

/// Copies an image without its holes.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut command = Command::new("cp");
    command.args(["--sparse=always", "--reflink=auto", "--"]);
    ui::quietly(command.arg(from).arg(to))?;
    Ok(())
}

/// A folder for what passes between this tool and e2fsprogs; gone with its owner.
struct Scratch(PathBuf);

impl Scratch {
    fn new(project: &Project) -> Scratch {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("disk-{}-{number}", std::process::id());
        Scratch(project.output.join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
