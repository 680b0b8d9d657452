// Everything works without this file; with it, lists follow what is typed, cards are dragged, and dialogs open.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const fetched = async (address, options = {}) => {
    const answer = await fetch(address, { credentials: "same-origin", ...options, headers: { "X-Part": "1", ...options.headers } });
    // Whoever was signed out meanwhile is led to the door by the page itself.
    if (answer.redirected && new URL(answer.url).pathname === "/sign-in") { location.reload(); throw new Error("signed out"); }
    return answer;
  };
  const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

  // A part of the page that is asked for anew.
  const refresh = async (address, push = true) => {
    const answer = await fetched(address);
    const fresh = parsed(await answer.text());
    const old = document.getElementById("list"), made = fresh.getElementById("list");
    if (!old || !made) { location.assign(address); return; }
    const typing = document.activeElement && document.activeElement.name === "q" && old.contains(document.activeElement)
      ? document.activeElement : null;
    const at = typing ? [typing.value, typing.selectionStart] : null;
    old.replaceWith(made);
    const count = document.querySelector("[data-count]"), now = fresh.querySelector("[data-count]");
    if (count && now) count.textContent = now.textContent;
    if (push) history.pushState({}, "", address);
    ready(made);
    const field = at && made.querySelector('input[name="q"]');
    if (field) { field.value = at[0]; field.focus(); field.setSelectionRange(at[1], at[1]); }
  };
  addEventListener("popstate", () => { if (document.querySelector("[data-live]")) refresh(location.href, false); });

  const addressOf = (form) => {
    const words = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
    return form.getAttribute("action") + (words.size ? "?" + words : "");
  };

  // --- lists --------------------------------------------------------------------------------------
  let waiting, asked = 0;
  const live = (form) => {
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      const mine = ++asked;
      waiting = setTimeout(() => { if (mine === asked) refresh(addressOf(form)); }, 250);
    });
    form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(waiting); refresh(addressOf(form)); });
  };
  const columns = (form) => form.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = new URLSearchParams([...new FormData(form)].filter(([name]) => name !== "column"));
    const chosen = all('input[name="column"]:checked', form).map((one) => one.value);
    if (chosen.length) words.set("columns", chosen.join(","));
    refresh(form.getAttribute("action") + (words.size ? "?" + words : ""));
  });
  const bulk = (form) => {
    const bar = form.querySelector(".bulk"), every = form.querySelector("[data-all]");
    if (!bar) return;
    const ticks = () => all('input[name="id"]', form);
    const said = bar.querySelector("[data-ticked]"), words = said.textContent;
    const show = () => {
      const count = ticks().filter((one) => one.checked).length;
      bar.classList.toggle("on", count > 0);
      said.textContent = count ? words + " " + count : words;
    };
    if (every) {
      every.hidden = false;
      every.addEventListener("change", () => { for (const one of ticks()) one.checked = every.checked; show(); });
    }
    form.addEventListener("change", show);
    show();
  };

  // --- forms --------------------------------------------------------------------------------------
  const days = (field) => {
    if (field.type !== "text" || field.dataset.ready) return;
    field.dataset.ready = "1";
    const picker = document.createElement("input");
    picker.type = "date";
    picker.tabIndex = -1;
    picker.className = "sr";
    picker.setAttribute("aria-hidden", "true");
    field.after(picker);
    field.addEventListener("dblclick", () => { picker.value = field.value; if (picker.showPicker) picker.showPicker(); });
    field.addEventListener("keydown", (event) => {
      if (event.altKey && event.key === "ArrowDown") { picker.value = field.value; if (picker.showPicker) picker.showPicker(); }
    });
    picker.addEventListener("change", () => { field.value = picker.value; field.focus(); });
  };
  const lookup = (field) => {
    const list = document.createElement("datalist");
    list.id = field.id + "-list";
    field.after(list);
    field.setAttribute("list", list.id);
    const chosen = field.form.elements.namedItem(field.name + ":id"), was = field.form.elements.namedItem(field.name + ":was");
    let ids = new Map(), soon;
    field.addEventListener("input", () => {
      if (ids.has(field.value)) { chosen.value = ids.get(field.value); was.value = field.value; return; }
      clearTimeout(soon);
      soon = setTimeout(async () => {
        if (field.value.trim().length < 1) return;
        const found = await (await fetched("/lookup/" + field.dataset.lookup + "?q=" + encodeURIComponent(field.value))).json();
        ids = new Map(found.map((one) => [one.label, one.id]));
        list.replaceChildren(...found.map((one) => {
          const option = document.createElement("option");
          option.value = one.label;
          option.textContent = one.under;
          return option;
        }));
      }, 200);
    });
  };

  // --- the board ----------------------------------------------------------------------------------
  const dialogOf = (text) => {
    const inner = parsed(text).querySelector("[data-dialog]");
    if (!inner) return null;
    const dialog = document.createElement("dialog");
    dialog.append(inner);
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    for (const one of all("[data-close]", dialog)) one.addEventListener("click", (event) => { event.preventDefault(); dialog.close(); });
    const form = dialog.querySelector("form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = new FormData(form, event.submitter);
      dialog.close();
      send(form.getAttribute("action"), given);
    });
    ready(dialog);
    dialog.showModal();
    return dialog;
  };
  // A refused move opens what it asks for; a move that was taken shows the board as it is now.
  const send = async (address, given) => {
    const answer = await fetched(address, { method: "POST", body: new URLSearchParams(given), redirect: "follow" });
    if (answer.ok) { await refresh(location.href, false); return; }
    if (!dialogOf(await answer.text())) location.reload();
  };
  const board = (place) => {
    for (const form of all("[data-move]", place)) form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form.getAttribute("action"), new FormData(form, event.submitter));
    });
    let card = null, ghost = null, over = null, start = null;
    const end = () => {
      if (ghost) ghost.remove();
      if (card) card.classList.remove("gone");
      if (over) over.classList.remove("over");
      card = ghost = over = start = null;
    };
    const lift = (event) => {
      const box = card.getBoundingClientRect();
      ghost = card.cloneNode(true);
      ghost.classList.add("flying");
      ghost.width = box.width;
      // Size and place are set by script on the element, which a policy without inline style allows.
      ghost.style.width = box.width + "px";
      start.dx = start.x - box.left;
      start.dy = start.y - box.top;
      document.body.append(ghost);
      card.classList.add("gone");
      follow(event);
    };
    const follow = (event) => {
      ghost.style.left = event.clientX - start.dx + "px";
      ghost.style.top = event.clientY - start.dy + "px";
      const below = document.elementFromPoint(event.clientX, event.clientY);
      const column = below && below.closest("[data-stage]");
      if (column !== over) {
        if (over) over.classList.remove("over");
        over = column;
        if (over) over.classList.add("over");
      }
      const edge = 40;
      if (event.clientX > innerWidth - edge) place.scrollBy(16, 0);
      if (event.clientX < place.getBoundingClientRect().left + edge) place.scrollBy(-16, 0);
    };
    place.addEventListener("dragstart", (event) => event.preventDefault());
    place.addEventListener("pointerdown", (event) => {
      const found = event.target.closest("[data-card]");
      if (!found || event.button || event.target.closest("summary, button, select, form")) return;
      card = found;
      start = { x: event.clientX, y: event.clientY, id: event.pointerId, touch: event.pointerType === "touch" };
    });
    place.addEventListener("pointermove", (event) => {
      if (!card || event.pointerId !== start.id) return;
      if (ghost) { follow(event); event.preventDefault(); return; }
      const far = Math.hypot(event.clientX - start.x, event.clientY - start.y);
      // A finger that goes up or down scrolls; one that goes sideways carries the card.
      if (start.touch && Math.abs(event.clientY - start.y) > Math.abs(event.clientX - start.x)) { end(); return; }
      if (far > 8) { place.setPointerCapture(event.pointerId); lift(event); }
    });
    place.addEventListener("pointercancel", end);
    place.addEventListener("pointerup", () => {
      const from = card && card.closest("[data-stage]"), to = over, lifted = ghost, form = card && card.querySelector("form");
      end();
      if (!lifted) return;
      addEventListener("click", (event) => { event.preventDefault(); event.stopPropagation(); }, { capture: true, once: true });
      if (!to || to === from) return;
      const given = form ? new FormData(form) : new FormData();
      given.set("to", to.dataset.stage);
      const action = form ? form.getAttribute("action") : null;
      if (action) send(action, given);
    });
  };

  // --- the tree of units: one is dropped upon another, and the form is filled in for its reason ----
  const tree = (place) => {
    const form = document.querySelector("[data-moving]");
    let carried = null, over = null;
    const mark = (next) => {
      if (over) over.classList.remove("over");
      over = next;
      if (over) over.classList.add("over");
    };
    for (const one of all("[data-unit] > summary", place)) one.draggable = true;
    place.addEventListener("dragstart", (event) => {
      carried = event.target.closest("[data-unit]");
      event.dataTransfer.setData("text/plain", carried.dataset.unit);
    });
    place.addEventListener("dragover", (event) => {
      const to = event.target.closest("[data-unit]");
      mark(carried && to && !carried.contains(to) ? to : null);
      if (over) event.preventDefault();
    });
    place.addEventListener("dragend", () => { mark(null); carried = null; });
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      form.elements.unit.value = carried.dataset.unit;
      form.elements.parent.value = over.dataset.unit;
      form.elements.because.focus();
    });
  };

  // --- everywhere ---------------------------------------------------------------------------------
  const ready = (within) => {
    for (const one of all("[data-filter]", within)) live(one);
    for (const one of all("[data-columns]", within)) columns(one);
    for (const one of all("[data-bulk]", within)) bulk(one);
    for (const one of all("[data-day]", within)) days(one);
    for (const one of all("[data-lookup]", within)) lookup(one);
    for (const one of all("[data-board]", within)) board(one);
    if (within.matches && within.matches("[data-board]")) board(within);
    for (const one of all("[data-tree]", within)) tree(one);
    for (const one of all("[data-go]", within)) one.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      refresh(one.href);
    });
    for (const one of all("[data-sure]", within)) one.addEventListener("click", (event) => {
      if (!confirm(one.dataset.sure)) event.preventDefault();
    });
  };
  document.addEventListener("click", (event) => {
    for (const one of all("details.drop[open]")) if (!one.contains(event.target)) one.open = false;
    const menu = document.getElementById("menu");
    if (event.target.closest("[data-menu]")) { event.preventDefault(); menu.classList.toggle("on"); }
    else if (menu && menu.classList.contains("on") && !menu.contains(event.target)) menu.classList.remove("on");
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      const box = document.getElementById("find");
      if (box) { event.preventDefault(); box.focus(); box.select(); }
    }
    if (event.key === "Escape") for (const one of all("details.drop[open]")) one.open = false;
  });
  ready(document);
})();
