//! A whole system: the kernel library on a simulated machine, with an archive of programs.
//!
//! ```text
//! System::new()
//!     .linux("/init", |linux| { linux.write(1, b"hello\n"); })
//!     .check();
//! ```
//!
//! `/init` is the first process; when it ends with status 0 the machine switches itself off, and
//! the test has passed if nothing leaked. [`linux`], [`xv6`] and [`scarlet`] are the short form
//! for one program.

use crate::archive::Archive;
use crate::elf::{self, Abi};
use crate::{Linux, Scarlet, Xv6, seeds};
use hal::hosted::{Bug, Exit, Machine, Outcome, User};
use std::rc::Rc;

type Program = Rc<dyn Fn(&mut User)>;
type Typist = Rc<dyn Fn(&str, usize) -> Option<String>>;

/// What a system is made of.
pub struct System {
    programs: Vec<(String, Abi, Program)>,
    archive: Archive,
    cpus: usize,
    memory: usize,
    steps: u64,
    bug: Option<Bug>,
    typist: Option<Typist>,
    words: String,
}

impl Default for System {
    fn default() -> System {
        System::new()
    }
}

impl System {
    /// Two CPUs, 16 MiB, and no programs yet.
    pub fn new() -> System {
        let mut archive = Archive::new();
        for directory in ["/dev", "/tmp", "/proc"] {
            archive.directory(directory);
        }
        System {
            programs: Vec::new(),
            archive,
            cpus: 2,
            memory: 16 << 20,
            steps: 5_000_000,
            bug: None,
            typist: None,
            words: String::new(),
        }
    }

    /// Adds a program that speaks Linux.
    pub fn linux(self, path: &str, program: impl Fn(&mut Linux<'_>) + 'static) -> System {
        self.program(path, Abi::Linux, move |user| {
            let mut linux = Linux::new(user);
            program(&mut linux);
            linux.exit(0)
        })
    }

    /// Adds a program that speaks xv6.
    pub fn xv6(self, path: &str, program: impl Fn(&mut Xv6<'_>) + 'static) -> System {
        self.program(path, Abi::Xv6, move |user| {
            let mut xv6 = Xv6::new(user);
            program(&mut xv6);
            xv6.exit(0)
        })
    }

    /// Adds a program that speaks the native ABI.
    pub fn scarlet(self, path: &str, program: impl Fn(&mut Scarlet<'_>) + 'static) -> System {
        self.program(path, Abi::Scarlet, move |user| {
            let mut scarlet = Scarlet::new(user);
            program(&mut scarlet);
            scarlet.exit(0)
        })
    }

    /// Adds a program by its bare hands.
    pub fn program(
        mut self,
        path: &str,
        abi: Abi,
        program: impl Fn(&mut User) + 'static,
    ) -> System {
        let number = self.programs.len() as u32;
        self.archive.file(path, &elf::image(abi, number));
        self.programs.push((path.into(), abi, Rc::new(program)));
        self
    }

    /// Adds a file.
    pub fn file(mut self, path: &str, contents: &[u8]) -> System {
        self.archive.file(path, contents);
        self
    }

    /// Adds a directory.
    pub fn directory(mut self, path: &str) -> System {
        self.archive.directory(path);
        self
    }

    /// Sets the number of CPUs.
    pub fn cpus(mut self, count: usize) -> System {
        self.cpus = count;
        self
    }

    /// Sets the amount of memory.
    pub fn memory(mut self, bytes: usize) -> System {
        self.memory = bytes;
        self
    }

    /// Sets after how many steps a run counts as hung.
    pub fn steps(mut self, steps: u64) -> System {
        self.steps = steps;
        self
    }

    /// Gives the machine a bug.
    pub fn plant(mut self, bug: Bug) -> System {
        self.bug = Some(bug);
        self
    }

    /// Types: whenever nothing is left to do but wait, `typist` sees the output so far and how
    /// often it has been asked, and says what is typed next.
    pub fn typing(mut self, typist: impl Fn(&str, usize) -> Option<String> + 'static) -> System {
        self.typist = Some(Rc::new(typist));
        self
    }

    /// Types these lines, one whenever nothing is left to do but wait.
    pub fn types(self, lines: &'static [&'static str]) -> System {
        self.typing(move |_, turn| lines.get(turn).map(|line| String::from(*line)))
    }

    /// Adds words to the kernel's command line.
    pub fn command_line(mut self, words: &str) -> System {
        self.words = words.into();
        self
    }

    /// Runs it once.
    pub fn run(&self, seed: u64) -> Outcome {
        let mut machine = Machine::new(seed)
            .cpus(self.cpus)
            .memory_bytes(self.memory)
            .step_limit(self.steps)
            .echo(seeds::replay().is_some())
            .command_line(&format!("loglevel=2 init=/init {}", self.words))
            .initramfs(self.archive.clone().finish());
        if let Some(bug) = self.bug {
            machine = machine.plant(bug);
        }
        if let Some(typist) = self.typist.clone() {
            let mut turn = 0;
            machine = machine.on_idle(move |console| {
                let typed = typist(&String::from_utf8_lossy(console), turn);
                turn += 1;
                typed.map(String::into_bytes)
            });
        }
        for (path, _, program) in &self.programs {
            let program = program.clone();
            machine.add_program(path, move |user| program(user));
        }
        machine.run(kernel::kernel_main)
    }

    /// Runs it under every seed; each run must end well.
    pub fn check(self) {
        self.check_output(|_| ());
    }

    /// As [`System::check`], and `judge` looks at what was written to the console.
    pub fn check_output(self, judge: impl Fn(&str)) {
        seeds::for_each_seed(seeds::count(), |seed| {
            let outcome = self.run(seed);
            if let Some(complaint) = outcome.complaint() {
                panic!("{complaint}");
            }
            judge(&outcome.text());
        });
    }

    /// Runs seeds until one does not end well, and gives its end; `None` if all end well.
    pub fn find_failure(self, seeds: u64) -> Option<Exit> {
        (0..seeds)
            .map(|seed| self.run(seed))
            .find_map(|outcome| outcome.complaint().is_some().then_some(outcome.exit))
    }
}

/// One Linux program under every seed.
pub fn linux(program: impl Fn(&mut Linux<'_>) + 'static) {
    System::new().linux("/init", program).check();
}

/// One xv6 program under every seed.
pub fn xv6(program: impl Fn(&mut Xv6<'_>) + 'static) {
    System::new().xv6("/init", program).check();
}

/// One native program under every seed.
pub fn scarlet(program: impl Fn(&mut Scarlet<'_>) + 'static) {
    System::new().scarlet("/init", program).check();
}
