//! Where things are: the checkout, what is built, what is downloaded.

use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The checkout this tool works on.
pub struct Project {
    /// The workspace's root.
    pub root: PathBuf,
    /// What this tool makes, beside cargo's own output.
    pub output: PathBuf,
    /// What was downloaded; shared by all checkouts of one person.
    pub cache: PathBuf,
}

impl Project {
    /// Finds the checkout: the one this tool was built from, or the one around the current
    /// directory if that one has moved.
    pub fn find() -> Result<Project> {
        let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let here = std::env::current_dir().context("the current directory is gone")?;
        let root = here
            .ancestors()
            .map(Path::to_path_buf)
            .chain([built_from])
            .find(|path| path.join("kernel/hal").is_dir() && path.join("images").is_dir());
        let Some(root) = root else {
            bail!("this is not a Scarlet checkout: run the command inside one");
        };
        let root = root.canonicalize()?;
        let cache = match (std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")) {
            (Some(cache), _) if !cache.is_empty() => PathBuf::from(cache).join("scarlet"),
            (_, Some(home)) if !home.is_empty() => PathBuf::from(home).join(".cache/scarlet"),
            _ => root.join("target/scarlet-cache"),
        };
        let output = root.join("target/scarlet");
        fs::create_dir_all(&output)
            .with_context(|| format!("cannot write to {}", output.display()))?;
        fs::create_dir_all(&cache)
            .with_context(|| format!("cannot write to {}", cache.display()))?;
        Ok(Project {
            root,
            output,
            cache,
        })
    }

    /// Removes what was built, and with `cache` what was downloaded.
    pub fn clean(&self, cache: bool) -> Result<()> {
        remove(&self.output)?;
        for target in crate::arch::Arch::ALL {
            remove(&self.root.join("target").join(target.kernel_target()))?;
            remove(&self.root.join("target").join(target.user_target()))?;
        }
        if cache {
            remove(&self.cache)?;
        }
        Ok(())
    }
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The files of a folder with an extension, sorted.
pub fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == extension))
        .collect();
    files.sort();
    Ok(files)
}

/// Writes a file only when its contents differ, so that nothing built from it is stale for
/// nothing.
pub fn write_if_changed(path: &Path, contents: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == contents) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    // A reader (another run of this tool, QEMU) sees the old file or the new one, never half.
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
    fs::write(&temporary, contents)
        .and_then(|()| fs::rename(&temporary, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
