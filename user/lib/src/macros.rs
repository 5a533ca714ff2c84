//! `print!` and its relatives, and the entry macro.

/// Prints to the standard output. A reader that has gone away ends the program quietly.
#[macro_export]
macro_rules! print {
    ($($argument:tt)*) => { $crate::io::print(format_args!($($argument)*)) };
}

/// Prints to the standard output, with a newline.
#[macro_export]
macro_rules! println {
    () => { $crate::print!("\n") };
    ($($argument:tt)*) => { $crate::print!("{}\n", format_args!($($argument)*)) };
}

/// Prints to the standard error.
#[macro_export]
macro_rules! eprint {
    ($($argument:tt)*) => { $crate::io::eprint(format_args!($($argument)*)) };
}

/// Prints to the standard error, with a newline.
#[macro_export]
macro_rules! eprintln {
    () => { $crate::eprint!("\n") };
    ($($argument:tt)*) => { $crate::eprint!("{}\n", format_args!($($argument)*)) };
}

/// Names the function with which the program begins: `fn main()`, `fn main() -> i32` or
/// `fn main() -> Result<(), E>`.
#[macro_export]
macro_rules! main {
    ($main:path) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        extern "C" fn scarlet_program_main() -> i32 {
            $crate::process::Termination::status($main())
        }
    };
}
