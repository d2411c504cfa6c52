/** Ways in which a kernel, a console or a journal says that messages are missing. The first group counts them. */
const LOSS_FORMS: readonly { readonly pattern: RegExp; readonly say: (count: number, times: number) => string }[] = [
  {
    // console_unlock(): the console could not keep up with the ring, 3.x to 6.x
    pattern: /\*\* (\d+) printk messages dropped \*\*/,
    say: (count) => `${count} printk message(s) never reached the console ("printk messages dropped")`,
  },
  {
    // 6.x with nbcon consoles, and the nmi/safe buffers of 4.10 to 5.14
    pattern: /^printk(?:_safe)?: (?:\S+: )?(\d+) messages? (?:dropped|lost)/,
    say: (count) => `${count} printk message(s) were dropped`,
  },
  {
    pattern: /^printk: (\d+) messages suppressed/,
    say: (count) => `${count} printk message(s) were suppressed by the rate limit`,
  },
  {
    // devkmsg_write(): a program writes to /dev/kmsg faster than printk_ratelimit lets it
    pattern: /^(?:printk: )?\S+: (\d+) output lines suppressed due to ratelimiting/,
    say: (count) => `${count} line(s) that programs wrote to /dev/kmsg were suppressed by the rate limit`,
  },
  {
    pattern: /Missed (\d+) kernel messages/,
    say: (count) => `the journal missed ${count} kernel message(s)`,
  },
  {
    pattern: /\*\* replaying previous printk message \*\*/,
    say: (_count, times) => `${times} message(s) were replayed on the console`,
  },
];

/** Counts messages that a log says it has lost, so that an overflow is told and never hidden. */
export class LossTally {
  readonly #found = new Map<number, { count: number; times: number }>();

  note(text: string): void {
    if (!/dropped|suppressed|Missed|lost|replaying/.test(text)) return;
    for (const [index, form] of LOSS_FORMS.entries()) {
      const match = form.pattern.exec(text);
      if (match === null) continue;
      const tally = this.#found.get(index) ?? { count: 0, times: 0 };
      this.#found.set(index, { count: tally.count + Number(match[1] ?? 0), times: tally.times + 1 });
      return;
    }
  }

  warnings(): string[] {
    return LOSS_FORMS.flatMap((form, index) => {
      const tally = this.#found.get(index);
      return tally === undefined ? [] : [form.say(tally.count, tally.times)];
    });
  }
}
