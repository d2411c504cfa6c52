'use strict';
/*
 * The page's only script: zooms the timelines. It loads nothing, keeps nothing, and changes nothing but where the chart's
 * marks stand; without it the chart is the whole boot, as it was drawn. It repeats the placing rules of charts/timeline.ts
 * for another scale: bars by their seconds, names where they fit, marks in the lanes there are.
 */

/**
 * What is shown of a drawing: seconds `from` and `to` at the pixels `left` and `right`.
 *
 * @typedef {{ from: number, to: number, left: number, right: number, x: (sec: number) => number }} View
 */

const FONT = 11;
const LANE = 15;
const GAP = 6;
const MIN_SPAN_SEC = 1e-4;

/** What keys do while the chart has the focus. */
const KEYS = new Map([
  ['+', 'in'],
  ['=', 'in'],
  ['-', 'out'],
  ['_', 'out'],
  ['ArrowLeft', 'left'],
  ['ArrowRight', 'right'],
  ['0', 'reset'],
  ['Home', 'reset'],
  ['Escape', 'reset'],
]);

/** @param {string} text */
const widthOf = (text) => [...text].length * FONT * 0.56;

/** @param {number} value */
const hundredths = (value) => Math.round(value * 100) / 100;

/**
 * @param {string} text
 * @param {number} room
 */
function fitted(text, room) {
  const all = [...text];
  const most = Math.floor(room / (FONT * 0.56));
  if (all.length <= most) return text;
  return most < 2 ? '' : `${all.slice(0, most - 1).join('')}\u2026`;
}

/**
 * @param {Element} element
 * @param {Record<string, string | number>} values
 */
function setAttributes(element, values) {
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, String(value));
}

/**
 * @param {Element} element
 * @param {boolean} on
 */
function setShown(element, on) {
  if (on) element.removeAttribute('display');
  else element.setAttribute('display', 'none');
}

/**
 * The first such element, which the page always has.
 *
 * @template {Element} E
 * @param {ParentNode} parent
 * @param {string} selector
 * @returns {E}
 */
function partOf(parent, selector) {
  /** @type {E | null} */
  const part = parent.querySelector(selector);
  if (part === null) throw new Error(`The chart has no ${selector}`);
  return part;
}

/**
 * @template {Element} E
 * @param {ParentNode} parent
 * @param {string} selector
 * @returns {E[]}
 */
function partsOf(parent, selector) {
  /** @type {NodeListOf<E>} */
  const parts = parent.querySelectorAll(selector);
  return [...parts];
}

/**
 * @param {SVGElement} group
 * @param {View} view
 */
function drawSpan(group, view) {
  const start = Number(group.dataset.s);
  const end = Number(group.dataset.e);
  const { long = '', short = '' } = group.dataset;
  const seen = start <= view.to && end >= view.from;
  setShown(group, seen);
  if (!seen) return;
  const text = partOf(group, 'text');
  const from = view.x(Math.max(start, view.from));
  const wide = Math.max(0.75, view.x(Math.min(end, view.to)) - from - 1);
  setAttributes(partOf(group, 'rect'), { x: hundredths(from), width: hundredths(wide) });
  if (group.classList.contains('inside')) {
    const whole = [long, short].find((one) => widthOf(one) + 8 <= wide);
    text.textContent = whole || (wide < 70 ? '' : fitted(short, wide - 8));
    setAttributes(text, { x: hundredths(from + 5) });
    return;
  }
  const right = view.right - from - wide - 5;
  const left = from - view.left - 5;
  const need = widthOf(long);
  const isRight = need <= right || (need > left && right >= left);
  text.textContent = fitted(long, isRight ? right : left);
  setAttributes(text, {
    x: hundredths(isRight ? from + wide + 5 : from - 5),
    'text-anchor': isRight ? 'start' : 'end',
  });
}

/**
 * The place of a mark's words, and of its leader.
 *
 * @typedef {{ x: number, from: number, to: number }} Box
 */

/**
 * The first lane in which the words are free and cross no leader, else the first in which they are free.
 *
 * @param {Box[][]} lanes
 * @param {Box} box
 */
function laneFor(lanes, box) {
  /** @param {Box[]} boxes */
  const isFree = (boxes) => boxes.every((other) => box.to + GAP <= other.from || other.to + GAP <= box.from);
  /** @param {number} lane */
  const isClear = (lane) =>
    lanes.slice(0, lane).every((boxes) => boxes.every((other) => box.x <= other.from || box.x >= other.to)) &&
    lanes.slice(lane + 1).every((boxes) => boxes.every((other) => other.x <= box.from || other.x >= box.to));
  const able = lanes.map((boxes, lane) => (isFree(boxes) ? lane : -1)).filter((lane) => lane >= 0);
  return able.find(isClear) ?? able[0];
}

