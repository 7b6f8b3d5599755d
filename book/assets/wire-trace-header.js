// The TCP header of a segment, bit by bit (RFC 9293 §3.1), read from its bytes as they were sent.
//
//   wirebook.traceHeader(segment)   an element: the grid, what its fields mean, the data, what is remarkable
//
// Nothing here trusts the bytes: a header that is cut short or lies about its length is shown as far as it goes.
'use strict';

(function () {
  // Name, width in bits, what it is.
  const FIELDS = [
    ['Source port', 16, 'The port of the socket that sends the segment.'],
    ['Destination port', 16, 'The port it is sent to. Both addresses and both ports together name the connection.'],
    ['Sequence number', 32, 'The number of the first byte of data in this segment. A side begins at a random number; the ladder counts from there.'],
    ['Acknowledgement number', 32, 'The number of the byte that is expected next: all before it have arrived. Counts only with ACK.'],
    ['Data offset', 4, 'How long the header is, in words of 32 bits: the data begins after it.'],
    ['Reserved', 4, 'Not in use; sent as zero.'],
    ['CWR', 1, 'Its sender has slowed down, since it was told of congestion (ECN).'],
    ['ECE', 1, 'A packet has met congestion; on a SYN: ECN is understood here.'],
    ['URG', 1, 'The urgent pointer counts.'],
    ['ACK', 1, 'The acknowledgement number counts: so in every segment but the first.'],
    ['PSH', 1, 'The data is to be given to the program without waiting for more.'],
    ['RST', 1, 'The connection ends at once, or there is none.'],
    ['SYN', 1, 'Begins a connection: the sequence number is its sender’s first. Takes one sequence number itself.'],
    ['FIN', 1, 'No data will follow from its sender. Takes one sequence number itself.'],
    ['Window', 16, 'How many bytes its sender takes now, counted from the acknowledgement number.'],
    ['Checksum', 16, 'A sum over header, data and addresses: what was damaged on the way is dropped.'],
    ['Urgent pointer', 16, 'With URG: where the urgent data ends, counted from the sequence number.'],
  ];

  // Kind → name, what it is, the names of the values (and their bytes).
  const OPTIONS = new Map([
    [2, ['maximum segment size', 'How many bytes of data its sender takes in one segment.', [2]]],
    [3, ['window scale', 'By how many bits windows of its sender are shifted to the left, once both sides have sent this option.', [1]]],
    [4, ['SACK permitted', 'Selective acknowledgements may be sent to its sender.', []]],
    [5, ['SACK', 'Bytes that have arrived beyond the acknowledgement number: the first of a block, and the one after its last.', [4, 4, 4, 4, 4, 4, 4, 4]]],
    [8, ['timestamps', 'The clock of its sender, and the last clock it saw of the other side: for measuring the round trip.', [4, 4]]],
  ]);

  const MARKS = {
    'retransmission': 'A retransmission: what it carries was sent before, and no acknowledgement came in time.',
    'out-of-order': 'Out of order: it arrived after a segment that was sent later.',
    'duplicate-ack': 'A duplicate acknowledgement: something has arrived, but not the byte that is expected next.',
    'zero-window': 'A zero window: its sender has no room, and the other side must not send data until that changes.',
    'window-update': 'A window update: it tells only that there is room again.',
    'window-probe': 'A window probe: it asks whether a closed window has opened, lest the news of it was lost.',
    'keepalive': 'A keepalive: it repeats the last sequence number, so that the other side must answer if it is still there.',
    'keepalive-ack': 'The answer to a keepalive: this side is still there.',
    'reset': 'A reset: the connection ends at once, and data that was not read is lost.',
    'duplicate': 'The cable delivered it twice.',
    'unanswered': 'It arrived, and its receiver did nothing: there was no room for the connection.',
  };

  const FATES = {
    lost: 'The cable lost it: it never arrived.',
    cut: 'The cable was cut: it never arrived.',
    underway: 'It was still on its way when the recording ended.',
  };

  window.wirebook.traceHeader = function (segment) {
    const content = make('div', 'header-content');
    const bytes = bytesOf(segment.header);
    const fields = fieldsOf(bytes, segment);
    const trouble = troubleOf(bytes);
    content.append(...remarksOf(segment), gridOf(fields));
    if (trouble !== null) content.append(make('p', 'header-trouble', trouble));
    content.append(dataOf(segment));
    return content;
  };

  // From bytes to fields: { name, value, say, from (in bits), width, number, option? }.

  function bytesOf(header) {
    const digits = /^(?:[0-9a-f]{2})*/i.exec(String(header ?? ''))[0];
    return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  }

  function fieldsOf(bytes, segment) {
    const fields = [];
    let from = 0;
    for (const [name, width, say] of FIELDS) {
      if (from + width > bytes.length * 8) return fields;
      const number = bitsAt(bytes, from, width);
      fields.push({ name, say, from, width, number, value: valueOf(name, number, segment) });
      from += width;
    }
    return fields.concat(optionsOf(bytes.subarray(0, Math.max(20, offsetOf(bytes))), segment));
  }

  function optionsOf(bytes, segment) {
    const fields = [];
    let at = 20;
    const add = (name, length, say, value) => {
      const number = length <= 4 ? bitsAt(bytes, at * 8, length * 8) : null;
      fields.push({ name, say, from: at * 8, width: length * 8, number, value: value ?? String(number ?? ''), option: true });
      at += length;
    };
    while (at < bytes.length) {
      const kind = bytes[at];
      if (kind === 0) {
        add('End of options', bytes.length - at, 'No option follows; the rest fills the word.', '0');
      } else if (kind === 1) {
        add('No operation', 1, 'Fills the space before the next option, so that its values begin at whole words.', '1');
      } else {
        const length = bytes[at + 1];
        const end = at + length;
        if (length === undefined || length < 2 || end > bytes.length) {
          add('Unreadable option', bytes.length - at, 'Its length cannot be right, so neither it nor what follows is decoded.', `kind ${kind}`);
          break;
        }
        const [name, say, widths] = OPTIONS.get(kind) ?? ['unknown option', 'An option that this page does not know.', []];
        add(`Kind: ${name}`, 1, say);
        add('Length', 1, 'How many bytes the option takes, kind and length included.');
        const names = namesOf(kind, name);
        for (let index = 0; at < end; index += 1) {
          const width = Math.min(widths[index] ?? end - at, end - at);
          add(names[index % names.length], width, say, optionValue(bytes.subarray(at, at + width), kind, index, segment));
        }
      }
    }
    return fields;
  }

  function namesOf(kind, name) {
    if (kind === 5) return ['SACK, first byte', 'SACK, byte after the last'];
    if (kind === 8) return ['Timestamp', 'Timestamp echoed'];
    return [name[0].toUpperCase() + name.slice(1)];
  }

  function optionValue(bytes, kind, index, segment) {
    if (bytes.length > 4) return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const number = bitsAt(bytes, 0, bytes.length * 8);
    const relative = kind === 5 ? segment.options?.sack?.[index >> 1]?.[index & 1] : undefined;
    if (relative !== undefined) return `${relative} (sent as ${number})`;
    return kind === 3 ? `${number} (× ${2 ** Math.min(number, 14)})` : String(number);
  }

  function valueOf(name, number, segment) {
    if (name === 'Sequence number') return `${segment.seq} (sent as ${number})`;
    if (name === 'Acknowledgement number') return segment.ack === null ? `${number} (without ACK)` : `${segment.ack} (sent as ${number})`;
    if (name === 'Data offset') return `${number} (${number * 4} bytes)`;
    if (name === 'Window' && segment.window_bytes !== number) return `${number} (scaled: ${segment.window_bytes} bytes)`;
    return name === 'Checksum' ? hex(number, 16) : String(number);
  }

  function troubleOf(bytes) {
    if (bytes.length < 20) return `A TCP header has at least 20 bytes; of this one ${bytes.length} were recorded.`;
    const length = offsetOf(bytes);
    if (length < 20) return `The data offset says ${length} bytes: less than any header has.`;
    if (length > bytes.length) return `The data offset says ${length} bytes; ${bytes.length} of them were recorded.`;
    return null;
  }

  function offsetOf(bytes) {
    return (bytes[12] >> 4) * 4;
  }

  // Not with shifts, which have 32 bits and a sign.
  function bitsAt(bytes, from, width) {
    let number = 0;
    for (let bit = from; bit < from + width; bit += 1) number = number * 2 + ((bytes[bit >> 3] >> (7 - (bit & 7))) & 1);
    return number;
  }

  // The grid. One tab stop: arrows go from field to field.

  function gridOf(fields) {
    const grid = make('div', 'header-grid');
    grid.setAttribute('role', 'group');
    grid.setAttribute('aria-label', 'Fields of the header');
    const about = make('div', 'header-about');
    about.setAttribute('aria-live', 'polite');
    const cells = fields.map((field) => cellsOf(field));
    grid.append(...cells.flat());
    const select = (index) => {
      cells.forEach((pieces, other) => pieces.forEach((piece) => piece.classList.toggle('selected', other === index)));
      cells.forEach((pieces, other) => (pieces[0].tabIndex = other === index ? 0 : -1));
      about.replaceChildren(...aboutField(fields[index]));
    };
    const indexOf = (target) => cells.findIndex((pieces) => pieces.includes(target.closest?.('.header-cell')));
    for (const type of ['pointerover', 'focusin', 'click']) {
      grid.addEventListener(type, (event) => indexOf(event.target) >= 0 && select(indexOf(event.target)));
    }
    grid.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      cells[indexOf(event.target) + step]?.[0].focus();
    });
    const whole = make('div', 'header-fields');
    whole.append(grid, about);
    if (fields.length > 0) select(0);
    return whole;
  }

  // A field that goes over the end of a row is drawn in pieces; only the first can be focused.
  function cellsOf(field) {
    return piecesOf(field.from, field.width).map((width, index) => {
      const cell = make(index === 0 ? 'button' : 'span', 'header-cell');
      if (index === 0) {
        cell.type = 'button';
        cell.append(make('span', 'cell-name', field.name), ' ', make('span', 'cell-value', field.value));
      } else {
        cell.append(make('span', 'cell-name', '…'));
        cell.setAttribute('aria-hidden', 'true');
      }
      cell.style.setProperty('--bits', width);
      if (width === 1) cell.classList.add('flag');
      if (width === 1 && field.number === 1) cell.classList.add('set');
      if (field.option) cell.classList.add('option');
      return cell;
    });
  }

  // Whole rows of 32 bits, else up to the next multiple of 16: on a phone a row has half of the width.
  function piecesOf(from, width) {
    const pieces = [];
    for (let at = from; at < from + width; at += pieces.at(-1)) {
      const left = from + width - at;
      pieces.push(at % 32 === 0 && left >= 32 ? 32 : Math.min(left, 16 - (at % 16)));
    }
    return pieces;
  }

  function aboutField(field) {
    const head = make('p', 'about-name');
    const last = field.from + field.width - 1;
    const place = field.width === 1 ? `bit ${last}` : `bits ${field.from} to ${last}`;
    head.append(make('strong', '', field.name), ` ${field.value} `, make('span', 'about-place', place));
    const parts = [head];
    if (field.number !== null) {
      const digits = field.number.toString(2).padStart(field.width, '0');
      const code = make('code', 'about-bits', digits.replace(/(?!^)(?=(?:.{4})+$)/g, ' '));
      const bits = make('p');
      bits.append(code);
      if (field.width > 1) bits.append(' ', make('code', 'about-bits', hex(field.number, field.width)));
      parts.push(bits);
    }
    return [...parts, make('p', '', field.say)];
  }

  function hex(number, width) {
    return `0x${number.toString(16).padStart(Math.ceil(width / 4), '0')}`;
  }

  function remarksOf(segment) {
    const sentences = (segment.marks ?? []).map((mark) => MARKS[mark] ?? mark);
    if (FATES[segment.fate] !== undefined) sentences.push(FATES[segment.fate]);
    if (sentences.length === 0) return [];
    const list = make('ul', 'header-remarks');
    list.append(...sentences.map((sentence) => make('li', '', sentence)));
    return [list];
  }

  function dataOf(segment) {
    if (segment.length === 0) return make('p', 'header-data', 'It carries no data.');
    const line = make('p', 'header-data', `Data, ${segment.length} ${segment.length === 1 ? 'byte' : 'bytes'}: `);
    line.append(make('code', '', segment.data));
    return line;
  }

  function make(tag, className = '', text = '') {
    const element = document.createElement(tag);
    if (className !== '') element.className = className;
    if (text !== '') element.textContent = text;
    return element;
  }
})();
