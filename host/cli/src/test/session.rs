//! Ring 4, at the prompt: what a person types, and what they should see.
//!
//! A file in `tests/prompt` is one session on one boot. It begins with a header (`arch:`, `cpus:`,
//! `memory:`, `append:` for words of the kernel's command line, `programs:` for programs of `user/linux` that lie
//! in `/system/linux-{arch}/tests` then, `disk: 8M` for an empty disk (several sizes: several disks), `transport: pci` for how the machine
//! reaches them, `root: 64M` for the system on a disk, `root: 64M ephemeral` for
//! one that stays as it is), then come steps:
//!
//! ```text
//! > hello                 typed, with Enter; what follows is the whole output
//! Hello, world!
//! PID = <n>               <n> stands for a number, <*> for any text within a line
//! ...                     any number of lines
//! >> sleep 100\r          typed as it is, with escapes (\r, \t, \x03), and no wait for a prompt
//! ? text                  waits until a line contains the text
//! ? <prompt>              waits until a prompt stands where the cursor is
//! @ restart               waits until the machine has ended, and starts it anew with its disk
//! @ kill                  kills the machine, lets e2fsck repair its disks, and starts it anew
//! @ linux                 waits until the machine has ended, and starts Debian's Linux with its disk
//! @ monitor drive_del disk0   says a line to the emulator's monitor, which must not answer
//! ```
//!
//! After a `>` step the session waits until a prompt (a line ending in `# ` or `$ `) stands where
//! the cursor is, and compares everything between with what the file says.

use super::{Case, lines::Lines};
use crate::{
    arch::Arch,
    build,
    guest::{
        self, Kernel, Machine, Temporary,
        console::{Console, Waited},
        disk::{self, Disk},
        monitor,
    },
    image::{
        self,
        cpio::Tree,
        disk::{ext2, fresh},
    },
    project::{Project, files},
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

/// Longest wait for one step.
const STEP_LIMIT: Duration = Duration::from_secs(60);
/// How long a prompt must stand still before it counts: output that merely looks like one goes on.
const QUIET: Duration = Duration::from_millis(60);

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Command {
        line: usize,
        typed: String,
        expected: Vec<String>,
    },
    Keys {
        line: usize,
        bytes: Vec<u8>,
    },
    Wait {
        line: usize,
        text: String,
    },
    Restart,
    Kill,
    Linux,
    Monitor {
        line: usize,
        command: String,
    },
}

#[derive(Debug, Default)]
struct Session {
    architectures: Vec<String>,
    cpus: Option<u32>,
    memory_mebibytes: Option<u32>,
    append: String,
    programs: Vec<String>,
    disk_mebibytes: Vec<u32>,
    transport: disk::Transport,
    root_mebibytes: Option<u32>,
    ephemeral: bool,
    steps: Vec<Step>,
}

impl Session {
    /// Whether it takes the contents of a disk away, which then cannot be left in order.
    fn takes_away(&self, index: usize) -> bool {
        let taking = format!("drive_del disk{index}");
        let takes =
            |step: &Step| matches!(step, Step::Monitor { command, .. } if *command == taking);
        self.steps.iter().any(takes)
    }
}

/// The sessions for an architecture.
pub fn cases(project: &Project, arch: Arch) -> Result<Vec<Case<'_>>> {
    let machine = guest::prepare(project, Kernel::Scarlet, arch)?;
    let layers = Arc::new(image::layers(
        project,
        arch,
        &build::everything(project, arch)?,
    )?);
    let mut cases = Vec::new();
    for path in files(&project.root.join("tests/prompt"), "session")? {
        let text = fs::read_to_string(&path)?.replace("{arch}", arch.name());
        let session = parse(&text).with_context(|| path.display().to_string())?;
        if !session.architectures.iter().any(|name| name == arch.name()) {
            continue;
        }
        let mut machine = machine.clone();
        machine.cpus = session.cpus.unwrap_or(machine.cpus);
        machine.memory_mebibytes = session.memory_mebibytes.unwrap_or(machine.memory_mebibytes);
        machine.append = format!("console.size=160x50 {}", session.append);
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or("?");
        let added = additions(project, arch, &session)?;
        let layers = layers.clone();
        cases.push(Case {
            name: format!("4/{}/prompt/{stem}", arch.name()),
            run: Box::new(move || {
                let made = machine_for(project, &machine, &session, &layers, &added);
                let (machine, _files) = made.map_err(|error| format!("{error:#}"))?;
                let reference = reference_for(project, &machine, &session);
                let reference = reference.map_err(|error| format!("{error:#}"))?;
                let reference = reference.as_ref().map(|(machine, _file)| machine);
                play(&machine, reference, &session)
            }),
        });
    }
    Ok(cases)
}

