//! Ring 4, the oracle: the same command lines on Linux and on Scarlet, the transcripts compared.
//!
//! A file `tests/linux/*.lines` holds one BusyBox command line a line (remarks begin with `//`).
//! All lines of a file run in one boot of each kernel, each in a shell and an empty directory of
//! its own; output and status must be the same. `tests/linux/exceptions.toml` names the lines
//! where they may differ, with the reason.

use super::{Case, session::files};
use crate::{
    arch::Arch,
    guest::{self, Kernel, Machine},
    image::cpio::Tree,
    project::Project,
};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::{collections::BTreeMap, fs, time::Duration};

const LIMIT: Duration = Duration::from_secs(300);

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    #[serde(default)]
    exception: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    line: String,
    /// Why it may differ; read by people.
    #[allow(dead_code)]
    reason: String,
}

/// One case a file.
pub fn cases(project: &Project, arch: Arch) -> Result<Vec<Case<'_>>> {
    let folder = project.root.join("tests/linux");
    let exceptions: Exceptions =
        toml::from_str(&fs::read_to_string(folder.join("exceptions.toml"))?)
            .context("tests/linux/exceptions.toml")?;
    let excepted: Vec<String> = exceptions
        .exception
        .into_iter()
        .map(|exception| exception.line)
        .collect();
    let ours = guest::prepare(project, Kernel::Scarlet, arch)?;
    let reference = guest::prepare(project, Kernel::Linux, arch)?;
    let mut cases = Vec::new();
    for path in files(&folder, "lines")? {
        let commands: Vec<String> = fs::read_to_string(&path)?
            .lines()
            .filter(|line| !line.trim().is_empty() && !line.starts_with("//"))
            .map(str::to_owned)
            .collect();
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or("?");
        let (ours, reference) = (ours.clone(), reference.clone());
        let excepted = excepted.clone();
        cases.push(Case {
            name: format!("4/{}/linux/{stem}", arch.name()),
            run: Box::new(move || {
                let run = |machine: &Machine| {
                    results(project, machine, &commands).map_err(|error| format!("{error:#}"))
                };
                let (expected, shown) = (run(&reference)?, run(&ours)?);
                judge(&commands, &expected, &shown, &excepted)
            }),
        });
    }
    Ok(cases)
}

/// Output and status of each command line.
fn results(
    project: &Project,
    machine: &Machine,
    commands: &[String],
) -> Result<BTreeMap<usize, String>> {
    let system = match machine.kernel {
        Kernel::Scarlet => format!("/system/linux-{}", machine.arch.name()),
        Kernel::Linux => String::new(),
    };
    let mut tree = Tree::default();
    for (index, command) in commands.iter().enumerate() {
        let path = format!("{system}/tests/{index}.sh");
        tree.file(&path, 0o644, format!("{command}\n").into_bytes());
    }
    // Standard error goes where output goes: their order is part of what is compared.
    let script = "export PATH=/bin HOME=/root LANG=C\n\
         i=0\n\
         while [ -f /tests/$i.sh ]; do\n\
         mkdir -p /tmp/case.$i && cd /tmp/case.$i || exit 1\n\
         printf '\\036line %s\\n' $i\n\
         sh /tests/$i.sh </dev/null 2>&1\n\
         printf '\\036status %s\\n' $?\n\
         cd / && rm -rf /tmp/case.$i\n\
         i=$((i + 1))\n\
         done\n";
    tree.file(
        &format!("{system}/tests/all.sh"),
        0o644,
        script.as_bytes().to_vec(),
    );
    let mut output = Vec::new();
    guest::run_framed(
        project,
        machine,
        &format!("{system}/bin/busybox sh /tests/all.sh"),
        tree,
        LIMIT,
        &mut |bytes| output.extend_from_slice(bytes),
    )?;
    let text = String::from_utf8_lossy(&output).into_owned();
    let mut results = BTreeMap::new();
    for part in text.split("\x1eline ").skip(1) {
        if let Some((number, rest)) = part.split_once('\n') {
            results.insert(
                number.trim().parse()?,
                rest.replace('\x1e', "").trim_end().to_owned(),
            );
        }
    }
    Ok(results)
}

fn judge(
    commands: &[String],
    expected: &BTreeMap<usize, String>,
    shown: &BTreeMap<usize, String>,
    excepted: &[String],
) -> Result<(), String> {
    let mut report = String::new();
    for (index, command) in commands.iter().enumerate() {
        let (Some(expected), shown) = (expected.get(&index), shown.get(&index)) else {
            report += &format!("{command}\n  was not reached on Linux\n");
            continue;
        };
        if Some(expected) != shown && !excepted.contains(command) {
            let shown = shown.map_or("(was not reached)", String::as_str);
            report += &format!("{command}\n--- Linux ---\n{expected}\n--- Scarlet ---\n{shown}\n");
        }
    }
    if report.is_empty() {
        Ok(())
    } else {
        Err(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_reported_and_an_exception_is_not() {
        let commands = vec!["date".to_owned(), "true".to_owned()];
        let linux = BTreeMap::from([(0, "1".to_owned()), (1, "status 0".to_owned())]);
        let scarlet = BTreeMap::from([(0, "2".to_owned()), (1, "status 0".to_owned())]);
        assert!(
            judge(&commands, &linux, &scarlet, &[])
                .unwrap_err()
                .contains("date")
        );
        assert!(judge(&commands, &linux, &scarlet, &["date".to_owned()]).is_ok());
        assert!(judge(&commands, &linux, &BTreeMap::new(), &["date".to_owned()]).is_err());
    }
}
