//! What a person sees while they wait: a spinner on a terminal, plain lines otherwise.

use anyhow::{Context, Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::IsTerminal,
    process::{Command, ExitStatus, Stdio},
    sync::{Mutex, OnceLock},
    time::Duration,
};

fn current() -> &'static Mutex<Option<ProgressBar>> {
    static CURRENT: OnceLock<Mutex<Option<ProgressBar>>> = OnceLock::new();
    CURRENT.get_or_init(|| Mutex::new(None))
}

/// Says what is being done now; the previous step is thereby over.
pub fn step(text: impl Into<String>) {
    let text = text.into();
    if !std::io::stderr().is_terminal() {
        eprintln!("{text}");
        return;
    }
    let mut current = current()
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let bar = current.get_or_insert_with(|| {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner:.red} {msg} {elapsed:.dim}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    });
    bar.reset_elapsed();
    bar.set_message(text);
}

/// Takes the spinner away, before anything else is printed.
pub fn clear() {
    let mut current = current()
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(bar) = current.take() {
        bar.finish_and_clear();
    }
}

/// A program that failed, and what it said.
pub struct Failure {
    shown: String,
    output: String,
    status: ExitStatus,
}

impl Failure {
    /// Whether the output has this text.
    pub fn mentions(&self, text: &str) -> bool {
        self.output.contains(text)
    }

    /// Shows the end of the output; the error is for the last line.
    pub fn report(self) -> anyhow::Error {
        clear();
        let tail: Vec<&str> = self.output.lines().rev().take(60).collect();
        for line in tail.iter().rev() {
            eprintln!("{line}");
        }
        anyhow!("`{}` failed with {}", self.shown, self.status)
    }
}

/// Runs a program that should stay silent; its output is shown only when it fails.
pub fn quietly(command: &mut Command) -> Result<String> {
    run(command)?.map_err(Failure::report)
}

/// Runs a program; the caller decides whether its failure is one.
pub fn run(command: &mut Command) -> Result<Result<String, Failure>> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let shown = words.join(" ");
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run `{shown}`"))?;
    if output.status.success() {
        return Ok(Ok(String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    Ok(Err(Failure {
        shown,
        output: String::from_utf8_lossy(&text).into_owned(),
        status: output.status,
    }))
}
