//! Builds the Linux programs of `user/linux`, as static programs with the C compiler that Debian
//! has for the guest's architecture.
//!
//! Every `user/linux/*.c` is a program of its own; those that end with `check.h`'s `END()` are
//! cases that run without arguments ([`Program::case`]). A program is compiled anew when a source
//! or header of its folder is newer than what was built of it.

use crate::{
    arch::Arch,
    project::{Project, files},
    setup, ui,
};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

/// A Linux program that was built.
#[derive(Clone)]
pub struct Program {
    /// Its name in the guest.
    pub name: String,
    /// The static ELF file.
    pub file: PathBuf,
    /// Whether it runs without arguments and prints what to compare.
    pub case: bool,
}

/// Builds every program of `user/linux`, in the order of their names.
pub fn programs(project: &Project, arch: Arch) -> Result<Vec<Program>> {
    let folder = project.root.join("user/linux");
    let sources = files(&folder, "c")?;
    let newest_header = newest(&files(&folder, "h")?);
    let compiler = setup::cross_compiler(arch)?;
    let output = project.output.join(format!("linux-{}", arch.name()));
    fs::create_dir_all(&output)?;
    let mut programs = Vec::new();
    for source in sources {
        let name = source
            .file_stem()
            .and_then(|stem| stem.to_str())
            .with_context(|| format!("{} has no name", source.display()))?
            .to_owned();
        let file = output.join(&name);
        let changed = newest(std::slice::from_ref(&source)).max(newest_header);
        if changed > modified(&file) {
            ui::step(format!("building {name} for Linux on {}", arch.name()));
            compile(&compiler, std::slice::from_ref(&source), &file)?;
        }
        let case = fs::read_to_string(&source)?.contains("END();");
        programs.push(Program { name, file, case });
    }
    Ok(programs)
}

/// Builds the benchmark of `user/linux/bench`: all its files are one program.
pub fn benchmark(project: &Project, arch: Arch) -> Result<PathBuf> {
    let folder = project.root.join("user/linux/bench");
    let sources = files(&folder, "c")?;
    let changed = newest(&sources).max(newest(&files(&folder, "h")?));
    let compiler = setup::cross_compiler(arch)?;
    let output = project.output.join(format!("linux-{}", arch.name()));
    fs::create_dir_all(&output)?;
    let file = output.join("bench");
    if changed > modified(&file) {
        ui::step(format!(
            "building the benchmark for Linux on {}",
            arch.name()
        ));
        compile(&compiler, &sources, &file)?;
    }
    Ok(file)
}

/// Compiles sources to one static program. The old program stays until the new one is whole.
fn compile(compiler: &str, sources: &[PathBuf], program: &Path) -> Result<()> {
    let thread = std::thread::current().id();
    let temporary = program.with_extension(format!("new-{}-{thread:?}", std::process::id()));
    let mut command = Command::new(compiler);
    command.args(["-std=gnu11", "-O2", "-static", "-pthread", "-s"]);
    // What a test program's calls answer is printed, or does not matter.
    command.args(["-Wall", "-Wno-unused-result"]);
    command.args(sources).arg("-o").arg(&temporary);
    ui::quietly(&mut command)?;
    fs::rename(&temporary, program)?;
    Ok(())
}

/// When a file was last written; the beginning of time for one that is not there.
fn modified(file: &Path) -> SystemTime {
    fs::metadata(file)
        .and_then(|metadata| metadata.modified())
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

fn newest(files: &[PathBuf]) -> SystemTime {
    files
        .iter()
        .map(|file| modified(file))
        .max()
        .unwrap_or(SystemTime::UNIX_EPOCH)
}
