"""Password hashes, created and verified as the site's version of Moodle does.

libcrypt is called through ctypes: every Debian has it (perl-base needs it), nothing has to be compiled, and a ctypes call
releases the GIL, so threads use all cores. No worker processes have to be managed within an Airflow task, and no password
leaves the process.

Speed on one core of about 3 GHz: 460 hashes a second for Moodle 4.3 and later, 1,150 for older versions (bcrypt, cost 4).
Verifying takes as long as creating the stored hash took: bcrypt with cost 10, which older sites store at the first login,
runs at 21 a second.
"""

from __future__ import annotations

import base64
import ctypes
import os
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

from more_itertools import chunked

from toolsync.moodle.session import Site

NO_PASSWORD = "*NOPASS*"
NOT_CACHED = "not cached"
MAX_BYTES = 128  # Moodle's own limit, pepper included

SHA512_SINCE = 2023100900  # Moodle 4.3
# As for passwords that people set themselves. Moodle's own upload uses 5000 rounds, but since 4.3 nothing rehashes
# such a password, so it would stay weaker than all others.
SHA512_PREFIX = "$6$rounds=10000$"
# As Moodle's own upload does: before 4.3, Moodle rehashes at the usual cost when the person first logs in.
BCRYPT_PREFIX = "$2y$04$"

CHUNK = 16  # passwords for a thread at a time; a cancelled task stops after them
CRYPT_DATA = 1 << 18  # bytes; no C library has a larger struct crypt_data

Row = tuple[int, str, str | None]
Answer = tuple[int, str | None]


def hash_given(rows: Iterable[Row], site: Site) -> list[Answer]:
    """Hash the passwords that have to be stored.

    Lines whose password verifies against the stored hash and lines with an empty password are left out. `*NOPASS*`
    becomes Moodle's `not cached`. Equal passwords get different salts. Stored $6$ and $2y$ hashes are verified; any
    other (md5) counts as a different password.

    A site with peppers (Moodle 4.3 and later) keeps them in config.php, which Tool Sync can't read. Without
    `password_pepper` in the connection's extra, the new hashes work all the same, and Moodle adds its pepper when the
    person logs in. But stored hashes with a pepper do not verify, so every run of the same file writes those passwords
    again.

    :param rows: line, password, stored hash or None.
    :return: (line, hash) in the order of `rows`; the hash is None for a password that Moodle would refuse: longer than
        128 bytes (with the pepper), or with a NUL character.
    :raises RuntimeError: the system has no libcrypt that supports the algorithm.
    """
    sha512 = site.version >= SHA512_SINCE
    pepper = str(site.extra.get("password_pepper") or "").encode() if sha512 else b""
    new_hash = _sha512 if sha512 else _bcrypt
    pool = ThreadPoolExecutor(_cores(), thread_name_prefix="hash")
    try:
        work = partial(_answers, pepper=pepper, new_hash=new_hash)
        return [answer for answers in pool.map(work, chunked(rows, CHUNK)) for answer in answers]
    finally:
        pool.shutdown(cancel_futures=True)


def _answers(rows: list[Row], pepper: bytes, new_hash: Callable[[bytes], str]) -> list[Answer]:
    return [answer for row in rows for answer in _answer(*row, pepper, new_hash)]


def _answer(
    line: int, password: str, stored: str | None, pepper: bytes, new_hash: Callable[[bytes], str]
) -> Iterable[Answer]:
    if password == NO_PASSWORD:
        if stored != NOT_CACHED:
            yield line, NOT_CACHED
    elif password:
        given = password.encode()
        if len(given + pepper) > MAX_BYTES or b"\0" in given:
            yield line, None
        elif not _verifies(given, stored or "", pepper):
            yield line, new_hash(given + pepper)


def _verifies(password: bytes, stored: str, pepper: bytes) -> bool:
    if stored.startswith("$2y$"):
        candidates = [password]  # from before peppers existed
    elif stored.startswith("$6$"):
        candidates = [password + pepper, password] if pepper else [password]
    else:
        candidates = []
    return any(_crypt(candidate, stored) == stored for candidate in candidates)


def _sha512(password: bytes) -> str:
    return _made(password, f"{SHA512_PREFIX}{_salt(16)}$")


def _bcrypt(password: bytes) -> str:
    return _made(password, f"{BCRYPT_PREFIX}{_salt(22)}")


def _salt(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(16), altchars=b"./")[:length].decode()


def _made(password: bytes, setting: str) -> str:
    made = _crypt(password, setting)
    if not made.startswith(setting[:4]):
        raise RuntimeError(
            f"The libcrypt of this system does not support {setting[:3]} hashes. Install one that does: libcrypt1 on Debian."
        )
    return made


def _crypt(password: bytes, setting: str) -> str:
    """Call crypt_r; the answer is empty or `*0` when the library refuses."""
    made = _libcrypt().crypt_r(password, setting.encode(errors="replace"), ctypes.create_string_buffer(CRYPT_DATA))
    return made.decode() if made else ""


@cache
def _libcrypt() -> ctypes.CDLL:
    # None stands for the C library itself, where musl has crypt_r.
    for name in ("libcrypt.so.1", "libcrypt.so.2", None):
        try:
            library = ctypes.CDLL(name)
            library.crypt_r.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
            library.crypt_r.restype = ctypes.c_char_p
        except (OSError, AttributeError):
            continue
        return library
    raise RuntimeError("This system has no libcrypt. Install it: libcrypt1 on Debian.")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
