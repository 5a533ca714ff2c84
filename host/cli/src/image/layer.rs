//! Layers: what `images/*.toml` may say, and how it becomes files.
//!
//! `{arch}` in a path or text stands for the guest's architecture. A layer may be for some
//! architectures only.

use super::{
    applets,
    cpio::{Entry, Node, Tree},
    mark,
};
use crate::{arch::Arch, project::Project, setup::debian};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    /// What the layer is for; read by people.
    #[allow(dead_code)]
    description: String,
    /// The architectures it is for; all when absent.
    architectures: Option<Vec<String>>,
    #[serde(default)]
    directory: Vec<Directory>,
    #[serde(default)]
    file: Vec<File>,
    #[serde(default)]
    symlink: Vec<Symlink>,
    #[serde(default)]
    device: Vec<Device>,
    #[serde(default)]
    programs: Vec<Programs>,
    #[serde(default)]
    debian: Vec<Debian>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Directory {
    path: String,
    mode: Option<u32>,
    #[serde(default)]
    owner: u32,
    #[serde(default)]
    group: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    path: String,
    mode: Option<u32>,
    #[serde(default)]
    owner: u32,
    #[serde(default)]
    group: u32,
    /// The text itself…
    text: Option<String>,
    /// …or a file of this checkout.
    source: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Symlink {
    path: String,
    target: String,
    #[serde(default)]
    owner: u32,
    #[serde(default)]
    group: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Device {
    path: String,
    mode: Option<u32>,
    #[serde(default)]
    owner: u32,
    #[serde(default)]
    group: u32,
    major: u32,
    minor: u32,
    /// A block device, not a character device.
    #[serde(default)]
    block: bool,
}

/// All programs of a package of this workspace.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Programs {
    package: PathBuf,
    to: String,
    /// A prefix of the programs' names that the guest's names lack.
    #[serde(default)]
    strip: String,
    /// Write the native ABI's mark into the ELF header.
    #[serde(default)]
    native: bool,
}

/// A file of a Debian package.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Debian {
    package: String,
    file: PathBuf,
    to: String,
    /// For BusyBox: where to put a symbolic link for each program it contains.
    applets: Option<String>,
}

/// The files of all layers that are for `arch`. `programs` is the folder with the ELF files of
/// this workspace; where it is empty, layers of our own programs are left out (the reference image
/// needs none).
pub fn tree(project: &Project, arch: Arch, programs: &Path) -> Result<Tree> {
    let folder = project.root.join("images");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    let mut tree = Tree::default();
    for file in files {
        let text = fs::read_to_string(&file)?.replace("{arch}", arch.name());
        let layer: Layer = toml::from_str(&text).with_context(|| file.display().to_string())?;
        let wanted = layer.architectures.as_ref();
        if wanted.is_none_or(|wanted| wanted.iter().any(|name| name == arch.name())) {
            apply(project, arch, programs, layer, &mut tree)
                .with_context(|| file.display().to_string())?;
        }
    }
    Ok(tree)
}

fn apply(
    project: &Project,
    arch: Arch,
    programs: &Path,
    layer: Layer,
    tree: &mut Tree,
) -> Result<()> {
    let mut put = |path: &str, mode: u32, owner: (u32, u32), node: Node| {
        tree.put_entry(path, Entry { mode, owner, node });
    };
    for entry in layer.directory {
        let (mode, owner) = (entry.mode.unwrap_or(0o755), (entry.owner, entry.group));
        put(&entry.path, mode, owner, Node::Directory);
    }
    for entry in layer.file {
        let path = &entry.path;
        let contents = match (entry.text, entry.source) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(source)) => fs::read(project.root.join(&source))
                .with_context(|| format!("cannot read {}", source.display()))?,
            _ => bail!("{path}: give `text` or `source`, one of them"),
        };
        let (mode, owner) = (entry.mode.unwrap_or(0o644), (entry.owner, entry.group));
        put(path, mode, owner, Node::File(contents));
    }
    for entry in layer.symlink {
        let owner = (entry.owner, entry.group);
        put(&entry.path, 0o777, owner, Node::Symlink(entry.target));
    }
    for entry in layer.device {
        let (mode, owner) = (entry.mode.unwrap_or(0o600), (entry.owner, entry.group));
        let node = match entry.block {
            true => Node::BlockDevice(entry.major, entry.minor),
            false => Node::CharacterDevice(entry.major, entry.minor),
        };
        put(&entry.path, mode, owner, node);
    }
    if programs != Path::new("") {
        for entry in layer.programs {
            own_programs(project, programs, &entry, tree)?;
        }
    }
    for Debian {
        package,
        file,
        to,
        applets: links,
    } in layer.debian
    {
        let contents = debian_file(project, arch, &package, &file)?;
        if let Some(folder) = links {
            for name in applets::names(&contents)? {
                tree.symlink(&format!("{folder}/{name}"), "busybox");
            }
        }
        tree.file(&to, 0o755, contents);
    }
    Ok(())
}

fn own_programs(
    project: &Project,
    built: &Path,
    programs: &Programs,
    tree: &mut Tree,
) -> Result<()> {
    let manifest = project.root.join(&programs.package).join("Cargo.toml");
    for name in program_names(&manifest)? {
        let path = built.join(&name);
        let mut elf =
            fs::read(&path).with_context(|| format!("{} was not built", path.display()))?;
        if programs.native {
            mark::native(&mut elf).with_context(|| format!("{}", path.display()))?;
        }
        let name = name.strip_prefix(&programs.strip).unwrap_or(&name);
        tree.file(
            &format!("{}/{name}", programs.to),
            0o755,
            mark::without_debug(elf)?,
        );
    }
    Ok(())
}

/// The programs that a package declares or has in `src/bin`.
fn program_names(manifest: &Path) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Manifest {
        #[serde(default)]
        bin: Vec<Bin>,
    }
    #[derive(Deserialize)]
    struct Bin {
        name: String,
    }
    let text = fs::read_to_string(manifest)
        .with_context(|| format!("cannot read {}", manifest.display()))?;
    let declared: Manifest = toml::from_str(&text)?;
    let mut names: Vec<String> = declared.bin.into_iter().map(|bin| bin.name).collect();
    if let Some(entries) = manifest
        .parent()
        .and_then(|folder| fs::read_dir(folder.join("src/bin")).ok())
    {
        let found = entries.flatten().filter_map(|entry| {
            let path = entry.path();
            let program = path.is_dir() || path.extension().is_some_and(|end| end == "rs");
            program
                .then(|| path.file_stem()?.to_str().map(str::to_owned))
                .flatten()
        });
        if names.is_empty() {
            names.extend(found);
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// A file of a Debian package, unpacked once.
fn debian_file(project: &Project, arch: Arch, package: &str, file: &Path) -> Result<Vec<u8>> {
    let archive = debian::package(project, arch, package)?;
    let folder = project
        .cache
        .join("unpacked")
        .join(arch.debian())
        .join(package);
    let path = folder.join(file);
    if !path.is_file() {
        debian::unpack(&archive, &folder)?;
    }
    fs::read(&path).with_context(|| format!("Debian's {package} holds no {}", file.display()))
}
