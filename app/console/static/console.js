// What the pages do beyond links and forms. They work without it, only not by themselves.
"use strict";
(() => {
  const LIVE = "tranche-live", SLOWEST = 8;
  const tags = new Map();       // by the id of a part: the ETag of what it shows
  const polls = new WeakMap();  // by the part: how often it has been unchanged, and when it is due
  const isTyping = (target) => target.closest("input, select, textarea, [contenteditable]") !== null;
  const say = (text) => { const said = document.getElementById("said"); if (said) said.textContent = text; };

  // Live parts: asked for by htmx whenever this says so. Unchanged ones are asked for less and less often.
  const live = document.getElementById("live");
  const isLive = () => !live || live.checked;
  if (live) {
    live.checked = localStorage.getItem(LIVE) !== "off";
    live.addEventListener("change", () => {
      localStorage.setItem(LIVE, live.checked ? "on" : "off");
      say(live.checked ? "Live updates are on." : "Live updates are off.");
    });
  }
  const tick = () => {
    if (document.hidden || !isLive()) return;
    for (const part of document.querySelectorAll("[data-poll]")) {
      const poll = polls.get(part) || { slower: 1, due: Date.now() + part.dataset.poll * 1000 };
      if (Date.now() >= poll.due) {
        poll.due = Date.now() + part.dataset.poll * 1000 * poll.slower;
        htmx.trigger(part, "poll");
      }
      polls.set(part, poll);
    }
  };
  setInterval(tick, 250);
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail, tag = tags.get(ctx.sourceElement.id);
    if (tag) ctx.request.headers["If-None-Match"] = tag;
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail, part = ctx.sourceElement, answer = ctx.response;
    const poll = polls.get(part);
    if (poll) {
      poll.slower = answer.status === 200 ? 1 : Math.min(SLOWEST, poll.slower * 2);
      poll.due = Date.now() + part.dataset.poll * 1000 * poll.slower;
    }
    if (answer.status === 200) tags.set(part.id, answer.headers.get("ETag"));
    if (answer.status >= 400) say("Live updates fail just now; they are tried again.");
  });

  // Copying: over plain http there is no clipboard API.
  const copy = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) {
      await copy(button.dataset.copy);
      say("Copied.");
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    }
    for (const menu of document.querySelectorAll("details.who[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // A form is sent once.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.target.method === "post" && button) setTimeout(() => { button.disabled = true; });
  });

  // Keys, none of them while something is typed.
  const help = document.getElementById("help");
  const openHelp = () => help && !help.open && help.showModal();
  document.getElementById("help-open")?.addEventListener("click", openHelp);
  const moveRow = (step) => {
    const rows = [...document.querySelectorAll("table.rows tbody a")];
    const next = rows[rows.indexOf(document.activeElement) + step];
    (next || rows[step > 0 ? 0 : rows.length - 1])?.focus();
  };
  const keys = {
    "/": () => document.getElementById("filter")?.focus(),
    "?": openHelp,
    j: () => moveRow(1),
    k: () => moveRow(-1),
    p: () => live?.click(),
  };
  let isGoing = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || help?.open) return;
    const target = isGoing && document.querySelector(`nav [data-key="${CSS.escape(event.key)}"]`);
    isGoing = event.key === "g";
    if (target) {
      target.click();
    } else if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
})();
