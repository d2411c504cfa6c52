import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { readTimelines } from '../../src/pipeline/run/write-reports.ts';
import { recordSchema } from '../../src/model/record.ts';
import { fixtureBenchRecord } from '../fixtures/report/bench.ts';
import { fixtureTimelines } from '../fixtures/report/timelines.ts';
import { renderPage } from '../support/render-page.ts';
import { contrast, lookAt, overlap } from './page-facts.ts';
import type { PageFacts } from './page-facts.ts';

const SAMPLE = 'results/sample';
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** What every view of the chart must hold, whatever its scale. */
function expectReadable(facts: PageFacts): void {
  expect(facts.pageWidth, 'the page scrolls sideways').toBeLessThanOrEqual(facts.windowWidth);
  expect(facts.chart.right - facts.chart.left).toBeGreaterThan(facts.windowWidth * 0.8);
  expect(facts.bars.length).toBeGreaterThan(4);
  expect(facts.texts.length).toBeGreaterThan(8);
  for (const [index, text] of facts.texts.entries()) {
    expect(text.left, `${text.text} begins left of the chart`).toBeGreaterThanOrEqual(facts.chart.left - 1);
    expect(text.right, `${text.text} ends right of the chart`).toBeLessThanOrEqual(facts.windowWidth);
    if (text.bar !== null) expect(text.right, `${text.text} leaves its bar`).toBeLessThanOrEqual(text.bar.right + 1);
    for (const other of facts.texts.slice(index + 1))
      expect(overlap(text, other), `"${text.text}" and "${other.text}" overlap`).toBe(false);
    expect(contrast(text.colour, text.ground), text.text).toBeGreaterThanOrEqual(4.5);
  }
}

