//! `pwd`: the working directory's path.
#![no_std]
#![no_main]

use scarlet::prelude::*;
use scarlet::{env, io, path};

scarlet::main!(main);

fn main() -> io::Result<()> {
    println!("{}", path::display(&env::current_dir()?));
    Ok(())
}
