/**
 * The page's only script: zooms the timelines. It loads nothing, keeps nothing, and changes nothing but where the chart's
 * marks stand; without it the chart is the whole boot, as it was drawn. It repeats the placing rules of svg-timeline.ts
 * for another scale: bars by their seconds, names where they fit, marks in the lanes there are.
 */
export const zoomScript = `(() => {
'use strict';
const FONT = 11, LANE = 15, GAP = 6, MIN_SPAN = 1e-4;
const width = (text) => [...text].length * FONT * 0.56;
const fit = (text, room) => {
  const all = [...text], most = Math.floor(room / (FONT * 0.56));
  return all.length <= most ? text : most < 2 ? '' : all.slice(0, most - 1).join('') + '\\u2026';
};
const set = (element, values) => { for (const name in values) element.setAttribute(name, values[name]); };
const show = (element, on) => { if (on) element.removeAttribute('display'); else element.setAttribute('display', 'none'); };
const round = (value) => Math.round(value * 100) / 100;

function drawSpans(svg, view) {
  for (const group of svg.querySelectorAll('g.span')) {
    const start = Number(group.dataset.s), end = Number(group.dataset.e);
    const seen = start <= view.to && end >= view.from;
    show(group, seen);
    if (!seen) continue;
    const rect = group.querySelector('rect'), text = group.querySelector('text');
    const from = view.x(Math.max(start, view.from));
    const wide = Math.max(0.75, view.x(Math.min(end, view.to)) - from - 1);
    set(rect, { x: round(from), width: round(wide) });
    if (group.classList.contains('inside')) {
      text.textContent = [group.dataset.long, group.dataset.short].find((one) => width(one) + 8 <= wide) || (wide < 70 ? '' : fit(group.dataset.short, wide - 8));
      set(text, { x: round(from + 5) });
      continue;
    }
    const right = view.right - from - wide - 5, left = from - view.left - 5, need = width(group.dataset.long);
    const isRight = need <= right || (need > left && right >= left);
    text.textContent = fit(group.dataset.long, isRight ? right : left);
    set(text, { x: round(isRight ? from + wide + 5 : from - 5), 'text-anchor': isRight ? 'start' : 'end' });
  }
}

function drawMarks(svg, view) {
  for (const group of svg.querySelectorAll('g.marks')) {
    const top = Number(group.dataset.top), lanes = Array.from({ length: Number(group.dataset.lanes) }, () => []);
    const leaders = [...group.querySelectorAll('path')];
    const marks = [...group.querySelectorAll('text')].map((text, index) => ({ text, leader: leaders[index], at: Number(text.dataset.s) }));
    for (const mark of marks.sort((a, b) => b.at - a.at)) {
      const x = view.x(mark.at), need = width(mark.text.textContent) + 3;
      const isEnd = x + need > view.right + 10;
      const box = { x, from: isEnd ? x - need : x, to: isEnd ? x : x + need };
      const free = (boxes) => boxes.every((other) => box.to + GAP <= other.from || other.to + GAP <= box.from);
      const clear = (_, lane) =>
        lanes.slice(0, lane).every((boxes) => boxes.every((other) => x <= other.from || x >= other.to)) &&
        lanes.slice(lane + 1).every((boxes) => boxes.every((other) => other.x <= box.from || other.x >= box.to));
      const able = lanes.map((boxes, lane) => (free(boxes) ? lane : -1)).filter((lane) => lane >= 0);
      const lane = able.find((one) => clear(0, one)) ?? able[0];
      const seen = mark.at >= view.from && mark.at <= view.to && box.from >= 0;
      show(mark.text, seen && lane !== undefined);
      show(mark.leader, seen);
      if (!seen) continue;
      const y = top + 14 + (lane ?? -0.5) * LANE;
      set(mark.leader, { d: 'M' + round(x) + ' ' + (top - 4) + 'V' + (y + 2) });
      if (lane === undefined) continue;
      lanes[lane].push(box);
      set(mark.text, { x: round(x + (isEnd ? -3 : 3)), y, 'text-anchor': isEnd ? 'end' : 'start' });
    }
  }
}

function drawTicks(svg, view) {
  const group = svg.querySelector('g.ticks'), axisY = Number(group.dataset.y), all = view.right + view.left;
  const least = (view.to - view.from) / Math.max(2, Math.floor(all / 72));
  const power = 10 ** Math.floor(Math.log10(least) + 1e-9);
  const step = [1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) * power;
  const first = Math.ceil(view.from / step - 1e-9), last = Math.floor(view.to / step + 1e-9);
  const decimals = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
  while (group.children.length <= last - first) group.append(group.children[0].cloneNode(true));
  [...group.children].forEach((tick, index) => {
    show(tick, first + index <= last);
    if (first + index > last) return;
    const at = (first + index) * step, x = view.x(at), text = tick.querySelector('text'), half = width(at.toFixed(decimals)) / 2;
    const anchor = x - half < 0 ? 'start' : x + half > all ? 'end' : 'middle';
    set(tick.querySelector('path'), { d: 'M' + round(x) + ' 16V' + axisY });
    set(text, { x: anchor === 'start' ? view.left : anchor === 'end' ? view.right : round(x), 'text-anchor': anchor });
    text.textContent = at.toFixed(decimals);
  });
}

for (const figure of document.querySelectorAll('figure.zoomable')) {
  const svgs = [...figure.querySelectorAll('svg.timeline')], chart = figure.querySelector('.chart');
  const says = figure.querySelector('output'), until = Number(svgs[0].dataset.until);
  let from = 0, to = until;
  const draw = () => {
    for (const svg of svgs) {
      const left = Number(svg.dataset.left), right = Number(svg.dataset.right);
      const view = { from, to, left, right, x: (sec) => left + ((sec - from) / (to - from)) * (right - left) };
      drawSpans(svg, view);
      drawMarks(svg, view);
      drawTicks(svg, view);
    }
    const digits = to - from < 1 ? 4 : 2;
    says.textContent = from === 0 && to === until ? 'the whole boot' : from.toFixed(digits) + ' to ' + to.toFixed(digits) + ' s';
    figure.classList.toggle('zoomed', from > 0 || to < until);
  };
  const look = (start, span) => {
    const wide = Math.min(until, Math.max(MIN_SPAN, span));
    from = Math.min(until - wide, Math.max(0, start));
    to = from + wide;
    draw();
  };
  // The instant under the pointer stays under it.
  const zoom = (factor, share = 0.5) => look(from + (to - from) * share * (1 - 1 / factor), (to - from) / factor);
  const pan = (share) => look(from + (to - from) * share, to - from);
  const shareAt = (clientX) => {
    const svg = svgs.find((one) => one.getBoundingClientRect().width > 0) || svgs[0];
    const box = svg.getBoundingClientRect(), scale = box.width / Number(svg.getAttribute('width'));
    const left = Number(svg.dataset.left) * scale, right = Number(svg.dataset.right) * scale;
    return Math.min(1, Math.max(0, (clientX - box.left - left) / (right - left)));
  };
  const acts = {
    in: () => zoom(2), out: () => zoom(0.5), left: () => pan(-0.25), right: () => pan(0.25), reset: () => look(0, until),
    kernel: () => look(0, Number(figure.dataset.kernel)),
  };
  for (const button of figure.querySelectorAll('button')) button.addEventListener('click', () => acts[button.dataset.act]());
  const keys = { '+': 'in', '=': 'in', '-': 'out', _: 'out', ArrowLeft: 'left', ArrowRight: 'right', 0: 'reset', Home: 'reset', Escape: 'reset' };
  chart.addEventListener('keydown', (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    acts[act]();
  });
  // The wheel scrolls the page until the reader has turned to the chart; a trackpad's pinch comes with ctrl.
  chart.addEventListener('wheel', (event) => {
    const isAside = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== chart) return;
    event.preventDefault();
    if (isAside || event.shiftKey) pan((event.deltaX || event.deltaY) / 800);
    else zoom(Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), shareAt(event.clientX));
  }, { passive: false });
  chart.addEventListener('dblclick', (event) => zoom(2.5, shareAt(event.clientX)));
  const fingers = new Map();
  let moved = 0;
  chart.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    fingers.set(event.pointerId, event.clientX);
    moved = 0;
    chart.setPointerCapture(event.pointerId);
  });
  chart.addEventListener('pointermove', (event) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
    moved += Math.abs(event.clientX - before);
    fingers.set(event.pointerId, event.clientX);
    if (others.length === 0) pan(shareAt(before) - shareAt(event.clientX));
    else {
      const factor = Math.max(4, Math.abs(event.clientX - others[0])) / Math.max(4, Math.abs(before - others[0]));
      zoom(factor, shareAt(others[0]));
    }
  });
  const lift = (event) => {
    if (fingers.delete(event.pointerId) && moved < 4 && event.type === 'pointerup') {
      // A finger cannot hover: a tap says what the tooltip would.
      const hit = document.elementFromPoint(event.clientX, event.clientY);
      const title = hit && hit.closest('g.span') && hit.closest('g.span').querySelector('title');
      if (title) says.textContent = title.textContent;
    }
  };
  chart.addEventListener('pointerup', lift);
  chart.addEventListener('pointercancel', lift);
  figure.classList.add('live');
  chart.tabIndex = 0;
  draw();
}
})();
`;
