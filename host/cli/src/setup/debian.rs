//! Debian packages of another architecture and suite, through apt and its signatures.
//!
//! A private apt directory per architecture names the mirror that the machine's own apt is set up
//! with (asked, never written down) and the suite `trixie`. apt checks the packages' signatures
//! against Debian's keyring. What was downloaded is kept in the cache.

use crate::ui::{self, Failure};
use crate::{arch::Arch, project::Project};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const SUITE: &str = "trixie";
/// The suite's other name as long as it is Debian's newest release. A mirror that keeps files for a
/// while can have an index and lists of two moments under one name, and whole ones under the other.
const SUITE_TODAY: &str = "stable";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// A mirror that is being synchronised answers with files that do not match its index; asked
/// again a little later, it does.
const ATTEMPTS: u32 = 4;

/// The newest version of a package for an architecture, downloaded once.
pub fn package(project: &Project, arch: Arch, name: &str) -> Result<PathBuf> {
    cached(project, arch.debian(), name, |apt| apt.download(name))
}

/// Debian's Linux for an architecture: the package that the meta package points to.
pub fn linux(project: &Project, arch: Arch) -> Result<PathBuf> {
    let meta = format!("linux-image-{}", arch.debian());
    cached(project, arch.debian(), &meta, |apt| {
        let depends = apt.ask("apt-cache", &["depends", "--no-recommends", &meta])?;
        let image = depends
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Depends: "))
            .find(|name| name.starts_with("linux-image-"))
            .with_context(|| format!("{meta} points to no kernel"))?;
        apt.download(image)
    })
}

/// The source of Rust's libraries of exactly `version` (in the suite's backports).
pub fn rust_source(project: &Project, version: &str) -> Result<PathBuf> {
    cached(project, "amd64", &format!("rust-src-{version}"), |apt| {
        let versions = apt.ask("apt-cache", &["madison", "rust-src"])?;
        let wanted = versions
            .lines()
            .filter_map(|line| line.split('|').nth(1).map(str::trim))
            .find(|candidate| {
                candidate
                    .strip_prefix(version)
                    .is_some_and(|rest| rest.starts_with(['+', '-', '~']))
            })
            .with_context(|| format!("Debian has no rust-src {version}"))?;
        apt.download(&format!("rust-src={wanted}"))
    })
}

/// Unpacks a package into an empty folder, running nothing of it.
pub fn unpack(package: &Path, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    ui::quietly(Command::new("dpkg-deb").arg("-x").arg(package).arg(folder))?;
    Ok(())
}

/// Installs host packages from the backports of the machine's own release.
pub fn install_backports(project: &Project, privilege: &[&str], packages: &[&str]) -> Result<()> {
    let release = fs::read_to_string("/etc/os-release").context("not a Debian system")?;
    let codename = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .context("not a Debian release")?;
    let list = project.cache.join("backports.list");
    let suite = format!("{codename}-backports");
    fs::write(&list, source_line(&mirror()?, &suite))?;
    let source = format!("Dir::Etc::SourceList={}", list.display());
    let apt = |arguments: &[&str]| {
        let mut words = privilege.to_vec();
        words.extend([
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-q",
            "-y",
        ]);
        words.extend(["-o", &source, "--no-install-recommends"]);
        words.extend(arguments);
        ui::quietly(Command::new(words[0]).args(&words[1..]))
    };
    apt(&["update"])?;
    let mut arguments = vec!["-t", suite.as_str(), "install"];
    arguments.extend(packages);
    apt(&arguments)?;
    Ok(())
}

/// The package file kept under `key`, or the one that `fetch` downloads now.
fn cached(
    project: &Project,
    architecture: &str,
    key: &str,
    fetch: impl Fn(&Apt) -> Result<PathBuf>,
) -> Result<PathBuf> {
    let folder = project.cache.join("packages").join(architecture);
    let kept = folder.join(format!("{key}.deb"));
    if kept.is_file() {
        return Ok(kept);
    }
    ui::step(format!("fetching Debian's {key} for {architecture}"));
    let apt = Apt::set_up(project, architecture)?;
    let mut result = Err(anyhow::anyhow!("nothing was tried"));
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            std::thread::sleep(std::time::Duration::from_secs(5 * u64::from(attempt)));
        }
        result = apt.update().and_then(|()| fetch(&apt));
        if result.is_ok() {
            break;
        }
    }
    let downloaded =
        result.with_context(|| format!("cannot fetch Debian's {key} for {architecture}"))?;
    fs::create_dir_all(&folder)?;
    fs::rename(downloaded, &kept)?;
    Ok(kept)
}

