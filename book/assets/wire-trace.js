// <wire-trace name="handshake">: the player of a trace. In the page it holds the figure of a recording: the ladder as
// SVG, its caption, the same as a list, and the trace as JSON. The element draws no ladder: it shows the one it finds
// event by event, the state of both ends beside it, and a segment's header below. With the companion it also has the
// experiment run on the reader's machine, and shows what came of it in the recording's place.
'use strict';

(function () {
  const EVENT = 700; // ms for each event, when playing
  const SILENCE = 200_000; // µs without an event that are told, in place of being waited for
  const TOLD = 1000; // ms to read that
  const PATIENCE = 60_000; // ms for the companion's answer

  const ICONS = {
    start: 'M4 3v10M12 3 7 8l5 5',
    back: 'M10 3 5 8l5 5',
    play: 'M4.5 2.5v11L13 8z',
    pause: 'M5.5 3v10M10.5 3v10',
    forward: 'M6 3l5 5-5 5',
    end: 'M12 3v10M4 3l5 5-5 5',
  };

  class WireTrace extends HTMLElement {
    connectedCallback() {
      if (this.player !== undefined) return;
      this.player = playerIn(this.querySelector('figure.trace'));
      if (this.player === null) return;
      this.classList.add('live');
      if (window.wirebook.live && this.hasAttribute('name')) this.addLive(this.player);
    }

    addLive(recording) {
      this.recording = recording;
      this.running = false;
      this.up = true;
      this.run = textButton('Run it on this machine', () => this.runHere());
      this.back = textButton('Show the recording', () => this.put(this.recording, '', null));
      this.back.hidden = true;
      this.told = make('p', 'trace-told');
      this.told.setAttribute('aria-live', 'polite');
      this.difference = make('pre', 'trace-difference');
      this.difference.hidden = true;
      const live = make('div', 'trace-live');
      live.append(this.run, this.back, this.told, this.difference);
      this.append(live);
      wirebook.watchLink((up) => {
        this.up = up;
        this.toggleRun();
      });
    }

    // Not `disabled`, which would take the keyboard's focus away from whoever has just pressed it.
    toggleRun() {
      this.run.setAttribute('aria-disabled', String(this.running || !this.up));
    }

    async runHere() {
      if (this.running || !this.up) return;
      this.running = true;
      this.toggleRun();
      this.told.classList.remove('wrong');
      this.told.textContent = 'Running on your kernel …';
      try {
        const { html, same, difference } = await requestRun(this.getAttribute('name'));
        const player = playerIn(new DOMParser().parseFromString(html, 'text/html').querySelector('figure.trace'));
        if (player === null) throw new Error('The companion’s answer holds no trace. Is it as new as this page? Restart it with cargo wirebook.');
        const verdict = same ? 'It went as in the recording.' : 'It went otherwise than in the recording:';
        this.put(player, `Run on this machine, Linux ${player.trace.kernel}. ${verdict}`, same ? null : difference);
      } catch (error) {
        this.told.classList.add('wrong');
        this.told.textContent = error.message;
      }
      this.running = false;
      this.toggleRun();
    }

    put(player, told, difference) {
      this.player.pause();
      this.player.figure.replaceWith(player.figure);
      this.player = player;
      const own = player !== this.recording;
      if (!own) this.run.focus();
      this.back.hidden = !own;
      this.run.textContent = own ? 'Run it again' : 'Run it on this machine';
      this.classList.toggle('own-run', own);
      this.told.classList.remove('wrong');
      this.told.textContent = told;
      this.difference.textContent = difference ?? '';
      this.difference.hidden = !difference;
    }
  }

  // What the companion answers, or an error with what to tell the reader.
  async function requestRun(name) {
    let response;
    try {
      response = await fetch(`/wirebook/trace/${encodeURIComponent(name)}`, {
        method: 'POST',
        headers: { 'X-Wirebook-Token': document.querySelector('meta[name="wirebook-token"]')?.content ?? '' },
        signal: AbortSignal.timeout(PATIENCE),
      });
    } catch (error) {
      if (error.name === 'TimeoutError') throw new Error(`No answer within ${PATIENCE / 1000} s. See what cargo wirebook says in its terminal.`);
      throw new Error('The companion does not answer. Start it with cargo wirebook, then try again.');
    }
    const text = await response.text().catch(() => '');
    let answer = null;
    try {
      answer = JSON.parse(text);
    } catch {}
    if (response.ok && typeof answer?.html === 'string') return answer;
    throw new Error(answer?.error || (response.ok ? '' : text.trim()) || `The companion answered with status ${response.status}. See what it says in its terminal.`);
  }

  // A figure without an SVG or a trace that can be read stays as it is: to be looked at.
  function playerIn(figure) {
    const svg = figure?.querySelector('svg.wire-ladder') ?? null;
    if (svg === null) return null;
    try {
      const trace = JSON.parse(figure.querySelector('.trace-data').textContent);
      return trace.version === 1 && trace.events.length > 0 ? new Player(figure, svg, trace) : null;
    } catch (error) {
      console.error('wire-trace:', error);
      return null;
    }
  }

  class Player {
    constructor(figure, svg, trace) {
      Object.assign(this, { figure, svg, trace });
      this.last = trace.events.length - 1;
      this.at = this.last; // the whole ladder, so that nobody has to play it to read it
      this.started = false;
      this.timer = 0; // of playing; 0: not playing
      this.chosen = null; // segment under the keyboard's cursor
      this.opened = null; // segment whose header is shown
      this.groups = elementsByEvent(svg, '[data-event]');
      this.sentences = elementsByEvent(figure, '.trace-text [data-event]');
      this.segments = trace.events.flatMap((event, index) => (event.type === 'segment' ? [index] : []));
      this.build();
      this.show(this.last);
    }

    build() {
      this.ladder = make('div', 'trace-ladder');
      this.ladder.tabIndex = 0;
      this.ladder.setAttribute('role', 'application');
      this.ladder.setAttribute('aria-label', `${this.trace.title}: arrow up and down choose a segment, Enter opens its header`);
      const stage = make('div', 'trace-stage');
      this.svg.replaceWith(stage);
      this.band = this.addToLadder('rect', 'trace-band', this.svg.querySelector('g'));
      this.traveller = this.addToLadder('circle', 'trace-traveller', null);
      this.traveller.setAttribute('r', '4.5');
      this.ladder.append(this.svg);
      this.header = make('section', 'trace-header');
      this.header.tabIndex = -1;
      this.header.hidden = true;
      this.aloud = make('p', 'visually-hidden');
      this.aloud.setAttribute('role', 'status');
      stage.append(this.ladder, this.dock(), this.aloud);
      stage.after(this.header);
      this.ladder.addEventListener('click', (event) => this.clicked(event));
      this.ladder.addEventListener('blur', () => this.choose(null));
      this.figure.addEventListener('keydown', (event) => this.pressed(event));
    }

    dock() {
      const dock = make('div', 'trace-dock');
      const controls = make('div', 'trace-controls');
      controls.setAttribute('role', 'group');
      controls.setAttribute('aria-label', 'Player');
      const step = (icon, name, to) => iconButton(icon, name, () => this.step(to()));
      this.button = iconButton('play', 'Play', () => this.toggle());
      this.button.classList.add('trace-play');
      this.range = make('input', 'trace-scrubber');
      Object.assign(this.range, { type: 'range', min: 1, max: this.last + 1, value: this.last + 1 });
      this.range.setAttribute('aria-label', 'Moment');
      this.range.addEventListener('input', () => this.step(this.range.value - 1, false));
      this.count = make('span', 'trace-count');
      this.time = make('span', 'trace-time');
      controls.append(
        step('start', 'To the start', () => 0),
        step('back', 'Step back', () => this.at - 1),
        this.button,
        step('forward', 'Step forward', () => this.at + 1),
        step('end', 'To the end', () => this.last),
        this.time, this.range, this.count,
      );
      this.sentence = make('p', 'trace-sentence');
      this.panel = new wirebook.TracePanel(this.trace);
      dock.append(controls, this.sentence, this.panel.element);
      this.dockElement = dock;
      return dock;
    }

    addToLadder(tag, className, before) {
      const element = document.createElementNS(this.svg.namespaceURI, tag);
      element.setAttribute('class', className);
      this.svg.insertBefore(element, before?.parentNode === this.svg ? before : null);
      return element;
    }

    // The moment just after the event `at`: what is later is faint.
    show(at) {
      this.at = Math.min(Math.max(at, 0), this.last);
      const event = this.trace.events[this.at];
      for (const [index, elements] of this.groups) {
        for (const element of elements) element.classList.toggle('later', index > this.at);
      }
      this.drawBand();
      this.range.value = this.at + 1;
      const time = timeOf(event.at);
      this.range.setAttribute('aria-valuetext', `event ${this.at + 1} of ${this.last + 1}: ${nameOf(event)}, ${time}`);
      this.time.textContent = time;
      this.count.textContent = `${this.at + 1}/${this.last + 1}`;
      this.sentence.textContent = this.started ? this.sentenceOf(this.at) : `${this.last + 1} events. Play them, or choose a segment to see its header.`;
      this.panel.show(this.at);
    }

    drawBand() {
      const box = this.started ? boxOf(this.groups.get(this.at)) : null;
      this.band.classList.toggle('shown', box !== null);
      if (box === null) return;
      const view = this.svg.viewBox.baseVal;
      const place = { x: view.x, width: view.width, y: box.top - 3, height: box.bottom - box.top + 6 };
      for (const [name, value] of Object.entries(place)) this.band.setAttribute(name, value);
    }

    sentenceOf(index) {
      return this.sentences.get(index)?.[0].textContent.trim() || `${nameOf(this.trace.events[index])}, ${timeOf(this.trace.events[index].at)}`;
    }

    start() {
      this.started = true;
      this.figure.classList.add('started');
    }

    // By the reader: not while playing, which would be too much to listen to. The scrubber says its value itself.
    step(to, aloud = true) {
      this.pause();
      this.start();
      this.show(to);
      this.keepInView(this.groups.get(this.at));
      if (aloud) this.aloud.textContent = this.sentenceOf(this.at);
    }

    toggle() {
      if (this.timer !== 0) return this.pause();
      this.start();
      this.figure.classList.add('playing');
      setIcon(this.button, 'pause', 'Pause');
      this.play(this.at === this.last ? 0 : this.at + 1);
    }

    pause() {
      clearTimeout(this.timer);
      this.timer = 0;
      this.figure.classList.remove('playing');
      setIcon(this.button, 'play', 'Play');
    }

    play(index) {
      this.show(index);
      this.keepInView(this.groups.get(index));
      this.travel(index);
      this.timer = setTimeout(() => this.playNext(index), EVENT);
    }

    playNext(index) {
      if (index === this.last || !this.figure.isConnected) return this.pause();
      const silence = this.silenceAfter(index);
      if (silence < SILENCE) return this.play(index + 1);
      this.sentence.textContent = `${timeOf(silence)} of silence, shortened here.`;
      this.timer = setTimeout(() => this.play(index + 1), TOLD);
    }

    // From the last thing that happens, which may be the arrival of a segment sent earlier, to the next event.
    silenceAfter(index) {
      const next = this.trace.events[index + 1].at;
      const times = this.trace.events.slice(0, index + 1).flatMap((event) => [event.at, event.arrived ?? 0]);
      return next - Math.max(...times.filter((time) => time <= next));
    }

    travel(index) {
      const way = this.groups.get(index)?.[0].querySelector('path.hit');
      if (!way || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
      const places = [way.getPointAtLength(0), way.getPointAtLength(way.getTotalLength())];
      const frames = places.map(({ x, y }) => ({ transform: `translate(${x}px, ${y}px)`, opacity: 1 }));
      this.traveller.animate(frames, { duration: EVENT - 100, easing: 'ease-in-out' });
    }

    // A ladder may be taller than the window; the dock may lie over its lower end.
    keepInView(elements) {
      if (!elements) return;
      const boxes = elements.map((element) => element.getBoundingClientRect());
      const dock = this.dockElement.getBoundingClientRect();
      const below = dock.left < this.svg.getBoundingClientRect().right;
      const floor = (below ? Math.min(innerHeight, dock.top) : innerHeight) - 20;
      const top = Math.min(...boxes.map((box) => box.top)) - 70; // the page's menu bar
      const over = Math.max(...boxes.map((box) => box.bottom)) - floor;
      const smooth = !matchMedia('(prefers-reduced-motion: reduce)').matches;
      if (top < 0 || over > 0) scrollBy({ top: top < 0 ? top : Math.min(over, top), behavior: smooth ? 'smooth' : 'instant' });
    }

    clicked(event) {
      const index = Number(event.target.closest('.segment[data-event]')?.dataset.event ?? NaN);
      if (this.segments.includes(index)) this.open(index);
    }

    // The cursor on the ladder, for the keyboard.
    choose(index) {
      for (const element of this.groups.get(this.chosen) ?? []) element.classList.remove('chosen');
      this.chosen = index;
      for (const element of this.groups.get(index) ?? []) element.classList.add('chosen');
      if (index === null) return;
      this.aloud.textContent = this.sentenceOf(index);
      this.keepInView(this.groups.get(index));
    }

    chooseNext(direction) {
      const here = this.segments.indexOf(this.chosen ?? this.opened);
      const next = here < 0 ? (direction > 0 ? 0 : this.segments.length - 1) : here + direction;
      if (this.segments[next] !== undefined) this.choose(this.segments[next]);
    }

    open(index) {
      this.pause();
      this.markOpened(index);
      const segment = this.trace.events[index];
      const number = this.segments.indexOf(index);
      const title = `Segment ${number + 1} of ${this.segments.length}: ${nameOf(segment)}`;
      const head = make('div', 'header-head');
      const go = (icon, name, to) => {
        const button = iconButton(icon, name, () => this.open(to));
        button.disabled = to === undefined;
        return button;
      };
      head.append(
        make('p', 'header-title', title),
        go('back', 'Previous segment', this.segments[number - 1]),
        go('forward', 'Next segment', this.segments[number + 1]),
        textButton('Close', () => this.close()),
      );
      this.header.setAttribute('aria-label', title);
      this.header.replaceChildren(head, make('p', 'header-story', this.sentenceOf(index)), wirebook.traceHeader(segment));
      this.header.hidden = false;
      this.header.focus({ preventScroll: true });
      this.header.scrollIntoView({ block: 'nearest' });
    }

    close() {
      const index = this.opened;
      this.header.hidden = true;
      this.markOpened(null);
      this.ladder.focus({ preventScroll: true });
      this.choose(index);
    }

    markOpened(index) {
      for (const element of this.groups.get(this.opened) ?? []) element.classList.remove('opened');
      this.opened = index;
      for (const element of this.groups.get(index) ?? []) element.classList.add('opened');
    }

    // No key that is meant for the player may turn mdBook's page as well.
    pressed(event) {
      if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      const { key, target } = event;
      const onRange = target === this.range;
      const onLadder = target === this.ladder;
      if (onRange && /^(Arrow|Home|End|Page)/.test(key)) return event.stopPropagation();
      const act = {
        k: () => this.toggle(),
        j: () => this.step(this.at - 1),
        l: () => this.step(this.at + 1),
        ArrowLeft: () => this.step(this.at - 1),
        ArrowRight: () => this.step(this.at + 1),
        Home: () => this.step(0),
        End: () => this.step(this.last),
        // A button, a link or a summary does with it what it always does.
        ' ': target.closest('button, a, summary') === null ? () => this.toggle() : undefined,
        ArrowUp: onLadder ? () => this.chooseNext(-1) : undefined,
        ArrowDown: onLadder ? () => this.chooseNext(1) : undefined,
        Enter: onLadder && this.chosen !== null ? () => this.open(this.chosen) : undefined,
        Escape: this.opened !== null ? () => this.close() : undefined,
      }[key.length === 1 ? key.toLowerCase() : key];
      if (act === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  }

  function elementsByEvent(root, selector) {
    const found = new Map();
    for (const element of root.querySelectorAll(selector)) {
      const index = Number(element.dataset.event);
      found.set(index, [...(found.get(index) ?? []), element]);
    }
    return found;
  }

  // null where nothing is drawn, or nothing is shown yet.
  function boxOf(elements = []) {
    const boxes = elements.map((element) => element.getBBox()).filter((box) => box.width > 0);
    if (boxes.length === 0) return null;
    return { top: Math.min(...boxes.map((box) => box.y)), bottom: Math.max(...boxes.map((box) => box.y + box.height)) };
  }

  function nameOf(event) {
    if (event.type === 'segment') return (event.flags.join(' ') || 'no flags') + (event.length > 0 ? `, ${event.length} bytes` : '');
    if (event.type === 'state') return `${event.host} ${event.state}`;
    if (event.type === 'queue') return `${event.waiting} waiting`;
    return event.phase === 'begins' ? `${event.call} is called` : `${event.call} returns ${event.result}`;
  }

  function timeOf(micros) {
    return micros < 1_000_000 ? `${(micros / 1000).toFixed(1)} ms` : `${(micros / 1_000_000).toFixed(2)} s`;
  }

  function iconButton(icon, name, action) {
    const button = textButton('', action);
    button.className = 'trace-icon';
    setIcon(button, icon, name);
    return button;
  }

  function setIcon(button, icon, name) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const path = svg.appendChild(document.createElementNS(svg.namespaceURI, 'path'));
    svg.setAttribute('viewBox', '0 0 16 16');
    svg.setAttribute('aria-hidden', 'true');
    path.setAttribute('d', ICONS[icon]);
    button.title = name;
    button.setAttribute('aria-label', name);
    button.dataset.icon = icon;
    button.replaceChildren(svg);
  }

  function textButton(text, action) {
    const button = make('button', 'trace-button', text);
    button.type = 'button';
    button.addEventListener('click', action);
    return button;
  }

  function make(tag, className = '', text = '') {
    const element = document.createElement(tag);
    if (className !== '') element.className = className;
    if (text !== '') element.textContent = text;
    return element;
  }

  customElements.define('wire-trace', WireTrace);
})();
