import { describe, expect, test } from 'vitest';
import { analyzeBootLog } from '../../src/bootlog/analysis.ts';
import { deltaListing, formatDeltaRow, showDelta } from '../../src/bootlog/reading/deltas.ts';
import { parseBootLog } from '../../src/bootlog/parse/parse.ts';
import { PRESENCE_CHECKS } from '../../src/bootlog/reading/presence.ts';
import type { BootAnalysis, LogAnalysis } from '../../src/model/boots/analysis.ts';
import { renderAnalysisHtml } from '../../src/report/boot-log/analysis-html.ts';
import { analysisText } from '../../src/report/boot-log/analysis-text.ts';
import { readFixture, readFixtures } from '../fixtures/bootlog/read-fixture.ts';
import { parsePage } from '../fixtures/report/parse-page.ts';

function analysisOf(text: string, top = 22): LogAnalysis {
  const log = parseBootLog(text);
  return analyzeBootLog(log, { source: 'a.log', boots: log.boots, top, presence: PRESENCE_CHECKS });
}

function lastBoot(analysis: LogAnalysis): BootAnalysis {
  const boot = analysis.boots.at(-1);
  if (boot === undefined) throw new Error('no boot was analysed');
  return boot;
}

const golden = (name: string, top?: number): LogAnalysis => analysisOf(readFixture(name).text, top);
const shown = (analysis: LogAnalysis, options: { columns?: number; initcalls?: boolean } = {}): string =>
  analysisText(analysis, { columns: options.columns, initcalls: options.initcalls ?? false, top: 22 });

describe('an analysis', () => {
  test('gives a metric the lines at both its ends, and their distance is its value', () => {
    for (const { name, text } of readFixtures()) {
      for (const { metrics } of analysisOf(text).boots) {
        for (const { id, valueSec, from, to, why } of metrics) {
          expect(why === null, `${name} ${id}`).toBe(valueSec !== null);
          if (valueSec === null) continue;
          expect((to?.atSec ?? NaN) - (from?.atSec ?? NaN), `${name} ${id}`).toBeCloseTo(valueSec, 6);
        }
      }
    }
  });

  test('names the very line of the text that a marker came from', () => {
    for (const { name, text } of readFixtures()) {
      const lines = text.split('\n');
      for (const { markers } of analysisOf(text).boots) {
        for (const marker of markers) {
          if (marker.found) expect(lines[marker.line - 1], `${name} ${marker.id}`).toContain(marker.text.slice(0, 40));
        }
      }
    }
  });

  test('says of a marker that is missing that it was not found, and of its metric why it has no value', () => {
    const boot = lastBoot(golden('overflowed-ring-dropped.log'));
    expect(boot.markers.filter(({ found }) => found).map(({ id }) => id)).toEqual(['init-exec']);
    expect(boot.markers).toHaveLength(11);
    expect(boot.metrics.map(({ id, valueSec, why }) => [id, valueSec, why])).toEqual([
      ['kernel_init', null, 'initmem-freed not found'],
      ['initrd_release', null, 'initrd-freed not found'],
      ['initrd_phase', null, 'systemd-start not found'],
      ['module_loading', null, 'modules-begin and modules-end not found'],
      ['total_boot', null, 'ready not found'],
    ]);
    expect(boot.warnings).toHaveLength(3);
  });

  test("gives the thesis's figures from its lines, each with its line", () => {
    const readings = lastBoot(golden('thesis-chapter-5-before.log')).thesisReadings;
    expect(readings.map(({ metric, valueSec, line }) => [metric, valueSec, line])).toEqual([
      ['initrd_release', 1.024451, 6],
      ['kernel_init', 0.818967, 4],
      ['total_boot', 47.71536, 16],
      ['module_loading', 19.178696, 15],
    ]);
  });

  test('counts the line before an initrd is freed from the latest stamp, not from a line of another clock', () => {
    const boot = lastBoot(
      analysisOf(
        '[    1.000000] a\n[    3.000000] b\n[    2.500000] late cpu\n[    3.250000] Freeing initrd memory: 4K\n',
      ),
    );
    expect(boot.metrics.find(({ id }) => id === 'initrd_release')).toMatchObject({
      valueSec: 0.25,
      from: { line: 2, text: 'b' },
    });
  });

  test('survives JSON unchanged', () => {
    const analysis = golden('debian-12-tcg-initcall-debug.log');
    expect(JSON.parse(JSON.stringify(analysis))).toEqual(analysis);
  });
});

