//! Brings the layers to a disk on which a person has worked meanwhile.
//!
//! For each path there are three states: what the layers had when they were last put here (*old*),
//! what they have now (*new*), and what the disk has (*present*). Where old and new are alike the
//! disk stays as it is, whatever was done there. Where the layers have changed, a file that is
//! still as the layers had put it is replaced (or goes, where no layer has it any more), and one
//! that is missing comes back; a file that is neither old nor new is the person's, stays, and is
//! named. Directories are never taken away. So programs that were built anew are there at the next
//! boot, and nothing that anybody wrote is lost.

use super::{
    ext2::{self, Script, Stat},
    manifest::{self, Facts, Manifest},
    put,
};
use crate::image::cpio::{Entry, Node, Tree};
use anyhow::{Context, Result};
use std::{collections::BTreeMap, path::Path};

/// A link this long does not fit its inode and lies in a block (the ext2 documentation of Linux).
const FAST_LINK: u64 = 60;

/// Puts the layers on an image. Returns the paths that were kept because they are the person's.
/// `scratch` is a folder of one's own.
pub fn merge(image: &Path, tree: &Tree, scratch: &Path) -> Result<Vec<String>> {
    let text = ext2::read_files(image, &[manifest::PATH], scratch)?;
    let old = Manifest::parse(&String::from_utf8_lossy(&text[0]));
    let new = Manifest::of(tree)?;
    if old == new {
        return Ok(Vec::new());
    }
    let present = present(image, &old, &new, scratch)?;
    let plan = Plan::new(&old, &new, &present);
    let record = Entry {
        mode: 0o644,
        owner: (0, 0),
        node: Node::File(new.text().into_bytes()),
    };
    let entries: BTreeMap<&str, &Entry> = tree.entries().collect();
    plan.check_room(image, &entries, &record)?;
    let mut script = plan.script(&entries, scratch)?;
    // The record comes last: what is cut off before it is done again.
    if ext2::stat(image, &[manifest::PATH])?[0].is_some() {
        let name = script.enter(manifest::PATH)?;
        script.add("rm", &[name])?;
    }
    put::entry(&mut script, manifest::PATH, &record, scratch)?;
    script.write(image)?;
    Ok(plan.kept)
}

/// What the disk has at each path that either manifest names.
fn present(
    image: &Path,
    old: &Manifest,
    new: &Manifest,
    scratch: &Path,
) -> Result<BTreeMap<String, Facts>> {
    let mut paths: Vec<&str> = old
        .files
        .keys()
        .chain(new.files.keys())
        .map(String::as_str)
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let stats = ext2::stat(image, &paths)?;
    let mut present = BTreeMap::new();
    let mut unread = Vec::new();
    for (path, stat) in paths.into_iter().zip(stats) {
        let Some(stat) = stat else { continue };
        let facts = facts(&stat);
        // Contents matter where the layers have changed, and only if the length tells nothing.
        let (before, after) = (old.files.get(path), new.files.get(path));
        let length = format!("{}:", stat.size);
        let may_be = |facts: &&Facts| facts.contents.starts_with(&length);
        let in_block = stat.kind == "regular" || stat.kind == "symlink" && stat.size >= FAST_LINK;
        if in_block
            && before != after
            && [before, after]
                .into_iter()
                .flatten()
                .any(|facts| may_be(&facts))
        {
            unread.push(path);
        }
        present.insert(path.to_owned(), facts);
    }
    let contents = ext2::read_files(image, &unread, scratch)?;
    for (path, bytes) in unread.into_iter().zip(contents) {
        if let Some(facts) = present.get_mut(path) {
            facts.contents = manifest::digest(&bytes);
        }
    }
    Ok(present)
}

fn facts(stat: &Stat) -> Facts {
    let (kind, contents) = match stat.kind.as_str() {
        "directory" => ('d', "-".to_owned()),
        "regular" => ('f', "unread".to_owned()),
        "symlink" => ('l', manifest::digest(stat.detail.as_bytes())),
        "character special" => ('c', stat.detail.clone()),
        "block special" => ('b', stat.detail.clone()),
        _ => ('?', String::new()),
    };
    Facts {
        kind,
        mode: match kind {
            'l' => 0o777,
            _ => stat.mode,
        },
        owner: stat.owner,
        contents,
    }
}

/// What is to be done.
#[derive(Default)]
struct Plan {
    /// What goes.
    removed: Vec<String>,
    /// What is made, directories before what is in them.
    made: Vec<String>,
    /// Directories of which only owner and mode change.
    changed: Vec<String>,
    /// What stays although the layers have something else.
    kept: Vec<String>,
}

