"""Connect, list, get: the least that finding a leader in ZooKeeper can be, for the bench to compare with."""

import sys

from kazoo.client import KazooClient


def main(hosts, path):
    client = KazooClient(hosts)
    client.start()
    [name] = [name for name in client.get_children(path) if name.startswith("member_")]
    sys.stdout.write(client.get(f"{path}/{name}")[0].decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
