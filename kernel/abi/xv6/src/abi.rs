//! The ABI as `proc` sees it: recognising programs, starting them, answering their calls.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::AtomicU64;

use base::{Error, Result, log};
use hal::user::UserContext;
use mem::AddressSpace;
use proc::exec::ImageKind;
use proc::{Abi, ElfImage, ExecInfo, InitialState, Layout, Task};

use crate::call::{Call, Outcome};
use crate::limits::{ARGUMENT_BYTES, ARGUMENTS};
use crate::stack;
use crate::table::SystemCall;

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

    fn system_call(&self, task: &Arc<Task>, context: &mut UserContext) {
        let number = context.syscall_number();
        let registers = context.syscall_arguments();
        let mut call = Call { task, context };
        let outcome = match SystemCall::find(number) {
            Some(entry) => entry.serve(&mut call, registers),
            None => {
                log::warn!("xv6: {:?}: no system call {number}", task.process());
                Err(Error::NotImplemented)
            }
        };
        match outcome {
            Ok(Outcome::Value(value)) => context.set_result(value),
            Ok(Outcome::Gone) => {}
            // xv6 has no handlers: an event either ends the process, or the call goes on.
            Err(Error::Interrupted) => context.rewind_syscall(),
            Err(_) => context.set_result(FAILED),
        }
    }

    fn describe_call(&self, context: &UserContext) -> String {
        let number = context.syscall_number();
        let Some(entry) = SystemCall::find(number) else {
            return format!("call {number}()");
        };
        let registers = context.syscall_arguments();
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