/// The mirror that the machine's own apt is set up with.
fn mirror() -> Result<String> {
    let text = ui::quietly(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(REPO_URI) $(LABEL) $(ORIGIN)",
        "Created-By: Packages",
    ]))
    .context("apt is missing: Debian's packages are fetched through apt")?;
    let text = if text.trim().is_empty() {
        // No package list was ever fetched on this machine: the configured sources still tell.
        ui::quietly(Command::new("apt-get").args(["indextargets", "--format", "$(SITE)/$(URI)"]))?
    } else {
        text
    };
    text.lines()
        .find(|line| line.ends_with(" Debian Debian"))
        .or_else(|| text.lines().find(|line| line.contains("debian")))
        .and_then(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .context("apt knows no Debian mirror: run `apt-get update`, or see /etc/apt")
}

fn source_line(mirror: &str, suite: &str) -> String {
    format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n")
}

/// A private apt directory.
struct Apt {
    architecture: String,
    folder: PathBuf,
    configuration: PathBuf,
    downloads: PathBuf,
}

impl Apt {
    fn set_up(project: &Project, architecture: &str) -> Result<Apt> {
        if !Path::new(KEYRING).is_file() {
            bail!("Debian's keyring is missing: run `sudo apt-get install debian-archive-keyring`");
        }
        let folder = project.cache.join("apt").join(architecture);
        fs::create_dir_all(folder.join("lists/partial"))?;
        fs::create_dir_all(folder.join("archives/partial"))?;
        let downloads = folder.join(format!("downloads-{}", std::process::id()));
        fs::create_dir_all(&downloads)?;
        fs::write(folder.join("status"), "")?;
        let configuration = folder.join("apt.conf");
        let path = folder.display();
        fs::write(
            &configuration,
            format!(
                "APT::Architecture \"{architecture}\";\nAPT::Architectures {{ \"{architecture}\"; }};\n\
                 APT::Sandbox::User \"root\";\nAcquire::Retries \"3\";\nAcquire::Languages \"none\";\n\
                 Dir::State::Lists \"{path}/lists\";\nDir::State::status \"{path}/status\";\n\
                 Dir::Cache \"{path}\";\nDir::Cache::archives \"{path}/archives\";\n\
                 Dir::Etc::SourceList \"{path}/sources.list\";\nDir::Etc::SourceParts \"/dev/null\";\n"
            ),
        )?;
        Ok(Apt {
            architecture: architecture.to_owned(),
            folder,
            configuration,
            downloads,
        })
    }

    fn ask(&self, program: &str, arguments: &[&str]) -> Result<String> {
        ui::quietly(&mut self.command(program, arguments))
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("APT_CONFIG", &self.configuration)
            .current_dir(&self.downloads);
        command
    }

    /// Fetches the suite's lists, under the one name or the other.
    fn update(&self) -> Result<()> {
        let Err(failure) = self.update_as(SUITE)? else {
            return Ok(());
        };
        ui::step(format!(
            "asking the mirror for {SUITE_TODAY} instead of {SUITE}"
        ));
        if self.update_as(SUITE_TODAY)?.is_err() {
            return Err(failure.report());
        }
        let releases = self.ask("apt-get", &["indextargets", "--format", "$(CODENAME)"])?;
        match releases.lines().all(|codename| codename.starts_with(SUITE)) {
            true => Ok(()),
            // By now it is the next release.
            false => Err(failure.report()),
        }
    }

    fn update_as(&self, name: &str) -> Result<Result<(), Failure>> {
        let mirror = mirror()?;
        let mut sources = source_line(&mirror, name);
        if self.architecture == "amd64" {
            sources += &source_line(&mirror, &format!("{SUITE}-backports"));
        }
        fs::write(self.folder.join("sources.list"), sources)?;
        let mut update = self.command("apt-get", &["update", "-q"]);
        Ok(ui::run(&mut update)?.map(drop))
    }

    fn download(&self, name: &str) -> Result<PathBuf> {
        self.ask("apt-get", &["download", "-q", name])?;
        fs::read_dir(&self.downloads)?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .with_context(|| format!("apt downloaded no file for {name}"))
    }
}

impl Drop for Apt {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.downloads);
    }
}
