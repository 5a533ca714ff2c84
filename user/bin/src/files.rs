//! What `cp`, `mv` and `ln` have in common: where a name goes.

use scarlet::prelude::*;
use scarlet::{env, fs, path};

/// The pairs of source and target that `PROGRAM SOURCE… TARGET` means: into the target if it is a
/// directory. Ends the program with a sentence if there can be none.
pub fn pairs(names: &[Vec<u8>], usage: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let program = env::program_name();
    let Some((target, sources)) = names
        .split_last()
        .filter(|(_, sources)| !sources.is_empty())
    else {
        eprintln!("usage: {usage}");
        scarlet::process::exit(2)
    };
    let into = fs::metadata(target).is_ok_and(|found| found.is_dir());
    if sources.len() > 1 && !into {
        eprintln!("{program}: {}: is not a directory", path::display(target));
        scarlet::process::exit(1)
    }
    let place = |source: &Vec<u8>| {
        if into {
            path::join(target, path::file_name(source))
        } else {
            target.clone()
        }
    };
    sources
        .iter()
        .map(|source| (source.clone(), place(source)))
        .collect()
}

/// A failure and the path at which it happened.
pub type Failure = (Vec<u8>, scarlet::io::Error);

/// Copies a file, a symbolic link, or with `recursive` a directory and all that is in it.
pub fn copy(from: &[u8], to: &[u8], recursive: bool, keep_links: bool) -> Result<(), Failure> {
    let at_source = |error| (from.to_vec(), error);
    let at_target = |error| (to.to_vec(), error);
    let found = if keep_links {
        fs::symlink_metadata(from)
    } else {
        fs::metadata(from)
    };
    let found = found.map_err(at_source)?;
    if found.is_symlink() {
        let target = fs::read_link(from).map_err(at_source)?;
        return fs::symlink(target, to).map_err(at_target);
    }
    if !found.is_dir() {
        if fs::metadata(to).is_ok_and(|target| target.is_same_file(&found)) {
            return Err((to.to_vec(), "is the same file".into()));
        }
        fs::copy(from, to).map_err(at_target)?;
        return Ok(());
    }
    if !recursive {
        return Err((
            from.to_vec(),
            "is a directory (-r copies directories)".into(),
        ));
    }
    if is_inside(from, to) {
        return Err((from.to_vec(), "cannot be copied into itself".into()));
    }
    if !fs::metadata(to).is_ok_and(|target| target.is_dir()) {
        fs::create_dir(to).map_err(at_target)?;
    }
    for entry in fs::read_dir(from).map_err(at_source)? {
        let entry = entry.map_err(at_source)?;
        copy(
            &entry.path(),
            &path::join(to, entry.file_name()),
            true,
            true,
        )?;
    }
    let mode = found.permissions();
    fs::set_permissions(to, mode).map_err(at_target)
}

/// Whether a path lies in a directory, or would.
fn is_inside(directory: &[u8], target: &[u8]) -> bool {
    let Ok(directory) = fs::metadata(directory) else {
        return false;
    };
    let mut place = target.to_vec();
    // Up to the root, by names; a symbolic link on the way is followed by the system.
    for _ in 0..64 {
        if fs::metadata(&place).is_ok_and(|found| found.is_same_file(&directory)) {
            return true;
        }
        let above = match fs::metadata(&place) {
            Ok(_) => path::join(&place, ".."),
            Err(_) => path::parent(&place).to_vec(),
        };
        let same = match (fs::metadata(&above), fs::metadata(&place)) {
            (Ok(one), Ok(two)) => one.is_same_file(&two),
            _ => false,
        };
        if same {
            return false;
        }
        place = above;
    }
    false
}
