//! What the process may use of the machine: the least of its cgroups' limits, the machine's memory and `ulimit -v`.

use std::fs::read_to_string;
use std::path::Path;

use super::cgroup::cgroup_limit;

/// What is assumed where the system does not tell, in bytes.
const ASSUMED_MEMORY: u64 = 8 << 30;

/// Bytes that this process may use: what its cgroups and `ulimit -v` allow, at most what the machine has; 8 GiB where
/// nothing is told.
#[must_use]
pub fn system_memory() -> usize {
    let limit = memory_below(Path::new("/")).unwrap_or(ASSUMED_MEMORY);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// The same of a system whose `/proc` and `/sys` lie below `root`; `None` where nothing is told.
fn memory_below(root: &Path) -> Option<u64> {
    let limits = [
        machine_memory(root),
        address_space(root),
        cgroup_limit(root),
    ];
    limits.into_iter().flatten().min()
}

/// The machine's memory in bytes.
fn machine_memory(root: &Path) -> Option<u64> {
    let text = read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// What the process may address (`ulimit -v`), in bytes; `None` where that is not limited.
fn address_space(root: &Path) -> Option<u64> {
    let text = read_to_string(root.join("proc/self/limits")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_least_of_machine_and_ulimit_counts() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(memory_below(root.path()), None);
        fs::create_dir_all(root.path().join("proc/self")).unwrap();
        let meminfo = "MemTotal:       16384 kB\nMemFree:         1024 kB\n";
        fs::write(root.path().join("proc/meminfo"), meminfo).unwrap();
        let limits = |soft: &str| {
            let text = format!(
                "Limit  Soft Limit  Hard Limit  Units\nMax address space         {soft}   unlimited  bytes\n"
            );
            fs::write(root.path().join("proc/self/limits"), text).unwrap();
        };
        limits("unlimited");
        assert_eq!(memory_below(root.path()), Some(16 << 20));
        limits("4194304");
        assert_eq!(memory_below(root.path()), Some(4 << 20));
    }
}