/// The machine that a session asks for, and the files that go when it is over.
fn machine_for(
    project: &Project,
    machine: &Machine,
    session: &Session,
    layers: &Tree,
    added: &Option<Tree>,
) -> Result<(Machine, Vec<Temporary>)> {
    let (mut machine, mut files) = with_disks(project, machine, session)?;
    if let Some(size) = session.root_mebibytes {
        let mut tree = layers.clone();
        for (path, entry) in added.iter().flat_map(Tree::entries) {
            tree.put_entry(path, entry.clone());
        }
        let root = disk::temporary(project);
        fresh(project, root.path(), u64::from(size) << 20, &tree)?;
        let mut root_disk = root.as_disk();
        root_disk.read_only = session.ephemeral;
        machine = machine.with_root_on(root_disk);
        files.push(root);
    } else if let Some(tree) = added {
        let (with_files, archive) = machine.with_files(project, tree)?;
        machine = with_files;
        files.push(archive);
    }
    Ok((machine, files))
}

/// Debian's Linux on the same disks, if a session asks for it.
fn reference_for(
    project: &Project,
    machine: &Machine,
    session: &Session,
) -> Result<Option<(Machine, Temporary)>> {
    if !session.steps.contains(&Step::Linux) {
        return Ok(None);
    }
    let mut reference = guest::prepare(project, Kernel::Linux, machine.arch)?;
    reference.disks.clone_from(&machine.disks);
    reference.transport = machine.transport;
    reference.monitor.clone_from(&machine.monitor);
    let (reference, file) = reference.with_files(project, &Tree::default())?;
    Ok(Some((reference, file)))
}

/// The machine with the empty disks that a session asks for.
fn with_disks(
    project: &Project,
    machine: &Machine,
    session: &Session,
) -> Result<(Machine, Vec<Temporary>)> {
    let mut machine = machine.clone();
    machine.transport = session.transport;
    let speaks = |step: &Step| matches!(step, Step::Monitor { .. });
    if session.steps.iter().any(speaks) {
        machine.monitor = Some(Arc::new(monitor::socket()));
    }
    let mut files = Vec::new();
    for size in &session.disk_mebibytes {
        let (disk, file) = disk::scratch(project, u64::from(*size) << 20)?;
        machine.disks.push(disk);
        files.push(file);
    }
    Ok((machine, files))
}

/// The programs that a session asks for.
fn additions(project: &Project, arch: Arch, session: &Session) -> Result<Option<Tree>> {
    if session.programs.is_empty() {
        return Ok(None);
    }
    let built = build::linux::programs(project, arch)?;
    let mut tree = Tree::default();
    for wanted in &session.programs {
        let program = built
            .iter()
            .find(|program| program.name == *wanted)
            .with_context(|| format!("user/linux/{wanted}.c is missing"))?;
        let path = format!("/system/linux-{}/tests/{wanted}", arch.name());
        tree.file(&path, 0o755, fs::read(&program.file)?);
    }
    Ok(Some(tree))
}