/**
 * @param {SVGElement} group
 * @param {View} view
 */
function drawMarks(group, view) {
  const top = Number(group.dataset.top);
  /** @type {Box[][]} */
  const lanes = Array.from({ length: Number(group.dataset.lanes) }, () => []);
  /** @type {SVGPathElement[]} */
  const leaders = partsOf(group, 'path');
  /** @type {SVGTextElement[]} */
  const texts = partsOf(group, 'text');
  const marks = texts.map((text, index) => ({ text, leader: leaders[index], at: Number(text.dataset.s) }));
  for (const { text, leader, at } of marks.sort((a, b) => b.at - a.at)) {
    if (leader === undefined) throw new Error(`The mark ${text.textContent} has no leader`);
    const x = view.x(at);
    const need = widthOf(text.textContent) + 3;
    const isEnd = x + need > view.right + 10;
    const box = { x, from: isEnd ? x - need : x, to: isEnd ? x : x + need };
    const lane = laneFor(lanes, box);
    const seen = at >= view.from && at <= view.to && box.from >= 0;
    setShown(text, seen && lane !== undefined);
    setShown(leader, seen);
    if (!seen) continue;
    const y = top + 14 + (lane ?? -0.5) * LANE;
    setAttributes(leader, { d: `M${hundredths(x)} ${top - 4}V${y + 2}` });
    if (lane === undefined) continue;
    lanes[lane]?.push(box);
    setAttributes(text, { x: hundredths(x + (isEnd ? -3 : 3)), y, 'text-anchor': isEnd ? 'end' : 'start' });
  }
}

/**
 * @param {SVGElement} group
 * @param {View} view
 */
function drawTicks(group, view) {
  const all = view.right + view.left;
  const least = (view.to - view.from) / Math.max(2, Math.floor(all / 72));
  const power = 10 ** Math.floor(Math.log10(least) + 1e-9);
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10) * power;
  const first = Math.ceil(view.from / step - 1e-9);
  const last = Math.floor(view.to / step + 1e-9);
  const decimals = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
  const pattern = partOf(group, ':scope > *');
  while (group.children.length <= last - first) group.append(pattern.cloneNode(true));
  [...group.children].forEach((tick, index) => {
    setShown(tick, first + index <= last);
    if (first + index > last) return;
    const at = (first + index) * step;
    const x = view.x(at);
    const text = partOf(tick, 'text');
    const half = widthOf(at.toFixed(decimals)) / 2;
    const anchor = x - half < 0 ? 'start' : x + half > all ? 'end' : 'middle';
    setAttributes(partOf(tick, 'path'), { d: `M${hundredths(x)} 16V${group.dataset.y ?? ''}` });
    setAttributes(text, {
      x: anchor === 'start' ? view.left : anchor === 'end' ? view.right : hundredths(x),
      'text-anchor': anchor,
    });
    text.textContent = at.toFixed(decimals);
  });
}

/**
 * @param {SVGSVGElement} svg
 * @param {number} from
 * @param {number} to
 */
function drawTimeline(svg, from, to) {
  const left = Number(svg.dataset.left);
  const right = Number(svg.dataset.right);
  /** @type {View} */
  const view = { from, to, left, right, x: (sec) => left + ((sec - from) / (to - from)) * (right - left) };
  /** @type {SVGElement[]} */
  const spans = partsOf(svg, 'g.span');
  for (const group of spans) drawSpan(group, view);
  /** @type {SVGElement[]} */
  const marks = partsOf(svg, 'g.marks');
  for (const group of marks) drawMarks(group, view);
  drawTicks(partOf(svg, 'g.ticks'), view);
}

/**
 * The timelines of one figure, which show the same seconds. Shares count from the left end of what is shown.
 *
 * @param {HTMLElement} figure
 */
function createTimelines(figure) {
  /** @type {SVGSVGElement[]} */
  const svgs = partsOf(figure, 'svg.timeline');
  /** @type {SVGSVGElement} */
  const firstSvg = partOf(figure, 'svg.timeline');
  const says = partOf(figure, 'output');
  const until = Number(firstSvg.dataset.until);
  let from = 0;
  let to = until;
  const draw = () => {
    for (const svg of svgs) drawTimeline(svg, from, to);
    const digits = to - from < 1 ? 4 : 2;
    const isWhole = from === 0 && to === until;
    says.textContent = isWhole ? 'the whole boot' : `${from.toFixed(digits)} to ${to.toFixed(digits)} s`;
    figure.classList.toggle('zoomed', from > 0 || to < until);
  };
  /**
   * @param {number} start
   * @param {number} span
   */
  const look = (start, span) => {
    const wide = Math.min(until, Math.max(MIN_SPAN_SEC, span));
    from = Math.min(until - wide, Math.max(0, start));
    to = from + wide;
    draw();
  };
  return {
    draw,
    look,
    whole() {
      look(0, until);
    },
    /** The instant at `share` stays there. */
    zoom(/** @type {number} */ factor, share = 0.5) {
      look(from + (to - from) * share * (1 - 1 / factor), (to - from) / factor);
    },
    pan(/** @type {number} */ share) {
      look(from + (to - from) * share, to - from);
    },
    shareAt(/** @type {number} */ clientX) {
      const svg = svgs.find((one) => one.getBoundingClientRect().width > 0) ?? firstSvg;
      const box = svg.getBoundingClientRect();
      const scale = box.width / Number(svg.getAttribute('width'));
      const left = Number(svg.dataset.left) * scale;
      const right = Number(svg.dataset.right) * scale;
      return Math.min(1, Math.max(0, (clientX - box.left - left) / (right - left)));
    },
    /** Shows words in place of the seconds, until something is drawn again. */
    say(/** @type {string} */ words) {
      says.textContent = words;
    },
  };
}

