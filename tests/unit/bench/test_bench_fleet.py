# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure parts of the bench of fleets: inventories, what /proc tells, and the rows of the table."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from bench import fleet
from bench.__main__ import parse
from bench.processes import Cost, cost, kilobytes, memory, tree
from bench.stage import RELAY
from testbed.engine import ROOT
from testbed.relay import ENVIRONMENT

ROLLUP = "55d0-7ffc ---p 00000000 00:00 0    [rollup]\nRss:        1752 kB\nPss:         177 kB\nPss_Dirty:   116 kB\n"


@pytest.mark.parametrize("size", [100, *fleet.SIZES])
def test_a_fleet_has_hosts_that_fail_among_the_others(size: int) -> None:
    groups = fleet.fleet(size, {"ses_region": "us-east-1"})["all"]["children"]
    works, fails = (list(groups[name]["hosts"]) for name in (fleet.WORKS, fleet.LOCKED_OUT))
    assert len({*works, *fails}) == len(works) + len(fails) == size
    assert len(fails) == fleet.failing(size) == max(1, round(size * fleet.FAILING))
    assert max(fails) > works[size // 2]  # not all in one half
    assert {Path(group["vars"]["bench_results"]).is_dir() for group in groups.values()} == {True}


@pytest.mark.parametrize("name", [fleet.WORKS, fleet.LOCKED_OUT])
def test_the_canned_results_are_of_hosts_that_can_send_and_of_hosts_that_cannot(name: str) -> None:
    results = {file.stem: json.loads(file.read_text()) for file in (fleet.RESULTS / name).glob("*.json")}
    assert set(results) <= {file.stem for file in (ROOT / "plugins" / "modules").glob("*.py")}
    assert bool(results["relay_config"].get("failed")) is (name == fleet.LOCKED_OUT)


def test_a_canned_host_answers_at_once_with_the_result_of_the_module(tmp_path: Path) -> None:
    hosts = {name: {"bench_results": str(fleet.RESULTS / name)} for name in (fleet.WORKS, fleet.LOCKED_OUT)}
    inventory = {"all": {"hosts": hosts, "vars": {"ansible_connection": "canned"}}}
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))
    command = ["ansible", "-i", "hosts.json", "all", "-m", "mailops.ses.relay_config", "-a", "mta=postfix"]
    output = tmp_path / "output"
    used = cost(command, output, {**ENVIRONMENT, **fleet.SETTINGS}, tmp_path)
    printed = output.read_text()
    assert used.code == fleet.FAILED, printed
    assert "works | SUCCESS" in printed
    assert "locked_out | FAILED" in printed


@pytest.mark.parametrize(
    ("largest", "expected"),
    [(100, [50, 100]), (1000, [50, 100, 300, 1000]), (3000, [*fleet.SIZES]), (150, [50, 100, 150])],
)
def test_the_largest_fleet_can_be_chosen(largest: int, expected: list[int]) -> None:
    assert fleet.sizes(largest) == expected
    assert parse(["fleet", "--hosts", str(largest)], ["fleet"]).hosts == largest


@pytest.mark.parametrize("number", ["99", "3001"])
def test_a_fleet_that_cannot_be_compared_is_refused(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["fleet", "--hosts", number], ["fleet"])
    assert "--hosts: 100 to 3000" in capsys.readouterr().err


def test_a_figure_of_proc_is_read_by_its_whole_name() -> None:
    assert kilobytes(ROLLUP, "Pss") == 177
    assert kilobytes(ROLLUP, "VmHWM") == kilobytes("", "Pss") == 0


def test_memory_is_summed_over_the_tree_and_peaks_in_the_process(tmp_path: Path) -> None:
    for process, children in ((1, "2 3 "), (2, "4 "), (3, ""), (4, ""), (5, "")):
        task = tmp_path / str(process) / "task" / str(process)
        task.mkdir(parents=True)
        (task / "children").write_text(children)
        (tmp_path / str(process) / "smaps_rollup").write_text(f"Pss:  {10**process} kB\n")
    (tmp_path / "1" / "status").write_text("VmPeak:   9 kB\nVmHWM:   7 kB\n")
    (tmp_path / "3" / "smaps_rollup").unlink()  # it has just ended
    assert sorted(tree(1, tmp_path)) == [1, 2, 3, 4]
    assert memory(1, tmp_path) == (7 * 1024, 10110 * 1024)


def test_the_cost_is_that_of_a_command_with_its_children(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    script = (
        f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {burn!r}]); time.sleep(2.5); sys.exit(3)"
    )
    used = cost([sys.executable, "-c", script], tmp_path / "output", os.environ, tmp_path)
    assert used.code == 3
    assert used.cpu >= 0.3
    assert used.all > 0
    assert used.main > 0


def rows(costs: dict[int, Cost]) -> dict[str, list[Any]]:
    """The figures by what they are called."""
    found: dict[str, list[Any]] = {}
    for figure in fleet.figures(RELAY, costs):
        found.setdefault(figure.name.removeprefix("relay, "), []).append(figure)
    return found


def test_fleets_are_judged_beside_one_of_a_hundred() -> None:
    mega = 1e6
    found = rows(
        {
            50: Cost(2, 8, 2, 60 * mega, 200 * mega),
            100: Cost(2, 10, 5, 60 * mega, 200 * mega),
            1000: Cost(2, 110, 60, 160 * mega, 220 * mega),
        }
    )
    (small,), (base,), (large,) = (found[f"{size} hosts: CPU a host"] for size in (50, 100, 1000))
    assert (small.value, small.reached) == (pytest.approx(0.2), None)  # what Ansible takes to start weighs there
    assert (base.value, base.other, base.reached) == (pytest.approx(0.15), None, True)
    assert (large.ratio, large.reached) == (pytest.approx(0.17 / 0.15), False)
    growth, bound = found["1000 hosts: memory of the main process"]
    assert (growth.ratio, growth.reached) == (pytest.approx(160 / 60), None)
    assert (bound.value, bound.reached) == (pytest.approx(160), False)
    assert found["1000 hosts: memory of all"][0].ratio == pytest.approx(1.1)
