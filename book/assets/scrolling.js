// mdBook turns the page at an arrow key. In a block that has the focus because it can be scrolled, the key scrolls.
'use strict';

document.addEventListener(
  'keydown',
  (event) => {
    if (event.key.startsWith('Arrow') && event.target.matches?.('pre, code, .table-wrapper')) event.stopPropagation();
  },
  true,
);
