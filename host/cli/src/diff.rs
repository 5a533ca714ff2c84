//! `cargo scarlet diff`: Linux programs and command lines on Debian's Linux and on Scarlet, both at
//! once, and what differs shown line by line.
//!
//! What there is, and what may differ, is [`crate::oracle`]'s; this is its face for a person.

use crate::{
    arch::Arch,
    guest::{self, Kernel},
    oracle::{self, Exceptions},
    project::Project,
    ui,
};
use anyhow::{Result, bail};

/// Compares and reports; the tool's exit status is 1 where something differs unexpectedly.
pub fn run(
    project: &Project,
    only: Option<Arch>,
    filter: Option<&str>,
    command: Option<&str>,
    disk: Option<u32>,
) -> Result<u8> {
    let exceptions = Exceptions::read(project)?;
    let (mut same, mut differ, mut expected) = (0, 0, 0);
    for arch in Arch::ALL {
        if only.is_some_and(|only| only != arch) {
            continue;
        }
        let machines =
            [Kernel::Linux, Kernel::Scarlet].map(|kernel| guest::prepare(project, kernel, arch));
        let [reference, ours] = machines;
        let (reference, ours) = (reference?, ours?);
        let suites = match command {
            Some(line) => vec![oracle::command(line)],
            None => oracle::suites(project, arch)?,
        };
        for mut suite in suites {
            suite.keep(filter.unwrap_or_default());
            if suite.pieces.is_empty() {
                continue;
            }
            if let Some(size) = disk {
                suite.on_disk(size);
            }
            ui::step(format!("comparing {} on {}", suite.name, arch.name()));
            let (linux, scarlet) = std::thread::scope(|scope| {
                let linux = scope.spawn(|| suite.run(project, &reference));
                let scarlet = suite.run(project, &ours);
                (linux.join(), scarlet)
            });
            let linux = linux.unwrap_or_else(|_| bail!("running the reference panicked"))?;
            let scarlet = scarlet?;
            ui::clear();
            for (index, piece) in suite.pieces.iter().enumerate() {
                let place = format!("{}/{}/{}", arch.name(), suite.name, piece.name);
                let found =
                    oracle::difference(&suite, index, linux.get(&index), scarlet.get(&index));
                match (found, exceptions.reason(&piece.name)) {
                    (None, None) => same += 1,
                    (None, Some(_)) => {
                        same += 1;
                        println!("{place}\n  is the same: its exception can go");
                    }
                    (Some(_), Some(reason)) => {
                        expected += 1;
                        println!("{place}\n  differs as expected: {reason}");
                    }
                    (Some(difference), None) => {
                        differ += 1;
                        println!("{place}  (- Linux, + Scarlet)\n{}", difference.trim_end());
                    }
                }
                if let (Some(line), Some(shown)) = (command, scarlet.get(&index))
                    && line == piece.name
                {
                    println!("{} shows:\n{shown}", arch.name());
                }
            }
        }
    }
    ui::clear();
    println!("{same} the same, {differ} differ, {expected} differ as expected");
    if same + differ + expected == 0 {
        bail!("nothing in tests/linux or user/linux matches");
    }
    Ok(u8::from(differ > 0))
}
