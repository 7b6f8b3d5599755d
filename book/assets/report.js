// A step's report, as the grader writes it, turned into elements.
//
//     s4 · The connection ends for the client when its child ends.
//
//       did     connected from 127.0.0.1:51234
//               shut down the writing side (FIN)
//       saw     no end of file within 1 s
//
// Labels stand in column 2, text in column 10. What does not look like that is shown as it came.
'use strict';

(function () {
  const LABEL = /^ {2}([a-z-]+) +$/;
  const TEXT_COLUMN = 10;

  // report: string → an element, to be put into the page.
  window.wirebook.showReport = function (report) {
    const parts = partsOf(report);
    if (parts.length === 0) {
      const pre = document.createElement('pre');
      pre.className = 'report-raw';
      pre.tabIndex = 0;
      pre.textContent = report;
      return pre;
    }
    const list = document.createElement('dl');
    list.className = 'report';
    for (const { label, lines } of parts) {
      const term = document.createElement('dt');
      term.textContent = label;
      const definition = document.createElement('dd');
      definition.dataset.label = label;
      for (const line of lines) {
        const row = document.createElement('span');
        row.className = 'report-line';
        row.append(label === 'read' ? linkTo(line) : line);
        definition.append(row);
      }
      list.append(term, definition);
    }
    return list;
  };

  // What comes before the first label is the step's title, which the page shows already.
  function partsOf(report) {
    const parts = [];
    for (const line of report.trimEnd().split('\n')) {
      const labelled = line.slice(0, TEXT_COLUMN).match(LABEL);
      if (labelled !== null) {
        parts.push({ label: labelled[1], lines: [line.slice(TEXT_COLUMN)] });
      } else if (parts.length > 0) {
        parts.at(-1).lines.push(line.startsWith(' '.repeat(TEXT_COLUMN)) ? line.slice(TEXT_COLUMN) : line);
      }
    }
    for (const part of parts) {
      while (part.lines.length > 1 && part.lines.at(-1).trim() === '') part.lines.pop();
    }
    return parts;
  }

  // `path_to_root` is set by mdBook in each page.
  // `book/src/11-fork-server.md#who-holds-the-connection` → a link to that section of the book.
  function linkTo(place) {
    const found = place.trim().match(/^book\/src\/([\w-]+)\.md(#[\w-]+)?$/);
    if (found === null) return document.createTextNode(place);
    const [, page, fragment = ''] = found;
    const link = document.createElement('a');
    link.href = `${path_to_root}${page}.html${fragment}`;
    const heading = here(page) && fragment !== '' ? document.getElementById(fragment.slice(1)) : null;
    link.textContent = heading?.textContent.trim() || `${page}${fragment}`;
    return link;
  }

  function here(page) {
    return location.pathname.endsWith(`/${page}.html`) || location.pathname.endsWith(`/${page}`);
  }
})();