fn parse(text: &str) -> Result<Session> {
    let mut session = Session::default();
    let mut header = true;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        if header {
            match line.split_once(':') {
                _ if line.starts_with("//") || line.trim().is_empty() => continue,
                Some(("arch", value)) => {
                    session.architectures = value.split_whitespace().map(str::to_owned).collect();
                    continue;
                }
                Some(("cpus", value)) => {
                    session.cpus = Some(value.trim().parse()?);
                    continue;
                }
                Some(("memory", value)) => {
                    session.memory_mebibytes = Some(value.trim().trim_end_matches('M').parse()?);
                    continue;
                }
                Some(("disk", value)) => {
                    let sizes = value.split_whitespace();
                    let sizes = sizes.map(|size| size.trim_end_matches('M').parse());
                    session.disk_mebibytes = sizes.collect::<Result<_, _>>()?;
                    continue;
                }
                Some(("transport", value)) => {
                    session.transport = disk::Transport::parse(value.trim())?;
                    continue;
                }
                Some(("root", value)) => {
                    let size = value.trim().trim_end_matches(" ephemeral");
                    session.ephemeral = size != value.trim();
                    session.root_mebibytes = Some(size.trim_end_matches('M').parse()?);
                    continue;
                }
                Some(("programs", value)) => {
                    session.programs = value.split_whitespace().map(str::to_owned).collect();
                    continue;
                }
                Some(("append", value)) => {
                    session.append = value.trim().to_owned();
                    continue;
                }
                _ => header = false,
            }
        }
        if let Some(keys) = line.strip_prefix(">> ") {
            session.steps.push(Step::Keys {
                line: number,
                bytes: unescape(keys)?,
            });
        } else if let Some(typed) = line.strip_prefix("> ") {
            let typed = typed.to_owned();
            session.steps.push(Step::Command {
                line: number,
                typed,
                expected: Vec::new(),
            });
        } else if let Some(text) = line.strip_prefix("? ") {
            session.steps.push(Step::Wait {
                line: number,
                text: text.to_owned(),
            });
        } else if line.trim_end() == "@ restart" {
            session.steps.push(Step::Restart);
        } else if line.trim_end() == "@ kill" {
            session.steps.push(Step::Kill);
        } else if line.trim_end() == "@ linux" {
            session.steps.push(Step::Linux);
        } else if let Some(command) = line.strip_prefix("@ monitor ") {
            let command = command.trim().to_owned();
            session.steps.push(Step::Monitor {
                line: number,
                command,
            });
        } else if line.starts_with("//") {
            // A remark.
        } else if let Some(Step::Command { expected, .. }) = session.steps.last_mut() {
            expected.push(line.to_owned());
        } else if !line.trim().is_empty() {
            bail!("line {number}: expected output without a command before it");
        }
    }
    for step in &mut session.steps {
        // Empty lines before the next step are layout, not output.
        if let Step::Command { expected, .. } = step {
            while expected.last().is_some_and(|line| line.is_empty()) {
                expected.pop();
            }
        }
    }
    if session.architectures.is_empty() {
        session.architectures = Arch::ALL
            .iter()
            .map(|arch| arch.name().to_owned())
            .collect();
    }
    Ok(session)
}

fn unescape(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            bytes.extend(character.to_string().bytes());
            continue;
        }
        match rest.next() {
            Some('r') => bytes.push(b'\r'),
            Some('n') => bytes.push(b'\n'),
            Some('t') => bytes.push(b'\t'),
            Some('\\') => bytes.push(b'\\'),
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                bytes.push(u8::from_str_radix(&digits, 16).context("\\x needs two digits")?);
            }
            other => bail!("unknown escape \\{}", other.unwrap_or(' ')),
        }
    }
    Ok(bytes)
}

fn play(machine: &Machine, reference: Option<&Machine>, session: &Session) -> Result<(), String> {
    let mut console = Console::start(machine).map_err(|error| format!("{error:#}"))?;
    let mut lines = Lines::default();
    let result = steps(machine, reference, &mut console, &mut lines, session)
        .and_then(|()| leave_in_order(machine, &mut console, &lines, session));
    result.map_err(|reason| format!("{reason}\n--- console ---\n{}", console.transcript()))
}

