//! An ext2 image in a file, made and changed with e2fsprogs, so that nobody needs to be root.
//!
//! `mke2fs` makes it, `e2fsck` repairs it, `debugfs` reads and writes what is in it. debugfs is
//! given scripts: it echoes each line behind `debugfs: ` before it carries it out, complains on its
//! standard error, and goes on after an error. Names go by `cd` and a bare name, because its
//! commands differ in what they do with a path. While a script changes something, the superblock
//! says that the image was not left in order: a tool that is killed in the midst of it leaves
//! something to be checked.

use crate::{setup, ui};
use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Where the superblock is, and in it what is read here (the ext2 documentation of Linux).
const SUPERBLOCK: u64 = 1024;
const MAGIC_AT: usize = 56;
const STATE_AT: usize = 58;
const MAGIC: u16 = 0xEF53;
/// The bit of the state that says: unmounted in order.
const IN_ORDER: u16 = 1;
/// The bit of the state that says: errors were found.
const ERRORS: u16 = 2;

/// Bytes of a block of the images that are made here: a page of the guest.
pub const BLOCK: u64 = 4096;

/// What a superblock says.
#[derive(Clone, Copy, Debug)]
pub struct Superblock {
    /// Unmounted in order, and no errors were found.
    pub clean: bool,
    /// Bytes of a block.
    pub block_size: u64,
    /// Blocks that are free.
    pub free_blocks: u64,
    /// Inodes that are free.
    pub free_inodes: u64,
    /// Blocks altogether.
    pub blocks: u64,
}

/// A file, as the image has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// debugfs's word for its kind: `regular`, `directory`, `symlink`, …
    pub kind: String,
    /// Permission bits.
    pub mode: u32,
    /// Numbers of user and group.
    pub owner: (u32, u32),
    /// Bytes.
    pub size: u64,
    /// A symbolic link's target where it lies in the inode; a device's numbers.
    pub detail: String,
}

/// Whether a file holds an ext2 file system at its beginning, and what its superblock says.
pub fn superblock(image: &Path) -> Result<Option<Superblock>> {
    let file = File::open(image).with_context(|| format!("cannot read {}", image.display()))?;
    let mut bytes = [0; 128];
    if file.read_exact_at(&mut bytes, SUPERBLOCK).is_err() {
        return Ok(None);
    }
    let short = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let long = |at: usize| u64::from(short(at)) | u64::from(short(at + 2)) << 16;
    if short(MAGIC_AT) != MAGIC {
        return Ok(None);
    }
    let state = short(STATE_AT);
    Ok(Some(Superblock {
        clean: state & IN_ORDER != 0 && state & ERRORS == 0,
        block_size: 1024_u64.checked_shl(long(24) as u32).unwrap_or(0),
        blocks: long(4),
        free_blocks: long(12),
        free_inodes: long(16),
    }))
}

/// Says in the superblock whether the image is in order.
fn set_clean(image: &Path, clean: bool) -> Result<()> {
    let state = if clean { IN_ORDER } else { 0 };
    OpenOptions::new()
        .write(true)
        .open(image)
        .and_then(|file| file.write_all_at(&state.to_le_bytes(), SUPERBLOCK + STATE_AT as u64))
        .with_context(|| format!("cannot write {}", image.display()))
}

/// Makes an empty file system of `bytes` in a new file.
pub fn make(image: &Path, bytes: u64, label: &str) -> Result<()> {
    setup::program("mke2fs", "e2fsprogs")?;
    File::create(image)
        .and_then(|file| file.set_len(bytes))
        .with_context(|| format!("cannot make {}", image.display()))?;
    let mut command = tool("mke2fs");
    command.args(["-q", "-F", "-t", "ext2", "-m", "1", "-L", label]);
    command.args(["-b", &BLOCK.to_string(), "-E", "root_owner=0:0"]);
    ui::quietly(command.arg(image))?;
    Ok(())
}

/// A program of e2fsprogs, wherever Debian has put it.
fn tool(name: &str) -> Command {
    let mut command = Command::new(setup::find(name).unwrap_or_else(|| PathBuf::from(name)));
    // What they say is read by a program.
    command.env("LC_ALL", "C");
    command
}

