//! `echo`, `printf`, `help`.

use super::{TABLE, print};
use crate::state::{Outcome, Shell};
use scarlet::prelude::*;

pub(super) fn echo(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let output = scarlet_programs::echo::line(&arguments[1..]);
    print(shell, "echo", &output)
}

pub(super) fn printf(shell: &mut Shell, arguments: &[Vec<u8>]) -> Outcome {
    let Some(format) = arguments.get(1) else {
        return shell.fail("printf: which format?", 2);
    };
    let printed = shell::printf::printf(format, &arguments[2..]);
    let status = print(shell, "printf", &printed.output)?;
    for complaint in &printed.complaints {
        shell.complain(&format!("printf: {complaint}"));
    }
    Ok(if printed.complaints.is_empty() {
        status
    } else {
        1
    })
}

pub(super) fn help(shell: &mut Shell, _arguments: &[Vec<u8>]) -> Outcome {
    let mut output = String::from("Commands of the shell itself:\n");
    for entry in TABLE {
        output.push_str("  ");
        output.push_str(entry.usage);
        output.push('\n');
    }
    output.push_str("Programs are in /bin; `ls /bin` lists them.\n");
    print(shell, "help", output.as_bytes())
}
