//! Linux as the oracle: the same pieces of work on Debian's Linux and on Scarlet.
//!
//! A [`Suite`] is what shares one boot of each kernel: the command lines of one file
//! `tests/linux/*.lines` (remarks begin with `//`), or the programs of `user/linux`. Each
//! [`Piece`] is a script for BusyBox's shell that runs in an empty directory of its own, for a
//! limited time; [`Suite::run`] gives each piece's output and status on one machine. What may
//! differ between the two is named, with the reason, in `tests/linux/exceptions.toml`; process
//! numbers, times and addresses are made alike first ([`normal()`]).
//!
//! A file of lines with a remark `// disk: 64M` runs its pieces on a fresh ext2 disk of that many
//! mebibytes, which e2fsck judges afterwards; its lines may name programs of `user/linux`
//! (`/tests/bin/NAME`). `cargo scarlet diff --disk 64M` does so with any suite. That the disk can be
//! unmounted in the end is a piece of its own. A file with a remark `// by hand` is too long for the tests:
//! `cargo scarlet diff` alone runs it.

mod normal;
mod unified;

use crate::{
    arch::Arch,
    build,
    guest::{self, Kernel, Machine, disk},
    image::{self, cpio::Tree, disk::ext2},
    project::Project,
};
use anyhow::{Context, Result, bail};
use normal::normal;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use unified::unified;

/// Longest time for all pieces of a suite, booting included.
const SUITE_LIMIT: Duration = Duration::from_secs(600);
/// Longest time for one piece, in seconds of the guest.
const PIECE_LIMIT: u32 = 60;
/// The piece that follows all others on a disk.
const UNMOUNTING: &str = "umount";
/// Where the programs are, as a Linux program sees it.
const PROGRAMS: &str = "/tests/bin";

/// One thing to compare.
pub struct Piece {
    /// The command line, or the program's name.
    pub name: String,
    script: String,
}

/// What one piece of work showed: output (errors among it), then a line `status N`.
pub type Transcript = String;

/// Pieces that run in one boot.
pub struct Suite {
    /// The file's name without its end, or `programs`.
    pub name: String,
    /// What is compared.
    pub pieces: Vec<Piece>,
    /// The size of the disk that the pieces run on, in mebibytes; none for a tmpfs.
    pub disk: Option<u32>,
    /// Not for the tests.
    pub by_hand: bool,
    programs: Vec<(String, PathBuf)>,
}

/// The suites for an architecture.
pub fn suites(project: &Project, arch: Arch) -> Result<Vec<Suite>> {
    let mut suites = Vec::new();
    let folder = project.root.join("tests/linux");
    let programs = build::linux::programs(project, arch)?;
    for path in crate::project::files(&folder, "lines")? {
        let mut suite = lines(&path)?;
        let named = |program: &&build::linux::Program| {
            let path = format!("{PROGRAMS}/{}", program.name);
            let named = |piece: &Piece| piece.script.split_whitespace().any(|word| word == path);
            suite.pieces.iter().any(named)
        };
        let wanted = programs.iter().filter(named).cloned().collect();
        suite.programs = in_the_guest(wanted);
        suites.push(suite);
    }
    let programs: Vec<_> = programs
        .into_iter()
        .filter(|program| program.case)
        .collect();
    suites.push(Suite {
        name: "programs".to_owned(),
        disk: None,
        by_hand: false,
        pieces: programs
            .iter()
            .map(|program| Piece {
                name: program.name.clone(),
                script: format!("exec {PROGRAMS}/{}", program.name),
            })
            .collect(),
        programs: in_the_guest(programs),
    });
    Ok(suites)
}

/// Programs by where the guest has them.
fn in_the_guest(programs: Vec<build::linux::Program>) -> Vec<(String, PathBuf)> {
    programs
        .into_iter()
        .map(|program| (format!("{PROGRAMS}/{}", program.name), program.file))
        .collect()
}

/// A number of mebibytes, as in `64M`.
pub fn mebibytes(text: &str) -> Result<u32, String> {
    let digits = text.trim().strip_suffix('M').unwrap_or_default();
    digits
        .parse()
        .map_err(|_| format!("`{text}` is not a number of mebibytes, as in 64M"))
}