describe('an analysis on the terminal', () => {
  test('shows what was not found as such, and never a zero in its place', () => {
    const text = shown(golden('overflowed-ring-dropped.log'));
    expect(text).toMatch(/^initmem freed +not found$/m);
    expect(text).toMatch(/^Kernel init +not found +initmem-freed not found$/m);
    expect(text).toContain("systemd's account: not found");
    expect(text).toContain('! no "Linux version" line: the log starts at 20.000000 s');
    expect(text).toContain('! 7 printk message(s) never reached the console');
    expect(text).not.toMatch(/\b0\.000000\b(?! *$)/m);
  });

  test('says how many boots a text holds, and shows those that were chosen', () => {
    const log = parseBootLog(readFixture('two-boots.log').text);
    const text = shown(analyzeBootLog(log, { source: 'a.log', boots: log.boots.slice(1), top: 3, presence: [] }));
    expect(text).toContain('a.log: 2 boots\n  ! the text holds 2 boots');
    expect(text).toContain('Boot 2 of 2: Linux 6.1.176-drydock');
    expect(text).not.toContain('Boot 1 of 2');
  });

  test('cuts its tables to the terminal, and nothing where there is none', () => {
    const analysis = golden('debian-12-tcg-initcall-debug.log');
    const narrow = shown(analysis, { columns: 72, initcalls: true }).split('\n');
    expect(narrow.filter((line) => !/^(?:Boot |Initcalls, | {2}! )/.test(line) && line.length > 72)).toEqual([]);
    expect(shown(analysis)).not.toContain('…');
  });

  test('passes no control character of a log on', () => {
    const text = shown(analysisOf('[    1.000000] Run /x as init process \u009b31m\u202e\n[    2.000000] b\u0085c\n'));
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  test('shows the costliest initcalls inside what holds them when it is asked to', () => {
    const analysis = golden('linux-4.14-initcalls.log');
    expect(shown(analysis)).toContain(
      'Initcalls, own cost: 4 initcall 0.005552 s, 1 async 0.102400 s, 1 probe 0.018000 s',
    );
    const table = shown(analysis, { initcalls: true }).split('\n');
    const from = table.findIndex((line) => line.includes('Self, s'));
    expect(table.slice(from + 1, -1).map((line) => line.trim().replaceAll(/ +/g, ' '))).toEqual([
      '0.001024 0.001024 0.100000 initcall 1 0 acpi_pci_init',
      '0.000000 0.000000 0.101200 initcall 1 -19 pcc_init',
      '0.002480 0.020480 0.200000 initcall 84 0 ahci_pci_driver_init [ahci]',
      '0.018000 0.018000 0.201500 probe 84 0 · 0000:00:1f.2',
      '0.102400 0.102400 0.220700 async 35 0 async_port_probe [libata]',
      '0.002048 0.002048 0.400000 initcall 91 0 loop_init [loop]',
    ]);
    expect(shown(golden('two-boots.log'), { initcalls: true })).toContain('Initcalls: not found');
  });
});

describe('an analysis as a page', () => {
  test('holds every section and every boot, loads nothing, and escapes the log', () => {
    const text = '[    0.000000] Linux version 6.1.0 x\n[    1.000000] <script>alert(1)</script>\n';
    const page = renderAnalysisHtml(analysisOf(text), '0.1.0');
    const root = parsePage(page);
    expect([...root.querySelectorAll('h2')].map(({ textContent }) => textContent)).toEqual([
      'Boot 1 of 1: Linux 6.1.0, 2 lines (1 to 2), printk clock, 0.000000 to 1.000000 s',
      ...['Markers', 'Metrics', 'Phases', 'Costliest lines', "systemd's account", 'Presence'],
    ]);
    expect([...root.querySelectorAll('script, link, img, iframe')]).toEqual([]);
    expect(page).toContain('&lt;script&gt;');
    expect(page).toContain("default-src 'none'");
    expect(page).toContain('prefers-color-scheme: dark');
  });

  test('says not found where a marker is missing, and draws the phases', () => {
    const root = parsePage(renderAnalysisHtml(golden('debian-12-tcg-systemd.log'), '0.1.0'));
    const rows = [...root.querySelectorAll('tr')].map(({ textContent }) => textContent.replaceAll(/\s+/g, ' '));
    expect(rows.filter((row) => row.startsWith('ready'))).toEqual([expect.stringContaining('not found')]);
    expect([...root.querySelectorAll('svg')]).toHaveLength(2);
    expect(root.textContent).toContain('the TSC could not be calibrated');
  });

  test('has the attribution table of a boot with initcall_debug, for every golden log without fail', () => {
    for (const { name, text } of readFixtures()) {
      const analysis = analysisOf(text);
      const page = renderAnalysisHtml(analysis, '0.1.0');
      expect(page.includes('<h2>Initcalls</h2>'), name).toBe(
        analysis.boots.some(({ initcalls }) => initcalls !== null),
      );
      expect(page, name).not.toMatch(/NaN|undefined/);
    }
  });
});

describe('the listing of show_delta', () => {
  test('keeps what has no stamp where it stood', () => {
    const log = parseBootLog(readFixture('split-lines.log').text);
    const [boot] = log.boots;
    if (boot === undefined) throw new Error('no boot was found');
    const listing = deltaListing(boot, log.other) ?? [];
    expect(listing.slice(0, 6)).toEqual([
      'Loading initial ramdisk ...',
      '[0.000000 < 0.000000 >] Linux version 6.1.0-49-amd64 (debian-kernel@lists.debian.org) #1 SMP',
      '[0.000000 < 0.000000 >] Command line: console=ttyS0',
      '[1.000000 < 1.000000 >] pci 0000:00:1f.2: reg 0x10: [io  0xc080-',
      '[1.000500 < 0.000500 >] ACPI: bus type USB registered',
      '0xc087]',
    ]);
    expect(listing.filter((line) => line.startsWith('['))).toEqual(
      expect.arrayContaining((showDelta(boot) ?? []).map(formatDeltaRow)),
    );
    expect(deltaListing(boot, log.other, 'no such line')).toBeUndefined();
  });
});
