/**
 * Markup that is safe by construction: every string put into a template is escaped, and only what another template
 * made is inserted as it is. HTML, SVG and XML share the five escapes and the set of characters they can hold.
 */
export class Markup {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

export type MarkupValue = string | number | Markup | readonly Markup[] | undefined;

// What XML 1.0 cannot hold at all, escaped or not (https://www.w3.org/TR/xml/#charsets), lone surrogates included.
const unrepresentable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Replaces control characters and lone surrogates, which console text may carry, by U+FFFD. */
export function replaceUnprintable(text: string): string {
  return text.replaceAll(unrepresentable, '\ufffd');
}

/** Text as it may stand in an HTML, SVG or XML element or in a quoted attribute. */
function escapeMarkup(text: string): string {
  return replaceUnprintable(text).replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** Template tag: `markup\`<td>${untrusted}</td>\`` escapes what is put in; attributes must be quoted by the template. */
export function markup(strings: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  let source = strings[0] ?? '';
  values.forEach((value, index) => {
    source += sourceOf(value) + (strings[index + 1] ?? '');
  });
  return new Markup(source);
}

/** Pieces one after the other, each on its own line. */
function joinMarkup(pieces: readonly Markup[]): Markup {
  return new Markup(pieces.map((piece) => piece.source).join('\n'));
}

function sourceOf(value: MarkupValue): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return escapeMarkup(value);
  if (typeof value === 'number') return String(value);
  if (value instanceof Markup) return value.source;
  return joinMarkup(value).source;
}