describe.each([
  { name: 'the sample run', source: 'sample' },
  { name: 'a run with container work, whose boots left timelines with units and initcalls', source: 'fixture' },
] as const)('the report of $name', ({ source }) => {
  let folder: string;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-browser-'));
    const file = path.join(folder, 'report.html');
    const html =
      source === 'fixture'
        ? renderPage(fixtureBenchRecord, fixtureTimelines)
        : renderPage(
            recordSchema.parse(JSON.parse(await readFile(path.join(SAMPLE, 'record.json'), 'utf8'))),
            await readTimelines(createHost(), SAMPLE),
          );
    await writeFile(file, html);
    // A fresh profile of its own, removed with the browser.
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: FLAGS });
    page = await browser.newPage();
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(pathToFileURL(file).href);
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** The page as it is after loading, at a width and in a colour scheme. */
  const open = async (width: number, colorScheme: 'light' | 'dark'): Promise<void> => {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await page.reload();
  };
  const press = async (act: string, times = 1): Promise<PageFacts> => {
    for (let turn = 0; turn < times; turn += 1) await page.click(`.zoom button[data-act=${act}]`);
    return lookAt(page);
  };
  /** Seconds that the axis shows, by its ticks. */
  const extent = ({ ticks }: PageFacts): number => {
    const seconds = ticks.map(Number).filter(Number.isFinite);
    return Math.max(...seconds) - Math.min(...seconds);
  };

  /** Seconds between the ends of what is shown, as the chart says. */
  const span = ({ said }: PageFacts): number => {
    const [from = 0, to = 0] = said.split(' to ').map(Number.parseFloat);
    return to - from;
  };

  describe.each([
    { width: 1280, colours: 'light' },
    { width: 1280, colours: 'dark' },
    { width: 400, colours: 'light' },
    { width: 400, colours: 'dark' },
  ] as const)('at $width px, $colours', ({ width, colours }) => {
    test('shows the whole boot of both arms: nothing overlaps, is cut off or too faint', async () => {
      await open(width, colours);
      const facts = await lookAt(page);
      expectReadable(facts);
      expect(facts.said).toBe('the whole boot');
      for (const { text, colour, ground } of facts.words)
        expect(contrast(colour, ground), text).toBeGreaterThanOrEqual(4.5);
    });

    test('shows the charts of container work: nothing overlaps, is cut off or too faint', async () => {
      await open(width, colours);
      const { figures, windowWidth } = await lookAt(page);
      if (source === 'fixture')
        expect(figures.map(({ kind }) => kind)).toEqual(['dots', 'dots', 'series', 'series', 'series', 'series']);
      for (const figure of figures) {
        expect(figure.texts.length).toBeGreaterThan(4);
        expect(figure.marks.length).toBeGreaterThan(10);
        for (const [index, text] of figure.texts.entries()) {
          expect(text.left, `${text.text} begins left of its chart`).toBeGreaterThanOrEqual(figure.left - 1);
          expect(text.right, `${text.text} ends right of the page`).toBeLessThanOrEqual(windowWidth);
          expect(contrast(text.colour, text.ground), text.text).toBeGreaterThanOrEqual(4.5);
          for (const other of figure.texts.slice(index + 1))
            expect(overlap(text, other), `"${text.text}" and "${other.text}" overlap`).toBe(false);
        }
        for (const mark of figure.marks) {
          expect(mark.left).toBeGreaterThanOrEqual(figure.left - 1);
          expect(mark.right).toBeLessThanOrEqual(figure.right + 1);
          expect(contrast(mark.colour, figure.texts[0]?.ground ?? '')).toBeGreaterThanOrEqual(3);
        }
      }
    });

    test('stays readable at every step of the zoom, and comes back to what it was', async () => {
      await open(width, colours);
      const before = await lookAt(page);
      for (let step = 0; step < 5; step += 1) {
        const after = await press('in');
        for (const text of after.texts) expect(text.right, text.text).toBeLessThanOrEqual(after.windowWidth);
        for (const [index, text] of after.texts.entries())
          for (const other of after.texts.slice(index + 1))
            expect(overlap(text, other), `"${text.text}" and "${other.text}" overlap`).toBe(false);
      }
      const near = await lookAt(page);
      expect(extent(near)).toBeLessThan(extent(before) / 8);
      expect(near.said).toMatch(/^[\d.]+ to [\d.]+ s$/);
      const back = await press('reset');
      expect(back.ticks).toEqual(before.ticks);
      expect(back.bars).toEqual(before.bars);
      expectReadable(back);
    });
  });

  test('draws A above B on one scale, before and after zooming', async () => {
    await open(1280, 'light');
    const sameScale = (facts: PageFacts): void => {
      const left = facts.chart.left + 10;
      const pxPerSec = facts.bars
        .filter((bar) => bar.start > 0 && bar.left > left + 1)
        .map((bar) => ({ start: bar.start, left: bar.left }))
        .sort((a, b) => a.start - b.start);
      const [first] = pxPerSec;
      const last = pxPerSec.at(-1);
      if (first === undefined || last === undefined) throw new Error('too few bars');
      const slope = (last.left - first.left) / (last.start - first.start);
      for (const bar of pxPerSec) expect(bar.left).toBeCloseTo(first.left + (bar.start - first.start) * slope, 0);
    };
    sameScale(await lookAt(page));
    sameScale(await press('kernel'));
  });

  test('zooms by wheel once the reader has turned to it, moves by dragging, and obeys the keyboard', async () => {
    await open(1280, 'light');
    const chart = page.locator('.chart');
    const whole = await lookAt(page);
    const hover = async (shiftPx = 0): Promise<void> => {
      await chart.scrollIntoViewIfNeeded();
      const box = await chart.boundingBox();
      if (box === null) throw new Error('the chart is not there');
      await page.mouse.move(box.x + box.width / 2 + shiftPx, Math.max(box.y, 0) + 40, { steps: 4 });
    };
    await hover();
    await page.mouse.wheel(0, -200);
    expect((await lookAt(page)).said).toBe('the whole boot');
    await chart.focus();
    await hover();
    await page.mouse.wheel(0, -600);
    await expect.poll(async () => (await lookAt(page)).said).not.toBe('the whole boot');
    const zoomed = await lookAt(page);
    expect(extent(zoomed)).toBeLessThan(extent(whole));
    await hover();
    await page.mouse.down();
    await hover(-200);
    await page.mouse.up();
    const dragged = await lookAt(page);
    expect(Number.parseFloat(dragged.said)).toBeGreaterThan(Number.parseFloat(zoomed.said));
    await page.keyboard.press('-');
    const wider = await lookAt(page);
    expect(span(wider)).toBeGreaterThan(span(dragged));
    await page.keyboard.press('0');
    expect((await lookAt(page)).said).toBe('the whole boot');
  });

  test('runs its own script under its own policy without a complaint, and asks the network for nothing', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await open(1280, 'light');
    await press('in');
    expect(problems).toEqual([]);
    expect(asked.filter((url) => !url.startsWith('file:'))).toEqual([]);
  });

  test('is complete without its script: the whole boot, no buttons that do nothing', async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
    const still = await plain.newPage();
    await still.goto(page.url());
    const facts = await lookAt(still);
    expectReadable(facts);
    expect(facts.buttons).toEqual([]);
    expect(await still.locator('noscript svg').count()).toBeGreaterThan(0);
    await plain.close();
  });
});
