//! Images, the host's tools, and a root's context on a mounted image.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use base::{Error, Result};
use device::block::MemoryDisk;
use mem::transfer::{Sink, Source};
use object::{File, FileStatus};
use vfs::{FileSystem, FsContext, OpenFile, OpenOptions, RenameFlags, ResolveFlags, View};

use crate::Ext2;

/// Runs a test on a machine of its own.
pub(super) fn on_machine(test: impl FnOnce() + 'static) {
    on_machine_with(1, 1, test);
}

/// The same with so many CPUs and another order of things.
pub(super) fn on_machine_with(seed: u64, cpus: usize, test: impl FnOnce() + 'static) {
    let outcome = hal::hosted::Machine::new(seed)
        .cpus(cpus)
        .run_with(move |_| {
            base::init().unwrap();
            test();
        });
    if let Some(complaint) = outcome.complaint() {
        panic!("{complaint}");
    }
}

/// A file on the host that goes when the test ends.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new(what: &str) -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("scarlet-ext2-{}-{number}-{what}", std::process::id());
        Scratch(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = if self.0.is_dir() {
            std::fs::remove_dir_all(&self.0)
        } else {
            std::fs::remove_file(&self.0)
        };
    }
}

/// Runs a tool of e2fsprogs.
pub(super) fn tool(name: &str, arguments: &[&str]) -> Output {
    let places = [
        "/usr/sbin",
        "/sbin",
        "/usr/local/sbin",
        "/opt/homebrew/opt/e2fsprogs/sbin",
    ];
    let program = places
        .iter()
        .map(|place| PathBuf::from(place).join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is not here: install the package e2fsprogs"));
    Command::new(program)
        .args(arguments)
        .output()
        .expect("the tool runs")
}

/// A fresh image of so many KiB, made with these arguments.
pub(super) fn make_image(kibibytes: u64, arguments: &[&str]) -> Vec<u8> {
    let scratch = Scratch::new("image");
    let path = scratch.0.to_str().expect("a plain path");
    let size = format!("{kibibytes}k");
    let mut all = vec!["-q", "-F"];
    if !arguments.contains(&"-t") {
        all.extend(["-t", "ext2"]);
    }
    all.extend(arguments);
    all.extend([path, &size]);
    let made = tool("mke2fs", &all);
    assert!(
        made.status.success(),
        "mke2fs: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    std::fs::read(path).expect("the image")
}

/// What e2fsck says about an image: its exit code and its words; with `-p` also the repaired image.
pub(super) fn check(image: &[u8], how: &str) -> (i32, String, Vec<u8>) {
    let scratch = Scratch::new("check");
    std::fs::write(&scratch.0, image).expect("room for the image");
    let path = scratch.0.to_str().expect("a plain path");
    let output = tool("e2fsck", &["-f", how, path]);
    let words = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let repaired = std::fs::read(path).expect("the image");
    (output.status.code().unwrap_or(-1), words, repaired)
}

/// The image is in order.
#[track_caller]
pub(super) fn assert_clean(image: &[u8]) {
    let (code, words, _) = check(image, "-n");
    assert_eq!(code, 0, "{words}");
}

pub(super) fn disk(image: Vec<u8>) -> Arc<MemoryDisk> {
    MemoryDisk::new("test", 0, image)
}

pub(super) fn mount(disk: &Arc<MemoryDisk>) -> Arc<Ext2> {
    Ext2::mount(disk.clone(), false).expect("it mounts")
}

pub(super) fn context(ext2: &Arc<Ext2>) -> FsContext {
    let filesystem: Arc<dyn FileSystem> = ext2.clone();
    let mut context = FsContext::new(View::new(&filesystem));
    context.umask = 0;
    context
}

/// A small generator of numbers.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end.max(1)
    }

    pub(super) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        for part in bytes.chunks_mut(8) {
            let number = self.below(usize::MAX).to_le_bytes();
            part.copy_from_slice(&number[..part.len()]);
        }
        bytes
    }
}

/// What the tests ask for again and again.
pub(super) trait Short {
    fn make_directory(&self, path: &str) -> Result<()>;
    fn touch(&self, path: &str) -> Result<Arc<OpenFile>>;
    fn put(&self, path: &str, bytes: &[u8]) -> Result<()>;
    fn get(&self, path: &str) -> Result<Vec<u8>>;
    fn status(&self, path: &str) -> Result<FileStatus>;
    fn link_status(&self, path: &str) -> Result<FileStatus>;
    fn make_link(&self, target: &str, path: &str) -> Result<()>;
    fn move_to(&self, old: &str, new: &str) -> Result<()>;
    fn move_with(&self, old: &str, new: &str, flags: RenameFlags) -> Result<()>;
    fn remove(&self, path: &str) -> Result<()>;
    fn names(&self, path: &str) -> Result<Vec<String>>;
    fn error(&self, path: &str) -> Option<Error>;
}

impl Short for FsContext {
    fn make_directory(&self, path: &str) -> Result<()> {
        self.mkdir(None, path.as_bytes(), 0o777).map(drop)
    }

    fn touch(&self, path: &str) -> Result<Arc<OpenFile>> {
        let options = OpenOptions {
            create: true,
            read: true,
            write: true,
            mode: 0o666,
            ..Default::default()
        };
        self.open(path.as_bytes(), &options)
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let file = self.touch(path)?;
        file.truncate(0)?;
        let mut done = 0;
        while done < bytes.len() {
            done += file.write(&mut Source::kernel(&bytes[done..]))?;
        }
        Ok(())
    }

    fn get(&self, path: &str) -> Result<Vec<u8>> {
        let file = self.open(path.as_bytes(), &OpenOptions::reading())?;
        let mut bytes = vec![0; file.status()?.size as usize];
        let done = file.read_at(0, &mut Sink::kernel(&mut bytes))?;
        bytes.truncate(done);
        Ok(bytes)
    }

    fn status(&self, path: &str) -> Result<FileStatus> {
        self.stat(None, path.as_bytes(), ResolveFlags::empty())
    }

    fn link_status(&self, path: &str) -> Result<FileStatus> {
        self.stat(None, path.as_bytes(), ResolveFlags::NO_FOLLOW)
    }

    fn make_link(&self, target: &str, path: &str) -> Result<()> {
        self.symlink(target.as_bytes(), None, path.as_bytes())
            .map(drop)
    }

    fn move_to(&self, old: &str, new: &str) -> Result<()> {
        self.move_with(old, new, RenameFlags::empty())
    }

    fn move_with(&self, old: &str, new: &str, flags: RenameFlags) -> Result<()> {
        self.rename(None, old.as_bytes(), None, new.as_bytes(), flags)
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.unlink(None, path.as_bytes())
    }

    fn names(&self, path: &str) -> Result<Vec<String>> {
        let options = OpenOptions {
            read: true,
            directory: true,
            ..Default::default()
        };
        let file = self.open(path.as_bytes(), &options)?;
        let mut names = Vec::new();
        file.read_directory(&mut |entry| {
            names.push(String::from_utf8_lossy(entry.name).into_owned());
            true
        })?;
        Ok(names)
    }

    fn error(&self, path: &str) -> Option<Error> {
        self.status(path).err()
    }
}
