//! Rings 1 and 2: `cargo test` on the host, its own summaries added up.

use super::Tally;
use crate::{project::Project, ui};
use anyhow::{Context, Result};
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

const RING_2: &str = "scarlet-hosted-tests";

/// Runs a ring's tests, printing what cargo prints.
pub fn run(project: &Project, ring: u8, filter: Option<&str>) -> Result<Tally> {
    ui::clear();
    println!("ring {ring}");
    let mut command = Command::new("cargo");
    command
        .current_dir(&project.root)
        .args(["test", "--quiet", "--no-fail-fast"]);
    match ring {
        1 => command
            .args(["--lib", "--bins", "--tests"])
            .args(host_packages(project)?),
        _ => command.args(["--package", RING_2, "--lib", "--tests"]),
    };
    if let Some(filter) = filter {
        command.args(["--", filter]);
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let mut tally = Tally::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            match summary(&line) {
                Some(part) => tally.add(part),
                None if line.trim().is_empty() || line.starts_with("running ") => {}
                None => println!("{line}"),
            }
        }
    }
    let status = child.wait()?;
    if !status.success() && tally.failed == 0 {
        // It did not compile, or a test took the whole process with it.
        tally.failed = 1;
    }
    println!(
        "ring {ring}: {} passed, {} failed",
        tally.passed, tally.failed
    );
    Ok(tally)
}

/// `--package` for each crate that is tested on the host, but for ring 2's.
fn host_packages(project: &Project) -> Result<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Manifest {
        workspace: Workspace,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Workspace {
        default_members: Vec<String>,
    }
    #[derive(serde::Deserialize)]
    struct Member {
        package: Package,
    }
    #[derive(serde::Deserialize)]
    struct Package {
        name: String,
    }
    let text = std::fs::read_to_string(project.root.join("Cargo.toml"))?;
    let manifest: Manifest = toml::from_str(&text)?;
    let mut words = Vec::new();
    for folder in manifest.workspace.default_members {
        let text = std::fs::read_to_string(project.root.join(folder).join("Cargo.toml"))?;
        let member: Member = toml::from_str(&text)?;
        if member.package.name != RING_2 {
            words.extend(["--package".to_owned(), member.package.name]);
        }
    }
    Ok(words)
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; …`
fn summary(line: &str) -> Option<Tally> {
    let rest = line.strip_prefix("test result: ")?;
    let number = |word: &str| {
        let before = rest.split(word).next()?;
        before
            .rsplit([' ', ';', '.'])
            .find(|part| !part.is_empty())?
            .parse()
            .ok()
    };
    Some(Tally {
        passed: number(" passed")?,
        failed: number(" failed")?,
        skipped: number(" ignored")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_summaries_are_read() {
        let line = "test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out";
        assert_eq!(
            summary(line),
            Some(Tally {
                passed: 3,
                failed: 2,
                skipped: 1
            })
        );
        assert_eq!(summary("running 3 tests"), None);
    }
}
