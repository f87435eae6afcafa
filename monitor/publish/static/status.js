// Keeps the page fresh: listens for news, fetches the page itself, and takes over what has changed.
// The server is the one renderer; without this script the page loads itself anew every few seconds.
"use strict";

(() => {
  const PACE = 1000; // between two fetches, in milliseconds
  const SILENCE = 15000; // the stream beats every 5 s
  const ANYWAY = 30000; // "for 4 min" grows old without any news
  const RETRY = 3000;

  const live = document.getElementById("live");
  const sheet = document.getElementById("sheet");
  let stream = null;
  let heard = Date.now();
  let shown = Date.now();
  let begun = 0;
  let waiting = 0;
  let fetching = false;
  let shownTarget = null;

  // --- taking over a document, node by node, so that focus, selection and scrolling stay where they are

  function morph(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || old.id !== fresh.id) {
      old.replaceWith(fresh.cloneNode(true));
    } else if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
    } else {
      attributes(old, fresh);
      children(old, fresh);
    }
  }

  function attributes(old, fresh) {
    const own = old.nodeName === "DETAILS" ? "open" : "hidden"; // the reader's, and this script's
    for (const { name } of [...old.attributes]) {
      if (name !== own && !fresh.hasAttribute(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (name !== own && old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
  }

  function children(old, fresh) {
    const before = [...old.childNodes];
    const after = [...fresh.childNodes];
    after.forEach((node, index) => {
      if (index < before.length) morph(before[index], node);
      else old.append(node.cloneNode(true));
    });
    before.slice(after.length).forEach((node) => node.remove());
  }

  function prepared(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    prepare(fresh);
    return fresh;
  }

  // What only a script can do: the reader's own time of day, and buttons that copy.
  function prepare(root) {
    for (const time of root.querySelectorAll("time")) {
      const moment = new Date(time.dateTime);
      time.textContent = moment.toLocaleTimeString([], { hourCycle: "h23" });
      time.title = moment.toLocaleString();
    }
    for (const button of root.querySelectorAll(".copy")) button.hidden = false;
  }

  async function page(address) {
    const answer = await fetch(address, { cache: "no-store" });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return prepared(await answer.text());
  }

  // --- keeping up

  async function refresh() {
    waiting = 0;
    if (fetching) return void later();
    fetching = true;
    begun = Date.now();
    try {
      const fresh = await page("./");
      children(document.getElementById("main"), fresh.getElementById("main"));
      document.title = fresh.title;
      if (shownTarget) await showTarget(shownTarget);
      shown = heard = Date.now();
    } catch {
      // Told by the age of what is shown; the next news or the next tick tries again.
    } finally {
      fetching = false;
      tick();
    }
  }

  function later() {
    if (!waiting) waiting = setTimeout(refresh, Math.max(0, begun + PACE - Date.now()));
  }

  function connect() {
    stream?.close();
    heard = Date.now();
    stream = new EventSource("api/v1/events");
    stream.onopen = () => { heard = Date.now(); };
    for (const kind of ["event", "status"]) stream.addEventListener(kind, () => { heard = Date.now(); later(); });
    stream.addEventListener("beat", () => { heard = Date.now(); });
    stream.onerror = () => tick();
  }

  function disconnect() {
    stream?.close();
    stream = null;
  }

  function tick() {
    if (!live || !stream) return;
    const now = Date.now();
    const broken = stream.readyState !== EventSource.OPEN || now - heard > SILENCE;
    if (now - heard > SILENCE || (stream.readyState === EventSource.CLOSED && now - heard > RETRY)) connect();
    if (now - shown > ANYWAY) later();
    const age = Math.round((now - shown) / 1000);
    const lost = broken && age > 2;
    say(lost ? "lost" : "live", lost ? `Connection lost: this is ${words(age)} old` : "Live");
    document.documentElement.classList.toggle("lost-touch", lost && age > 10);
  }

  function words(seconds) {
    return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  }

  // A screen reader hears that the connection is lost, and not every second how long ago.
  function say(state, text) {
    live.className = `live ${state}`;
    live.setAttribute("aria-live", live.dataset.state === state ? "off" : "polite");
    live.dataset.state = state;
    if (live.textContent !== text) live.textContent = text;
  }

  // --- one target

  async function showTarget(address) {
    const fresh = await page(address);
    const content = document.getElementById("sheet-content");
    children(content, fresh.getElementById("main"));
    shownTarget = address;
    if (!sheet.open) {
      sheet.showModal();
      sheet.scrollTop = 0;
    }
  }

  async function copy(button) {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      // Without TLS a browser has no clipboard for us: what is selected can be copied all the same.
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".copy");
    const link = event.target.closest(".matrix a");
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    if (button) {
      copy(button);
    } else if (event.target === sheet) {
      sheet.close(); // beside it
    } else if (link && sheet && plain) {
      event.preventDefault();
      showTarget(link.href).catch(() => location.assign(link.href));
    }
  });
  sheet?.addEventListener("close", () => {
    shownTarget = null;
    document.getElementById("sheet-content").replaceChildren();
  });

  prepare(document);
  if (live) {
    connect();
    setInterval(tick, 1000);
    // A browser gives each host few connections: a page that nobody sees needs none.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        disconnect();
      } else {
        connect();
        refresh();
      }
    });
  }
})();
