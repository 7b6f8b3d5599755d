// <wire-steps exercise="fork-server">: an exercise's steps. In the page it holds a Markdown list of them; with the
// companion there, each item gets its state, its time and, where there is one, the report: live, as files are saved.
//
// Nothing that is on the screen is rebuilt: the reader's place, focus and opened reports stay as they are.
'use strict';

(function () {
  // Status → the sign and the word for it. Never colour alone.
  const STATUS = {
    unknown: ['·', 'not run yet'],
    running: ['…', 'running'],
    pass: ['✓', 'passes'],
    fail: ['✗', 'fails'],
    todo: ['○', 'not yet written'],
    unchecked: ['–', 'not checked'],
  };
  const ENDED = new Set(['pass', 'fail', 'todo', 'unchecked']);
  const TIMED = new Set(['pass', 'fail']);

  class WireSteps extends HTMLElement {
    connectedCallback() {
      if (!wirebook.live || this.rows !== undefined) return;
      this.exercise = this.getAttribute('exercise');
      this.list = this.querySelector('ol') ?? this.appendChild(make('ol'));
      this.rows = [...this.list.children].map((item) => new Row(item));
      this.up = true;
      this.asked = false; // whether this element has asked for a check by itself
      this.shown = false; // whether there has been a state to show
      this.phase = null; // what was last said aloud
      this.addHead();
      this.classList.add('live');
      wirebook.watch(this.exercise, (state) => this.show(state));
      wirebook.watchLink((up) => this.link(up));
    }

    addHead() {
      this.count = make('p', 'steps-count', 'Steps');
      this.now = make('p', 'steps-now', 'Waiting for the companion');
      this.button = make('button', 'steps-check', 'Check now');
      this.button.type = 'button';
      this.button.addEventListener('click', () => this.check());
      this.bar = make('div', 'steps-bar');
      this.bar.setAttribute('aria-hidden', 'true');
      this.aloud = make('p', 'visually-hidden');
      this.aloud.setAttribute('role', 'status');
      this.aloud.setAttribute('aria-live', 'polite');
      this.trouble = make('div', 'steps-trouble');
      this.trouble.hidden = true;
      const head = make('div', 'steps-head');
      head.append(this.count, this.button, this.bar, this.now, this.aloud);
      this.prepend(head, this.trouble);
    }

    async check() {
      if (!this.up || isBusy(this.state)) return;
      try {
        await wirebook.check(this.exercise);
      } catch (error) {
        this.aloud.textContent = error.message;
        this.now.textContent = error.message;
      }
    }

    link(up) {
      this.up = up;
      this.toggleButton();
      if (!up) this.now.textContent = 'The companion is not running';
      else if (this.state !== undefined) this.now.textContent = nowOf(this.state);
    }

    show(state) {
      // What does not compile has run no step.
      if (state.compile_error !== null) state = { ...state, steps: state.steps.map(notRun) };
      this.state = state;
      const busy = isBusy(state);
      state.steps.forEach((step, index) => this.row(index).show(step, busy));
      if (!busy) this.openFirstFailure();
      // What the last check found stays until there is something new to say.
      if (state.state !== 'building' || !this.shown) {
        this.showTrouble(state);
        this.count.textContent = state.compile_error === null ? countOf(state.steps) : 'It does not compile';
        this.drawBar(state.steps);
      }
      this.shown = true;
      this.now.textContent = nowOf(state);
      this.toggleButton();
      this.announce(state);
      if (state.checked_at === null && state.state === 'idle' && state.error === null && !this.asked) {
        this.asked = true;
        this.check();
      }
    }

    // The page lists all steps; one that was added since the book was built still gets a row.
    row(index) {
      while (this.rows.length <= index) this.rows.push(new Row(this.list.appendChild(make('li'))));
      return this.rows[index];
    }

    openFirstFailure() {
      this.rows.find((row) => row.status === 'fail')?.openUnlessClosed();
    }

    showTrouble(state) {
      const text = state.error ?? state.compile_error ?? '';
      if (this.trouble.dataset.text === text) return;
      this.trouble.dataset.text = text;
      this.trouble.hidden = text === '';
      if (state.error !== null) {
        this.trouble.replaceChildren(make('p', 'steps-error', text));
      } else {
        const pre = make('pre', 'steps-compiler', text);
        pre.tabIndex = 0;
        pre.setAttribute('aria-label', 'What the compiler says');
        this.trouble.replaceChildren(make('p', '', 'It does not compile. The compiler says:'), pre);
      }
    }

    drawBar(steps) {
      while (this.bar.children.length < steps.length) this.bar.append(make('span'));
      steps.forEach((step, index) => (this.bar.children[index].dataset.status = step.status));
    }

    // Not `disabled`, which would take the keyboard's focus away from whoever has just pressed it.
    toggleButton() {
      this.button.setAttribute('aria-disabled', String(!this.up || isBusy(this.state)));
    }

    announce(state) {
      const phase = isBusy(state) ? state.state : `done ${state.checked_at}`;
      const first = this.phase === null;
      if (phase === this.phase) return;
      this.phase = phase;
      if (!first) this.aloud.textContent = spokenOf(state);
    }
  }

  // One step: an item of the list.
  class Row {
    constructor(item) {
      this.item = item;
      this.status = 'unknown';
      this.report = null;
      this.touched = false; // whether the reader has opened or closed the report
      this.title = make('span', 'step-title');
      this.title.append(...item.childNodes);
      this.name = make('span', 'step-name');
      this.sign = make('span', 'step-sign');
      this.sign.setAttribute('aria-hidden', 'true');
      this.word = make('span', 'step-word');
      this.time = make('span', 'step-time');
      const verdict = make('span', 'step-verdict');
      verdict.append(this.word, ' ', this.time);
      item.classList.add('step');
      item.append(this.sign, this.name, ' ', this.title, ' ', verdict);
    }

    show(step, busy) {
      const [sign, word] = STATUS[step.status] ?? STATUS.unknown;
      this.status = step.status;
      this.item.dataset.status = step.status;
      if (this.title.textContent === '') this.title.textContent = step.title;
      this.name.textContent = step.name.split('_')[0];
      this.sign.textContent = sign;
      this.word.textContent = busy && step.status === 'unknown' ? 'waiting' : word;
      this.time.textContent = TIMED.has(step.status) && step.millis !== null ? timeOf(step.millis) : '';
      // While it runs again, what it said last stays to be read.
      const pending = busy && !ENDED.has(step.status);
      this.item.classList.toggle('pending', pending);
      if (!pending) this.showReport(step.report);
    }

    showReport(report) {
      if (report === this.report) return;
      this.report = report;
      if (report === null) {
        this.details?.remove();
        this.details = undefined;
        this.touched = false;
        return;
      }
      if (this.details === undefined) {
        const summary = make('summary', '', 'Report');
        summary.addEventListener('click', () => (this.touched = true));
        this.details = make('details', 'step-report');
        this.details.append(summary);
        this.item.append(this.details);
      }
      this.details.lastElementChild.matches('summary') || this.details.lastElementChild.remove();
      this.details.append(wirebook.showReport(report));
    }

    openUnlessClosed() {
      if (this.details !== undefined && !this.touched) this.details.open = true;
    }
  }

  function make(tag, className = '', text = '') {
    const element = document.createElement(tag);
    if (className !== '') element.className = className;
    if (text !== '') element.textContent = text;
    return element;
  }

  function isBusy(state) {
    return state !== undefined && (state.state === 'building' || state.state === 'running');
  }

  function notRun(step) {
    return { ...step, status: 'unknown', millis: null, report: null };
  }

  function numberOf(steps, status) {
    return steps.filter((step) => step.status === status).length;
  }

  function countOf(steps) {
    const passed = numberOf(steps, 'pass');
    const unchecked = numberOf(steps, 'unchecked');
    if (steps.length > 0 && passed === steps.length) return `All ${passed} steps pass`;
    return `${passed} of ${steps.length} steps pass${unchecked === 0 ? '' : `, ${unchecked} not checked`}`;
  }

  function nowOf(state) {
    if (state.state === 'building') return state.progress ?? 'Building';
    if (state.state === 'running') return 'Running the steps';
    if (state.checked_at === null) return 'Not checked yet';
    return `Checked at ${new Date(state.checked_at).toLocaleTimeString()}; saving a file checks again`;
  }

  function spokenOf(state) {
    if (state.state === 'building') return 'Building.';
    if (state.state === 'running') return 'Running the steps.';
    if (state.error !== null) return state.error;
    if (state.compile_error !== null) return 'It does not compile.';
    const next = state.steps.find((step) => step.status === 'fail' || step.status === 'todo');
    return `${countOf(state.steps)}.${next === undefined ? '' : ` Next: ${next.name.split('_')[0]}.`}`;
  }

  function timeOf(millis) {
    return millis < 1000 ? `${millis} ms` : `${(millis / 1000).toFixed(1)} s`;
  }

  customElements.define('wire-steps', WireSteps);
})();
