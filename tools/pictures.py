# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents' pictures, of the real things: python -m pictures"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import report_samples
from ansible_collections.mailops.ses.plugins.plugin_utils._report.as_html import render
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet
from playwright.sync_api import sync_playwright
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text
from testbed.engine import ROOT

IMAGES = ROOT / "docs" / "images"
# What Ansible says around the lines that matter; the picture's caption says that it is abridged.
NOISE = re.compile(
    r'^(TASK|PLAY|ok: |changed: |included: |skipping: |\[WARNING\]|\s+""|\s+"msg"|[\s{}\[\],]*$)|Reports in '
)
FONTS = re.compile(r"@font-face \{\{.*?\}\}", re.DOTALL)  # the picture loads nothing


def report() -> None:
    """The report of a small fleet, in both colour schemes."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "report.html"
        page_file.write_text(render(fleet(report_samples.mixed(16, 171), report_samples.NOW)), encoding="utf-8")
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1200, "height": 1240}, color_scheme=scheme)
            page.goto(page_file.as_uri())
            page.screenshot(path=str(IMAGES / f"report-{scheme}.png"))
        browser.close()


def abridged(output: str) -> list[str]:
    """The demo's lines, without Ansible's frames around them."""
    shown = output.partition("\nThe testbed stays up")[0].splitlines()
    shown = [line.partition("  failed=")[0] for line in shown]
    lines = [line.strip().strip('",') if line.startswith("    ") else line for line in shown if not NOISE.search(line)]
    return [text for line in lines for text in (["", line] if line.startswith("== ") else [line])][1:]


def demo() -> None:
    """What the demo prints."""
    done = subprocess.run([sys.executable, "-m", "demo"], capture_output=True, text=True, check=True)
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=100, file=nowhere)
        for line in abridged(done.stdout):
            console.print(Text(line, style="bold" if line.startswith("== ") else ""), overflow="ellipsis", no_wrap=True)
        console.save_svg(str(IMAGES / "demo.svg"), title="make demo", code_format=FONTS.sub("", CONSOLE_SVG_FORMAT))


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    report()
    demo()
