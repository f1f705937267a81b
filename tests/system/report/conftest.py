# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium that opens reports, and notes all that it should have no reason to do."""

from __future__ import annotations

import os
import shutil

import pytest
import report_samples as samples
from ansible_collections.mailops.ses.plugins.plugin_utils._report.as_html import render
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def browser():
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "no Chromium: run tests/testbed/setup"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=arguments, timeout=180_000)
        yield chromium
        chromium.close()


@pytest.fixture
def show(browser, tmp_path):
    """Open a report of these results; it may complain of nothing, and ask nothing of a network."""
    contexts, complaints = [], []

    def open_report(results, **options):
        file = tmp_path / "report.html"
        file.write_text(render(fleet(results, samples.NOW)), encoding="utf-8")
        context = browser.new_context(viewport={"width": 1400, "height": 900}, **options)
        context.set_default_timeout(120_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: request.url == file.as_uri() or complaints.append(f"request: {request.url}"))
        page.goto(file.as_uri())
        return page

    yield open_report
    for context in contexts:
        context.close()
    assert complaints == []
