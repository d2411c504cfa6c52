// Run in the page by the browser tests; the value of the expression is what they look at.
(() => {
  const chart = [...document.querySelectorAll('.chart svg.timeline')].find(
    (svg) => svg.getBoundingClientRect().width > 0,
  );
  const box = (element) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    // Places on the page, so that scrolling moves nothing; hundredths, as no eye sees less.
    const on = (value) => Math.round(value * 100) / 100;
    return { left, right, top: on(top + scrollY), bottom: on(bottom + scrollY) };
  };
  const isShown = (element) => element.getClientRects().length > 0 && element.textContent.trim() !== '';
  const groundOf = (text) => {
    const rect = text.classList.contains('in-bar') ? text.parentElement.querySelector('rect') : undefined;
    return rect === undefined ? getComputedStyle(document.body).backgroundColor : getComputedStyle(rect).fill;
  };
  // An element's own words, not those of what stands in it.
  const hasWords = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
  const solidGround = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (!/^rgba\(.*, 0\)$/.test(backgroundColor)) return backgroundColor;
    }
    return 'rgb(255, 255, 255)';
  };
  return {
    windowWidth: document.documentElement.clientWidth,
    pageWidth: document.documentElement.scrollWidth,
    chart: box(chart),
    label: chart.getAttribute('aria-label'),
    said: document.querySelector('figure.zoomable output').textContent,
    ticks: [...chart.querySelectorAll('text.tick')].filter(isShown).map((text) => text.textContent),
    bars: [...chart.querySelectorAll('g.span')]
      .filter((group) => group.getClientRects().length > 0)
      .map((group) => ({
        name: group.dataset.long,
        start: Number(group.dataset.s),
        ...box(group.querySelector('rect')),
      })),
    texts: [...chart.querySelectorAll('text')].filter(isShown).map((text) => ({
      text: text.textContent,
      isInBar: text.classList.contains('in-bar'),
      bar: text.classList.contains('in-bar') ? box(text.parentElement.querySelector('rect')) : null,
      colour: getComputedStyle(text).fill,
      ground: groundOf(text),
      ...box(text),
    })),
    words: [...document.querySelectorAll('main *:not(svg *)')]
      .filter((element) => isShown(element) && hasWords(element))
      .map((element) => ({
        text: element.textContent.trim().slice(0, 60),
        colour: getComputedStyle(element).color,
        ground: solidGround(element),
      })),
    figures: [...document.querySelectorAll('svg.series, svg.dots')]
      .filter((svg) => svg.getClientRects().length > 0)
      .map((svg) => ({
        ...box(svg),
        kind: svg.classList.contains('series') ? 'series' : 'dots',
        texts: [...svg.querySelectorAll('text')].filter(isShown).map((text) => ({
          text: text.textContent,
          colour: getComputedStyle(text).fill,
          ground: groundOf(text),
          ...box(text),
        })),
        marks: [...svg.querySelectorAll('path.line, rect.happened, circle.dot')].map((mark) => ({
          colour: mark.matches('path') ? getComputedStyle(mark).stroke : getComputedStyle(mark).fill,
          ...box(mark),
        })),
      })),
    buttons: [...document.querySelectorAll('.zoom button')].filter(isShown).map((button) => button.dataset.act),
  };
})();
