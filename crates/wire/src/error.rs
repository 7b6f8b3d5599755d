//! Why there is no network.

use std::fmt;
use std::io;
use std::path::Path;

use nix::errno::Errno;

/// A network could not be made, or no longer does what it should.
#[derive(Debug)]
pub enum Error {
    /// The kernel does not allow it: what was to be done, and the error's number.
    Forbidden { call: String, errno: i32 },
    /// Something that is needed is not there.
    Missing(String),
    /// An error of a system call that should not fail.
    System(io::Error),
}

impl Error {
    pub(crate) fn keeper(what: impl fmt::Display) -> Error {
        Error::System(io::Error::other(format!("the network's keeper: {what}")))
    }

    pub(crate) fn no_proc(error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::NotFound {
            return Error::Missing("/proc is not mounted: mount -t proc proc /proc".into());
        }
        Error::System(error)
    }

    /// What the user can do about it; `None` if there is nothing to be said.
    pub fn remedy(&self) -> Option<String> {
        let Error::Forbidden { errno, .. } = self else {
            return None;
        };
        let setting = |name: &str| std::fs::read_to_string(format!("/proc/sys/{name}")).ok();
        let is = |name: &str, value: &str| setting(name).is_some_and(|s| s.trim() == value);
        let forbidding = [
            ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
            ("kernel/unprivileged_userns_clone", "0", "1"),
            ("user/max_user_namespaces", "0", "15000"),
            ("user/max_net_namespaces", "0", "15000"),
        ];
        if let Some((name, _, better)) = forbidding.iter().find(|(name, bad, _)| is(name, bad)) {
            let line = format!("{}={better}", name.replace('/', "."));
            return Some(format!(
                "sudo sysctl -w {line}\n\
                 and, to keep it: echo '{line}' | sudo tee /etc/sysctl.d/60-wirebook.conf"
            ));
        }
        let remedy = match Errno::from_raw(*errno) {
            Errno::ENOSPC => {
                "too many namespaces are in use: raise user.max_user_namespaces and \
                 user.max_net_namespaces with sudo sysctl -w"
            }
            Errno::EOPNOTSUPP => "the kernel has no veth devices: sudo modprobe veth",
            _ if in_container() => {
                "start the container with --security-opt seccomp=unconfined --security-opt \
                 apparmor=unconfined (the dev container of this repository does)"
            }
            Errno::EPERM | Errno::EACCES | Errno::EINVAL | Errno::ENOSYS => {
                "a sandbox forbids it, or the kernel was built without CONFIG_USER_NS: run this \
                 outside of it"
            }
            _ => return None,
        };
        Some(remedy.to_owned())
    }
}

/// Whether this process runs in a container, as the usual tools leave signs of it.
fn in_container() -> bool {
    let signs = ["/.dockerenv", "/run/.containerenv"];
    std::env::var_os("container").is_some() || signs.iter().any(|sign| Path::new(sign).exists())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Forbidden { call, errno } => {
                let error = Errno::from_raw(*errno);
                write!(
                    f,
                    "this machine lets nobody make a network: {call}: {error}"
                )
            }
            Error::Missing(what) => f.write_str(what),
            Error::System(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::System(error)
    }
}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Error {
        Error::System(errno.into())
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        match error {
            Error::System(error) => error,
            Error::Forbidden { errno, .. } => io::Error::from_raw_os_error(errno),
            error @ Error::Missing(_) => io::Error::other(error.to_string()),
        }
    }
}
