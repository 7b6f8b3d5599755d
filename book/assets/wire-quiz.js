// <wire-quiz>: a question, a task list of choices of which one is right, and the answer in a <details>, all of it
// Markdown in the page. The element makes choices of the list, and shows the answer once the reader has given one.
//
// The reader's answers are kept in the browser only, so that they survive a reload.
'use strict';

(function () {
  let quizzes = 0;

  class WireQuiz extends HTMLElement {
    connectedCallback() {
      if (this.form !== undefined) return;
      const list = this.querySelector('ul:has(> li > input[type="checkbox"])');
      const marks = list === null ? [] : [...list.querySelectorAll(':scope > li > input[type="checkbox"]')];
      this.answer = this.querySelector('details');
      this.question = list?.previousElementSibling;
      // Without one right choice and an answer it stays what it is: a list to read.
      if (marks.filter((mark) => mark.checked).length !== 1 || this.answer === null || !this.question) return;

      quizzes += 1;
      this.group = `wire-quiz-${quizzes}`;
      this.choices = marks.map((mark, index) => new Choice(mark, `${this.group}-${index}`, this.group));
      this.addForm(list);
      const before = recall(this.key());
      const chosen = this.choices.find((choice) => choice.text === before);
      if (chosen !== undefined) {
        chosen.radio.checked = true;
        this.mark(false);
      } else {
        this.reset();
      }
    }

    addForm(list) {
      this.question.id ||= `${this.group}-question`;
      list.setAttribute('role', 'radiogroup');
      list.setAttribute('aria-labelledby', this.question.id);
      this.button = document.createElement('button');
      this.button.type = 'submit';
      this.verdict = document.createElement('p');
      this.verdict.className = 'quiz-verdict';
      this.verdict.setAttribute('role', 'status');
      const foot = document.createElement('div');
      foot.className = 'quiz-foot';
      foot.append(this.button, this.verdict);
      this.form = document.createElement('form');
      list.replaceWith(this.form);
      this.form.append(list, foot);
      this.form.addEventListener('change', () => this.button.removeAttribute('aria-disabled'));
      this.form.addEventListener('submit', (event) => {
        event.preventDefault();
        if (this.dataset.answered !== undefined) this.again();
        else if (this.chosen() !== undefined) this.give();
      });
      this.classList.add('live');
    }

    chosen() {
      return this.choices.find((choice) => choice.radio.checked);
    }

    give() {
      remember(this.key(), this.chosen().text);
      this.mark(true);
    }

    again() {
      remember(this.key(), null);
      this.reset();
      this.choices[0].radio.focus();
    }

    reset() {
      delete this.dataset.answered;
      for (const choice of this.choices) choice.reset();
      this.verdict.textContent = '';
      this.button.textContent = 'Answer';
      this.button.setAttribute('aria-disabled', 'true');
      this.answer.hidden = true;
      this.answer.open = false;
    }

    // fresh: given just now, not remembered from an earlier visit.
    mark(fresh) {
      const right = this.chosen().right;
      this.dataset.answered = right ? 'right' : 'wrong';
      for (const choice of this.choices) choice.mark();
      this.verdict.textContent = right ? 'Right.' : 'Not so.';
      this.button.textContent = 'Ask again';
      this.button.removeAttribute('aria-disabled');
      this.answer.hidden = false;
      this.answer.open = fresh;
    }

    key() {
      const page = location.pathname.split('/').pop().replace(/\.html$/, '');
      return `wirebook-quiz/${page}/${this.question.textContent.trim()}`;
    }
  }

  class Choice {
    constructor(mark, id, group) {
      this.item = mark.parentElement;
      this.right = mark.checked;
      mark.remove();
      this.text = this.item.textContent.trim();
      this.radio = document.createElement('input');
      this.radio.type = 'radio';
      this.radio.name = group;
      this.radio.id = id;
      const words = document.createElement('span');
      words.append(...this.item.childNodes);
      this.note = document.createElement('span');
      this.note.className = 'quiz-note';
      const label = document.createElement('label');
      label.append(this.radio, words, ' ', this.note);
      this.item.append(label);
      this.item.setAttribute('role', 'presentation');
      this.item.className = 'quiz-choice';
    }

    reset() {
      this.radio.checked = false;
      this.radio.disabled = false;
      this.note.textContent = '';
      delete this.item.dataset.mark;
    }

    mark() {
      this.radio.disabled = true;
      if (this.right) {
        this.item.dataset.mark = 'right';
        this.note.textContent = '✓ right';
      } else if (this.radio.checked) {
        this.item.dataset.mark = 'wrong';
        this.note.textContent = '✗ not so';
      }
    }
  }

  // Storage may be forbidden, or full; then an answer is forgotten, and that is all.
  function remember(key, text) {
    try {
      if (text === null) localStorage.removeItem(key);
      else localStorage.setItem(key, text);
    } catch {}
  }

  function recall(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  }

  customElements.define('wire-quiz', WireQuiz);
})();
