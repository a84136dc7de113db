"""Where git connects to: the repository's host is looked up and checked here, and git is held to what was found.

The rules are those of tools and webhooks (`tools.addresses`): public addresses, and networks that the operator names.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from greatwheel.core.errors import BadInput, GitFailed
from greatwheel.tools.addresses import AddressRefused, Network, resolve

_SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15")
_SSH_PORT, _HTTPS_PORT = 22, 443


async def by_https(repository: str, networks: Sequence[Network]) -> Mapping[str, str]:
    """Variables that keep git to the checked addresses of the repository's host, and off any other.

    Needs git 2.37: an older one ignores `http.curloptResolve`.

    Raises:
        BadInput: an address is neither public nor allowed.
        GitFailed: the host's name does not resolve.
    """
    host, port = _host_and_port(repository, _HTTPS_PORT)
    found = [f"[{each}]" if ip_address(each).version == 6 else each for each in await _checked(host, port, networks)]
    return _settings({"http.curloptResolve": f"{host}:{port}:{','.join(found)}", "http.followRedirects": "false"})


async def by_ssh(repository: str, networks: Sequence[Network]) -> Mapping[str, str]:
    """As `by_https`, for ssh, which still asks for the host key that it knows by the host's name."""
    url = repository if "://" in repository else f"ssh://{repository.replace(':', '/', 1)}"
    host, port = _host_and_port(url, _SSH_PORT)
    address = (await _checked(host, port, networks))[0]
    known_as = host if port == _SSH_PORT else f"[{host}]:{port}"
    return {"GIT_SSH_COMMAND": shlex.join([*_SSH, "-o", f"HostName={address}", "-o", f"HostKeyAlias={known_as}"])}


def _host_and_port(url: str, usual: int) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or usual
    except ValueError as error:
        raise BadInput("The repository's port must be a number up to 65535.") from error


async def _checked(host: str, port: int, networks: Sequence[Network]) -> Sequence[str]:
    try:
        return await resolve(host, port, networks)
    except AddressRefused as error:
        raise BadInput(f"git may not connect: {error} (agents.git_networks of the settings allows others).") from error
    except OSError as error:
        raise GitFailed(f"git can't connect: the name {host} can't be looked up.") from error


def _settings(values: Mapping[str, str]) -> Mapping[str, str]:
    """Settings for git as variables, which the processes that it starts have, too."""
    named: dict[str, str] = {}
    for number, (key, value) in enumerate(values.items()):
        named |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {"GIT_CONFIG_COUNT": str(len(values)), **named}
