import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Score, Verdict } from '../../src/model/verdicts/measure.ts';
import type { ArmRecord, RunRecord } from '../../src/model/record.ts';
import { reportStyle } from '../../src/report/html/style.ts';
import { renderJson } from '../../src/report/formats/json.ts';
import { renderJunit } from '../../src/report/formats/junit.ts';
import { renderMarkdown } from '../../src/report/formats/markdown.ts';
import { reproduceCommand } from '../../src/report/rows/reproduce.ts';
import { headline } from '../../src/report/rows/score-rows.ts';
import { finalTable } from '../../src/report/formats/terminal.ts';
import { recordSchema } from '../../src/model/record.ts';
import { parsePage, parseXml } from '../fixtures/report/parse-page.ts';
import { fixtureRecord } from '../fixtures/report/record.ts';
import { fixtureTimelines } from '../fixtures/report/timelines.ts';
import { runs } from '../support/properties.ts';
import { renderPage } from '../support/render-page.ts';

const golden = (name: string): string => `../fixtures/report/${name}`;

describe('the fixture renders as its golden file says', () => {
  test('as HTML', async () => {
    await expect(renderPage(fixtureRecord, fixtureTimelines)).toMatchFileSnapshot(golden('report.html'));
  });
  test('as Markdown', async () => {
    await expect(renderMarkdown(fixtureRecord)).toMatchFileSnapshot(golden('report.md'));
  });
  test('as JUnit', async () => {
    await expect(renderJunit(fixtureRecord)).toMatchFileSnapshot(golden('junit.xml'));
  });
  test('as JSON', async () => {
    await expect(renderJson(fixtureRecord)).toMatchFileSnapshot(golden('record.json'));
  });
  test('on terminals of 140, 80 and 50 columns', async () => {
    const tables = [140, 80, 50].map((columns) => finalTable(fixtureRecord, { columns, colour: false }));
    await expect(tables.join('\n\n')).toMatchFileSnapshot(golden('terminal.txt'));
  });
});

/** The fixture with every string replaced by what `spoil` makes of it; ids that steer the report stay. */
function spoiled(spoil: (text: string) => string): RunRecord {
  const { arms, boots, scores, ...rest } = fixtureRecord;
  const name = (arm: string): string => spoil(arm);
  return {
    ...rest,
    id: spoil(rest.id),
    drydockVersion: spoil(rest.drydockVersion),
    startedAt: spoil(rest.startedAt),
    profile: {
      name: spoil(rest.profile.name),
      description: spoil(rest.profile.description),
      sha256: spoil(rest.profile.sha256),
    },
    guest: {
      name: spoil(rest.guest.name),
      reason: spoil(rest.guest.reason),
      imageSha256: spoil(rest.guest.imageSha256),
      packages: { [spoil('package')]: spoil('1.0') },
    },
    environment: {
      ...rest.environment,
      acceleratorReason: spoil(rest.environment.acceleratorReason),
      cpuModel: spoil(rest.environment.cpuModel),
      hostKernel: spoil(rest.environment.hostKernel),
      hostOs: spoil(rest.environment.hostOs),
      qemuVersion: spoil(rest.environment.qemuVersion),
    },
    bootOrder: rest.bootOrder.map(name),
    arms: arms.map((arm) => ({
      ...arm,
      name: name(arm.name),
      kernelRelease: spoil(arm.kernelRelease),
      kernelOrigin: spoil(arm.kernelOrigin),
      cmdline: spoil(arm.cmdline),
      kernelSha256: spoil(arm.kernelSha256),
      ...(arm.docker === undefined
        ? {}
        : {
            docker: {
              ...arm.docker,
              command: arm.docker.command.map(spoil),
              stdout: spoil(arm.docker.stdout),
              serverVersion: spoil(arm.docker.serverVersion),
              storageDriver: spoil(arm.docker.storageDriver),
              cgroupVersion: spoil(arm.docker.cgroupVersion),
            },
          }),
      configCheck: {
        rows: [{ section: 'necessary', symbol: spoil('VETH'), value: 'missing' }],
        disagreements: [spoil('KEYS')],
        missingNecessary: [spoil('VETH')],
      },
    })),
    boots: boots.map((boot) => ({
      ...boot,
      arm: name(boot.arm),
      kernelRelease: spoil(boot.kernelRelease),
      phases: boot.phases.map((phase) => ({ ...phase, name: spoil(phase.name) })),
      costliest: boot.costliest.map((step) => ({ ...step, message: spoil(step.message) })),
      warnings: [spoil('warning')],
      markers: {
        'kernel-start': { id: 'kernel-start', atSec: 0, deltaSec: 0, line: 1, text: spoil('Linux') },
        ready: { id: 'ready', atSec: boot.hostReadySec, deltaSec: 0, line: 2, text: spoil('ready') },
      },
    })),
    measurements: { [name('stock')]: [], [name('docker-min')]: [] },
    scores: scores.map((score) => ({
      ...score,
      metric: spoil(score.metric),
      baseline: { ...score.baseline, arm: name(score.baseline.arm) },
      candidate: { ...score.candidate, arm: name(score.candidate.arm) },
      reason: spoil(score.reason),
      endPoints: spoil(score.endPoints),
      ...(score.thesis === undefined ? {} : { thesis: { ...score.thesis, endPoints: spoil(score.thesis.endPoints) } }),
    })),
    stages: [{ name: spoil('build'), arm: name('docker-min'), cached: false, durationMs: 1, fingerprint: spoil('f') }],
    findings: [{ level: 'warning', message: spoil('finding') }],
  };
}