/// Checks an image from end to end without changing it; what is wrong is the error.
pub fn check(image: &Path) -> Result<()> {
    setup::program("e2fsck", "e2fsprogs")?;
    let output = tool("e2fsck").arg("-fn").arg(image).output()?;
    if !output.status.success() {
        bail!(
            "e2fsck -fn {}:\n{}",
            image.display(),
            String::from_utf8_lossy(&output.stdout)
        );
    }
    Ok(())
}

/// What e2fsck did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Nothing had to be changed, or only what it changes without being asked.
    Preen,
    /// It had to be told to answer every question with yes.
    Thorough,
}

/// Puts an image in order as `e2fsck -p` does, and where that gives up, as `e2fsck -y` does.
pub fn repair(image: &Path) -> Result<Repair> {
    if preen(image)?.is_ok() {
        return Ok(Repair::Preen);
    }
    let output = tool("e2fsck").arg("-fy").arg(image).output()?;
    match output.status.code() {
        Some(0 | 1) => Ok(Repair::Thorough),
        _ => bail!(
            "{} cannot be repaired by e2fsck:\n{}",
            image.display(),
            String::from_utf8_lossy(&output.stdout)
        ),
    }
}

/// `e2fsck -p`: the inner error is what it says when it gives up.
pub fn preen(image: &Path) -> Result<Result<(), String>> {
    setup::program("e2fsck", "e2fsprogs")?;
    let output = tool("e2fsck").args(["-f", "-p"]).arg(image).output()?;
    Ok(match output.status.code() {
        Some(0 | 1) => Ok(()),
        code => Err(format!(
            "e2fsck -p ended with {code:?}:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )),
    })
}

/// Makes a file system larger; the image must be in order.
pub fn enlarge(image: &Path, bytes: u64) -> Result<()> {
    setup::program("resize2fs", "e2fsprogs")?;
    // It refuses an image that was not checked a moment ago.
    repair(image)?;
    let file = OpenOptions::new().write(true).open(image)?;
    file.set_len(bytes)?;
    ui::quietly(tool("resize2fs").arg(image))?;
    Ok(())
}

/// Lines for debugfs.
#[derive(Default)]
pub struct Script {
    lines: Vec<String>,
}

/// A word as debugfs takes it. It reads lines, so a name with a line's end cannot be said.
fn quoted(word: &str) -> Result<String> {
    if word.contains(['\n', '\r', '\0']) {
        bail!("{word:?}: a name with a line's end cannot be put on the disk from here");
    }
    Ok(format!("\"{}\"", word.replace('"', "\"\"")))
}

impl Script {
    /// Adds a command: the first word as it is, the others quoted.
    pub fn add(&mut self, command: &str, words: &[&str]) -> Result<()> {
        let mut line = command.to_owned();
        for word in words {
            line.push(' ');
            line.push_str(&quoted(word)?);
        }
        self.lines.push(line);
        Ok(())
    }

    /// Goes to the directory of a path and returns its last name. The directory must be there.
    pub fn enter<'a>(&mut self, path: &'a str) -> Result<&'a str> {
        let path = path.trim_matches('/');
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.add("cd", &[&format!("/{directory}")])?;
        Ok(name)
    }

    /// Sets owner, and kind with permission bits, of a name in the current directory.
    pub fn attributes(&mut self, name: &str, mode: u32, owner: (u32, u32)) -> Result<()> {
        for (field, value) in [
            ("mode", format!("0{mode:o}")),
            ("uid", owner.0.to_string()),
            ("gid", owner.1.to_string()),
        ] {
            self.add("set_inode_field", &[name, field, &value])?;
        }
        Ok(())
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    fn start(&self, image: &Path, write: bool) -> Result<(String, Vec<String>)> {
        setup::program("debugfs", "e2fsprogs")?;
        let mut command = tool("debugfs");
        if write {
            command.arg("-w");
        }
        command.args(["-f", "-"]).arg(image);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start debugfs")?;
        let mut input = child.stdin.take().context("debugfs has no input")?;
        let text = self.lines.join("\n") + "\n";
        let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
        let output = child.wait_with_output()?;
        let _ = writer.join();
        let complaints = String::from_utf8_lossy(&output.stderr)
            .lines()
            .filter(|line| !line.starts_with("debugfs 1.") && !line.trim().is_empty())
            .map(|line| line.trim().to_owned())
            .collect();
        Ok((
            String::from_utf8_lossy(&output.stdout).into_owned(),
            complaints,
        ))
    }

    /// Runs the script without changing anything; what each line printed, in their order. Lines
    /// that fail print nothing.
    pub fn read(&self, image: &Path) -> Result<Vec<String>> {
        if self.lines.is_empty() {
            return Ok(Vec::new());
        }
        let (output, complaints) = self.start(image, false)?;
        let mut parts = vec![String::new(); self.lines.len()];
        let mut lines = output.lines().peekable();
        for (index, line) in self.lines.iter().enumerate() {
            let echo = format!("debugfs: {line}");
            if lines.next() != Some(&echo) {
                let complaint = complaints.first().map_or("no reason given", String::as_str);
                bail!("debugfs cannot read {}: {complaint}", image.display());
            }
            let next = self.lines.get(index + 1);
            let next = next.map(|line| format!("debugfs: {line}"));
            while let Some(line) = lines.next_if(|line| Some(*line) != next.as_deref()) {
                parts[index].push_str(line);
                parts[index].push('\n');
            }
        }
        Ok(parts)
    }

    /// Runs the script on an image that is in order. After an error the image is repaired, and
    /// what was done before the error stays.
    pub fn write(&self, image: &Path) -> Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        set_clean(image, false)?;
        let (_, complaints) = self.start(image, true)?;
        if let Some(first) = complaints.first() {
            repair(image)?;
            bail!("the disk image could not be changed as wanted: {first}");
        }
        set_clean(image, true)
    }
}

