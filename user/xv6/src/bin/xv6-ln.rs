//! Gives a file a second name.
#![cfg_attr(target_os = "none", no_std, no_main)]
use xv6::{complain, link, text};

xv6::main!(program);

fn program(arguments: &[&[u8]]) -> i32 {
    let [_, old, new] = arguments else {
        complain!("usage: ln old new");
        return 1;
    };
    if link(old, new).is_err() {
        complain!("link {} {}: failed", text(old), text(new));
        return 1;
    }
    0
}
