//! The machine that Busbar runs on, as far as it tells: room on the disk, memory, the clock, what it lacks. Each look
//! takes microseconds and changes nothing.

use std::path::Path;

use serde::Serialize;

use crate::base::time::Wall;
use crate::engine::needs::Needs;
use crate::engine::store::checkup::{Finding, Health};

/// What the machine tells of itself; nothing where it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Bytes that are free where the data folder is.
    pub disk_free: Option<u64>,
    /// Bytes there are there.
    pub disk_total: Option<u64>,
    /// Bytes of memory that this program holds.
    pub memory_used: Option<u64>,
    /// Bytes of memory that are left for all programs.
    pub memory_free: Option<u64>,
    /// Bytes of memory there are.
    pub memory_total: Option<u64>,
    /// Processors.
    pub processors: Option<usize>,
    /// Whether the clock is kept by the network.
    pub clock_is_kept: Option<bool>,
    /// What Busbar takes from the system.
    pub needs: Needs,
}

/// Less room than this is a fault: the journal may soon not be written.
const DISK_FAULT: u64 = 200_000_000;
/// Less than this is worth knowing.
const DISK_LITTLE: u64 = 2_000_000_000;
/// Less memory for all programs than this is worth knowing.
const MEMORY_LITTLE: u64 = 200_000_000;
/// No wall clock that is right stands before this: 2026-01-01.
const EARLIEST_S: i64 = 1_767_225_600;

impl Machine {
    /// Looks at it. `folder` is the data folder, or what is to become it.
    #[must_use]
    pub fn look(folder: &Path) -> Self {
        let there = folder.ancestors().find(|path| path.exists()).unwrap_or(folder);
        let (status, memory) = (text("/proc/self/status"), text("/proc/meminfo"));
        Self {
            disk_free: fs4::available_space(there).ok(),
            disk_total: fs4::total_space(there).ok(),
            memory_used: status.as_deref().and_then(|text| kilobytes(text, "VmRSS:")),
            memory_free: memory.as_deref().and_then(|text| kilobytes(text, "MemAvailable:")),
            memory_total: memory.as_deref().and_then(|text| kilobytes(text, "MemTotal:")),
            processors: std::thread::available_parallelism().ok().map(usize::from),
            clock_is_kept: Path::new("/run/systemd/timesync")
                .exists()
                .then(|| Path::new("/run/systemd/timesync/synchronized").exists()),
            needs: Needs::look(),
        }
    }

    /// What is to be said of it.
    #[must_use]
    pub fn findings(&self, now: Wall) -> Vec<Finding> {
        let mut found = Vec::new();
        found.extend(self.disk());
        found.extend(self.memory());
        found.push(self.clock(now));
        found.extend(self.needs.findings());
        found
    }

    fn disk(&self) -> Option<Finding> {
        let free = self.disk_free?;
        let text = format!("{} are free where the data folder is.", size(free));
        let (health, advice) = match free {
            ..DISK_FAULT => (
                Health::Fault,
                Some(
                    "Make room now: without it the journal cannot be written, and nothing that needs a line of it is done.",
                ),
            ),
            DISK_FAULT..DISK_LITTLE => {
                (Health::Warning, Some("Take recordings away that nobody needs, or keep fewer."))
            }
            DISK_LITTLE.. => (Health::Ok, None),
        };
        Some(finding("disk", health, text, advice))
    }

    fn memory(&self) -> Option<Finding> {
        let free = self.memory_free?;
        let own = self
            .memory_used
            .map_or_else(String::new, |own| format!(" Busbar itself holds {}.", size(own)));
        let text = format!("{} of memory are left.{own}", size(free));
        Some(if free < MEMORY_LITTLE {
            let advice = "Close other programs, or let the trace hold fewer frames (Settings, Storage and retention).";
            finding("memory", Health::Warning, text, Some(advice))
        } else {
            finding("memory", Health::Ok, text, None)
        })
    }

    fn clock(&self, now: Wall) -> Finding {
        if now.nanos() / 1_000_000_000 < EARLIEST_S {
            let text = "The clock of this machine stands in the past.".to_owned();
            let advice = "Set it: times of the journal, links and sessions are wrong until then.";
            return finding("clock", Health::Fault, text, Some(advice));
        }
        match self.clock_is_kept {
            Some(true) => {
                finding("clock", Health::Ok, "The clock is kept by the network.".into(), None)
            }
            Some(false) => {
                let text = "The clock is not kept by the network at the moment.".to_owned();
                let advice = "Look whether the machine reaches a time server: timedatectl says.";
                finding("clock", Health::Warning, text, Some(advice))
            }
            None => finding("clock", Health::Ok, "The clock stands in the present.".into(), None),
        }
    }
}

fn finding(check: &'static str, health: Health, text: String, advice: Option<&str>) -> Finding {
    Finding { check, health, text, advice: advice.map(str::to_owned) }
}

/// A number of bytes in words.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes {
        ..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        1_000_000_000.. => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

fn text(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// The number of bytes in a line such as `VmRSS:   1234 kB`.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    number.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Wall = Wall::from_nanos(1_795_000_000_000_000_000);

    fn healths(machine: &Machine, now: Wall) -> Vec<(&'static str, Health)> {
        machine.findings(now).into_iter().map(|one| (one.check, one.health)).collect()
    }

    #[test]
    fn little_room_is_a_warning_and_none_a_fault() {
        let with = |free| Machine { disk_free: Some(free), ..Machine::default() };
        let disk = |free| healths(&with(free), NOW)[0];
        assert_eq!(disk(10_000_000_000), ("disk", Health::Ok));
        assert_eq!(disk(1_000_000_000), ("disk", Health::Warning));
        assert_eq!(disk(1_000_000), ("disk", Health::Fault));
    }

    #[test]
    fn a_clock_that_was_never_set_is_a_fault() {
        let machine = Machine::default();
        assert_eq!(healths(&machine, Wall::from_nanos(0)), [("clock", Health::Fault)]);
        assert_eq!(healths(&machine, NOW), [("clock", Health::Ok)]);
        let drifts = Machine { clock_is_kept: Some(false), ..machine };
        assert_eq!(healths(&drifts, NOW), [("clock", Health::Warning)]);
    }

    #[test]
    fn numbers_are_read_out_of_what_the_kernel_says() {
        let said = "Name:\tbusbar\nVmRSS:\t  2048 kB\nVmSwap:\t 0 kB\n";
        assert_eq!(kilobytes(said, "VmRSS:"), Some(2_097_152));
        assert_eq!(kilobytes(said, "VmHWM:"), None);
        assert_eq!(kilobytes("VmRSS: many kB", "VmRSS:"), None);
        assert_eq!((size(999_999), size(12_500_000)), ("999 kB".into(), "12 MB".into()));
        assert_eq!(size(2_340_000_000), "2.3 GB");
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_measured_where_it_will_be() {
        let folder = tempfile::tempdir().unwrap();
        let machine = Machine::look(&folder.path().join("not/yet"));
        assert!(machine.disk_free.is_some() && machine.disk_total >= machine.disk_free);
    }
}
