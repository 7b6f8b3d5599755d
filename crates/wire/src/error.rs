//! Why there is no network.

use std::fmt;
use std::io;

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
        let remedy = if is("user/max_user_namespaces", "0") {
            "allow user namespaces: sudo sysctl -w user.max_user_namespaces=10000"
        } else if is("kernel/unprivileged_userns_clone", "0") {
            "allow user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1"
        } else if is("kernel/apparmor_restrict_unprivileged_userns", "1") {
            "allow user namespaces: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        } else if *errno == Errno::ENOSPC as i32 {
            "too many namespaces are in use: raise user.max_user_namespaces and \
             user.max_net_namespaces"
        } else if *errno == Errno::EOPNOTSUPP as i32 {
            "the kernel has no veth devices: sudo modprobe veth"
        } else if *errno == Errno::EPERM as i32 || *errno == Errno::EACCES as i32 {
            "user namespaces are not allowed here; in a container, start it with \
             --security-opt seccomp=unconfined, or with --cap-add SYS_ADMIN --cap-add NET_ADMIN"
        } else {
            return None;
        };
        Some(remedy.to_owned())
    }
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
