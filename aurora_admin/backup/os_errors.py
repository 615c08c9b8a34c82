"""What an error of the operating system means for a file or folder, and what to do about it."""

import errno

GONE = "{path} is missing: check the path, and that its disk is mounted"
ACCESS = "Check the owner and permissions of {path}"
DISK = "Check the disk of {path}; the log of the kernel (dmesg) has more"
FILES = "Raise the limit of open files (ulimit -n)"
LOCAL = "Use a folder on a local disk instead of {path}"
ADVICE = {
    errno.ENOENT: GONE,
    errno.ENOTDIR: "A part of {path} is a file where there should be a folder: check the path",
    errno.EISDIR: "{path} is a folder where there should be a file: check the path",
    errno.ELOOP: "A link in {path} points to itself: check the path",
    errno.ESTALE: GONE,
    errno.EACCES: ACCESS,
    errno.EPERM: ACCESS,
    errno.EROFS: "{path} is on a file system that is mounted read-only: check its disk, or use another folder",
    errno.EIO: DISK,
    errno.ENXIO: DISK,
    errno.ENODEV: DISK,
    errno.ENOSPC: "Free some space on the disk of {path}; it may also have no free inodes",
    errno.EDQUOT: "Free some space below the quota of this user on the disk of {path}, or raise the quota",
    errno.EFBIG: "The file would be larger than the file system of {path}, or ulimit -f, allows",
    errno.EMFILE: FILES,
    errno.ENFILE: FILES,
    errno.ENAMETOOLONG: "Use a shorter name",
    errno.ENOLCK: LOCAL,
    errno.EOPNOTSUPP: LOCAL,
    errno.ENOSYS: LOCAL,
}


def explain(error: OSError, path: str) -> str:
    """Return the reason of an error of `path` and what to do about it.

    >>> explain(OSError(errno.ENOSPC, "No space left on device"), "/backups")
    'No space left on device. Free some space on the disk of /backups; it may also have no free inodes.'
    """
    advice = ADVICE.get(error.errno or 0, "Check {path} and its disk")
    return f"{error.strerror or error}. {advice.format(path=path)}."
