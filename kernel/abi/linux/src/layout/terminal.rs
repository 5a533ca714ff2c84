//! Records of terminals: `termios`, `termios2`, `winsize`, and the ioctl numbers of the generic ABI.

use super::record;

/// Number of control characters in the kernel's `termios`.
pub const CONTROL_CHARACTERS: usize = 19;

record! {
    /// The kernel's `struct termios` (not the C library's, which is longer).
    pub struct Termios {
        /// Input flags.
        input: u32,
        /// Output flags.
        output: u32,
        /// Control flags, with the old form of the speed.
        control: u32,
        /// Local flags.
        local: u32,
        /// Line discipline.
        line: u8,
        /// Control characters.
        characters: [u8; 19],
    }
}

record! {
    /// `struct termio` of System V: the lower halves of the flags, and the first control characters.
    pub struct Termio {
        /// Input flags.
        input: u16,
        /// Output flags.
        output: u16,
        /// Control flags.
        control: u16,
        /// Local flags.
        local: u16,
        /// Line discipline.
        line: u8,
        /// Control characters.
        characters: [u8; 8],
        /// Reserved.
        pad: u8,
    }
}

record! {
    /// `struct termios2`: the same with speeds as numbers.
    pub struct Termios2 {
        /// The common part.
        common: Termios,
        /// Input speed.
        input_speed: u32,
        /// Output speed.
        output_speed: u32,
    }
}

record! {
    /// `struct winsize`.
    pub struct WindowSize {
        /// Rows.
        rows: u16,
        /// Columns.
        columns: u16,
        /// Width in pixels.
        width: u16,
        /// Height in pixels.
        height: u16,
    }
}

/// ioctl numbers (`asm-generic/ioctls.h`, `linux/fs.h`).
pub mod request {
    /// Get terminal settings.
    pub const TCGETS: u32 = 0x5401;
    /// Set terminal settings now.
    pub const TCSETS: u32 = 0x5402;
    /// Set after output has drained.
    pub const TCSETSW: u32 = 0x5403;
    /// Set after draining, and drop input.
    pub const TCSETSF: u32 = 0x5404;
    /// Get terminal settings, in the old record.
    pub const TCGETA: u32 = 0x5405;
    /// Set the old record now.
    pub const TCSETA: u32 = 0x5406;
    /// Set the old record after output has drained.
    pub const TCSETAW: u32 = 0x5407;
    /// Set the old record after draining, and drop input.
    pub const TCSETAF: u32 = 0x5408;
    /// Send a break, or wait for output to drain.
    pub const TCSBRK: u32 = 0x5409;
    /// Suspend or resume output or input.
    pub const TCXONC: u32 = 0x540a;
    /// Drop queued bytes.
    pub const TCFLSH: u32 = 0x540b;
    /// Exclusive mode on.
    pub const TIOCEXCL: u32 = 0x540c;
    /// Exclusive mode off.
    pub const TIOCNXCL: u32 = 0x540d;
    /// Become the controlling terminal.
    pub const TIOCSCTTY: u32 = 0x540e;
    /// Get the foreground process group.
    pub const TIOCGPGRP: u32 = 0x540f;
    /// Set the foreground process group.
    pub const TIOCSPGRP: u32 = 0x5410;
    /// Bytes in the output queue.
    pub const TIOCOUTQ: u32 = 0x5411;
    /// Push a byte into the input queue.
    pub const TIOCSTI: u32 = 0x5412;
    /// Get the window size.
    pub const TIOCGWINSZ: u32 = 0x5413;
    /// Set the window size.
    pub const TIOCSWINSZ: u32 = 0x5414;
    /// Bytes that can be read.
    pub const FIONREAD: u32 = 0x541b;
    /// Non-blocking mode.
    pub const FIONBIO: u32 = 0x5421;
    /// Make a file share its blocks with another.
    pub const FICLONE: u32 = 0x4004_9409;
    /// The same for a range.
    pub const FICLONERANGE: u32 = 0x4020_940d;
    /// Turns signals for readiness on or off.
    pub const FIOASYNC: u32 = 0x5452;
    /// Give up the controlling terminal.
    pub const TIOCNOTTY: u32 = 0x5422;
    /// Wait for output to drain, or break of a given length.
    pub const TCSBRKP: u32 = 0x5425;
    /// Get the session.
    pub const TIOCGSID: u32 = 0x5429;
    /// Get `termios2`.
    pub const TCGETS2: u32 = 0x802c_542a;
    /// Set `termios2` now.
    pub const TCSETS2: u32 = 0x402c_542b;
    /// Set `termios2` after output has drained.
    pub const TCSETSW2: u32 = 0x402c_542c;
    /// Set `termios2` after draining, and drop input.
    pub const TCSETSF2: u32 = 0x402c_542d;
    /// Number of a pseudo-terminal's slave.
    pub const TIOCGPTN: u32 = 0x8004_5430;
    /// Device number of the terminal itself (what `/dev/console` or `/dev/tty` leads to).
    pub const TIOCGDEV: u32 = 0x8004_5432;
    /// Lock or unlock a pseudo-terminal's slave.
    pub const TIOCSPTLCK: u32 = 0x4004_5431;
    /// Is the slave locked?
    pub const TIOCGPTLCK: u32 = 0x8004_5439;
    /// Open the slave of a master.
    pub const TIOCGPTPEER: u32 = 0x5441;
    /// Clear close-on-exec.
    pub const FIONCLEX: u32 = 0x5450;
    /// Set close-on-exec.
    pub const FIOCLEX: u32 = 0x5451;
    /// Add entropy (random device).
    pub const RNDGETENTCNT: u32 = 0x8004_5200;
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::{offset_of, size_of};

    #[test]
    fn sizes() {
        assert_eq!(size_of::<Termios>(), 36);
        assert_eq!(offset_of!(Termios, characters), 17);
        assert_eq!(size_of::<Termios2>(), 44);
        assert_eq!(size_of::<WindowSize>(), 8);
    }
}
