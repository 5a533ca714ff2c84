//! Ring 2: processes.

use testkit::linux::Ended;
use testkit::system::{linux, scarlet, xv6};

#[test]
fn a_linux_program_says_hello() {
    testkit::System::new()
        .linux("/init", |linux| linux.say("hello\n"))
        .check_output(|text| assert!(text.contains("hello"), "{text}"));
}

#[test]
fn linux_fork_and_wait() {
    linux(|linux| {
        let child = linux.fork(|child| child.exit(7)).unwrap();
        assert_eq!(linux.wait(), Ok((child, Ended::Exited(7))));
        assert_eq!(linux.wait(), Err(10));
    });
}

#[test]
fn xv6_fork_and_wait() {
    xv6(|xv6| {
        let child = xv6.fork(|child| child.exit(3)).unwrap();
        assert_eq!(xv6.wait(), Some((child, 3)));
        assert_eq!(xv6.wait(), None);
    });
}

#[test]
fn scarlet_fork_and_wait() {
    scarlet(|scarlet| {
        let child = scarlet.fork(|child| child.exit(5)).unwrap();
        assert_eq!(scarlet.wait(), Ok((child, scarlet_abi::process::EXITED, 5)));
    });
}
