import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readProcessLog } from '../../src/bootlog/processes/read.ts';
import type { ProcessLog } from '../../src/model/boots/processes.ts';
import { processTable } from '../../src/report/rows/process-table.ts';
import { processesSvg } from '../../src/report/charts/processes.ts';
import { fixtureRecord } from '../fixtures/report/record.ts';
import { renderPage } from '../support/render-page.ts';

const log = readProcessLog(readFileSync(new URL('../fixtures/processes/collector.log', import.meta.url)));
const rowsOf = (svg: string): readonly string[] => [...svg.matchAll(/<title>([^[]+) \[/g)].map(([, name = '']) => name);
const draw = (of: ProcessLog, maxRows?: number): string =>
  processesSvg(of, { widthPx: 1000, label: 'a boot', ...(maxRows === undefined ? {} : { maxRows }) }).source;

describe('the process chart', () => {
  test('has a row a process, children below their parents', () => {
    const rows = rowsOf(draw(log));
    expect(rows).toHaveLength(log.processes.length);
    expect(rows[0]).toBe('collected-init');
    expect(rows.indexOf('insmod')).toBeLessThan(rows.indexOf('kthreadd'));
  });

  test('keeps the busiest when there is room for few, in the same order', () => {
    const busiest = [...log.processes].sort((a, b) => b.cpuSec - a.cpuSec).slice(0, 5);
    expect([...rowsOf(draw(log, 5))].sort()).toEqual(busiest.map((one) => one.name).sort());
  });

  test('is darker where more of a processor was used', () => {
    const span = { pid: 5, ppid: 1, name: 'x', isKernelThread: false, startSec: 0, startErrorSec: 0, cpuSec: 1 };
    const activity = [
      { startSec: 0, endSec: 1, cpuShare: 0.2 },
      { startSec: 1, endSec: 2, cpuShare: 0.9 },
    ];
    const svg = draw({ ...log, startSec: 0, endSec: 2, cpu: [], disks: [], processes: [{ ...span, activity }] });
    const [faint, dark] = [...svg.matchAll(/fill-opacity="([\d.]+)"/g)].map(([, opacity]) => Number(opacity));
    expect([faint, dark]).toEqual([0.2, 0.9]);
  });

  test('shows every process once and no coordinate that is no number, whoever is whose parent', () => {
    const spans = fc.array(
      fc.record({
        pid: fc.nat(6),
        ppid: fc.nat(6),
        name: fc.string(),
        isKernelThread: fc.boolean(),
        startSec: fc.nat(20),
        startErrorSec: fc.constant(0),
        endSec: fc.integer({ min: 20, max: 40 }),
        endErrorSec: fc.nat(3),
        cpuSec: fc.nat(5),
        activity: fc.constant([{ startSec: 1, endSec: 2, cpuShare: 0.5 }]),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(spans, fc.nat(50), (processes, endSec) => {
        const unique = processes.filter(
          (a, at) => !processes.slice(0, at).some((b) => a.pid === b.pid && a.startSec === b.startSec),
        );
        const svg = draw({ ...log, endSec, processes: unique });
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
        expect([...svg.matchAll(/<title>/g)]).toHaveLength(unique.filter((one) => one.startSec <= endSec).length);
      }),
    );
  });
});

describe('the report page', () => {
  test('has the processes of an arm whose median boot was looked at, and no section without any', () => {
    const [arm] = fixtureRecord.arms;
    const page = renderPage(fixtureRecord, new Map(), new Map([[arm?.name ?? '', log]]));
    expect(page).toContain('<h2>Processes</h2>');
    expect(page).toContain('drydock-collect [');
    expect(renderPage(fixtureRecord)).not.toContain('<h2>Processes</h2>');
  });
});

describe('the process table', () => {
  test('lists processes by start, sums up and repeats the warnings', () => {
    const lines = processTable({ ...log, warnings: ['Something is missing.'] }, undefined).split('\n');
    expect(lines[0]).toMatch(/^From drydock's collector: \d+ samples .* kernel events\.$/);
    expect(lines[3]).toMatch(/ 1 {2,}0 {2}collected-init$/);
    expect(lines).toContain('note: Something is missing.');
  });

  test('shows at most as many as asked for, and says of how many', () => {
    expect(processTable(log, 3)).toContain(`${log.processes.length} processes, 3 of them shown`);
  });

  test('lets no name of a process speak to the terminal', () => {
    const [first] = log.processes;
    if (first === undefined) throw new Error('the fixture is empty');
    expect(processTable({ ...log, processes: [{ ...first, name: '\u001b[31mred' }] }, undefined)).not.toContain(
      '\u001b',
    );
  });
});
