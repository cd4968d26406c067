"""Texts kept from one process to the next, one file each.

The files are code that will run, so they are trusted only if nobody else can have written them: the folder has
mode 0700, and neither it nor a file may belong to another user or be writable by others. A write replaces the file
in one step. Whatever goes wrong with the disk costs the cache, never the gradient.

`ADGEN_CACHE_DIR` names the folder (default: `adgen` under `$XDG_CACHE_HOME` or `~/.cache`); `ADGEN_CACHE=off`
switches the disk off.
"""

from __future__ import annotations

import os
import stat
import threading

from adgen.cache.header import TITLE, Damaged, Stored, read_entry, write_entry

_OFF = ("off", "0", "no", "false")
_warned: set[str] = set()


def is_on() -> bool:
    return os.environ.get("ADGEN_CACHE", "").strip().lower() not in _OFF


def folder() -> str:
    """Return the folder's path; it need not exist."""
    chosen = os.environ.get("ADGEN_CACHE_DIR")
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "adgen")


def path_of(name: str, key: str) -> str:
    safe = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name)[:60]
    return os.path.join(folder(), f"{safe}-{key}.py")


def load(name: str, key: str) -> Stored | None:
    """Return the entry with this key, or None. A file that can't be trusted is discarded with a warning."""
    if not is_on():
        return None
    path = path_of(name, key)
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as e:
        _warn_once(f"cannot read {path}: {e}")
        return None
    try:
        with os.fdopen(fd, "rb") as f:
            reason = _distrust(os.stat(folder()), "the folder")
            if reason:
                _warn_once(f"nothing is read from {folder()}: {reason}")
                return None
            reason = _distrust(os.fstat(f.fileno()))
            if reason:
                _discard(path, reason)
                return None
            data = f.read()
        return read_entry(data.decode("utf-8"), key)
    except Damaged as e:
        _discard(path, str(e))
    except (ValueError, TypeError, SyntaxError) as e:  # not UTF-8, no literal
        _discard(path, f"it was cut short or edited ({e})")
    except OSError as e:
        _warn_once(f"cannot read {path}: {e}")
    return None


def save(name: str, entry: Stored) -> None:
    """Write an entry if the disk lets us."""
    if not is_on():
        return
    path = path_of(name, entry.key)
    place = folder()
    temporary = os.path.join(place, f".{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        try:
            os.mkdir(place, 0o700)
        except FileExistsError:
            reason = _distrust(os.stat(place), "the folder")
            if reason:
                _warn_once(f"nothing is kept in {place}: {reason}")
                return
        data = write_entry(entry).encode("utf-8")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            with os.fdopen(fd, "wb") as f:
                f.write(data)
            os.replace(temporary, path)
        except OSError:
            _remove(temporary)
            raise
    except (OSError, ValueError) as e:
        _warn_once(f"nothing is kept in {place}: {e}")


def entries() -> list[str]:
    """Return the paths of the cache's files, sorted."""
    place = folder()
    try:
        names = sorted(os.listdir(place))
    except OSError:
        return []
    paths = [os.path.join(place, name) for name in names if name.endswith(".py")]
    return [p for p in paths if os.path.isfile(p) and not os.path.islink(p) and _is_ours(p)]


def clear() -> int:
    """Remove the cache's files, and no others; return how many."""
    removed = sum(map(_remove, entries()))
    place = folder()
    for name in os.listdir(place) if os.path.isdir(place) else ():
        if name.startswith(".") and name.endswith(".tmp"):  # left by a process that was killed
            _remove(os.path.join(place, name))
    return removed


def _is_ours(path: str) -> bool:
    try:
        with open(path, "rb") as f:
            return f.read(8) == TITLE[:8].encode()
    except OSError:
        return False


def _distrust(info: os.stat_result, what: str = "it") -> str | None:
    if what == "it" and not stat.S_ISREG(info.st_mode):
        return "it is not a regular file"
    if hasattr(os, "getuid") and info.st_uid != os.getuid():
        return f"{what} belongs to another user"
    if os.name == "posix" and info.st_mode & 0o022:
        return f"{what} can be written by others"
    return None


def _discard(path: str, reason: str) -> None:
    from logging import getLogger

    getLogger("adgen").warning("the cached file %s is discarded: %s", path, reason)
    _remove(path)


def _remove(path: str) -> bool:
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def _warn_once(message: str) -> None:
    if message not in _warned:
        _warned.add(message)
        from logging import getLogger

        getLogger("adgen").warning(message)