const hostile = fc.oneof(
  fc.constantFrom(
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    '</title></style></pre><b>',
    ']]>&lt;!--',
    '| a | `b` <u>c</u>\n# d',
    '\u001b[31mred\u0000\u0007',
    'http://example.org/?a=1&b=2',
    '\ud800',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

// The original text is kept behind the hostile one, so that arms stay distinct and instants long.
const hostileRecord = hostile.map((text) => spoiled((original) => `${text}${original}`));

const plainShape = shapeOf(renderPage(spoiled((text) => text)));

/**
 * Element names of a page in order: what a string can only change by being markup. Text elements are left out, because
 * labels inside narrow bars come and go with their length.
 */
function shapeOf(page: string): string {
  const names = [...parsePage(page).querySelectorAll('*')].map((element) => element.localName);
  return names.filter((name) => name !== 'text' && name !== 'tspan').join(' ');
}

describe('no string of the record is ever markup', () => {
  test('in the page: the elements stay those of the page, none loads or runs anything', () => {
    fc.assert(
      fc.property(hostileRecord, (record) => {
        const page = renderPage(record);
        expect(shapeOf(page) === plainShape, 'the page has other elements').toBe(true);
        const elements = [...parsePage(page).querySelectorAll('*')];
        for (const element of elements) {
          for (const { name } of element.attributes)
            expect(name).not.toMatch(/^(on|src|href|srcset|style$|action|xlink)/);
        }
      }),
      { numRuns: runs(25) },
    );
  });

  test('in the JUnit file: it parses, and the strings come back as text', () => {
    fc.assert(
      fc.property(hostileRecord, (record) => {
        const xml = renderJunit(record);
        expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]|\p{Surrogate}/u);
        const tags = [...xml.matchAll(/<\/?([a-z-]+)/g)].map((tag) => tag[1]);
        const known = [
          'testsuites',
          'testsuite',
          'properties',
          'property',
          'testcase',
          'failure',
          'skipped',
          'system-out',
        ];
        for (const tag of tags) expect(known).toContain(tag);
        expect(
          xml.replace(/^<\?xml[^>]*\?>/, '').replaceAll(/<\/?[a-z-]+(?: [a-zA-Z]+="[^"<]*")*\/?>/g, ''),
        ).not.toContain('<');
      }),
      { numRuns: runs(25) },
    );
  });

  test('on the terminal: no control character passes and no line is too wide', () => {
    fc.assert(
      fc.property(hostileRecord, fc.integer({ min: 24, max: 200 }), (record, columns) => {
        const lines = finalTable(record, { columns, colour: false }).split('\n');
        for (const line of lines) {
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
          expect([...line].length).toBeLessThanOrEqual(columns);
        }
      }),
      { numRuns: runs(25) },
    );
  });

  test('in Markdown: a cell cannot end its cell, open a tag or begin a line', () => {
    const page = renderMarkdown(spoiled((text) => `a | b <img src=x>\n# c ${text}`));
    const outsideCode = page.replaceAll(/^(`{3,})text\n[^]*?\n\1$/gm, '');
    expect(outsideCode).not.toContain('<img');
    expect(outsideCode).not.toMatch(/^# c/m);
    const table = outsideCode
      .split('\n')
      .filter((line) => line.startsWith('| Verdict') || line.includes('---: | ---: | ---:'));
    expect(table.length).toBeGreaterThan(0);
    const rows = outsideCode.split('\n').filter((line) => line.startsWith('| A \\| b'));
    expect(rows).toHaveLength(fixtureRecord.scores.length);
    for (const row of rows) expect(row.split(/(?<!\\)\|/)).toHaveLength(10);
  });
});

describe('the page', () => {
  const page = renderPage(fixtureRecord, fixtureTimelines);

  test('names no address outside itself, and forbids loading and every script but its own', () => {
    expect(page).not.toMatch(/https?:|url\(|@import|<link|\ssrc=|\shref=|import\(|fetch\(|XMLHttp/);
    const scripts = [...page.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)];
    expect(scripts.map((script) => script[1])).toEqual(['']);
    const digest = createHash('sha256')
      .update(scripts[0]?.[2] ?? '')
      .digest('base64');
    const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${digest}'`;
    expect(page).toContain(`content="${policy}"`);
  });

  test('draws a boot from its own timeline where there is one, and from the record where there is none', () => {
    const drawn = (timelines?: typeof fixtureTimelines): string => {
      const notes = parsePage(renderPage(fixtureRecord, timelines)).querySelector('.clocks')?.textContent ?? '';
      return notes.replaceAll(/\s+/g, ' ');
    };
    expect(drawn(fixtureTimelines)).toContain('by 7 console lines, 3 of them printed at the host’s request');
    expect(drawn(fixtureTimelines)).toContain('no clock that agrees with them is further than 0.0412 s');
    expect(drawn()).toContain('by 1 console line;');
    expect(drawn()).toContain('drawn from the record alone');
    // A timeline of another arm at the same place belongs to another run.
    const foreign = new Map([...fixtureTimelines].map(([order, one]) => [order, { ...one, arm: 'else' }]));
    expect(drawn(foreign)).toBe(drawn());
  });

  test('gives every table a head whose cells say what they head', () => {
    const document = parsePage(page);
    const tables = [...document.querySelectorAll('table')];
    expect(tables.length).toBeGreaterThan(5);
    for (const table of tables) {
      const heads = [...table.querySelectorAll('thead th')];
      expect(heads.length).toBeGreaterThan(1);
      for (const head of heads) expect(head.getAttribute('scope')).toBe('col');
    }
    for (const figure of document.querySelectorAll('figure')) expect(figure.querySelector('figcaption')).not.toBeNull();
    for (const svg of document.querySelectorAll('svg')) expect(svg.getAttribute('aria-label')).toMatch(/\S/);
  });

  test.each([
    ['light', reportStyle.slice(0, reportStyle.indexOf('@media'))],
    [
      'dark',
      reportStyle.slice(
        reportStyle.indexOf('@media (prefers-color-scheme: dark)'),
        reportStyle.indexOf('@media print'),
      ),
    ],
  ])('has a contrast of 4.5 for all text in its %s colours', (_, css) => {
    const colour = (name: string): string => new RegExp(`--${name}: (#[0-9a-f]+);`).exec(css)?.[1] ?? 'missing';
    for (const name of ['ink', 'dim', 'better', 'worse', 'open', 'candidate', 'baseline']) {
      expect(contrast(colour(name), colour('ground')), name).toBeGreaterThanOrEqual(4.5);
      expect(contrast(colour(name), colour('raised')), name).toBeGreaterThanOrEqual(4.5);
    }
    for (let index = 0; index < 8; index += 1) {
      expect(contrast('#fff', colour(`p${index}`)), `p${index}`).toBeGreaterThanOrEqual(4.5);
      expect(contrast(colour(`p${index}`), colour('ground')), `p${index}`).toBeGreaterThanOrEqual(3);
    }
    for (const name of ['m0', 'm1', 'm2']) {
      expect(contrast('#fff', colour(name)), name).toBeGreaterThanOrEqual(4.5);
      expect(contrast(colour(name), colour('ground')), name).toBeGreaterThanOrEqual(3);
    }
  });

  test('says in words what is absent', () => {
    const bare: RunRecord = {
      ...fixtureRecord,
      ...{ arms: fixtureRecord.arms.map(withoutProofs), boots: [], scores: [], stages: [], findings: [] },
      ...{ bootOrder: [], measurements: {} },
      guest: { ...fixtureRecord.guest, packages: {} },
    };
    const text = parsePage(renderPage(bare)).querySelector('main')?.textContent;
    for (const words of [
      'Nothing was scored',
      'No boot was measured',
      'No metric was sampled',
      'No container run was recorded',
      'The configuration was not checked',
      'No package versions were recorded',
      'nothing was timed',
    ]) {
      expect(text).toContain(words);
    }
    expect(text).not.toMatch(/undefined|NaN|null|Infinity/);
  });
});

describe('verdicts', () => {
  const withVerdict = (verdict: Verdict): RunRecord => ({
    ...fixtureRecord,
    scores: fixtureRecord.scores.map((score, index): Score => (index === 0 ? { ...score, verdict } : score)),
  });

  test('worse fails its JUnit case, undecided and incomparable skip it, better and same pass', () => {
    const outcome = (verdict: Verdict): string => {
      const suite = parseXml(renderJunit(withVerdict(verdict))).querySelector('testsuite');
      return `${suite?.getAttribute('failures') ?? '?'} failed, ${suite?.getAttribute('skipped') ?? '?'} skipped`;
    };
    // One score of the fixture is undecided to begin with.
    expect(outcome('better')).toBe('0 failed, 1 skipped');
    expect(outcome('same')).toBe('0 failed, 1 skipped');
    expect(outcome('worse')).toBe('1 failed, 1 skipped');
    expect(outcome('undecided')).toBe('0 failed, 2 skipped');
    expect(outcome('incomparable')).toBe('0 failed, 2 skipped');
  });

  test('stand in the headline, an undecided one as undecided', () => {
    expect(headline(withVerdict('undecided'))).toMatch(
      /better on 6 and undecided on 2 of 8 metrics: kernel init undecided, /,
    );
    expect(headline(withVerdict('worse'))).toMatch(/better on 6, worse on 1 and undecided on 1 of 8 metrics/);
  });

  test('are coloured on the terminal only when asked', () => {
    const coloured = finalTable(withVerdict('worse'), { columns: 120, colour: true });
    expect(coloured).toContain('\u001b[31mworse');
    expect(finalTable(withVerdict('worse'), { columns: 120, colour: false })).not.toContain('\u001b');
  });

  test('survive a terminal that knows only ASCII', () => {
    expect(finalTable(fixtureRecord, { columns: 160, colour: false, ascii: true })).toMatch(/^[\n -~]*$/);
  });
});

describe('proofs', () => {
  const failures = (change: (arm: ArmRecord) => ArmRecord): readonly string[] => {
    const record = { ...fixtureRecord, arms: fixtureRecord.arms.map(change) };
    const document = parseXml(renderJunit(record));
    return [...document.querySelectorAll('failure')].map((failure) => failure.textContent);
  };

  test('a container that failed or printed nothing fails the candidate', () => {
    const docker = fixtureRecord.arms[0]?.docker;
    if (docker === undefined) throw new Error('the fixture has no Docker proof');
    expect(failures((arm) => ({ ...arm, docker: { ...docker, exitCode: 125 } }))).toEqual([
      'The container exited with 125 on 6.1.176-docker-min.',
    ]);
    expect(failures((arm) => ({ ...arm, docker: { ...docker, stdout: '\n' } }))).toHaveLength(1);
  });

  test('an unchanged boot id or another kernel fails the reboot', () => {
    const reboot = { bootIdBefore: 'a', bootIdAfter: 'b', unameRelease: '6.1.176-docker-min' };
    expect(failures((arm) => ({ ...arm, reboot: { ...reboot, bootIdAfter: 'a' } }))[0]).toMatch(/did not change/);
    expect(failures((arm) => ({ ...arm, reboot: { ...reboot, unameRelease: '4.4' } }))[0]).toMatch(
      /came back with 4.4/,
    );
  });

  test('a missing necessary symbol fails check-config for the arm that lacks it', () => {
    const lacking = failures((arm) =>
      arm.role === 'baseline'
        ? { ...arm, configCheck: { rows: [], disagreements: [], missingNecessary: ['VETH'] } }
        : arm,
    );
    expect(lacking).toEqual(['Missing, though generally necessary: VETH.']);
  });

  test('a guest without check-config.sh agrees with nothing, and says so in every format', () => {
    const notCompared = 'the Docker package of centos-7-minimal has no check-config.sh';
    const record: RunRecord = {
      ...fixtureRecord,
      arms: fixtureRecord.arms.map((arm) =>
        arm.configCheck === undefined ? arm : { ...arm, configCheck: { ...arm.configCheck, notCompared } },
      ),
    };
    for (const text of [renderPage(record), renderMarkdown(record), renderJunit(record)]) {
      expect(text).toContain(`not compared with check-config.sh: ${notCompared}`);
      expect(text).not.toContain('both checks agree');
    }
  });

  test('what nobody proved is skipped, neither passed nor failed', () => {
    const record = { ...fixtureRecord, arms: fixtureRecord.arms.map(withoutProofs) };
    const document = parseXml(renderJunit(record));
    expect([...document.querySelectorAll('skipped')].map((one) => one.getAttribute('message'))).toEqual([
      'undecided: the interval includes 1 and is wider than the noise threshold',
      'No reboot was recorded.',
      'No container run was recorded.',
      'The configuration was not checked.',
    ]);
  });
});

test('the JSON holds the whole record, whatever the order of its keys', () => {
  const json = renderJson(fixtureRecord);
  expect(JSON.parse(json)).toEqual(fixtureRecord);
  const { id, ...rest } = fixtureRecord;
  expect(renderJson({ ...rest, id })).toBe(json);
});

test('a run that booted until it knew says so everywhere, and is repeated that way', () => {
  const record: RunRecord = {
    ...fixtureRecord,
    stopping: {
      metrics: ['kernel_init', 'total_boot'],
      maxBootsPerArm: 20,
      budgetMinutes: 30,
      looks: [
        {
          ...{ bootsPerArm: 6, nominalP: 0.0208, spentAlpha: 0.0208 },
          verdicts: [{ candidate: 'docker-min', metric: 'total_boot', verdict: 'better' }],
        },
      ],
      spentAlpha: 0.0208,
      stoppedBy: 'decided',
      reason: 'stopped after 6 boots per arm of at most 20: every decision metric was decided',
    },
  };
  const page = parsePage(renderPage(record)).querySelector('body')?.textContent;
  for (const text of [page, renderMarkdown(record), finalTable(record, { columns: 200, colour: false })]) {
    expect(text).toContain('stopped after 6 boots per arm of at most 20');
  }
  expect(page).toContain('6 boots, p below 0.0208: total_boot of docker-min better');
  expect(reproduceCommand(record)).toContain('--boots auto --max-boots 20 --budget 30');
  expect(recordSchema.parse(JSON.parse(renderJson(record)))).toEqual(record);
});

describe('where the kernels were built', () => {
  const built = (...builds: readonly ArmRecord['build'][]): RunRecord => ({
    ...fixtureRecord,
    arms: fixtureRecord.arms.map((arm, index) => {
      const build = builds[index];
      return build === undefined ? arm : { ...arm, build };
    }),
  });
  const inGuest = { where: 'guest', compiler: 'gcc (Debian 12.2.0-14) 12.2.0', reason: 'asked for' } as const;
  const onHost = { where: 'host', compiler: 'gcc 12.2.0', reason: 'auto: current compilers build Linux 6.1' } as const;

  test('is told with the compiler and the reason, and kept in the record', () => {
    const record = built(undefined, inGuest);
    for (const text of [parsePage(renderPage(record)).querySelector('body')?.textContent, renderMarkdown(record)]) {
      expect(text).toContain('Kernel of docker-min');
      expect(text).toContain('built in the guest with gcc (Debian 12.2.0-14) 12.2.0');
      expect(text).toContain('asked for');
    }
    expect(recordSchema.parse(JSON.parse(renderJson(record)))).toEqual(record);
  });

  test('is told once for all arms that share it', () => {
    expect(renderMarkdown(built(onHost, onHost)).match(/built on the host with gcc 12\.2\.0/g)).toHaveLength(1);
    expect(renderMarkdown(built(onHost, onHost))).toContain('Kernel of stock, docker-min');
  });

  test('is part of the command that repeats the run; two places are what auto made of it', () => {
    expect(reproduceCommand(built(undefined, inGuest))).toContain(' --build guest ');
    expect(reproduceCommand(built(undefined, onHost))).toContain(' --build host ');
    expect(reproduceCommand(built(onHost, inGuest))).toContain(' --build auto ');
    expect(reproduceCommand(fixtureRecord)).not.toContain('--build');
  });
});

test('the command that repeats a run has the flags of the request that only a person can have given', () => {
  const record: RunRecord = { ...fixtureRecord, flags: { collectHz: 50, openMetrics: true } };
  expect(reproduceCommand(record)).toMatch(/ --boots 5 --collect 50 --openmetrics$/);
  expect(recordSchema.parse(JSON.parse(renderJson(record)))).toEqual(record);
});

test('a calibration is repeated as one, with its arm, and the flags that calibrate has', () => {
  const record: RunRecord = {
    ...fixtureRecord,
    profile: { ...fixtureRecord.profile, name: 'docker-min-calibration' },
    calibration: { arm: 'docker-min', noise: [], looks: [] },
  };
  expect(reproduceCommand(record)).toBe(
    'npm ci && npm run drydock -- calibrate --profile docker-min --guest debian-12-minimal --accel tcg --arm docker-min --boots 5 --clock wall',
  );
});

test('the command that repeats a run survives a shell', () => {
  expect(reproduceCommand(fixtureRecord)).toBe(
    'npm ci && npm run pipeline -- --profile docker-min --guest debian-12-minimal --accel tcg --boots 5',
  );
  const record = { ...fixtureRecord, profile: { ...fixtureRecord.profile, name: "a'; rm" } };
  expect(reproduceCommand(record)).toContain(`--profile 'a'\\''; rm'`);
});

test('a run that GRUB booted says so, with the disk it kept, and is repeated as one', () => {
  const reboot = { bootIdBefore: 'a', bootIdAfter: 'b', unameRelease: '6.1.176-docker-min' };
  const record: RunRecord = {
    ...fixtureRecord,
    environment: { ...fixtureRecord.environment, boot: 'grub' },
    keptKernel: { arm: 'docker-min', disk: 'disk.qcow2', sha256: 'd'.repeat(64), reboot },
  };
  const page = parsePage(renderPage(record)).querySelector('body')?.textContent;
  for (const text of [page, renderMarkdown(record)]) {
    expect(text).toContain('GRUB on the guest’s disk');
    expect(text).toContain('boots 6.1.176-docker-min (docker-min) by itself');
  }
  expect(reproduceCommand(record)).toContain('--accel tcg --boot grub --keep-kernel docker-min --boots 5');
  expect(recordSchema.parse(JSON.parse(renderJson(record)))).toEqual(record);
  const overridden = { ...fixtureRecord, environment: { ...fixtureRecord.environment, boot: 'direct' as const } };
  expect(reproduceCommand(overridden)).toContain('--boot direct');
  expect(renderMarkdown(overridden)).not.toContain('GRUB');
});

function withoutProofs(arm: ArmRecord): ArmRecord {
  const { name, role, kernelRelease, kernelOrigin, initrd, cmdline, kernelSizeBytes, initrdSizeBytes, kernelSha256 } =
    arm;
  return { name, role, kernelRelease, kernelOrigin, initrd, cmdline, kernelSizeBytes, initrdSizeBytes, kernelSha256 };
}

/** Contrast of two colours by WCAG 2. */
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

function luminance(hex: string): number {
  const digits = hex.slice(1).replace(/^(.)(.)(.)$/, '$1$1$2$2$3$3');
  const [red, green, blue] = [0, 2, 4].map((at) => {
    const channel = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? Number.NaN) + 0.7152 * (green ?? Number.NaN) + 0.0722 * (blue ?? Number.NaN);
}
