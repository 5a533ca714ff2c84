//! What a program may choose about its terminal: the POSIX `termios` record in neutral form.
//!
//! The bits and the order of the control characters are those of Linux's generic `termios`
//! (`asm-generic/termbits.h`, the same on RISC-V and AArch64), so that the Linux ABI only copies
//! them and the other ABIs name what they need. A bit that is kept but has no meaning for a line
//! that is not a modem (parity, hang-up on close) is stored and given back unchanged, as Linux does.

use bitflags::bitflags;

bitflags! {
    /// What happens to each byte as it arrives (`c_iflag`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct InputFlags: u32 {
        /// Ignore a break condition.
        const IGNBRK = 0x0001;
        /// A break interrupts.
        const BRKINT = 0x0002;
        /// Ignore bytes with parity errors.
        const IGNPAR = 0x0004;
        /// Mark bytes with parity errors.
        const PARMRK = 0x0008;
        /// Check parity.
        const INPCK = 0x0010;
        /// Strip the eighth bit.
        const ISTRIP = 0x0020;
        /// A newline becomes a carriage return.
        const INLCR = 0x0040;
        /// Carriage returns are dropped.
        const IGNCR = 0x0080;
        /// A carriage return becomes a newline.
        const ICRNL = 0x0100;
        /// Upper case becomes lower case (with IEXTEN).
        const IUCLC = 0x0200;
        /// VSTOP and VSTART stop and start the output.
        const IXON = 0x0400;
        /// Any character starts stopped output.
        const IXANY = 0x0800;
        /// The line itself sends stop and start when input fills up.
        const IXOFF = 0x1000;
        /// Ring the bell when the input is full.
        const IMAXBEL = 0x2000;
        /// Input is UTF-8: erasing takes a whole character.
        const IUTF8 = 0x4000;
        const _ = !0;
    }

    /// What happens to each byte as it leaves (`c_oflag`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct OutputFlags: u32 {
        /// Any output processing at all.
        const OPOST = 0x0001;
        /// Lower case becomes upper case.
        const OLCUC = 0x0002;
        /// A newline becomes carriage return and newline.
        const ONLCR = 0x0004;
        /// A carriage return becomes a newline.
        const OCRNL = 0x0008;
        /// No carriage return at column 0.
        const ONOCR = 0x0010;
        /// A newline also returns to column 0, so no carriage return is needed.
        const ONLRET = 0x0020;
        /// Tabs become spaces (XTABS, both bits of TABDLY).
        const XTABS = 0x1800;
        const _ = !0;
    }

    /// What the interpreter does with the line (`c_lflag`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LocalFlags: u32 {
        /// The interrupt, quit and suspend characters raise events.
        const ISIG = 0x0001;
        /// Input comes in lines, which can be edited.
        const ICANON = 0x0002;
        /// Input is echoed.
        const ECHO = 0x0008;
        /// Erasing wipes the character from the screen.
        const ECHOE = 0x0010;
        /// Killing a line echoes a newline.
        const ECHOK = 0x0020;
        /// A newline is echoed even without ECHO.
        const ECHONL = 0x0040;
        /// The special characters do not flush the queues.
        const NOFLSH = 0x0080;
        /// A background process that writes is stopped.
        const TOSTOP = 0x0100;
        /// Control characters are echoed as `^X`.
        const ECHOCTL = 0x0200;
        /// Erased characters are echoed between `\` and `/` (paper terminals).
        const ECHOPRT = 0x0400;
        /// Killing a line wipes it from the screen.
        const ECHOKE = 0x0800;
        /// Output is being thrown away (kept, without meaning, as on Linux).
        const FLUSHO = 0x1000;
        /// Input is to be typed again at the next read or character.
        const PENDIN = 0x4000;
        /// The extensions: VLNEXT, VWERASE, VREPRINT, VEOL2.
        const IEXTEN = 0x8000;
        const _ = !0;
    }
}

