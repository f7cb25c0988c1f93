"""Which database server is run: the one of this system, or another version, unpacked into `.local/servers` without touching the system.

    python tools/servers.py fetch NAME …     fetch servers, unless they are there: mysql, mysql-8.0, mysql-8.4, mariadb-10.6, mariadb-11.8, mariadb-galera

A server is fetched with apt from Debian or Ubuntu, signed, with lists and cache of its own, and run with the libraries that it was built for.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".local/servers"
DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
DEBIAN, UBUNTU = "http://deb.debian.org/debian", "http://archive.ubuntu.com/ubuntu"


@dataclass(frozen=True)
class Packages:
    """What to fetch, and where from.

    :param suites: of the mirror, such as `trixie`.
    :param names: of the packages. What they need comes along.
    :param mirror: the address of the archive.
    """

    suites: tuple[str, ...]
    names: tuple[str, ...]
    mirror: str = DEBIAN


TO_FETCH = {
    "mysql": Packages(("sid",), ("mysql-server-core", "mysql-client-core")),
    "mysql-8.0": Packages(("jammy", "jammy-updates"), ("mysql-server-core-8.0", "mysql-client-core-8.0"), UBUNTU),
    "mysql-8.4": Packages(("resolute", "resolute-updates"), ("mysql-server-core", "mysql-client-core"), UBUNTU),
    "mariadb-10.6": Packages(
        ("jammy", "jammy-updates"), ("mariadb-server-core-10.6", "mariadb-client-core-10.6"), UBUNTU
    ),
    "mariadb-11.8": Packages(("trixie",), ("mariadb-server-core", "mariadb-client-core")),
    "mariadb-galera": Packages(("trixie",), ("mariadb-server-core", "mariadb-client-core", "galera-4")),
}
# By which Ubuntu's packages are checked: Debian has it, signed by Debian's own.
UBUNTU_KEYRING = Packages(("trixie",), ("ubuntu-archive-keyring",))
# The programs that are called, each with its own loader and libraries.
CALLED = ("sbin/mysqld", "sbin/mariadbd", "bin/mysql", "bin/mariadb", "bin/my_print_defaults", "bin/resolveip")
WRAPPER = """\
#!/bin/sh
# Written by tools/servers.py: the program beside this, with the libraries that it was built for.
usr=$(cd "$(dirname "$0")/.." && pwd)
exec "$usr/{loader}" --library-path "$usr/{libraries}" "$usr/{program}" "$@"{options}
"""
OPTIONS = ' --basedir="$usr" --lc-messages-dir="$usr/share/mysql" --plugin-dir="$usr/lib/mysql/plugin"'
SERVER_OPTIONS = {"mysqld": OPTIONS + ' --character-sets-dir="$usr/share/mysql/charsets"', "mariadbd": OPTIONS}


class ServerError(RuntimeError):
    """The server can't be found, fetched, started or stopped. The message says what to do, or ends with the last lines of its log."""


@dataclass(frozen=True)
class Programs:
    """The programs of one database server.

    :param server: the path of the server.
    :param client: the path of the client; None: there is none.
    :param installer: what makes the system tables of a MariaDB; None: the server itself does, as MySQL.
    :param home: the folder in which they were unpacked; None: they are those of the system.
    """

    server: str
    client: str | None
    installer: str | None
    home: Path | None = None

    @property
    def is_mariadb(self) -> bool:
        return "mariadb" in self.version.lower()

    @property
    def version(self) -> str:
        """What the server says of itself: `… Ver 9.7.1 for Linux on x86_64 …`."""
        return subprocess.run([self.server, "--version"], capture_output=True, check=True, text=True).stdout.strip()

    def installation(self, data: Path) -> list[str]:
        """The command that makes the system tables in a folder."""
        options = ["--no-defaults", f"--datadir={data}"]
        if os.geteuid() == 0:
            options.append("--user=root")
        if not self.installer:
            return [self.server, *options, "--initialize-insecure"]
        account = ["--auth-root-authentication-method=socket", "--auth-root-socket-user=root", "--skip-test-db"]
        return [self.installer, *options, *account, *([f"--basedir={self.home}/usr"] if self.home else [])]


def programs(name: str = "") -> Programs:
    """The programs of a server.

    :param name: of one that was fetched; empty: those of this system.
    :raises ServerError: they are not there.
    """
    if not name:
        server = _found("mariadbd") or _found("mysqld")
        if server is None:
            raise ServerError(
                "no database server is installed; run `make setup`, or on Debian install mariadb-server-core"
            )
        return Programs(server, _found("mariadb") or _found("mysql"), _found("mariadb-install-db"))
    home = _home(name)
    if not home.is_dir():
        raise ServerError(f"the server {name} is not here; fetch it: python tools/servers.py fetch {name}")
    usr, maria = home / "usr", name.startswith("mariadb")
    return Programs(
        str(usr / "sbin" / ("mariadbd" if maria else "mysqld")),
        str(usr / "bin" / ("mariadb" if maria else "mysql")),
        str(usr / "bin/mariadb-install-db") if maria else None,
        home,
    )