/// What the image has at each of some paths.
pub fn stat(image: &Path, paths: &[&str]) -> Result<Vec<Option<Stat>>> {
    let mut script = Script::default();
    for path in paths {
        script.add("stat", &[&format!("/{}", path.trim_start_matches('/'))])?;
    }
    let parts = script.read(image)?;
    Ok(parts.iter().map(|part| parse_stat(part)).collect())
}

fn parse_stat(text: &str) -> Option<Stat> {
    let after = |name: &str| -> Option<&str> {
        let at = text.find(name)? + name.len();
        text[at..].split_whitespace().next()
    };
    let kind = text.split("Type: ").nth(1)?.split("    ").next()?;
    let detail = if let Some(at) = text.find("Fast link dest: \"") {
        let rest = &text[at + "Fast link dest: \"".len()..];
        rest.rsplit_once('"')?.0.to_owned()
    } else if let Some(numbers) = after("Device major/minor number:") {
        let (major, minor) = numbers.split_once(':')?;
        format!(
            "{}:{}",
            major.parse::<u32>().ok()?,
            minor.parse::<u32>().ok()?
        )
    } else {
        String::new()
    };
    Some(Stat {
        kind: kind.trim().to_owned(),
        mode: u32::from_str_radix(after("Mode:")?, 8).ok()?,
        owner: (
            after("User:")?.parse().ok()?,
            after("Group:")?.parse().ok()?,
        ),
        size: after("Size:")?.parse().ok()?,
        detail,
    })
}

/// Reads files of an image, in order; one that cannot be read is empty.
pub fn read_files(image: &Path, paths: &[&str], scratch: &Path) -> Result<Vec<Vec<u8>>> {
    fs::create_dir_all(scratch)?;
    let mut script = Script::default();
    let target = |index: usize| scratch.join(format!("read-{index}"));
    for (index, path) in paths.iter().enumerate() {
        let to = target(index).display().to_string();
        script.add(
            "dump",
            &[&format!("/{}", path.trim_start_matches('/')), &to],
        )?;
    }
    script.read(image)?;
    let mut files = Vec::new();
    for index in 0..paths.len() {
        files.push(fs::read(target(index)).unwrap_or_default());
        let _ = fs::remove_file(target(index));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted() {
        assert_eq!(quoted("a \"b\"").unwrap(), "\"a \"\"b\"\"\"");
        assert!(quoted("a\nb").is_err());
    }

    #[test]
    fn what_stat_prints_is_understood() {
        let text = "Inode: 13   Type: regular    Mode:  04755   Flags: 0x0\n\
                    Generation: 0    Version: 0x00000000:00000000\n\
                    User:  1000   Group:     7   Project:     0   Size: 151344\n";
        let stat = parse_stat(text).unwrap();
        assert_eq!((stat.kind.as_str(), stat.mode), ("regular", 0o4755));
        assert_eq!((stat.owner, stat.size), ((1000, 7), 151344));
        assert!(parse_stat("").is_none());
    }
}
