//! What the machine says of this process, and the other process that plays the clients.

use std::fs;
use std::process::{Child, Command, Stdio};

/// Processor time of all threads of this process so far, in nanoseconds.
pub fn cpu_ns() -> u64 {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let of_thread = |path: std::path::PathBuf| {
        let text = fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        text.split_whitespace().next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0)
    };
    threads.filter_map(|thread| thread.ok()).map(|thread| of_thread(thread.path())).sum()
}

/// Resident memory of this process, in bytes.
pub fn memory() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
}

/// Bytes that wait in the kernel to be sent from `port`.
pub fn unsent(port: u16) -> u64 {
    let text = fs::read_to_string("/proc/net/tcp").unwrap();
    let of_port = text.lines().skip(1).filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let local = words.get(1)?.rsplit(':').next()?;
        let queue = words.get(4)?.split(':').next()?;
        (u16::from_str_radix(local, 16).ok()? == port)
            .then(|| u64::from_str_radix(queue, 16).ok())?
    });
    of_port.sum()
}

/// This program again, as clients.
pub fn clients(arguments: &[&str]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments).stdout(Stdio::piped()).stdin(Stdio::piped()).spawn().unwrap()
}
