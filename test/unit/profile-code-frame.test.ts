import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeFrame } from '../../src/profile/code-frame.ts';

const text = 'name: x\nmachine:\n  memoryMb: 2048\n  cpus: two\n  disk: 20\n';
const place = {
  path: 'pipelines/x.yaml',
  text,
  line: 4,
  column: 9,
  length: 3,
  message: 'machine.cpus — expected a whole number',
};

test('shows the line between its neighbours with carets under the problem', () => {
  expect(codeFrame(place)).toBe(
    `pipelines/x.yaml:4:9 machine.cpus — expected a whole number
  3 |   memoryMb: 2048
> 4 |   cpus: two
    |         ^^^
  5 |   disk: 20`,
  );
});

test('has no line before the first and none after the last', () => {
  expect(codeFrame({ ...place, line: 1, column: 1, length: 4 })).toBe(
    `pipelines/x.yaml:1:1 machine.cpus — expected a whole number
> 1 | name: x
    | ^^^^
  2 | machine:`,
  );
  expect(
    codeFrame({ ...place, line: 5, column: 9, length: 2 })
      .split('\n')
      .slice(-2),
  ).toEqual(['> 5 |   disk: 20', '    |         ^^']);
});

test('aligns line numbers of different width', () => {
  const long = Array.from({ length: 12 }, (_, index) => `line${index + 1}`).join('\r\n');
  expect(
    codeFrame({ ...place, text: long, line: 9, column: 1, length: 5 })
      .split('\n')
      .slice(1),
  ).toEqual(['   8 | line8', '>  9 | line9', '     | ^^^^^', '  10 | line10']);
});

test('underlines at least one place and never beyond the end of the line', () => {
  const carets = (column: number, length: number): string =>
    codeFrame({ ...place, column, length }).split('\n')[3] ?? '';
  expect(carets(9, 0)).toBe('    |         ^');
  expect(carets(9, 500)).toBe('    |         ^^^');
  expect(carets(12, 1)).toBe('    |            ^');
});

test('keeps tabs above and below, and never passes a control character on', () => {
  const frame = codeFrame({ ...place, text: '\ta: \u001b[31mb', line: 1, column: 2, length: 1 });
  expect(frame.split('\n').slice(1)).toEqual(['> 1 | \ta: \ufffd[31mb', '    | \t^']);
});

test('points behind the last line of a file where something is missing', () => {
  expect(
    codeFrame({ ...place, line: 6, column: 1, length: 0 })
      .split('\n')
      .slice(1),
  ).toEqual(['  5 |   disk: 20', '> 6 |', '    | ^']);
  expect(codeFrame({ ...place, text: '', line: 1, column: 1, length: 0 }).split('\n')).toHaveLength(3);
});

test('never throws and always begins with the place, whatever it is given', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(20), fc.nat(40), fc.nat(40), (anyText, line, column, length) => {
      const frame = codeFrame({ ...place, text: anyText, line: line + 1, column: column + 1, length });
      expect(frame.startsWith(`pipelines/x.yaml:${line + 1}:${column + 1} machine.cpus`)).toBe(true);
      expect(frame.split('\n').length).toBeLessThanOrEqual(5);
    }),
  );
});
