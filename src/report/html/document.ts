import { createHash } from 'node:crypto';
import { Markup, markup } from '../text/markup.ts';
import { reportStyle } from './style.ts';

export interface HtmlDocument {
  readonly title: string;
  /** Version of drydock. */
  readonly version: string;
  /** CSS beside the style of reports. */
  readonly style?: string;
  /** The one script that the page runs. */
  readonly script?: string;
  readonly main: Markup;
}

/** CSP 3 names an inline script by the digest of its text. */
function scriptSource(script: string): string {
  return `; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`;
}

/**
 * A page that loads nothing and runs nothing but its own script, if it has one: its content security policy forbids all else.
 */
export function htmlDocument({ title, version, style = '', script, main }: HtmlDocument): string {
  const policy = `default-src 'none'; style-src 'unsafe-inline'${script === undefined ? '' : scriptSource(script)}`;
  const ownScript = script === undefined ? undefined : markup`<script>${new Markup(script)}</script>`;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="drydock ${version}">
<title>${title}</title>
<style>${new Markup(reportStyle + style)}</style>
</head>
<body><main>
${main}
</main>${ownScript}</body>
</html>
`;
  return page.source;
}