/// Switches a machine with disks off, and has what is on them checked.
fn leave_in_order(
    machine: &Machine,
    console: &mut Console,
    lines: &Lines,
    session: &Session,
) -> Result<(), String> {
    if machine.disks.is_empty() {
        return Ok(());
    }
    if prompt(lines) {
        send(console, b"shutdown\r")?;
    }
    ended(console)?;
    for (index, disk) in machine.disks.iter().enumerate() {
        if session.takes_away(index) {
            repair(disk)?;
        } else {
            disk::judge(&disk.file).map_err(|error| format!("{error:#}"))?;
        }
    }
    Ok(())
}

fn ended(console: &mut Console) -> Result<(), String> {
    let deadline = Instant::now() + STEP_LIMIT;
    loop {
        match console.receive(deadline) {
            Waited::Bytes(_) => {}
            Waited::Ended => return Ok(()),
            Waited::TimedOut => return Err("the guest did not switch itself off".to_owned()),
        }
    }
}

/// Ends a machine as a loss of power would, and lets e2fsck repair what it has left.
fn kill(machine: &Machine, console: &mut Console) -> Result<(), String> {
    console.kill();
    machine.disks.iter().try_for_each(repair)
}

/// Lets e2fsck repair what was not left in order.
fn repair(disk: &Disk) -> Result<(), String> {
    let facts = ext2::superblock(&disk.file).map_err(|error| format!("{error:#}"))?;
    if facts.is_some_and(|facts| !facts.clean) {
        ext2::preen(&disk.file).map_err(|error| format!("{error:#}"))??;
    }
    Ok(())
}

fn steps(
    machine: &Machine,
    reference: Option<&Machine>,
    console: &mut Console,
    lines: &mut Lines,
    session: &Session,
) -> Result<(), String> {
    until(console, lines, "the first prompt", prompt)?;
    let mut from = lines.count() - 1;
    for step in &session.steps {
        match step {
            Step::Command {
                line,
                typed,
                expected,
            } => {
                from = lines.count() - 1;
                send(console, format!("{typed}\r").as_bytes())?;
                until(
                    console,
                    lines,
                    &format!("a prompt after line {line}: {typed}"),
                    |lines| lines.count() > from + 1 && prompt(lines),
                )?;
                let shown: Vec<String> = (from + 1..lines.count() - 1)
                    .map(|index| lines.line(index))
                    .collect();
                compare(expected, &shown).map_err(|()| {
                    format!(
                        "line {line}: {typed}\n--- expected ---\n{}\n--- shown ---\n{}",
                        expected.join("\n"),
                        shown.join("\n")
                    )
                })?;
            }
            Step::Keys { bytes, .. } => {
                from = lines.count() - 1;
                send(console, bytes)?;
            }
            Step::Restart | Step::Kill | Step::Linux => {
                match step {
                    Step::Kill => kill(machine, console)?,
                    _ => ended(console)?,
                }
                let next = match step {
                    Step::Linux => reference.ok_or("there is no reference")?,
                    _ => machine,
                };
                *console = Console::start(next).map_err(|error| format!("{error:#}"))?;
                *lines = Lines::default();
                until(console, lines, "the prompt after a restart", prompt)?;
                from = lines.count() - 1;
            }
            Step::Monitor { line, command } => {
                let place = machine.monitor.as_ref().ok_or("there is no monitor")?;
                let answer = monitor::command(place.path(), command);
                match answer.map_err(|error| format!("line {line}: {error:#}"))? {
                    answer if answer.is_empty() => {}
                    answer => return Err(format!("line {line}: {command}: {answer}")),
                }
            }
            Step::Wait { line, text } => {
                until(console, lines, &format!("line {line}: `{text}`"), |lines| {
                    if text == "<prompt>" {
                        prompt(lines)
                    } else {
                        (from..lines.count()).any(|index| lines.line(index).contains(text))
                    }
                })?;
            }
        }
    }
    Ok(())
}