def fetch(name: str) -> Programs:
    """Fetch a server, unless it is there. What a broken attempt downloaded is used by the next one.

    :raises ServerError: it can't be had.
    """
    home, new = _home(name), FOLDER / f"{name}.new"
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.is_dir():
            print(f"servers: fetching {name} into {home}", file=sys.stderr)
            keys = FOLDER / f"{name}.keys"
            keyring = _ubuntu_keyring(keys) if TO_FETCH[name].mirror == UBUNTU else DEBIAN_KEYRING
            packages = _download(TO_FETCH[name], keyring, FOLDER / f"{name}.apt")
            shutil.rmtree(new, ignore_errors=True)
            _unpack(packages, new)
            _wrap(new / "usr")
            new.rename(home)
            for folder in (FOLDER / f"{name}.apt", keys):
                shutil.rmtree(folder, ignore_errors=True)
    return programs(name)


def _home(name: str) -> Path:
    if name not in TO_FETCH:
        raise ServerError(f"there is no server {name!r} to fetch; there are {', '.join(TO_FETCH)}")
    return FOLDER / name


def _ubuntu_keyring(folder: Path) -> Path:
    """Debian's package of the keys by which Ubuntu's packages are checked, unpacked into a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    packages = _download(UBUNTU_KEYRING, DEBIAN_KEYRING, folder / "apt")
    _unpack(packages, folder / "unpacked")
    return folder / "unpacked/usr/share/keyrings/ubuntu-archive-keyring.gpg"


def _download(wanted: Packages, keyring: Path, apt: Path) -> list[Path]:
    """Packages with everything that they need, as if nothing were installed here.

    :param apt: a folder for apt's own files.
    """
    for program in ("apt-get", "apt-config", "dpkg-deb", "tar"):
        if not _found(program):
            raise ServerError(f"{program} is missing: other servers can be fetched on Debian and Ubuntu only")
    if not keyring.exists():
        raise ServerError(f"{keyring} is missing, with which packages are checked; install debian-archive-keyring")
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (apt / folder).mkdir(parents=True, exist_ok=True)
    components = "main universe" if wanted.mirror == UBUNTU else "main"
    sources = [f"deb [signed-by={keyring}] {wanted.mirror} {suite} {components}\n" for suite in wanted.suites]
    (apt / "sources.list").write_text("".join(sources))
    # The system's own settings may clean its cache after a download: only what they say about the network is taken over.
    network = [line for line in _run("apt-config", "dump").splitlines() if line.startswith("Acquire::")]
    ours = {
        "Dir::Etc::parts": "/dev/null",
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::sourcelist": apt / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": apt / "state",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": apt / "cache",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
    }
    (apt / "apt.conf").write_text("\n".join([*network, *(f'{key} "{value}";' for key, value in ours.items()), ""]))
    settings = {"APT_CONFIG": str(apt / "apt.conf"), "LC_ALL": "C.UTF-8"}
    try:
        _run("apt-get", "--quiet", "--quiet", "--error-on=any", "update", **settings)
        _run("apt-get", "--quiet", "--quiet", "--yes", "--download-only", "install", *wanted.names, **settings)
    except ServerError as error:
        raise ServerError(
            f"{' '.join(wanted.names)} could not be fetched from {wanted.mirror}:\n{error}\n"
            "It takes a network that reaches this address (apt's proxy settings are used). Run it again: what was downloaded is kept."
        ) from None
    return sorted((apt / "cache/archives").glob("*.deb"))


def _unpack(packages: list[Path], into: Path) -> None:
    into.mkdir()
    for folder in ("lib", "lib64"):  # where older packages put what they need
        (into / "usr" / folder).mkdir(parents=True)
        (into / folder).symlink_to(f"usr/{folder}")
    for package in packages:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as content:
            tar = subprocess.run(
                ["tar", "-x", "-C", into, "--keep-directory-symlink", "--no-same-owner"],
                check=False,
                stdin=content.stdout,
                capture_output=True,
                text=True,
            )
        if tar.returncode or content.returncode:
            raise ServerError(f"{package.name} could not be unpacked: {tar.stderr.strip()}")


def _wrap(usr: Path) -> None:
    """Put a script in the place of each program that is called, which runs it with its own loader."""
    [loader] = [path for path in (usr / "lib").glob("*-linux-gnu*/ld-linux*.so.*") if path.is_file()]
    for name in CALLED:
        program = usr / name
        if not program.is_file() or program.is_symlink():
            continue
        program.rename(usr / f"{name}.real")
        script = WRAPPER.format(
            loader=loader.relative_to(usr),
            libraries=loader.parent.relative_to(usr),
            program=f"{name}.real",
            options=SERVER_OPTIONS.get(program.name, ""),
        )
        program.write_text(script)
        program.chmod(0o755)


def _run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    if done.returncode:
        raise ServerError((done.stderr or done.stdout).strip())
    return done.stdout


def _found(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin")


def main() -> int:
    parser = argparse.ArgumentParser(description="Other database servers, in .local/servers.")
    command = parser.add_subparsers(required=True).add_parser("fetch", help="fetch servers, unless they are there")
    command.add_argument("names", metavar="NAME", nargs="+", choices=TO_FETCH)
    for name in parser.parse_args().names:
        print(fetch(name).version)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ServerError as error:
        sys.exit(f"{Path(__file__).name}: {error}")
