import { machineColours, phaseColours } from '../charts/timeline.ts';

/**
 * Style sheet of the report page. Colours are variables so that dark, light and print differ in one place; every text
 * colour has a contrast of at least 4.5 against the ground it stands on, every mark at least 3.
 */
export const reportStyle = `
:root { color-scheme: light dark;
  --ground: #fff; --raised: #f5f6f7; --ink: #16191d; --dim: #565e68; --rule: #d9dde2; --rule-strong: #8b949e;
  --baseline: #5b6673; --candidate: #0b62b8; --better: #11683a; --worse: #b3201f; --open: #7a5200;
  --p0: #4d6a88; --p1: #93661f; --p2: #45774a; --p3: #85527a; --p4: #2b7a78; --p5: #66666e; --p6: #a04e3d; --p7: #5e5fa8;
  --m0: #5c636d; --m1: #746f68; --m2: #5d6b6b; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #14171a; --raised: #1d2125; --ink: #e7eaed; --dim: #a3acb6; --rule: #333a41; --rule-strong: #6c7681;
  --baseline: #a3acb6; --candidate: #6cb2f7; --better: #6fcf97; --worse: #ff8a80; --open: #e3b341;
  --p0: #56799d; --p1: #986a23; --p2: #4c8251; --p3: #935b87; --p4: #2d807e; --p5: #6f6f78; --p6: #a95543; --p7: #6b6cb8;
  --m0: #6a7079; --m1: #76716a; --m2: #657272; } }
@media print { :root { color-scheme: light;
  --ground: #fff; --raised: #f5f6f7; --ink: #000; --dim: #444; --rule: #ccc; --rule-strong: #888;
  --baseline: #5b6673; --candidate: #0b62b8; --better: #11683a; --worse: #b3201f; --open: #7a5200; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1152px; margin: 0 auto; padding: 28px 16px 56px; }
h1 { margin: 0 0 6px; font-size: 20px; line-height: 1.35; font-weight: 600; max-width: 78ch; text-wrap: pretty; }
h2 { margin: 44px 0 10px; padding-top: 10px; border-top: 1px solid var(--rule-strong); font-size: 16px; font-weight: 600; }
h3 { margin: 20px 0 6px; font-size: 14px; font-weight: 600; }
p { margin: 0 0 8px; max-width: 84ch; }
.run, .dim, figcaption, caption { color: var(--dim); }
.run { margin: 0 0 4px; font-size: 13px; }
code, pre, .mono { font: 12px/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
pre { margin: 6px 0 12px; padding: 8px 10px; background: var(--raised); white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding-bottom: 6px; font-size: 13px; }
th, td { padding: 4px 12px 4px 0; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--rule); font-weight: inherit; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--dim); font-size: 12px; border-bottom-color: var(--rule-strong); vertical-align: bottom; }
.num { text-align: right; white-space: nowrap; }
.scroll { overflow-x: auto; }
.better { color: var(--better); } .worse, .missing { color: var(--worse); } .undecided, .incomparable, .warning { color: var(--open); }
.verdict, .missing { font-weight: 600; }
.scores tbody th { font-weight: 600; }
.scores tr.figures th, .scores tr.figures td { border-bottom: 0; padding-top: 8px; }
.scores tr.words td { padding: 0 0 8px; color: var(--dim); font-size: 12px; }
.words p { margin: 0; max-width: none; }
.thesis { color: var(--dim); }
.num + :not(.num) { padding-left: 12px; }
.arms { table-layout: fixed; min-width: 620px; } .arms th:first-child { width: 118px; } .arms p { margin: 0; }
table + .dim { margin-top: 10px; }
dl.facts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 32px; margin: 0; }
dl.facts > div { display: grid; grid-template-columns: 116px minmax(0, 1fr); gap: 12px; padding: 4px 0; border-bottom: 1px solid var(--rule); }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
dd .dim { display: block; font-size: 12px; }
figure { margin: 0 0 20px; break-inside: avoid; }
figcaption { margin: 4px 0 8px; font-size: 13px; max-width: 96ch; }
svg { display: block; max-width: 100%; height: auto; overflow: visible; }
.narrow { display: none; }
svg text { font-family: system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; font-size: 11px; fill: var(--ink); }
svg .row-title { font-size: 12px; font-weight: 600; } svg .note, svg tspan.note { font-size: 11px; font-weight: 400; fill: var(--dim); }
svg .heading { fill: var(--dim); } svg .unit { paint-order: stroke; stroke: var(--ground); stroke-width: 3px; stroke-linejoin: round; }
svg text.tick { fill: var(--dim); } svg .in-bar { fill: #fff; }
svg .marker, svg .row-title { paint-order: stroke; stroke: var(--ground); stroke-width: 3px; stroke-linejoin: round; }
svg .grid { stroke: var(--rule); } svg .axis { stroke: var(--rule-strong); } svg .leader { stroke: var(--ink); opacity: .55; }
svg path { fill: none; }
${Array.from({ length: phaseColours }, (_, index) => `.phase-${index} { fill: var(--p${index}); background: var(--p${index}); }`).join(' ')}
${Array.from({ length: machineColours }, (_, index) => `.phase-m${index} { fill: var(--m${index}); background: var(--m${index}); }`).join(' ')}
.zoom, .zoom-hint { display: none; } .live .zoom { display: flex; flex-wrap: wrap; gap: 4px; align-items: center; margin: 0 0 8px; } .live .zoom-hint { display: inline; }
.zoom button { min-width: 32px; min-height: 28px; padding: 2px 9px; border: 1px solid var(--rule-strong); border-radius: 4px; background: var(--raised); color: var(--ink); font: inherit; font-size: 13px; cursor: pointer; }
.zoom output { margin-left: 8px; color: var(--dim); font-size: 13px; flex: 1 1 160px; min-width: 0; overflow-wrap: anywhere; }
.live .chart { touch-action: pan-y; user-select: none; -webkit-user-select: none; } .live.zoomed .chart { cursor: grab; }
.chart:focus { outline: 2px solid var(--candidate); outline-offset: 6px; border-radius: 2px; }
.clocks { font-size: 12px; list-style: none; padding: 0; margin: 0 0 16px; max-width: 120ch; } .clocks strong { font-weight: 600; }
.swatch { display: inline-block; width: 10px; height: 10px; margin-right: 7px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.band { fill: var(--raised); } .median { stroke-width: 2; } .dot { stroke: var(--ground); stroke-width: .8; }
.baseline .dot { fill: var(--baseline); } .baseline .median { stroke: var(--baseline); }
.candidate .dot { fill: var(--candidate); } .candidate .median { stroke: var(--candidate); }
.at-baseline { --place: var(--baseline); } .at-candidate { --place: var(--candidate); } .at-host, .at-any { --place: var(--ink); } .at-variant { --place: var(--open); }
svg .line { stroke: var(--place); stroke-linejoin: round; stroke-linecap: round; stroke-width: 1.6; } .happened { fill: var(--place); } svg .event { stroke: var(--place); opacity: .3; }
svg .stroke-0 { stroke-width: 1; } svg .stroke-1 { stroke-width: 2.2; } svg .stroke-2 { stroke-dasharray: 6 4; } svg .stroke-3 { stroke-dasharray: .1 4; stroke-width: 2; } svg .stroke-4 { stroke-dasharray: 10 3 .1 3; }
.dots .dot { fill: var(--place); } .dots .median { stroke: var(--place); } svg .row-title { fill: var(--place, var(--ink)); }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; list-style: none; padding: 0; margin: 0 0 4px; font-size: 12px; } .legend li { display: flex; align-items: center; gap: 6px; margin: 0; }
.spread { display: block; color: var(--dim); font-size: 11px; font-weight: 400; } .bench .scores { margin-bottom: 18px; } .bench a { color: var(--candidate); }
.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 12px 32px; }
.multiples figcaption { color: var(--ink); margin: 0 0 4px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 16px 32px; }
.thirds { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 0 32px; align-items: start; }
.pair h3 { margin-top: 0; }
.pair > *, .thirds > * { min-width: 0; }
.message { overflow-wrap: anywhere; }
ul { margin: 0 0 8px; padding-left: 18px; } li { margin: 2px 0; overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--dim); }
.packages { columns: 260px; column-gap: 32px; list-style: none; padding: 0; margin-top: 8px; }
@media (max-width: 760px) {
  main { padding: 18px 16px 40px; } h1 { font-size: 18px; } h2 { margin-top: 32px; }
  .wide { display: none; } .narrow { display: block; }
  dl.facts { grid-template-columns: minmax(0, 1fr); } dl.facts > div { grid-template-columns: 96px minmax(0, 1fr); }
  .scores, .scores tbody, .scores tr, .scores th, .scores td { display: block; }
  .scores thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .scores tbody { border-bottom: 1px solid var(--rule); padding: 8px 0; }
  .scores caption { display: block; }
  .scores tr.figures { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 3px 12px; }
  .scores tr.figures th { grid-column: 1 / -1; padding: 0; font-size: 15px; }
  .scores tr.figures td, .scores tr.figures .num + :not(.num) { padding: 0; text-align: left; white-space: normal; }
  .bench .scores tr.figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .scores tr.figures td[colspan] { grid-column: 1 / -1; }
  .scores tr.figures td::before { display: block; content: attr(data-label); color: var(--dim); font-size: 12px; font-weight: 400; }
  .scores tr.words td { padding: 4px 0 0; border: 0; } }
@media print { body { font-size: 10pt; } main { max-width: none; padding: 0; } h2 { break-after: avoid; }
  .scores tbody, tr { break-inside: avoid; } svg rect, svg circle { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { content-visibility: visible; display: block; } }
`;