fn lines(path: &Path) -> Result<Suite> {
    let text = fs::read_to_string(path)?;
    let size = text.lines().find_map(|line| line.strip_prefix("// disk:"));
    let disk = size
        .map(mebibytes)
        .transpose()
        .map_err(anyhow::Error::msg)?;
    let pieces: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with("//"))
        .map(|line| Piece {
            name: line.to_owned(),
            script: line.to_owned(),
        })
        .collect();
    let mut suite = Suite {
        name: path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or("?")
            .to_owned(),
        pieces,
        disk: None,
        by_hand: text.lines().any(|line| line == "// by hand"),
        programs: Vec::new(),
    };
    if let Some(size) = disk {
        suite.on_disk(size);
    }
    Ok(suite)
}

/// What one command line, given by a person, shows.
pub fn command(line: &str) -> Suite {
    Suite {
        name: "command".to_owned(),
        disk: None,
        by_hand: true,
        pieces: vec![Piece {
            name: line.to_owned(),
            script: line.to_owned(),
        }],
        programs: Vec::new(),
    }
}

impl Suite {
    /// Keeps the pieces whose `suite/name` contains a text.
    pub fn keep(&mut self, filter: &str) {
        let unmounting = self.disk.and_then(|_| self.pieces.pop());
        let suite = &self.name;
        self.pieces
            .retain(|piece| format!("{suite}/{}", piece.name).contains(filter));
        if !self.pieces.is_empty() {
            self.pieces.extend(unmounting);
        }
    }

    /// Has the pieces run on a disk of `size` mebibytes.
    pub fn on_disk(&mut self, size: u32) {
        if self.disk.replace(size).is_none() {
            self.pieces.push(Piece {
                name: UNMOUNTING.to_owned(),
                script: String::new(),
            });
        }
    }

    /// Runs all pieces in one boot of `machine`; the result has the transcripts of the pieces that
    /// ended, by their index.
    pub fn run(&self, project: &Project, machine: &Machine) -> Result<BTreeMap<usize, Transcript>> {
        let system = match machine.kernel {
            Kernel::Scarlet => format!("/system/linux-{}", machine.arch.name()),
            Kernel::Linux => String::new(),
        };
        let mut tree = Tree::default();
        if machine.kernel == Kernel::Linux {
            image::add_overlay(project, machine.arch, &mut tree)?;
        }
        let scripts = self.pieces.len() - usize::from(self.disk.is_some());
        for (index, piece) in self.pieces.iter().take(scripts).enumerate() {
            let path = format!("{system}/tests/{index}.sh");
            tree.file(&path, 0o644, format!("{}\n", piece.script).into_bytes());
        }
        for (path, file) in &self.programs {
            let contents =
                fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            tree.file(&format!("{system}{path}"), 0o755, contents);
        }
        // Standard error goes where output goes: their order is part of what is compared. A piece
        // that takes too long is killed, and its status says so (137).
        let (before, after) = match self.disk {
            Some(_) => (
                "mke2fs -b 4096 -I 256 /dev/vda >/dev/null 2>&1 && mount -t ext2 /dev/vda /tmp || exit 1\n",
                "printf '\\036line %s\\n' $i\n\
                 umount /tmp 2>&1\n\
                 printf '\\036status %s\\n' $?\n",
            ),
            None => ("", ""),
        };
        // BusyBox's `timeout` looks once a second whether it is still needed. Until then it stands where it was started: not
        // in the piece's directory, which would keep its place on the disk.
        let script = format!(
            "cd /\n{before}export PATH=/bin HOME=/root LANG=C\n\
             i=0\n\
             while [ -f /tests/$i.sh ]; do\n\
             mkdir -p /tmp/case.$i || exit 1\n\
             printf '\\036line %s\\n' $i\n\
             timeout -s KILL {PIECE_LIMIT} sh -c \"cd /tmp/case.$i && exec sh /tests/$i.sh\" </dev/null 2>&1\n\
             printf '\\036status %s\\n' $?\n\
             rm -rf /tmp/case.$i\n\
             i=$((i + 1))\n\
             done\n\
             {after}"
        );
        tree.file(
            &format!("{system}/tests/all.sh"),
            0o644,
            script.into_bytes(),
        );
        let mut machine = machine.clone();
        let mut scratch = None;
        if let Some(size) = self.disk {
            let (disk, file) = disk::scratch(project, u64::from(size) << 20)?;
            machine.disks.push(disk);
            scratch = Some(file);
        }
        let mut output = Vec::new();
        let ended = guest::run_framed(
            project,
            &machine,
            &format!("{system}/bin/busybox sh /tests/all.sh"),
            tree,
            SUITE_LIMIT,
            &mut |bytes| output.extend_from_slice(bytes),
        );
        let found = transcripts(&String::from_utf8_lossy(&output));
        // A machine that stopped names the piece it stopped at.
        let status = ended.with_context(|| match self.pieces.get(found.len()) {
            Some(piece) => format!("in `{}`", piece.name),
            None => "after the last piece".to_owned(),
        })?;
        if self.disk.is_some() && status != 0 && found.is_empty() {
            bail!("the disk could not be made or mounted");
        }
        if let Some(file) = &scratch
            && machine.kernel == Kernel::Scarlet
        {
            ext2::check(file.path())?;
        }
        Ok(found)
    }
}

