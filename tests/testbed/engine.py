# SPDX-License-Identifier: GPL-3.0-or-later
"""What the testbed asks of podman and mmdebstrap."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ses_simulator.client import Control

from .layout import DISGUISE, Host, Layout

ROOT = Path(__file__).resolve().parents[2]
SIMULATOR = "simulator"
DEADLINE = 180.0  # seconds; booting takes about two


class EngineError(Exception):
    """Something that the engine would not do, in its own words."""


def run(*command: str, check: bool = True) -> str:
    """Run a command and return its standard output; its errors become an EngineError."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise EngineError(f"{command[0]} is not installed: run tests/testbed/setup, or install it yourself") from None
    if check and done.returncode:
        raise EngineError(f"{' '.join(command[:3])} …: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def wait_until(what: str, ready: Callable[[], bool], deadline: float = DEADLINE) -> None:
    """Poll until READY; an EngineError names what did not come about."""
    end = time.monotonic() + deadline
    while not ready():
        if time.monotonic() > end:
            raise EngineError(f"{what}: not within {deadline:.0f} s")
        time.sleep(0.1)  # the interval of a bounded poll


def images(layout: Layout, suites: list[str]) -> None:
    """Bootstrap the images that are missing."""
    for suite in suites:
        name = layout.image(suite)
        if not run("podman", "images", "--quiet", name):
            make = pull if suite in layout.pulled else disguise if suite in layout.disguised else bootstrap
            make(name, suite, layout)


def bootstrap(name: str, suite: str, layout: Layout) -> None:
    """Build one Debian image out of packages: no image registry is asked."""
    print(f"Bootstrapping Debian {suite}", flush=True)
    with tempfile.TemporaryDirectory(prefix="ses-testbed-") as folder:
        archive = f"{folder}/{suite}.tar"
        options = [f"--aptopt={option}" for option in layout.apt]  # they stay in the image
        include = f"--include={','.join(layout.include)}"
        run("mmdebstrap", "--quiet", "--variant=minbase", *options, include, *layout.bootstrap, suite, archive)
        run("podman", "import", "--quiet", "--change", 'CMD ["/sbin/init"]', archive, name)


def disguise(name: str, system: str, layout: Layout) -> None:
    """Make an image that says it is SYSTEM out of a Debian one, with RPMs of Debian's programs and a repository."""
    images(layout, [layout.disguised[system]])
    print(f"Making a host that says it is {system}", flush=True)
    base = layout.image(layout.disguised[system])
    arguments = (f"--build-arg=BASE={base}", f"--build-arg=SYSTEM={system}", f"--file={DISGUISE}/Containerfile")
    # Its network is the machine's, as that of mmdebstrap is.
    run("podman", "build", "--quiet", "--network", "host", "--tag", name, *arguments, str(DISGUISE))


def pull(name: str, image: str, layout: Layout) -> None:
    """Pull an image and make a host of it, with systemd and what the roles expect of any host."""
    print(f"Pulling {image}", flush=True)
    try:
        run("podman", "pull", "--quiet", image)
    except EngineError as error:
        why = str(error).splitlines()[-1]
        raise EngineError(f"{image} cannot be pulled, so the hosts of PLATFORMS=all do not run here ({why})") from None
    with tempfile.TemporaryDirectory(prefix="ses-testbed-") as folder:
        recipe = Path(folder) / "Containerfile"
        recipe.write_text(f'FROM {image}\nRUN {layout.pulled[image]}\nCMD ["/sbin/init"]\n')
        run("podman", "build", "--quiet", "--tag", name, "--file", str(recipe), folder)


def up(layout: Layout, hosts: list[str]) -> None:
    """Start the simulator and HOSTS anew, over whatever a killed run left."""
    chosen = choose(layout, hosts)
    images(layout, sorted({layout.simulator_image, *(host.image for host in chosen)}))
    down(layout)
    addresses = ("--subnet", layout.subnet, "--gateway", layout.gateway, "--ip-range", layout.others)
    run("podman", "network", "create", "--disable-dns", *addresses, layout.prefix)
    start_simulator(layout)
    start_hosts(layout, chosen)


def renew(layout: Layout, hosts: list[str]) -> None:
    """Make HOSTS bare again beside the running simulator, which keeps its certificates and forgets its sessions."""
    chosen = choose(layout, hosts)
    remove([layout.container(host.name) for host in chosen])
    images(layout, sorted({host.image for host in chosen}))
    Control(layout.state / "control.sock").reset()
    start_hosts(layout, chosen)


def reboot(layout: Layout, hosts: list[str], meanwhile: Callable[[], object] = lambda: None) -> None:
    """Boot HOSTS again: they keep their files, and lose what ran and their kernel's settings. MEANWHILE is called while
    they are down."""
    chosen = choose(layout, hosts)
    containers = [layout.container(host.name) for host in chosen]
    run("podman", "stop", "--time", "10", *containers)
    meanwhile()
    run("podman", "start", *containers)
    for host in chosen:
        if host.address6:
            add_address6(layout, host.name, host.address6)
        wait_until(f"{host.name} boots", partial(booted, layout.container(host.name)))


def choose(layout: Layout, names: list[str]) -> list[Host]:
    """The hosts of these names."""
    unknown = sorted(set(names) - set(layout.hosts))
    if unknown:
        raise EngineError(f"no host {', '.join(unknown)} in testbed.toml; it has {', '.join(layout.hosts)}")
    return [layout.hosts[name] for name in names]


def start_hosts(layout: Layout, hosts: list[Host]) -> None:
    """Start HOSTS side by side and wait until each has booted."""
    for host in hosts:
        start_host(layout, host)
    for host in hosts:
        wait_until(f"{host.name} boots", partial(booted, layout.container(host.name)))


def down(layout: Layout) -> None:
    """Remove the testbed's containers and network; those of others stay."""
    # podman looks at each container that it lists, and fails for one that somebody is just removing.
    remove(run("podman", "ps", "--all", "--filter", f"name=^{layout.prefix}-", "--format", "{{.Names}}").split())
    if layout.prefix in run("podman", "network", "ls", "--format", "{{.Name}}").split():
        run("podman", "network", "rm", "--force", layout.prefix)
    shutil.rmtree(layout.state, ignore_errors=True)


def remove(containers: list[str]) -> None:
    """Remove these containers, running or not, there or not."""
    if containers:
        # A killed run leaves containers that only --force removes, and sometimes only at the second attempt.
        run("podman", "rm", "--force", "--time", "0", "--ignore", *containers, check=False)
        run("podman", "rm", "--force", "--time", "0", "--ignore", *containers)


def start_simulator(layout: Layout) -> None:
    """Start the simulated endpoint: SMTP on the five ports, DNS, and its control socket in the state directory."""
    layout.state.mkdir(mode=0o700, parents=True)
    credentials = layout.state / "credentials.json"
    credentials.touch(mode=0o600)
    credentials.write_text(json.dumps(layout.credentials))
    name = layout.container(SIMULATOR)
    regions = [f"--region={region}={','.join(addresses)}" for region, addresses in layout.regions.items()]
    run(
        *("podman", "run", "--detach", "--name", name, "--hostname", "simulator", "--network", layout.prefix),
        *("--ip", layout.simulator_address, "--cap-add", "NET_ADMIN", "--volume", f"{ROOT}/tests:/opt/tests:ro"),
        *("--volume", f"{ROOT}/.cache/simulator-site:/opt/site:ro", "--volume", f"{layout.state}:/state"),
        *(
            "--env",
            "PYTHONPATH=/opt/tests:/opt/site",
            "--env",
            "PYTHONDONTWRITEBYTECODE=1",
            layout.image(layout.simulator_image),
        ),
        *("python3", "-m", "ses_simulator", "--state-dir", "/state", "--credential-file", "/state/credentials.json"),
        *("--dns", "0.0.0.0:53", "--ports", "real", *regions),
    )
    bits = layout.subnet.partition("/")[2]
    extra = {address for addresses in layout.regions.values() for address in addresses} - {layout.simulator_address}
    for address in sorted(extra):
        run("podman", "exec", name, "ip", "address", "add", f"{address}/{bits}", "dev", "eth0")
    try:
        wait_until("the simulator starts", (layout.state / "ready").exists)
    except EngineError as error:
        raise EngineError(f"{error}\n{run('podman', 'logs', name, check=False)}") from None


def add_address6(layout: Layout, name: str, address: str) -> None:
    """Give the container NAME an address by IPv6; it is gone when the container stops."""
    address = f"{address}/{layout.prefix_length6}"
    run("podman", "exec", layout.container(name), "ip", "address", "replace", address, "dev", "eth0", "nodad")


def start_host(layout: Layout, host: Host) -> None:
    """Start a bare host that asks the simulator's DNS."""
    resolver = layout.simulator_address6 if host.address6 else layout.simulator_address
    # bin/podman finds the host's first process by the two files.
    state = layout.state / layout.container(host.name)
    identity = run(
        *("podman", "run", "--detach", "--name", layout.container(host.name), "--hostname", host.hostname),
        *("--network", layout.prefix, "--ip", host.address, "--dns", resolver, "--dns-search", "."),
        # Debian's init scripts look at other processes, and nftables and the MTU belong to the host under test.
        *(
            "--volume",
            f"{layout.state}/ca.pem:/etc/ssl/testbed-ca.pem:ro",
            "--cap-add",
            "SYS_PTRACE,NET_ADMIN",
            # systemd sets it on a host, and may not in a container; dhcpcd insists on it.
            "--sysctl",
            "net.ipv4.conf.default.promote_secondaries=1",
            "--systemd",
            "always",
            "--pidfile",
            f"{state}.pid",
            layout.image(host.image),
        ),
    )
    Path(f"{state}.id").write_text(identity)
    if host.address6:
        add_address6(layout, SIMULATOR, layout.simulator_address6)
        add_address6(layout, host.name, host.address6)


def booted(container: str) -> bool:
    """Whether systemd has finished starting, with or without failed units."""
    return run("podman", "exec", container, "systemctl", "is-system-running", check=False) in {"running", "degraded"}
