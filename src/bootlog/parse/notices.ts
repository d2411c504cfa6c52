/** Lines by which a kernel, a console or a journal says that its log is not the whole truth. A first group counts. */
const NOTICE_FORMS: readonly { readonly pattern: RegExp; readonly say: (count: number, times: number) => string }[] = [
  {
    // console_unlock(): the console could not keep up with the ring, 3.x to 6.x
    pattern: /\*\* (\d{1,15}) printk messages dropped \*\*/,
    say: (count) => `${count} printk message(s) never reached the console ("printk messages dropped")`,
  },
  {
    // 6.x with nbcon consoles, and the nmi/safe buffers of 4.10 to 5.14
    pattern: /^printk(?:_safe)?: (?:\S+: )?(\d{1,15}) messages? (?:dropped|lost)/,
    say: (count) => `${count} printk message(s) were dropped`,
  },
  {
    pattern: /^printk: (\d{1,15}) messages suppressed/,
    say: (count) => `${count} printk message(s) were suppressed by the rate limit`,
  },
  {
    // devkmsg_write(): a program writes to /dev/kmsg faster than printk_ratelimit lets it
    pattern: /^(?:printk: )?\S+: (\d{1,15}) output lines suppressed due to ratelimiting/,
    say: (count) => `${count} line(s) that programs wrote to /dev/kmsg were suppressed by the rate limit`,
  },
  {
    pattern: /Missed (\d{1,15}) kernel messages/,
    say: (count) => `the journal missed ${count} kernel message(s)`,
  },
  {
    pattern: /\*\* replaying previous printk message \*\*/,
    say: (_count, times) => `${times} message(s) were replayed on the console`,
  },
  {
    // arch/x86/kernel/tsc.c: seen under TCG when the host was too busy for 50 ms of PIT polling
    pattern: /^tsc: Fast TSC calibration failed/,
    say: () =>
      'the TSC could not be calibrated at once, so the printk clock starts late: timestamps leave out what came before ' +
      'and do not compare with those of other boots',
  },
];

/** Collects what a log says about itself, so that an overflow or an odd clock is always reported. */
export class NoticeTally {
  readonly #found = new Map<number, { count: number; times: number }>();

  note(text: string): void {
    if (!/dropped|suppressed|Missed|lost|replaying|calibration failed/.test(text)) return;
    for (const [index, form] of NOTICE_FORMS.entries()) {
      const match = form.pattern.exec(text);
      if (match === null) continue;
      const tally = this.#found.get(index) ?? { count: 0, times: 0 };
      this.#found.set(index, { count: tally.count + Number(match[1] ?? 0), times: tally.times + 1 });
      return;
    }
  }

  warnings(): string[] {
    return NOTICE_FORMS.flatMap((form, index) => {
      const tally = this.#found.get(index);
      return tally === undefined ? [] : [form.say(tally.count, tally.times)];
    });
  }
}
