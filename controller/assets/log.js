// A log of any length in a window: some hundred lines are in the page, those before and after are loaded as they are
// scrolled to. Lines come from the controller as rows that are text already.
"use strict";

const AT_ONCE = 400;
const MOST = 2000;

const openLog = (list) => {
  const { base, attempt } = list.dataset;
  let total = Number(list.dataset.total);
  let going = null;
  const number = (row) => (row ? Number(row.id.slice(1)) : 0);
  const first = () => number(list.firstElementChild);
  const last = () => number(list.lastElementChild);
  const atBottom = () => list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const status = document.getElementById("status");

  const told = (many) => {
    if (many === total) return;
    total = many;
    if (status.firstChild) status.firstChild.data = `${total} lines `;
  };

  const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

  const lines = async (from, count) => {
    const answer = await fetch(`${base}/lines?attempt=${attempt}&from=${from}&count=${count}`);
    if (!answer.ok || answer.redirected) return [];
    const found = parsed(await answer.text()).querySelector("ol");
    if (!found) return [];
    told(Number(found.dataset.total));
    return [...found.children].map((row) => document.importNode(row, true));
  };

  const alone = (load) => {
    // What fails is tried again by the next scroll.
    going ??= load()
      .catch(() => {})
      .finally(() => {
        going = null;
      });
    return going;
  };

  const earlier = () =>
    alone(async () => {
      const from = Math.max(1, first() - AT_ONCE);
      const rows = await lines(from, first() - from);
      const before = list.scrollHeight - list.scrollTop;
      list.prepend(...rows);
      list.scrollTop = list.scrollHeight - before;
      while (list.childElementCount > MOST) list.lastElementChild.remove();
    });

  const later = () =>
    alone(async () => {
      const rows = await lines(last() + 1, AT_ONCE);
      list.append(...rows);
      while (list.childElementCount > MOST) {
        const height = list.firstElementChild.offsetHeight;
        list.firstElementChild.remove();
        list.scrollTop -= height;
      }
    });

  const show = (no) => {
    const row = document.getElementById(`L${no}`);
    if (!row) return false;
    for (const other of list.querySelectorAll(".here")) other.classList.remove("here");
    row.classList.add("here");
    list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 3;
    return true;
  };

  const goTo = async (no) => {
    // Whoever presses a second key means that one.
    while (going) await going;
    if (show(no)) return;
    await alone(async () => {
      const rows = await lines(Math.max(1, no - AT_ONCE / 2), AT_ONCE);
      if (rows.length > 0) list.replaceChildren(...rows);
    });
    show(Math.min(no, total));
  };

  list.addEventListener("scroll", () => {
    if (list.scrollTop < 400 && first() > 1) earlier();
    else if (list.scrollHeight - list.scrollTop - list.clientHeight < 400 && last() < total) later();
  });

  list.addEventListener("click", (event) => {
    const link = event.target.closest("a.no");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, "", link.href);
    show(number(link.parentElement));
  });

  list.addEventListener("keydown", (event) => {
    if (event.target !== list || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Home") goTo(1);
    else if (event.key === "End") goTo(total);
    else return;
    event.preventDefault();
  });

  document.getElementById("goto").addEventListener("submit", (event) => {
    event.preventDefault();
    const no = Math.min(total, Math.max(1, Number(new FormData(event.target).get("from"))));
    history.replaceState(null, "", `${list.dataset.own}&from=${Math.max(1, no - 20)}#L${no}`);
    goTo(no);
    list.focus();
  });

  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.nodeName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      document.getElementById("q").focus();
    }
  });

  const grow = () => {
    const feed = new EventSource(`${base}/tail?attempt=${attempt}&from=${Math.max(last(), total) + 1}`);
    feed.addEventListener("lines", (event) => {
      const rows = [...parsed(`<ol>${event.data}</ol>`).querySelectorAll("ol > li")];
      const stick = atBottom();
      const follows = last() >= total;
      told(Math.max(total, number(rows[rows.length - 1])));
      // Lines that are there already come again after a lost connection.
      if (!follows) return;
      list.append(...rows.filter((row) => number(row) > last()).map((row) => document.importNode(row, true)));
      if (stick) list.scrollTop = list.scrollHeight;
      while (stick && list.childElementCount > MOST) list.firstElementChild.remove();
    });
    feed.addEventListener("ended", () => {
      feed.close();
      const growing = status.querySelector(".mark");
      if (growing) growing.remove();
    });
  };

  document.body.classList.add("scripted");
  const asked = /^#L(\d+)$/.exec(location.hash);
  if (asked) goTo(Number(asked[1]));
  else if ("end" in list.dataset) list.scrollTop = list.scrollHeight;
  if ("growing" in list.dataset) grow();
};

addEventListener("DOMContentLoaded", () => {
  const list = document.getElementById("log");
  if (list) openLog(list);
});
