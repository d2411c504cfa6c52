import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { z } from 'zod';

const box = { left: z.number(), top: z.number(), right: z.number(), bottom: z.number() };
const boxSchema = z.object(box);
export type Box = z.infer<typeof boxSchema>;

const factsSchema = z.object({
  windowWidth: z.number(),
  pageWidth: z.number(),
  chart: boxSchema,
  label: z.string(),
  said: z.string(),
  ticks: z.array(z.string()),
  bars: z.array(z.object({ name: z.string(), start: z.number(), ...box })),
  texts: z.array(
    z.object({
      text: z.string(),
      isInBar: z.boolean(),
      bar: boxSchema.nullable(),
      colour: z.string(),
      ground: z.string(),
      ...box,
    }),
  ),
  words: z.array(z.object({ text: z.string(), colour: z.string(), ground: z.string() })),
  figures: z.array(
    z.object({
      ...box,
      kind: z.enum(['series', 'dots']),
      texts: z.array(z.object({ text: z.string(), colour: z.string(), ground: z.string(), ...box })),
      marks: z.array(z.object({ colour: z.string(), ...box })),
    }),
  ),
  buttons: z.array(z.string()),
});
export type PageFacts = z.infer<typeof factsSchema>;

const SCRIPT = readFileSync(new URL('in-page.js', import.meta.url), 'utf8');

/** What the browser shows at this moment: places in CSS pixels, colours as computed. */
export async function lookAt(page: Page): Promise<PageFacts> {
  return factsSchema.parse(await page.evaluate<unknown>(SCRIPT));
}

/** Contrast of two computed `rgb(…)` colours by WCAG 2. */
export function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const channels = /^rgba?\((\d+), (\d+), (\d+)/.exec(colour)?.slice(1).map(Number);
  if (channels === undefined) throw new Error(`not a colour of one tone: ${colour}`);
  const [red = 0, green = 0, blue = 0] = channels.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Whether two boxes share more than a hair. */
export function overlap(a: Box, b: Box): boolean {
  const hair = 1;
  return (
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > hair &&
    // Line boxes are taller than their letters.
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3
  );
}
