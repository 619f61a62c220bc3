// Keeps a page true: when the controller says that something changed, the page is loaded again and only what differs
// is taken over, so that scroll, focus and what is unfolded stay. Text stays text.
"use strict";

const ago = (ms) => {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 10) return "just now";
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 172800) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86400)} d ago`;
};

const tellTimes = () => {
  for (const time of document.querySelectorAll("time[data-ms]")) {
    const text = ago(Date.now() - Number(time.dataset.ms));
    if (time.textContent !== text) time.textContent = text;
  }
};

const same = (one, other) =>
  one.nodeType === other.nodeType && one.nodeName === other.nodeName && (one.id || "") === (other.id || "");

// Makes `old` what `fresh` is. What people hold stays theirs: whether details are open, what a field holds.
const takeOver = (old, fresh) => {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  const theirs = (name) => (name === "open" && old.nodeName === "DETAILS") || (name === "value" && old.nodeName === "INPUT" && old.type !== "hidden");
  for (const { name, value } of [...fresh.attributes]) {
    if (!theirs(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!theirs(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  const byId = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const known = child.id ? byId.get(child.id) : at && !at.id && same(at, child) ? at : null;
    if (known && same(known, child)) {
      if (known !== at) old.insertBefore(known, at);
      takeOver(known, child);
      at = known.nextSibling;
    } else {
      old.insertBefore(document.importNode(child, true), at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
};

let loading = false;
let again = false;
const load = async () => {
  if (loading) {
    again = true;
    return;
  }
  loading = true;
  try {
    const answer = await fetch(location.pathname + location.search, { headers: { accept: "text/html" } });
    if (answer.ok && !answer.redirected) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const main = fresh.querySelector("main");
      if (main) takeOver(document.querySelector("main"), main);
      document.title = fresh.title;
      tellTimes();
    }
  } catch {
    // The feed connects again by itself, and says so.
  }
  loading = false;
  if (again) {
    again = false;
    load();
  }
};

const follow = (address) => {
  const feed = new EventSource(address);
  let lost = false;
  feed.addEventListener("changed", load);
  feed.addEventListener("ended", () => {
    feed.close();
    load();
  });
  feed.addEventListener("error", () => {
    lost = true;
  });
  feed.addEventListener("open", () => {
    if (lost) load();
    lost = false;
  });
};

addEventListener("DOMContentLoaded", () => {
  tellTimes();
  setInterval(tellTimes, 15000);
  const main = document.querySelector("main[data-live]");
  if (main) follow(main.dataset.live);
});
