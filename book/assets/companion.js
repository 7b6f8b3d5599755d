// The page's line to the companion (`cargo wirebook`), shared by all elements of the page.
//
// The companion puts a token into the head of each page it serves. Without one (stock mdbook, file://) nothing here
// is done, and the elements keep their static content.
//
//   wirebook.live                        whether there is a companion to talk to
//   wirebook.watch(exercise, listener)   listener(state) now, if known, and at each change
//   wirebook.watchLink(listener)         listener(up) now and at each change: is the companion there?
//   wirebook.check(exercise)             start a check; a promise, rejected with what to tell the reader
'use strict';

(function () {
  const token = tokenOf(document);
  const text = textOf(document);

  const states = new Map(); // exercise → its latest state
  const listeners = new Map(); // exercise → [listener]
  const linkListeners = [];
  let up = true; // until shown otherwise, so that nothing flashes on load
  let bookError = null;

  window.wirebook = { live: token !== null, watch, watchLink, check };
  if (token === null) return;

  function watch(exercise, listener) {
    if (!listeners.has(exercise)) listeners.set(exercise, []);
    listeners.get(exercise).push(listener);
    if (states.has(exercise)) listener(states.get(exercise));
  }

  function watchLink(listener) {
    linkListeners.push(listener);
    listener(up);
  }

  async function check(exercise) {
    let response;
    try {
      response = await fetch(`/wirebook/check/${encodeURIComponent(exercise)}`, {
        method: 'POST',
        headers: { 'X-Wirebook-Token': token },
      });
    } catch {
      throw new Error('The companion does not answer.');
    }
    if (!response.ok) {
      const reason = (await response.text().catch(() => '')).trim();
      throw new Error(reason || `The companion answered with status ${response.status}.`);
    }
  }

  // The stream. A browser opens at most six connections to a host, and a stream takes one for as long as it lasts:
  // so only pages that can be seen hold one, or the seventh chapter in a tab would never load.

  let stream = null;
  let streamsOpened = 0;
  let fresh = Promise.resolve(); // fulfilled when the page is known to be the companion's present one
  let retry = 0; // timers
  let lost = 0;

  function connect() {
    if (stream !== null || document.hidden) return;
    stream = new EventSource('/wirebook/events');
    stream.onopen = opened;
    stream.onerror = failed;
    stream.addEventListener('exercise', (event) => fresh.then(() => publish(JSON.parse(event.data))));
    stream.addEventListener('reload', () => location.reload());
    stream.addEventListener('book-error', (event) => {
      bookError = JSON.parse(event.data).message;
      showBanner();
    });
  }

  function disconnect() {
    clearTimeout(retry);
    clearTimeout(lost);
    lost = 0;
    stream?.close();
    stream = null;
  }

  function opened() {
    clearTimeout(lost);
    lost = 0;
    setUp(true);
    streamsOpened += 1;
    if (streamsOpened > 1) fresh = reloadIfChanged();
  }

  function failed() {
    // Not at once: the companion may be restarting, or this page be on its way out.
    if (lost === 0) lost = setTimeout(() => setUp(false), 1500);
    // The browser tries again by itself unless it was answered with an error.
    if (stream !== null && stream.readyState === EventSource.CLOSED) {
      stream = null;
      retry = setTimeout(connect, 1000);
    }
  }

  // While there was no stream a `reload` may have been missed, and a companion that has been restarted has another
  // token. The browser keeps the place in the page over a reload.
  async function reloadIfChanged() {
    try {
      const response = await fetch(location.pathname, { cache: 'no-store' });
      if (!response.ok) return;
      const now = new DOMParser().parseFromString(await response.text(), 'text/html');
      if (tokenOf(now) === token && textOf(now) === text) return;
      location.reload();
      await new Promise(() => {}); // nothing more is to be done with this one
    } catch {
      // Gone again: the stream has noticed as well.
    }
  }

  function publish(state) {
    states.set(state.exercise, state);
    for (const listener of listeners.get(state.exercise) ?? []) listener(state);
  }

  function setUp(now) {
    if (up === now) return;
    up = now;
    for (const listener of linkListeners) listener(up);
    showBanner();
  }

  // The banner: one at most, at the foot of the window, never over what has the reader's attention.

  const banner = document.createElement('aside');
  banner.className = 'wirebook-banner';
  banner.setAttribute('role', 'status');

  function showBanner() {
    if (!up) {
      say('The companion is not running.', 'Start it with cargo wirebook; this page then goes on by itself.', null);
    } else if (bookError !== null) {
      say('The book does not build.', 'This is the page from before the error.', bookError);
    } else {
      banner.remove();
    }
  }

  function say(what, then, detail) {
    const line = document.createElement('p');
    const head = document.createElement('strong');
    head.textContent = what;
    line.append(head, ` ${then}`);
    banner.replaceChildren(line);
    if (detail !== null) {
      const details = document.createElement('details');
      const summary = document.createElement('summary');
      summary.textContent = 'What mdBook says';
      const pre = document.createElement('pre');
      pre.textContent = detail;
      pre.tabIndex = 0;
      details.append(summary, pre);
      banner.append(details);
    }
    if (!banner.isConnected) document.body.append(banner);
  }

  function tokenOf(page) {
    return page.querySelector('meta[name="wirebook-token"]')?.content ?? null;
  }

  // What a page says, whatever the highlighter has done to its spaces.
  function textOf(page) {
    return page.querySelector('main')?.textContent.replace(/\s+/g, ' ') ?? '';
  }

  document.addEventListener('visibilitychange', () => (document.hidden ? disconnect() : connect()));
  window.addEventListener('pagehide', disconnect);
  connect();
})();
