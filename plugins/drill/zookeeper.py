"""Three ZooKeeper servers on loopback, from the installed package, with their data in the drill's folder."""

import random
import shutil
import socket
from contextlib import suppress
from functools import partial
from pathlib import Path

from aurora_admin.errors import AdminError
from aurora_admin.plugins.drill.sandbox import Sandbox

JARS = Path("/usr/share/java")
CLASSPATH = f"{JARS}/zookeeper.jar:{JARS}/slf4j-simple.jar"
MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
JAVA = (
    "-Xms32m",
    "-Xmx512m",
    "-Dzookeeper.admin.enableServer=false",
    "-Dzookeeper.4lw.commands.whitelist=srvr",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)
SETTINGS = {"tickTime": 1000, "initLimit": 30, "syncLimit": 10, "maxClientCnxns": 0}
HOST = "127.0.0.1"
SERVERS = 3
# Below the ports that the kernel hands out for outgoing connections.
PORTS = range(12000, 32000)


def need_zookeeper() -> None:
    """Check that ZooKeeper and Java are installed.

    Raises:
        AdminError: one of them is missing.
    """
    if not (JARS / "zookeeper.jar").exists() or not shutil.which("java"):
        raise AdminError(
            "drill --ha needs ZooKeeper and Java, which are not installed: install Debian's package "
            "zookeeper (as root: apt-get install zookeeper)"
        )


def start_servers(sandbox: Sandbox) -> str:
    """Start the servers, wait until they have a leader, and return their host list."""
    ports = _free_ports(3 * SERVERS)
    peers = {
        f"server.{number}": f"{HOST}:{ports[3 * number - 2]}:{ports[3 * number - 1]}"
        for number in range(1, SERVERS + 1)
    }
    clients = ports[::3]
    for number, port in enumerate(clients, 1):
        data = sandbox.folder / f"zookeeper{number}"
        data.mkdir()
        (data / "myid").write_text(f"{number}\n", encoding="utf-8")
        lines = {**SETTINGS, "dataDir": data, "clientPort": port, "clientPortAddress": HOST, **peers}
        text = "".join(f"{key}={value}\n" for key, value in lines.items())
        (data / "zoo.cfg").write_text(text, encoding="utf-8")
        server = sandbox.background(f"ZooKeeper server {number}", f"zookeeper{number}.log")
        server.start(["java", *JAVA, "-cp", CLASSPATH, MAIN, str(data / "zoo.cfg")])
    for port in clients:
        sandbox.wait_until(partial(_serves, port), f"the ZooKeeper server on port {port} serves")
    return ",".join(f"{HOST}:{port}" for port in clients)


def _serves(port: int) -> bool:
    reply = b""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1) as connection:
        connection.sendall(b"srvr")
        while part := connection.recv(4096):
            reply += part
    return b"Mode: " in reply


def _free_ports(count: int) -> list[int]:
    """Return so many free ports."""
    free: list[int] = []
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            free.append(port)
        if len(free) == count:
            break
    return free
