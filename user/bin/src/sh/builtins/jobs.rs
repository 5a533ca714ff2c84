//! `jobs`, `fg`, `bg`, `wait`, `kill`.

use super::{print, text};
use crate::jobs::State;
use crate::state::{Outcome, Shell};
use scarlet::os::events;
use scarlet::prelude::*;

pub(super) fn list(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    shell.jobs.refresh();
    let only_processes = arguments.get(1).is_some_and(|word| word == b"-p");
    let current = shell.jobs.current();
    let mut output = String::new();
    for job in &shell.jobs.0 {
        if only_processes {
            output.push_str(&format!("{}\n", job.group));
        } else {
            output.push_str(&job.line(Some(job.number) == current));
        }
    }
    shell.jobs.0.retain(|job| !job.is_done());
    print(shell, "jobs", output.as_bytes())
}

fn named(shell: &Shell, arguments: &[Vec<u8>]) -> Result<usize, Outcome> {
    let name = arguments.get(1).map_or(String::new(), |name| text(name));
    shell.jobs.named(&name).ok_or_else(|| {
        let shown = if name.is_empty() {
            String::from("there is no job")
        } else {
            format!("{name}: no such job")
        };
        shell.fail(&format!("{}: {shown}", text(&arguments[0])), 1)
    })
}

pub(super) fn foreground(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    shell.jobs.refresh();
    match named(shell, arguments) {
        Ok(number) => shell.continue_job(number, true),
        Err(outcome) => outcome,
    }
}

pub(super) fn background(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    shell.jobs.refresh();
    match named(shell, arguments) {
        Ok(number) => shell.continue_job(number, false),
        Err(outcome) => outcome,
    }
}

pub(super) fn wait(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    if arguments.len() == 1 {
        let all: Vec<usize> = shell.jobs.0.iter().map(|job| job.number).collect();
        for number in all {
            shell.wait_for_job(number)?;
        }
        return Ok(0);
    }
    let mut status = 0;
    for argument in &arguments[1..] {
        let name = text(argument);
        let number = match name.parse::<u32>() {
            Ok(process) => shell.jobs.of_process(process),
            Err(_) => shell.jobs.named(&name),
        };
        status = match number {
            Some(number) => shell.wait_for_job(number)?,
            None => shell.fail(&format!("wait: {name}: not a child of this shell"), 127)?,
        };
    }
    Ok(status)
}

pub(super) fn kill(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let mut rest = &arguments[1..];
    let mut event = events::TERMINATE;
    match rest.first().map(|word| text(word)) {
        Some(word) if word == "-l" => {
            let names: Vec<String> = events::NAMES
                .iter()
                .map(|(number, word, _)| format!("{number:2} {word}\n"))
                .collect();
            return print(shell, "kill", names.concat().as_bytes());
        }
        Some(word) if word == "--" => rest = &rest[1..],
        Some(word) if word.starts_with('-') && word.len() > 1 => {
            let (name, used) = match word.as_str() {
                "-s" | "-n" => (rest.get(1).map_or(String::new(), |name| text(name)), 2),
                _ => (word[1..].to_owned(), 1),
            };
            match events::number_of(&name) {
                Some(number) => event = number,
                None => return shell.fail(&format!("kill: {name} is not an event"), 2),
            }
            rest = rest.get(used..).unwrap_or(&[]);
        }
        _ => {}
    }
    if rest.is_empty() {
        return shell.fail("kill: which process?", 2);
    }
    let mut status = 0;
    for argument in rest {
        let name = text(argument);
        if let Err(message) = send(shell, &name, event) {
            shell.complain(&format!("kill: {name}: {message}"));
            status = 1;
        }
    }
    Ok(status)
}

fn send(shell: &mut Shell, name: &str, event: u32) -> Result<(), String> {
    let sentence = |error: scarlet::io::Error| format!("{error}");
    if name.starts_with('%') {
        let number = shell.jobs.named(name).ok_or("no such job")?;
        let job = shell.jobs.get_mut(number).ok_or("no such job")?;
        if job.grouped {
            events::send_group(job.group, event).map_err(sentence)?;
        } else {
            events::send(job.group, event).map_err(sentence)?;
        }
        // A stopped job cannot end before it continues.
        if job.state() == State::Stopped && matches!(event, events::TERMINATE | events::HANG_UP) {
            let _ = events::send_group(job.group, events::CONTINUE);
            job.no_longer_stopped();
        } else if matches!(event, events::KILL | events::CONTINUE) {
            job.no_longer_stopped();
        }
        return Ok(());
    }
    let number: i64 = name.parse().map_err(|_| "is not a process's number")?;
    events::send_number(number, event).map_err(sentence)
}
