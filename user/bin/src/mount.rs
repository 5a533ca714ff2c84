//! `mount`: shows what is mounted, or mounts: `mount -t KIND [-o OPTIONS] SOURCE DIRECTORY`;
//! `mount --bind PLACE DIRECTORY` makes a place appear at a second one, `--rbind` with what is mounted
//! below.
#![no_std]
#![no_main]

use scarlet::io::ErrorKind;
use scarlet::os::mount::{BindFlags, MountFlags, bind, mount};
use scarlet::prelude::*;
use scarlet::{env, fs};

scarlet::main!(main);

const USAGE: &str = "mount [-r] [-t KIND] [-o OPTIONS] [--bind | --rbind] [SOURCE] DIRECTORY";

#[derive(Default)]
struct Order {
    kind: Option<String>,
    options: Vec<String>,
    read_only: bool,
    bind: Option<BindFlags>,
    names: Vec<String>,
}

fn read_order() -> Result<Order, String> {
    let mut order = Order::default();
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = |option: &str| arguments.next().ok_or(format!("{option} wants a value"));
        match argument.as_str() {
            "-t" => order.kind = Some(value("-t")?),
            "-o" => {
                for option in value("-o")?.split(',') {
                    match option {
                        "ro" => order.read_only = true,
                        "rw" | "" => {}
                        "bind" => order.bind = Some(BindFlags::empty()),
                        "rbind" => order.bind = Some(BindFlags::RECURSIVE),
                        other => order.options.push(other.to_owned()),
                    }
                }
            }
            "-r" => order.read_only = true,
            "--bind" | "-B" => order.bind = Some(BindFlags::empty()),
            "--rbind" | "-R" => order.bind = Some(BindFlags::RECURSIVE),
            other if other.starts_with('-') => return Err(format!("option {other} is not known")),
            _ => order.names.push(argument),
        }
    }
    Ok(order)
}

fn main() -> Result<i32, String> {
    let order = read_order()?;
    let sentence = |name: &str, error: scarlet::io::Error| format!("{name}: {error}");
    match (order.names.as_slice(), order.bind) {
        ([], None) if order.kind.is_none() => {
            show()?;
            Ok(0)
        }
        ([source, target], Some(flags)) => {
            bind(source, target, flags).map_err(|error| sentence(target, error))?;
            Ok(0)
        }
        ([names @ .., target], None) if names.len() <= 1 => {
            let kind = order
                .kind
                .ok_or("which kind? (-t tmpfs, proc, devtmpfs, …)")?;
            let source = names.first().unwrap_or(&kind);
            let options = order.options.join(",");
            let mount_with = |flags| mount(&kind, source, target, &options, flags);
            let done = match order.read_only {
                true => mount_with(MountFlags::READ_ONLY),
                false => mount_with(MountFlags::empty()).or_else(|error| {
                    if error.kind() != ErrorKind::AccessDenied {
                        return Err(error);
                    }
                    // A disk that cannot be written can still be read.
                    mount_with(MountFlags::READ_ONLY).map_err(|_| error)?;
                    eprintln!("mount: {source} is write-protected, mounted read-only");
                    Ok(())
                }),
            };
            done.map_err(|error| sentence(target, error))?;
            Ok(0)
        }
        _ => {
            eprintln!("usage: {USAGE}");
            Ok(2)
        }
    }
}

/// What is mounted, one line each.
fn show() -> Result<(), String> {
    let file = "/proc/self/mounts";
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    for line in text.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        if let [source, target, kind, options, ..] = fields.as_slice() {
            println!("{source} on {target} type {kind} ({options})");
        }
    }
    Ok(())
}
