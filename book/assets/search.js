// Loads mdBook's search when it is first wanted: its scripts are a quarter of a page, and most visits do without.
// `search_scripts` is set by theme/index.hbs.
'use strict';

(function () {
  const toggle = document.getElementById('mdbook-search-toggle');
  if (toggle === null || window.search_scripts === undefined) return;
  let loading = null;

  function load() {
    loading ??= search_scripts.reduce((before, url) => before.then(() => loadScript(url)), Promise.resolve());
    return loading;
  }

  function loadScript(url) {
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = url;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${url} could not be loaded`));
      document.body.append(script);
    });
  }

  // Once loaded, mdBook's own script hears the button and the keys; what asked for it is done again.
  async function open() {
    if (loading !== null) return;
    await load();
    toggle.click();
  }

  toggle.addEventListener('click', open);
  document.addEventListener('keydown', (event) => {
    if (loading !== null || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key !== '/' && event.key !== 's') return;
    if (event.target.matches('input, select, textarea')) return;
    event.preventDefault();
    open();
  });

  // A link from a list of results asks for its words to be marked.
  if (/[?&](search|highlight)=/.test(location.search)) load();
})();