/// Which control character: an index into [`Settings::characters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Control {
    /// Interrupt the foreground group (`^C`).
    Interrupt = 0,
    /// Quit with a core dump (`^\`).
    Quit = 1,
    /// Erase one character (DEL).
    Erase = 2,
    /// Erase the whole line (`^U`).
    Kill = 3,
    /// End of file (`^D`).
    EndOfFile = 4,
    /// Raw read's timer in tenths of a second.
    Time = 5,
    /// Raw read's least number of bytes.
    Minimum = 6,
    /// Unused (VSWTC).
    Switch = 7,
    /// Start the output again (`^Q`).
    Start = 8,
    /// Stop the output (`^S`).
    Stop = 9,
    /// Stop the foreground group (`^Z`).
    Suspend = 10,
    /// One more end of line.
    EndOfLine = 11,
    /// Show the line again (`^R`).
    Reprint = 12,
    /// Throw output away (`^O`; without effect, as on Linux).
    Discard = 13,
    /// Erase a word (`^W`).
    WordErase = 14,
    /// Take the next character literally (`^V`).
    LiteralNext = 15,
    /// And another end of line.
    EndOfLine2 = 16,
}

/// How many control characters there are (Linux's NCCS in the kernel record).
pub const CONTROL_CHARACTERS: usize = 19;

/// A control character with this value is switched off (`_POSIX_VDISABLE`).
pub const DISABLED: u8 = 0;

/// 38,400 baud in Linux's encoding, eight bits, receiver on: what a fresh terminal says.
pub const CONTROL_FLAGS_DEFAULT: u32 = 0x0000_000f | 0x0030 | 0x0080;

/// All that `tcgetattr` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Input processing.
    pub input: InputFlags,
    /// Output processing.
    pub output: OutputFlags,
    /// Speed, character size, parity: kept and handed to the wire.
    pub control: u32,
    /// Line editing, echo and events.
    pub local: LocalFlags,
    /// The line discipline's number; only 0 (`N_TTY`) exists.
    pub discipline: u8,
    /// The control characters, indexed by [`Control`].
    pub characters: [u8; CONTROL_CHARACTERS],
    /// Input speed in bits a second (only `termios2` shows it).
    pub input_speed: u32,
    /// Output speed in bits a second.
    pub output_speed: u32,
}

impl Settings {
    /// What a terminal starts with: Linux's `tty_std_termios`.
    pub const fn new() -> Settings {
        let mut characters = [DISABLED; CONTROL_CHARACTERS];
        characters[Control::Interrupt as usize] = 0x03;
        characters[Control::Quit as usize] = 0x1c;
        characters[Control::Erase as usize] = 0x7f;
        characters[Control::Kill as usize] = 0x15;
        characters[Control::EndOfFile as usize] = 0x04;
        characters[Control::Minimum as usize] = 1;
        characters[Control::Start as usize] = 0x11;
        characters[Control::Stop as usize] = 0x13;
        characters[Control::Suspend as usize] = 0x1a;
        characters[Control::Reprint as usize] = 0x12;
        characters[Control::Discard as usize] = 0x0f;
        characters[Control::WordErase as usize] = 0x17;
        characters[Control::LiteralNext as usize] = 0x16;
        Settings {
            input: InputFlags::ICRNL.union(InputFlags::IXON),
            output: OutputFlags::OPOST.union(OutputFlags::ONLCR),
            control: CONTROL_FLAGS_DEFAULT,
            local: LocalFlags::ISIG
                .union(LocalFlags::ICANON)
                .union(LocalFlags::ECHO)
                .union(LocalFlags::ECHOE)
                .union(LocalFlags::ECHOK)
                .union(LocalFlags::ECHOCTL)
                .union(LocalFlags::ECHOKE)
                .union(LocalFlags::IEXTEN),
            discipline: 0,
            characters,
            input_speed: 38_400,
            output_speed: 38_400,
        }
    }

    /// The byte that acts as this control character; `None` when it is switched off.
    pub fn character(&self, control: Control) -> Option<u8> {
        let byte = self.characters[control as usize];
        (byte != DISABLED).then_some(byte)
    }

    /// Whether `byte` acts as this control character.
    pub fn is(&self, control: Control, byte: u8) -> bool {
        byte != DISABLED && self.characters[control as usize] == byte
    }

    /// Whether input comes in lines.
    pub fn canonical(&self) -> bool {
        self.local.contains(LocalFlags::ICANON)
    }

    /// Raw read: the least number of bytes (VMIN) and the timer in tenths of a second (VTIME).
    pub fn raw_limits(&self) -> (u8, u8) {
        (
            self.characters[Control::Minimum as usize],
            self.characters[Control::Time as usize],
        )
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings::new()
    }
}

/// Rows and columns, and pixels where somebody knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowSize {
    /// Height in characters.
    pub rows: u16,
    /// Width in characters.
    pub columns: u16,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
}
