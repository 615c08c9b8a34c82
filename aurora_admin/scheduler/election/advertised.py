"""A check of the host name that is advertised in ZooKeeper (docs/api.md 7.1)."""

import logging
import socket
from ipaddress import ip_address

logger = logging.getLogger(__name__)


def warn_of_loopback(host: str) -> None:
    """Warn if a host name resolves to an address that only this host reaches; this may take as long as a look-up."""
    try:
        found = {str(address[4][0]) for address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return
    loopback = sorted(address for address in found if ip_address(address.partition("%")[0]).is_loopback)
    if loopback:
        logger.warning(
            "The host name that is advertised in ZooKeeper, %s, is the loopback address %s: on every other host it "
            "leads to that host itself, so clients and standbys there find no leader, or take a scheduler of their own "
            "for it. Set -hostname to a name or address of this host that the others reach",
            host,
            loopback[0],
        )
