// Says when everything that is wanted is on screen: found in the document by a mutation observer,
// seen in the viewport in an animation frame, and painted once that frame has ended.
// No polling and no sleeping; times are milliseconds since the navigation began.
// What is not on screen after LIMIT_MS counts as shown then, and so misses its goal.
// The list of selectors, BENCH_WANTED, is put before this script.
"use strict";

(() => {
  const LIMIT_MS = 5_000;

  function isOnScreen(selector) {
    for (const found of document.querySelectorAll(selector)) {
      const box = found.getBoundingClientRect();
      const x = box.left + Math.min(8, box.width / 2);
      const hit = document.elementFromPoint(x, box.top + Math.min(8, box.height / 2));
      if (hit && found.contains(hit)) return true;
    }
    return false;
  }

  function afterPaint(then) {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => then(performance.now());
      channel.port2.postMessage(0);
    });
  }

  function whenVisible(selectors) {
    return new Promise((resolve) => {
      let isWaiting = false;
      const observer = new MutationObserver(look);
      function look() {
        if (isWaiting || !selectors.every((selector) => document.querySelector(selector))) return;
        isWaiting = true;
        requestAnimationFrame(() => {
          isWaiting = false;
          if (!selectors.every(isOnScreen)) {
            requestAnimationFrame(look);
            return;
          }
          observer.disconnect();
          afterPaint(resolve);
        });
      }
      setTimeout(() => {
        observer.disconnect();
        resolve(performance.now());
      }, LIMIT_MS);
      observer.observe(document, { childList: true, subtree: true, attributes: true });
      look();
    });
  }

  window.benchVisible = whenVisible;
  if (window === top) {
    window.benchFirst = whenVisible(BENCH_WANTED).then((time) => {
      const paint = performance.getEntriesByName("first-contentful-paint")[0];
      return Math.max(time, paint?.startTime ?? 0);
    });
  }
})();
