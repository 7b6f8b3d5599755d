// Blocks that can be scrolled sideways: with the keyboard, too.
'use strict';

(function () {
  const BLOCKS = 'pre, pre > code, .table-wrapper';

  // Where there is something to scroll, the keyboard gets there.
  function reach() {
    for (const block of document.querySelectorAll(BLOCKS)) {
      if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
      else block.removeAttribute('tabindex');
    }
  }

  window.addEventListener('load', reach);
  window.addEventListener('resize', reach);

  // mdBook turns the page at an arrow key. In such a block the key scrolls.
  document.addEventListener(
    'keydown',
    (event) => {
      if (event.key.startsWith('Arrow') && event.target.matches?.(BLOCKS)) event.stopPropagation();
    },
    true,
  );
})();
