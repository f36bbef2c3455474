//! The memory limit of the process's control groups, of version 1 and 2.
//!
//! ```text
//! /proc/self/cgroup      0::/user.slice/app        the group, as the hierarchy calls it
//! /proc/self/mountinfo   … / /sys/fs/cgroup … - cgroup2 …    where the hierarchy, or a part of it, is mounted
//! /sys/fs/cgroup/user.slice/app/memory.max         its limit; those of the groups above count too
//! ```

use std::fs::read_to_string;
use std::path::{Component, Path, PathBuf};

/// Limits from here on limit nothing: version 1 writes the largest number of pages.
const UNLIMITED: u64 = 1 << 60;

/// The least limit, in bytes, of the process's control groups and those above them; `None` where none is limited. The
/// system's `/proc` and `/sys` lie below `root`.
pub(super) fn cgroup_limit(root: &Path) -> Option<u64> {
    let groups = read_to_string(root.join("proc/self/cgroup")).ok()?;
    let mounts = read_to_string(root.join("proc/self/mountinfo")).ok()?;
    groups
        .lines()
        .filter_map(Group::parsed)
        .filter_map(|group| {
            // A later mount hides an earlier one.
            let mount = mounts.lines().rev().filter_map(Mount::parsed);
            let mut mount = mount.filter(|mount| mount.version == group.version);
            let mount = mount.next()?;
            let top = root.join(mount.at.strip_prefix("/").ok()?);
            least_limit(&top, &mount.within(&group.path), group.version.file())
        })
        .min()
}

/// The least limit of the groups from `top` to `top/path`.
fn least_limit(top: &Path, path: &Path, file: &str) -> Option<u64> {
    let below = path.ancestors().map(|path| top.join(path).join(file));
    below
        .filter_map(|file| {
            let text = read_to_string(file).ok()?;
            // "max" is no number.
            let limit: u64 = text.trim().parse().ok()?;
            (limit < UNLIMITED).then_some(limit)
        })
        .min()
}

/// Which kind of hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    /// The file that holds a group's limit.
    fn file(self) -> &'static str {
        match self {
            Self::One => "memory.limit_in_bytes",
            Self::Two => "memory.max",
        }
    }
}

/// A group that the process is in, which may limit its memory.
struct Group {
    version: Version,
    path: PathBuf,
}

impl Group {
    /// Reads `number:controllers:path`.
    fn parsed(line: &str) -> Option<Self> {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let version = match controllers {
            "" => Version::Two,
            many if many.split(',').any(|one| one == "memory") => Version::One,
            _ => return None,
        };
        Some(Self {
            version,
            path: PathBuf::from(path),
        })
    }
}

/// Where a hierarchy is mounted.
struct Mount {
    version: Version,
    /// The group that stands at the mount point: `/`, or that of a container.
    group: PathBuf,
    at: PathBuf,
}

impl Mount {
    /// Reads a line of `/proc/self/mountinfo`.
    fn parsed(line: &str) -> Option<Self> {
        let (own, source) = line.split_once(" - ")?;
        let mut own = own.split(' ').skip(3);
        let (group, at) = (own.next()?, own.next()?);
        let mut source = source.split(' ');
        let version = match (source.next()?, source.nth(1)) {
            ("cgroup2", _) => Version::Two,
            ("cgroup", Some(options)) if options.split(',').any(|one| one == "memory") => {
                Version::One
            }
            _ => return None,
        };
        Some(Self {
            version,
            group: PathBuf::from(group),
            at: PathBuf::from(at),
        })
    }

    /// The path of `group` below the mount point. One that lies outside of it, as a container may see its own, stands at
    /// the mount point.
    fn within(&self, group: &Path) -> PathBuf {
        let within = group.strip_prefix(&self.group).unwrap_or(Path::new(""));
        let names = within.components();
        names
            .filter(|name| matches!(name, Component::Normal(_)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const V2: &str =
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    const V1: &str = "33 32 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n\
                      36 32 0:33 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory\n";

    /// The limit of a system with these files.
    fn limit(cgroup: &str, mounts: &str, files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        let all = [
            ("proc/self/cgroup", cgroup),
            ("proc/self/mountinfo", mounts),
        ];
        for (path, text) in all.iter().chain(files) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        cgroup_limit(root.path())
    }

    #[test]
    fn the_least_limit_of_nested_groups_of_version_2_counts() {
        let own = "sys/fs/cgroup/user.slice/app/memory.max";
        let above = "sys/fs/cgroup/user.slice/memory.max";
        let group = "0::/user.slice/app\n";
        assert_eq!(
            limit(group, V2, &[(own, "4096\n"), (above, "8192\n")]),
            Some(4096)
        );
        assert_eq!(
            limit(group, V2, &[(own, "max\n"), (above, "8192\n")]),
            Some(8192)
        );
        assert_eq!(limit(group, V2, &[(own, "max\n"), (above, "max\n")]), None);
        assert_eq!(limit(group, V2, &[]), None);
    }

    #[test]
    fn a_container_finds_its_group_at_the_mount_point() {
        let top = [("sys/fs/cgroup/memory.max", "1048576\n")];
        assert_eq!(limit("0::/\n", V2, &top), Some(1 << 20));
        // The group has the host's name, and only its own part of the hierarchy is mounted.
        let mounted = V2.replace(" / /sys", " /docker/c0ffee /sys");
        assert_eq!(limit("0::/docker/c0ffee\n", &mounted, &top), Some(1 << 20));
        assert_eq!(limit("0::/../elsewhere\n", V2, &top), Some(1 << 20));
    }

    #[test]
    fn version_1_is_read_where_its_memory_controller_is() {
        let group = "9:cpu,cpuacct:/x\n4:memory:/batch/job\n0::/init.scope\n";
        let own = "sys/fs/cgroup/memory/batch/job/memory.limit_in_bytes";
        let above = "sys/fs/cgroup/memory/batch/memory.limit_in_bytes";
        let unlimited = "9223372036854771712\n";
        assert_eq!(
            limit(group, V1, &[(own, unlimited), (above, "65536\n")]),
            Some(65536)
        );
        assert_eq!(limit(group, V1, &[(own, unlimited)]), None);
        // Both hierarchies at once: the least of them.
        let both = V1.to_owned() + V2;
        let unified = "sys/fs/cgroup/init.scope/memory.max";
        assert_eq!(
            limit(group, &both, &[(own, "9000"), (unified, "7000")]),
            Some(7000)
        );
    }

    #[test]
    fn what_cannot_be_read_is_no_limit() {
        assert_eq!(limit("", "", &[]), None);
        assert_eq!(limit("nonsense\n0::\n", "36 32\n- cgroup2\n", &[]), None);
    }
}