/// The parts between the marks that the script prints; only those that ended.
fn transcripts(output: &str) -> BTreeMap<usize, Transcript> {
    output
        .split("\x1eline ")
        .skip(1)
        .filter(|part| part.contains("\x1estatus "))
        .filter_map(|part| {
            let (number, rest) = part.split_once('\n')?;
            let text = rest.replace('\x1e', "").trim_end().to_owned();
            Some((number.trim().parse().ok()?, text))
        })
        .collect()
}

/// What is wrong with a piece, if something is: `None` where both kernels showed the same.
///
/// A program of `user/linux` that fails on Linux is wrong too, whatever Scarlet makes of it.
pub fn difference(
    suite: &Suite,
    index: usize,
    expected: Option<&Transcript>,
    shown: Option<&Transcript>,
) -> Option<String> {
    let Some(expected) = expected else {
        return Some("was not reached on Linux".to_owned());
    };
    let Some(shown) = shown else {
        return Some("was not reached on Scarlet".to_owned());
    };
    let (expected, shown) = (normal(expected), normal(shown));
    if expected != shown {
        let killed = if shown.ends_with("status 137") && !expected.ends_with("status 137") {
            format!("killed on Scarlet, by itself or after {PIECE_LIMIT} s\n")
        } else {
            String::new()
        };
        return Some(format!("{killed}{}", unified(&expected, &shown)));
    }
    let program = suite
        .programs
        .iter()
        .any(|(path, _)| path.rsplit('/').next() == suite.pieces.get(index).map(|p| &*p.name));
    if program && !expected.ends_with("status 0") {
        return Some(format!("its own checks fail, on Linux too:\n{expected}"));
    }
    None
}

/// The pieces that may differ.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    #[serde(default)]
    exception: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// The command line, or the program's name.
    line: String,
    reason: String,
}

impl Exceptions {
    /// Reads `tests/linux/exceptions.toml`.
    pub fn read(project: &Project) -> Result<Exceptions> {
        let path = project.root.join("tests/linux/exceptions.toml");
        toml::from_str(&fs::read_to_string(&path)?).with_context(|| path.display().to_string())
    }

    /// Why a piece may differ, if it may.
    pub fn reason(&self, piece: &str) -> Option<&str> {
        self.exception
            .iter()
            .find(|exception| exception.line == piece)
            .map(|exception| exception.reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(names: &[&str], programs: bool) -> Suite {
        Suite {
            name: "s".to_owned(),
            by_hand: false,
            pieces: names
                .iter()
                .map(|name| Piece {
                    name: (*name).to_owned(),
                    script: (*name).to_owned(),
                })
                .collect(),
            disk: None,
            programs: names
                .iter()
                .filter(|_| programs)
                .map(|name| (format!("{PROGRAMS}/{name}"), PathBuf::new()))
                .collect(),
        }
    }

    #[test]
    fn pieces_that_ended_are_found_in_the_output() {
        let found = transcripts("\x1eline 0\na\n\x1estatus 0\n\x1eline 1\nb\n");
        assert_eq!(found, BTreeMap::from([(0, "a\nstatus 0".to_owned())]));
    }

    #[test]
    fn a_difference_is_shown_line_by_line() {
        let lines = suite(&["date"], false);
        let (linux, scarlet) = ("1\nstatus 0".to_owned(), "2\nstatus 0".to_owned());
        let shown = difference(&lines, 0, Some(&linux), Some(&scarlet)).unwrap();
        assert_eq!(shown, "  - 1\n  + 2\n    status 0\n");
        assert!(difference(&lines, 0, Some(&linux), None).is_some());
        assert!(difference(&lines, 0, Some(&linux), Some(&linux)).is_none());
    }

    #[test]
    fn a_program_whose_checks_fail_is_wrong_even_when_both_agree() {
        let failed = "FALSE: x\nstatus 1".to_owned();
        let both = (Some(&failed), Some(&failed));
        assert!(difference(&suite(&["a"], true), 0, both.0, both.1).is_some());
        assert!(difference(&suite(&["a"], false), 0, both.0, both.1).is_none());
    }
}
