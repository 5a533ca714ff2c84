//! The commands of the shell on a disk image.

use super::{
    super::{
        RootDisk, Scratch,
        ext2::{self, Script, Stat},
        put::{self, mebibytes},
    },
    HELP,
};
use crate::project::Project;
use anyhow::{Context, Result, bail};
use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

/// A disk, and the directory where names begin.
pub struct Session {
    disk: RootDisk,
    scratch: Scratch,
    directory: String,
}

/// What a directory holds: name, and what it is.
type Listing = Vec<(String, Stat)>;

impl Session {
    /// Begins at the disk's root.
    pub fn new(project: &Project, disk: RootDisk) -> Session {
        Session {
            disk,
            scratch: Scratch::new(project),
            directory: "/".to_owned(),
        }
    }

    /// Where names begin.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// Carries out a command; the error is a sentence.
    pub fn carry_out(&mut self, words: &[String]) -> Result<()> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["help"] => print!("{HELP}"),
            ["pwd"] => println!("{}", self.directory),
            ["df"] => self.show_room()?,
            ["cd"] => self.directory = "/".to_owned(),
            ["cd", path] => self.change_directory(path)?,
            ["ls"] => self.list(".")?,
            ["ls", path] => self.list(path)?,
            ["cat", file] => {
                let bytes = self.read(file)?;
                std::io::stdout().write_all(&bytes)?;
            }
            ["get", file] => {
                let name = file.rsplit('/').next().unwrap_or(file);
                self.get(file, Path::new(name))?;
            }
            ["get", file, host] => self.get(file, Path::new(host))?,
            ["put", host] => {
                let name = Path::new(host).file_name().and_then(|name| name.to_str());
                let name = name.with_context(|| format!("{host}: that is not a file's name"))?;
                self.put(Path::new(host), name)?;
            }
            ["put", host, path] => self.put(Path::new(host), path)?,
            ["edit", file] => self.edit(file)?,
            ["mkdir", path] => self.make_directory(path)?,
            ["rm", "-r", path] => self.remove(path, true)?,
            ["rm", path] => self.remove(path, false)?,
            ["mv", old, new] => self.rename(old, new)?,
            ["ln", "-s", target, path] => self.link(target, path)?,
            ["chmod", mode, path] => self.change_mode(mode, path)?,
            ["chown", owner, path] => self.change_owner(owner, path)?,
            [] => {}
            [name, ..] => {
                let name = format!("{name} ");
                match HELP.lines().find(|line| line.starts_with(&name)) {
                    Some(line) => bail!("usage: {}", line.split("   ").next().unwrap_or(line)),
                    None => bail!("{}: no such command (`help` lists them)", name.trim()),
                }
            }
        }
        Ok(())
    }

    /// A path from the root, without `.` and `..`.
    fn absolute(&self, path: &str) -> String {
        let whole = match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("{}/{path}", self.directory),
        };
        let mut parts = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        format!("/{}", parts.join("/"))
    }

    fn find(&self, path: &str) -> Result<Option<Stat>> {
        Ok(ext2::stat(&self.disk.path, &[path])?.remove(0))
    }

    fn stat(&self, path: &str) -> Result<Stat> {
        let found = self.find(path)?;
        found.with_context(|| format!("{path}: no such file on the disk"))
    }

    /// What is at the end of a symbolic link, if there is one.
    fn is_directory(&self, path: &str) -> Result<bool> {
        let path = path.trim_matches('/');
        if path.is_empty() {
            return Ok(true);
        }
        // With a dot behind it, a link is followed.
        let found = ext2::stat(&self.disk.path, &[&format!("{path}/.")])?;
        Ok(found[0]
            .as_ref()
            .is_some_and(|stat| stat.kind == "directory"))
    }

    fn change_directory(&mut self, path: &str) -> Result<()> {
        let path = self.absolute(path);
        if !self.is_directory(&path)? {
            bail!("{path}: no such directory on the disk");
        }
        self.directory = path;
        Ok(())
    }

    /// The names in a directory, but for itself and the one above.
    fn names(&self, path: &str) -> Result<Vec<String>> {
        let mut script = Script::default();
        script.add("ls -p", &[path])?;
        let text = script.read(&self.disk.path)?.remove(0);
        // `/inode/mode/user/group/name/size/`; a name has no slash.
        let names = text.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split('/').collect();
            let [_, inode, _, _, _, name, ..] = fields.as_slice() else {
                return None;
            };
            (*inode != "0" && *name != "." && *name != "..").then(|| (*name).to_owned())
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        Ok(names)
    }

    fn listing(&self, path: &str) -> Result<Listing> {
        let names = self.names(path)?;
        let paths: Vec<String> = names.iter().map(|name| format!("{path}/{name}")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let stats = ext2::stat(&self.disk.path, &paths)?;
        let pairs = names.into_iter().zip(stats);
        Ok(pairs
            .filter_map(|(name, stat)| Some((name, stat?)))
            .collect())
    }

    fn list(&self, path: &str) -> Result<()> {
        let path = self.absolute(path);
        let files = match self.is_directory(&path)? {
            true => self.listing(&path)?,
            false => vec![(path.clone(), self.stat(&path)?)],
        };
        for (name, stat) in files {
            let letter = match stat.kind.as_str() {
                "directory" => 'd',
                "regular" => '-',
                "symlink" => 'l',
                "character special" => 'c',
                "block special" => 'b',
                _ => '?',
            };
            let size = match letter {
                'c' | 'b' => stat.detail.clone(),
                _ => stat.size.to_string(),
            };
            let target = match letter {
                'l' if !stat.detail.is_empty() => format!(" -> {}", stat.detail),
                _ => String::new(),
            };
            let (user, group) = stat.owner;
            println!(
                "{letter} {:04o} {user:>5}:{group:<5} {size:>10} {name}{target}",
                stat.mode
            );
        }
        Ok(())
    }

    /// A regular file's bytes; a link is followed.
    fn read(&self, path: &str) -> Result<Vec<u8>> {
        let mut path = self.absolute(path);
        for _ in 0..8 {
            let stat = self.stat(&path)?;
            match stat.kind.as_str() {
                "regular" => {
                    let mut files = ext2::read_files(&self.disk.path, &[&path], &self.scratch.0)?;
                    return Ok(files.remove(0));
                }
                "symlink" if !stat.detail.is_empty() => {
                    let above = path.rsplit_once('/').map_or("", |(above, _)| above);
                    path = match stat.detail.starts_with('/') {
                        true => stat.detail,
                        false => self.absolute(&format!("{above}/{}", stat.detail)),
                    };
                }
                kind => bail!("{path}: that is no file to read but of the kind `{kind}`"),
            }
        }
        bail!("{path}: too many symbolic links")
    }

    fn get(&self, file: &str, host: &Path) -> Result<()> {
        let target = match host.is_dir() {
            true => host.join(file.rsplit('/').next().unwrap_or(file)),
            false => host.to_owned(),
        };
        let bytes = self.read(file)?;
        fs::write(&target, bytes).with_context(|| format!("cannot write {}", target.display()))
    }

    fn put(&self, host: &Path, path: &str) -> Result<()> {
        let name = host.display();
        let facts = fs::metadata(host).with_context(|| format!("{name}: cannot be read"))?;
        if !facts.is_file() {
            bail!("{name}: that is not a file of this machine");
        }
        let mut path = self.absolute(path);
        if self.is_directory(&path)? {
            let file = host.file_name().and_then(|name| name.to_str());
            let file = file.with_context(|| format!("{name}: say the name on the disk too"))?;
            path = format!("{}/{file}", path.trim_end_matches('/'));
        }
        put::check_room(&self.disk.path, &[facts.len().max(1)])?;
        // What is replaced keeps its owner and mode.
        let before = self.find(&path)?.filter(|stat| stat.kind == "regular");
        let (mode, owner) = match &before {
            Some(stat) => (stat.mode, stat.owner),
            None => (facts.permissions().mode() & 0o777, (0, 0)),
        };
        let mut script = Script::default();
        let name = self.enter(&mut script, &path)?;
        if before.is_some() {
            script.add("rm", &[name])?;
        } else if self.find(&path)?.is_some() {
            bail!("{path}: on the disk that is something else than a file");
        }
        script.add(
            "write",
            &[&host.canonicalize()?.display().to_string(), name],
        )?;
        script.attributes(name, put::REGULAR | mode, owner)?;
        script.write(&self.disk.path)
    }

    fn edit(&self, file: &str) -> Result<()> {
        let path = self.absolute(file);
        let before = match self.find(&path)? {
            Some(_) => self.read(&path)?,
            None => Vec::new(),
        };
        fs::create_dir_all(&self.scratch.0)?;
        let name = path.rsplit('/').next().unwrap_or("file");
        let copy: PathBuf = self.scratch.0.join(name);
        fs::write(&copy, &before)?;
        let editor = std::env::var("EDITOR").unwrap_or_else(|_| "vi".to_owned());
        let status = Command::new("sh")
            .args(["-c", &format!("{editor} \"$1\""), "edit"])
            .arg(&copy)
            .status()?;
        if !status.success() {
            bail!("{editor} ended with {status}: {path} stays as it is");
        }
        if fs::read(&copy)? != before {
            self.put(&copy, &path)?;
        }
        Ok(())
    }

    /// Goes to the directory of a path, which must be there; the last name.
    fn enter<'a>(&self, script: &mut Script, path: &'a str) -> Result<&'a str> {
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        if path == "/" || !self.is_directory(above)? {
            bail!("{above}/: no such directory on the disk");
        }
        script.enter(path)
    }

    fn make_directory(&self, path: &str) -> Result<()> {
        let path = self.absolute(path);
        if self.find(&path)?.is_some() {
            bail!("{path}: is on the disk already");
        }
        put::check_room(&self.disk.path, &[1])?;
        let mut script = Script::default();
        let name = self.enter(&mut script, &path)?;
        script.add("mkdir", &[name])?;
        script.attributes(name, put::DIRECTORY | 0o755, (0, 0))?;
        script.write(&self.disk.path)
    }

    fn remove(&self, path: &str, whole: bool) -> Result<()> {
        let path = self.absolute(path);
        let stat = self.stat(&path)?;
        let mut script = Script::default();
        match stat.kind.as_str() {
            "directory" if !whole => bail!("{path}: is a directory (`rm -r` removes it)"),
            "directory" if path == "/" => bail!("the disk's root stays"),
            "directory" => self.remove_tree(&mut script, &path)?,
            _ => {
                let name = self.enter(&mut script, &path)?;
                script.add("rm", &[name])?;
            }
        }
        script.write(&self.disk.path)
    }

    fn remove_tree(&self, script: &mut Script, path: &str) -> Result<()> {
        for (name, stat) in self.listing(path)? {
            let inner = format!("{path}/{name}");
            if stat.kind == "directory" {
                self.remove_tree(script, &inner)?;
            } else {
                let name = script.enter(&inner)?;
                script.add("rm", &[name])?;
            }
        }
        let name = script.enter(path)?;
        script.add("rmdir", &[name])
    }

    fn rename(&self, old: &str, new: &str) -> Result<()> {
        let (old, mut new) = (self.absolute(old), self.absolute(new));
        if self.stat(&old)?.kind == "directory" {
            bail!("{old}: directories are not moved from here");
        }
        if self.is_directory(&new)? {
            new = format!(
                "{}/{}",
                new.trim_end_matches('/'),
                old.rsplit('/').next().unwrap_or("")
            );
        }
        if old == new {
            return Ok(());
        }
        let mut script = Script::default();
        let name = self.enter(&mut script, &new)?;
        match self.find(&new)? {
            Some(stat) if stat.kind == "directory" => bail!("{new}: is a directory"),
            Some(_) => script.add("rm", &[name])?,
            None => {}
        }
        // `ln` leaves the count of links as it is, and so does `unlink`.
        script.add("ln", &[&old, name])?;
        let name = self.enter(&mut script, &old)?;
        script.add("unlink", &[name])?;
        script.write(&self.disk.path)
    }

    fn link(&self, target: &str, path: &str) -> Result<()> {
        let path = self.absolute(path);
        if self.find(&path)?.is_some() {
            bail!("{path}: is on the disk already");
        }
        put::check_room(&self.disk.path, &[1])?;
        let mut script = Script::default();
        let name = self.enter(&mut script, &path)?;
        script.add("symlink", &[name, target])?;
        script.attributes(name, 0o120777, (0, 0))?;
        script.write(&self.disk.path)
    }

    fn change_mode(&self, mode: &str, path: &str) -> Result<()> {
        let bits = u32::from_str_radix(mode, 8)
            .ok()
            .filter(|bits| *bits <= 0o7777);
        let bits = bits.with_context(|| format!("{mode}: give octal digits such as 755"))?;
        self.change(path, bits, None)
    }

    fn change_owner(&self, owner: &str, path: &str) -> Result<()> {
        let (user, group) = match owner.split_once(':') {
            Some((user, group)) => (user.parse().ok(), Some(group.parse().ok())),
            None => (owner.parse().ok(), None),
        };
        let path = self.absolute(path);
        let stat = self.stat(&path)?;
        match (user, group.unwrap_or(Some(stat.owner.1))) {
            (Some(user), Some(group)) => self.change(&path, stat.mode, Some((user, group))),
            _ => bail!("{owner}: give numbers such as 1000:1000"),
        }
    }

    fn change(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> Result<()> {
        let path = self.absolute(path);
        let stat = self.stat(&path)?;
        let kind = match stat.kind.as_str() {
            "directory" => put::DIRECTORY,
            "regular" => put::REGULAR,
            kind => bail!("{path}: of the kind `{kind}`, which is not changed from here"),
        };
        let mut script = Script::default();
        if path == "/" {
            script.add("cd", &["/"])?;
            script.attributes(".", kind | mode, owner.unwrap_or(stat.owner))?;
        } else {
            let name = self.enter(&mut script, &path)?;
            script.attributes(name, kind | mode, owner.unwrap_or(stat.owner))?;
        }
        script.write(&self.disk.path)
    }

    fn show_room(&self) -> Result<()> {
        let facts = ext2::superblock(&self.disk.path)?;
        let facts = facts.context("the disk image holds no ext2 file system")?;
        println!(
            "{} free of {}, room for {} more files",
            mebibytes(facts.free_blocks * facts.block_size),
            mebibytes(facts.blocks * facts.block_size),
            facts.free_inodes
        );
        Ok(())
    }
}
