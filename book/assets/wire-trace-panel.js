// What a moment of a trace looks like at both ends: the state of each socket, its window, what is on its way to it.
//
//   wirebook.TracePanel(trace)   panel.element, and panel.show(at): the moment just after the event of index `at`
'use strict';

(function () {
  const ENDS = ['client', 'server'];

  class TracePanel {
    constructor(trace) {
      this.trace = trace;
      this.scale = Math.max(1, ...trace.events.filter(isAdvertisement).map((event) => event.window_bytes));
      this.name = make('p', 'trace-connection');
      this.name.hidden = trace.connections.length < 2;
      this.ends = ENDS.map((end, index) => new EndView(trace.hosts[index].name, this.scale, hasQueue(trace, end)));
      const pair = make('div', 'trace-ends');
      pair.append(...this.ends.map((view) => view.element));
      this.element = make('div', 'trace-panel');
      this.element.append(this.name, pair);
    }

    show(at) {
      const past = this.trace.events.slice(0, at + 1);
      // What is about no connection (a queue) leaves the last one in view.
      const connection = past.findLast((event) => Number.isInteger(event.connection))?.connection ?? 0;
      const addresses = this.trace.connections[connection];
      if (addresses !== undefined) {
        this.name.textContent = `Connection :${portOf(addresses.client)} → :${portOf(addresses.server)}`;
        this.name.dataset.tone = connection % 6;
      }
      ENDS.forEach((end, index) => this.ends[index].show(this.stateOf(past, connection, end)));
    }

    stateOf(past, connection, end) {
      const ofConnection = (event) => event.connection === connection;
      const ofState = (event) => event.type === 'state' && event.host === end && ofConnection(event);
      const state = past.findLast(ofState);
      const before = this.trace.events.some(ofState) ? 'CLOSED' : '';
      const queue = past.findLast((event) => event.type === 'queue' && event.host === end);
      const sent = past.filter((event) => event.type === 'segment' && ofConnection(event));
      const other = end === 'client' ? 'server' : 'client';
      return {
        state: state?.state ?? before,
        unread: state?.unread ?? 0,
        unacknowledged: state?.unacknowledged ?? 0,
        window: windowOf(sent, end),
        coming: inFlight(sent, other),
        waiting: queue?.waiting ?? 0,
      };
    }
  }

  // One end: its name and state, its window as a bar, and the numbers.
  class EndView {
    constructor(name, scale, queue) {
      this.scale = scale;
      this.queue = queue;
      this.state = make('span', 'end-state');
      this.bar = make('div', 'end-bar');
      this.bar.setAttribute('aria-hidden', 'true');
      this.bar.append(make('span', 'end-window'), make('span', 'end-coming'));
      this.numbers = make('dl', 'end-numbers');
      const head = make('p', 'end-head');
      head.append(make('span', 'end-name', name), ' ', this.state);
      this.element = make('div', 'trace-end');
      this.element.append(head, this.bar, this.numbers);
    }

    show(now) {
      const open = now.window !== null && now.state !== 'CLOSED';
      this.state.textContent = now.state;
      this.element.dataset.state = now.state;
      this.bar.classList.toggle('shut', open && now.window === 0);
      this.bar.classList.toggle('none', !open);
      this.bar.style.setProperty('--window', open ? now.window / this.scale : 0);
      this.bar.style.setProperty('--coming', open ? Math.min(1, now.coming / this.scale) : 0);
      const rows = [['window', open ? bytes(now.window) : '–']];
      if (now.coming > 0 && open) rows.push(['on its way to it', bytes(now.coming)]);
      if (now.unread > 0) rows.push(['unread', bytes(now.unread)]);
      if (now.unacknowledged > 0) rows.push(['unacknowledged', bytes(now.unacknowledged)]);
      if (this.queue) rows.push(['to be accepted', String(now.waiting)]);
      this.numbers.replaceChildren(...rows.flatMap(([name, value]) => [make('dt', '', name), make('dd', '', value)]));
    }
  }

  // A reset's window means nothing, and what was lost has told the other end nothing.
  function isAdvertisement(event) {
    return event.type === 'segment' && !event.flags.includes('RST') && !isLost(event);
  }

  function isLost(segment) {
    return segment.fate === 'lost' || segment.fate === 'cut';
  }

  function windowOf(sent, end) {
    return sent.findLast((event) => event.from === end && isAdvertisement(event))?.window_bytes ?? null;
  }

  // Bytes of data that `sender` has sent and that are not acknowledged. SYN and FIN count in sequence numbers, and are
  // no data.
  function inFlight(sent, sender) {
    const own = sent.filter((event) => event.from === sender);
    if (own.length === 0) return 0;
    const starts = own.map((event) => event.seq + (event.flags.includes('SYN') ? 1 : 0));
    const highest = Math.max(...own.map((event, index) => starts[index] + event.length));
    const acks = sent.filter((event) => event.from !== sender && event.ack !== null && !isLost(event));
    const acknowledged = Math.max(starts[0], ...acks.map((event) => event.ack));
    return Math.max(0, highest - acknowledged);
  }

  function hasQueue(trace, end) {
    return trace.events.some((event) => event.type === 'queue' && event.host === end);
  }

  function portOf(address) {
    return address.slice(address.lastIndexOf(':') + 1);
  }

  function bytes(number) {
    return `${number} ${number === 1 ? 'byte' : 'bytes'}`;
  }

  function make(tag, className = '', text = '') {
    const element = document.createElement(tag);
    if (className !== '') element.className = className;
    if (text !== '') element.textContent = text;
    return element;
  }

  window.wirebook.TracePanel = TracePanel;
})();