impl Plan {
    fn new(old: &Manifest, new: &Manifest, present: &BTreeMap<String, Facts>) -> Plan {
        let mut plan = Plan::default();
        for (path, wanted) in &new.files {
            let before = old.files.get(path);
            let there = present.get(path);
            // Without its directory nothing can be made.
            let unfit = wanted.kind == 'd' && there.is_none_or(|there| there.kind != 'd');
            let untouched = before == Some(wanted) && !unfit;
            if untouched || there == Some(wanted) || plan.is_below_kept(path) {
                continue;
            }
            match there {
                None => plan.made.push(path.clone()),
                Some(there) if there.kind == 'd' && wanted.kind == 'd' => {
                    if before.is_none_or(|before| before == there) {
                        plan.changed.push(path.clone());
                    }
                }
                // A directory may hold a person's files: it does not make room for a file.
                Some(there) if before == Some(there) && there.kind != 'd' => {
                    plan.removed.push(path.clone());
                    plan.made.push(path.clone());
                }
                Some(_) => plan.kept.push(path.clone()),
            }
        }
        for (path, before) in &old.files {
            let gone = !new.files.contains_key(path) && before.kind != 'd';
            if gone && present.get(path) == Some(before) {
                plan.removed.push(path.clone());
            }
        }
        plan
    }

    /// Whether a part of the path's beginning is not a directory on the disk, by a person's will.
    fn is_below_kept(&self, path: &str) -> bool {
        let above = |kept: &String| {
            path.strip_prefix(kept.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        };
        self.kept.iter().any(above)
    }

    fn check_room(
        &self,
        image: &Path,
        entries: &BTreeMap<&str, &Entry>,
        record: &Entry,
    ) -> Result<()> {
        let made = self.made.iter();
        let made = made.filter_map(|path| entries.get(path.as_str()).copied());
        let lengths: Vec<u64> = made
            .chain([record])
            .map(|entry| match &entry.node {
                Node::File(bytes) => bytes.len() as u64,
                Node::Directory => 1,
                _ => 0,
            })
            .collect();
        put::check_room(image, &lengths)
    }

    fn script(&self, entries: &BTreeMap<&str, &Entry>, scratch: &Path) -> Result<Script> {
        let mut script = Script::default();
        for path in &self.removed {
            let name = script.enter(path)?;
            script.add("rm", &[name])?;
        }
        for path in &self.made {
            let entry = entries.get(path.as_str()).context("a file of no layer")?;
            put::entry(&mut script, path, entry, scratch)?;
        }
        for path in &self.changed {
            let entry = entries.get(path.as_str()).context("a file of no layer")?;
            let name = script.enter(path)?;
            script.attributes(name, put::DIRECTORY | entry.mode, entry.owner)?;
        }
        Ok(script)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(files: &[(&str, char, &str)]) -> Manifest {
        let files = files.iter().map(|(path, kind, contents)| {
            let facts = Facts {
                kind: *kind,
                mode: 0o755,
                owner: (0, 0),
                contents: (*contents).to_owned(),
            };
            ((*path).to_owned(), facts)
        });
        Manifest {
            files: files.collect(),
        }
    }

    /// Old, new and present contents of a file; what is removed, made, kept.
    fn plan(old: &str, new: &str, present: &str) -> (usize, usize, usize) {
        let one = |contents: &str| match contents {
            "" => manifest(&[]),
            contents => manifest(&[("file", 'f', contents)]),
        };
        let plan = Plan::new(&one(old), &one(new), &one(present).files);
        (plan.removed.len(), plan.made.len(), plan.kept.len())
    }

    #[test]
    fn what_the_layers_changed_is_replaced_and_what_a_person_changed_stays() {
        assert_eq!(plan("1", "1", "1"), (0, 0, 0));
        assert_eq!(plan("1", "1", "mine"), (0, 0, 0));
        assert_eq!(plan("1", "1", ""), (0, 0, 0));
        assert_eq!(plan("1", "2", "1"), (1, 1, 0));
        assert_eq!(plan("1", "2", "2"), (0, 0, 0));
        assert_eq!(plan("1", "2", ""), (0, 1, 0));
        assert_eq!(plan("1", "2", "mine"), (0, 0, 1));
        assert_eq!(plan("", "2", ""), (0, 1, 0));
        assert_eq!(plan("", "2", "mine"), (0, 0, 1));
        assert_eq!(plan("1", "", "1"), (1, 0, 0));
        assert_eq!(plan("1", "", "mine"), (0, 0, 0));
        assert_eq!(plan("1", "", ""), (0, 0, 0));
    }

    #[test]
    fn below_what_a_person_put_in_a_directorys_place_nothing_is_made() {
        let old = manifest(&[("a", 'd', "-"), ("a/b", 'f', "1")]);
        let new = manifest(&[("a", 'd', "-"), ("a/b", 'f', "2")]);
        let present = manifest(&[("a", 'f', "mine")]);
        let plan = Plan::new(&old, &new, &present.files);
        assert_eq!((plan.made.len(), plan.kept), (0, vec!["a".to_owned()]));
        // A directory that is missing comes back with what is in it.
        let plan = Plan::new(&old, &new, &BTreeMap::new());
        assert_eq!(plan.made, ["a", "a/b"]);
    }
}
