// SPDX-License-Identifier: GPL-3.0-or-later
// Sorts, filters and folds what stands in the page; it makes no text of its own out of data.
"use strict";
document.documentElement.classList.add("js");
addEventListener("DOMContentLoaded", () => {
  const table = document.querySelector(".grid");
  const find = document.getElementById("find");
  const shown = document.getElementById("shown");
  const clear = document.getElementById("clear");
  const nothing = document.getElementById("nothing");
  const heads = [...table.tHead.rows[0].cells];
  const picks = [...document.querySelectorAll("button.pick")];
  const states = [...document.querySelectorAll("[data-s][aria-pressed]")];
  const natural = new Intl.Collator("en", { numeric: true });
  const chosen = { text: "", cause: null, state: null };

  const hosts = [...table.tBodies].map((body) => ({
    body,
    cells: [...body.rows[0].cells],
    state: body.dataset.s,
    causes: (body.dataset.c || "").split(" "),
    text: null,
  }));

  // What can be searched: the row, and the details but for the numbers.
  const words = (host) => {
    host.text ??= [...host.cells, ...host.body.querySelectorAll(".why, dl")].map((part) => part.textContent).join(" ").toLowerCase();
    return host.text;
  };

  const fits = (host) =>
    (!chosen.state || host.state === chosen.state) &&
    (!chosen.cause || host.causes.includes(chosen.cause)) &&
    chosen.text.split(/\s+/).every((word) => words(host).includes(word));

  const filter = () => {
    let count = 0;
    for (const host of hosts) {
      const fit = fits(host);
      host.body.hidden = !fit;
      count += fit;
    }
    const all = hosts.length.toLocaleString("en");
    const noun = hosts.length === 1 ? "host" : "hosts";
    shown.textContent = count === hosts.length ? `${all} ${noun}` : `${count.toLocaleString("en")} of ${all} ${noun}`;
    clear.hidden = !(chosen.text || chosen.cause || chosen.state);
    nothing.hidden = count > 0;
    for (const pick of picks) pick.setAttribute("aria-pressed", pick.dataset.c === chosen.cause);
    for (const button of states) button.setAttribute("aria-pressed", button.dataset.s === chosen.state);
  };

  const reset = () => {
    Object.assign(chosen, { text: "", cause: null, state: null });
    find.value = "";
    filter();
  };

  const toggle = (host) => {
    const open = host.body.classList.toggle("shown");
    host.body.querySelector("details").open = open;
    host.button.setAttribute("aria-expanded", open);
  };

  // Rank by what a cell is, then by the number in it.
  const ranks = { o: 0, w: 1, x: 2, n: 3 };
  const milliseconds = (text) => parseFloat(text) * (text.endsWith(" ms") ? 1 : 1000) || 0;
  const keyOf = {
    host: (cell) => cell.textContent,
    use: (cell) => parseInt(cell.textContent, 10) || 99999,
    time: (cell) => [...(cell.textContent.matchAll(/\d+/g) || [])].reduce((sum, [ms]) => sum + Number(ms), 0) || Infinity,
    cause: (cell) => cell.textContent || "\uffff",
    queue: (cell) => Number(cell.dataset.v),
    port: (cell) => ranks[cell.className] * 1e9 + (cell.className === "o" ? milliseconds(cell.textContent) : 0),
  };

  const sort = (head) => {
    const index = heads.indexOf(head);
    const key = keyOf[head.className.slice(2)] || keyOf.port;
    // The longest queue is what one looks for, and otherwise what comes first.
    const now = head.getAttribute("aria-sort");
    const down = now ? now === "ascending" : head.className === "c-queue";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = hosts.map((host, place) => ({ host, place, key: key(host.cells[index]) }));
    const order = (a, b) => (typeof a === "string" ? natural.compare(a, b) : a < b ? -1 : a > b ? 1 : 0);
    keyed.sort((a, b) => (down ? order(b.key, a.key) : order(a.key, b.key)) || a.place - b.place);
    table.append(...keyed.map((entry) => entry.host.body));
  };

  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head));
    head.append(button);
  }

  hosts.forEach((host) => {
    const name = host.cells[0];
    host.button = document.createElement("button");
    host.button.type = "button";
    host.button.className = "host-name";
    host.button.title = name.textContent;
    host.button.append(...name.childNodes);
    host.button.setAttribute("aria-expanded", "false");
    name.append(host.button);
    host.body.rows[0].addEventListener("click", () => getSelection().toString() || toggle(host));
    if (host.body.querySelector("details").open) toggle(host);
  });

  find.addEventListener("input", () => {
    chosen.text = find.value.trim().toLowerCase();
    filter();
  });
  find.addEventListener("keydown", (event) => event.key === "Escape" && reset());
  for (const button of document.querySelectorAll(".clear")) button.addEventListener("click", reset);
  for (const button of states)
    button.addEventListener("click", () => {
      chosen.state = chosen.state === button.dataset.s ? null : button.dataset.s;
      filter();
    });
  for (const pick of picks)
    pick.addEventListener("click", () => {
      chosen.cause = chosen.cause === pick.dataset.c ? null : pick.dataset.c;
      filter();
      if (chosen.cause) document.getElementById("hosts").scrollIntoView();
    });
});