fn send(console: &mut Console, bytes: &[u8]) -> Result<(), String> {
    console.send(bytes).map_err(|error| format!("{error:#}"))
}

/// Reads until a condition holds and nothing more comes for a moment.
fn until(
    console: &mut Console,
    lines: &mut Lines,
    what: &str,
    condition: impl Fn(&Lines) -> bool,
) -> Result<(), String> {
    let deadline = Instant::now() + STEP_LIMIT;
    loop {
        let holds = condition(lines);
        let wait = if holds {
            (Instant::now() + QUIET).min(deadline)
        } else {
            deadline
        };
        match console.receive(wait) {
            Waited::Bytes(bytes) => lines.feed(&bytes),
            Waited::TimedOut if holds => return Ok(()),
            Waited::TimedOut => return Err(format!("waited {STEP_LIMIT:?} for {what}")),
            Waited::Ended if holds => return Ok(()),
            Waited::Ended => return Err(format!("the guest ended while waiting for {what}")),
        }
    }
}

fn prompt(lines: &Lines) -> bool {
    let line = lines.current();
    line.ends_with("# ") || line.ends_with("$ ")
}

/// Whether the shown lines are what is expected, with its stand-ins.
fn compare(expected: &[String], shown: &[String]) -> Result<(), ()> {
    let good = match expected.split_first() {
        None => shown.is_empty(),
        Some((first, rest)) if first == "..." => {
            (0..=shown.len()).any(|skip| compare(rest, &shown[skip..]).is_ok())
        }
        Some((first, rest)) => shown.split_first().is_some_and(|(line, others)| {
            matches(first, line.trim_end()) && compare(rest, others).is_ok()
        }),
    };
    if good { Ok(()) } else { Err(()) }
}

/// Whether a line is what is expected: `<n>` is a number, `<*>` anything.
fn matches(pattern: &str, text: &str) -> bool {
    let number = pattern.find("<n>");
    let any = pattern.find("<*>");
    let (at, digits) = match (number, any) {
        (None, None) => return pattern.trim_end() == text,
        (Some(number), Some(any)) if any < number => (any, false),
        (Some(number), _) => (number, true),
        (None, Some(any)) => (any, false),
    };
    let Some(text) = text.strip_prefix(&pattern[..at]) else {
        return false;
    };
    let rest = &pattern[at + 3..];
    if digits {
        let length = text.bytes().take_while(u8::is_ascii_digit).count();
        length > 0 && matches(rest, &text[length..])
    } else {
        text.char_indices()
            .map(|(index, _)| index)
            .chain([text.len()])
            .any(|index| matches(rest, &text[index..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins() {
        assert!(matches("PID = <n>", "PID = 17"));
        assert!(!matches("PID = <n>", "PID = "));
        assert!(matches("<*>root<*>", "a root b"));
        assert!(!matches("plain", "plainer"));
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert!(compare(&lines("a\n...\nd"), &lines("a\nb\nc\nd")).is_ok());
        assert!(compare(&lines("a\n...\nd"), &lines("a\nb\nc")).is_err());
        assert!(compare(&lines("a"), &lines("a\nb")).is_err());
    }

    #[test]
    fn a_session_is_parsed() {
        let session =
            parse("arch: riscv64\ncpus: 1\ndisk: 8M\nappend: record\n\n> hello\nHi\n\n>> a\\x03\n? done\n")
                .unwrap();
        assert_eq!(session.architectures, ["riscv64"]);
        assert_eq!(session.cpus, Some(1));
        assert_eq!(session.append, "record");
        assert_eq!(session.disk_mebibytes, [8]);
        assert_eq!(
            session.steps,
            [
                Step::Command {
                    line: 6,
                    typed: "hello".into(),
                    expected: vec!["Hi".into()]
                },
                Step::Keys {
                    line: 9,
                    bytes: b"a\x03".to_vec()
                },
                Step::Wait {
                    line: 10,
                    text: "done".into()
                },
            ]
        );
        assert!(parse("stray output\n").is_err());
    }
}