/** @typedef {ReturnType<typeof createTimelines>} Timelines */

/**
 * Buttons and keys.
 *
 * @param {HTMLElement} figure
 * @param {HTMLElement} chart
 * @param {Timelines} timelines
 */
function obeyActs(figure, chart, timelines) {
  /** @type {Record<string, (() => void) | undefined>} */
  const acts = {
    in() {
      timelines.zoom(2);
    },
    out() {
      timelines.zoom(0.5);
    },
    left() {
      timelines.pan(-0.25);
    },
    right() {
      timelines.pan(0.25);
    },
    reset() {
      timelines.whole();
    },
    kernel() {
      timelines.look(0, Number(figure.dataset.kernel));
    },
  };
  /** @param {string} act */
  const perform = (act) => acts[act]?.();
  /** @type {HTMLButtonElement[]} */
  const buttons = partsOf(figure, 'button');
  for (const button of buttons) {
    button.addEventListener('click', () => {
      perform(button.dataset.act ?? '');
    });
  }
  chart.addEventListener('keydown', (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS.get(event.key);
    if (act === undefined) return;
    event.preventDefault();
    perform(act);
  });
}

/**
 * The wheel scrolls the page until the reader has turned to the chart; a trackpad's pinch comes with ctrl.
 *
 * @param {HTMLElement} chart
 * @param {Timelines} timelines
 */
function obeyWheel(chart, timelines) {
  /** @param {WheelEvent} event */
  const turn = (event) => {
    const isAside = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== chart) return;
    event.preventDefault();
    if (isAside || event.shiftKey) timelines.pan((event.deltaX || event.deltaY) / 800);
    else timelines.zoom(Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), timelines.shareAt(event.clientX));
  };
  chart.addEventListener('wheel', turn, { passive: false });
}

/**
 * A mouse or fingers: one moves, two zoom, and a tap says what the tooltip would.
 *
 * @param {HTMLElement} chart
 * @param {Timelines} timelines
 */
function obeyPointers(chart, timelines) {
  /** @type {Map<number, number>} */
  const fingers = new Map();
  let moved = 0;
  chart.addEventListener('dblclick', (event) => {
    timelines.zoom(2.5, timelines.shareAt(event.clientX));
  });
  chart.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    fingers.set(event.pointerId, event.clientX);
    moved = 0;
    chart.setPointerCapture(event.pointerId);
  });
  chart.addEventListener('pointermove', (event) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
    moved += Math.abs(event.clientX - before);
    fingers.set(event.pointerId, event.clientX);
    if (other === undefined) timelines.pan(timelines.shareAt(before) - timelines.shareAt(event.clientX));
    else
      timelines.zoom(
        Math.max(4, Math.abs(event.clientX - other)) / Math.max(4, Math.abs(before - other)),
        timelines.shareAt(other),
      );
  });
  /** @param {PointerEvent} event */
  const lift = (event) => {
    if (!fingers.delete(event.pointerId) || moved >= 4 || event.type !== 'pointerup') return;
    // A finger cannot hover.
    const hit = document.elementFromPoint(event.clientX, event.clientY);
    const title = hit?.closest('g.span')?.querySelector('title');
    if (title) timelines.say(title.textContent);
  };
  chart.addEventListener('pointerup', lift);
  chart.addEventListener('pointercancel', lift);
}

/** @type {HTMLElement[]} */
const figures = partsOf(document, 'figure.zoomable');
for (const figure of figures) {
  /** @type {HTMLElement} */
  const chart = partOf(figure, '.chart');
  const timelines = createTimelines(figure);
  obeyActs(figure, chart, timelines);
  obeyWheel(chart, timelines);
  obeyPointers(chart, timelines);
  figure.classList.add('live');
  chart.tabIndex = 0;
  timelines.draw();
}
