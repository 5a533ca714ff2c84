//! The ABI as `proc` sees it: recognising programs, starting them, answering their calls.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::AtomicU64;

use base::{Error, Result, log};
use hal::user::{CallRegisters, Next, UserContext};
use mem::AddressSpace;
use proc::exec::ImageKind;
use proc::{Abi, ElfImage, ExecInfo, InitialState, Layout, Task};

use crate::call::{Call, Outcome};
use crate::limits::{ARGUMENT_BYTES, ARGUMENTS};
use crate::stack;
use crate::table::{Serve, SystemCall};

/// The one error that xv6 knows.
const FAILED: usize = usize::MAX;

/// The xv6 ABI.
pub struct Xv6;

/// Makes the ABI known, where its programs can run: xv6 is a RISC-V system.
pub fn register() {
    if hal::ARCH == "riscv64" {
        proc::abi::register(Arc::new(Xv6));
    }
}

/// What is remembered about a task: when its sleep ends, should the call have to be made again.
#[derive(Default)]
pub(crate) struct TaskState {
    pub(crate) sleep_end_ns: AtomicU64,
}

/// Gives the program its result.
fn finish(outcome: Result<Outcome>, mut registers: CallRegisters<'_>) {
    match outcome {
        Ok(Outcome::Value(value)) => registers.set_result(value),
        Ok(Outcome::Gone) => {}
        // xv6 has no handlers: an event either ends the process, or the call goes on.
        Err(Error::Interrupted) => registers.rewind(),
        Err(_) => registers.set_result(FAILED),
    }
}

impl Abi for Xv6 {
    fn name(&self) -> &'static str {
        "xv6"
    }

    /// Linked at 0, static, and marked for no other system: no program of another ABI is that.
    fn recognise(&self, image: &ElfImage, _default: bool) -> bool {
        image.header.os_abi == 0
            && image.header.kind == ImageKind::Fixed
            && !image.is_dynamic()
            && image.span().0 == 0
    }

    fn layout(&self) -> Layout {
        Layout {
            argument_count: ARGUMENTS - 1,
            argument_size: ARGUMENT_BYTES,
            fixed: true,
            low_programs: true,
            ..Layout::default()
        }
    }

    fn initial_stack(
        &self,
        info: &ExecInfo<'_>,
        space: &Arc<AddressSpace>,
    ) -> Result<InitialState> {
        stack::build(info, space)
    }

    fn system_call(&self, task: &Arc<Task>, registers: CallRegisters<'_>) -> Next {
        let number = registers.number();
        let outcome = match SystemCall::find(number).map(|entry| entry.serve) {
            Some(Serve::Plain(serve)) => serve(&mut Call { task }, &registers),
            Some(Serve::WithRegisters(_)) => return Next::AllRegisters,
            None => {
                log::warn!("xv6: {:?}: no system call {number}", task.process());
                Err(Error::NotImplemented)
            }
        };
        finish(outcome, registers);
        Next::GoOn
    }

    fn call_with_registers(&self, task: &Arc<Task>, context: &mut UserContext) {
        let entry = SystemCall::find(context.syscall_number());
        if let Some(Serve::WithRegisters(serve)) = entry.map(|entry| entry.serve) {
            let outcome = serve(&mut Call { task }, context);
            finish(outcome, context.call());
        }
    }

    fn describe_call(&self, registers: &CallRegisters<'_>) -> String {
        let number = registers.number();
        let Some(entry) = SystemCall::find(number) else {
            return format!("call {number}()");
        };
        let registers = registers.arguments();
        let shown: Vec<String> = entry
            .arguments
            .iter()
            .zip(registers)
            .map(|(argument, register)| match argument.kind {
                "int" | "descriptor" => format!("{}", register as i32),
                "string" => proc::trace::quoted_c_string(register, 64),
                "buffer" if entry.name == "write" => {
                    proc::trace::quoted_bytes(register, registers[2], 32)
                }
                _ => format!("{register:#x}"),
            })
            .collect();
        format!("{}({})", entry.name, shown.join(", "))
    }

    fn call_name(&self, number: usize) -> Option<&'static str> {
        SystemCall::find(number).map(|entry| entry.name)
    }

    fn describe_result(&self, result: usize) -> String {
        // Results are C's `int`, but for sbrk's addresses.
        format!("{}", result as isize)
    }

    fn new_task_state(&self) -> Arc<dyn Any + Send + Sync> {
        Arc::new(TaskState::default())
    }
}
