import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  controlField,
  NotAnArchiveError,
  packageDateSec,
  packagesIndex,
  poolName,
  releaseFile,
  sourcesList,
} from '../../src/bench/debian-repository.ts';

const GIT = [
  'Package: git',
  'Version: 1:2.39.5-0+deb12u3',
  'Architecture: amd64',
  'Description: fast, scalable, distributed revision control system',
  ' Version: not a field but a line of the description',
  '',
].join('\n');
const CURL = 'Package: curl\nVersion: 7.88.1-10\nArchitecture: amd64\n';

test('a field is found by its name in any case, and never inside a folded one', () => {
  expect(controlField(GIT, 'version')).toBe('1:2.39.5-0+deb12u3');
  expect(controlField(GIT.replace(/^Version:.*\n/m, ''), 'Version')).toBeUndefined();
});

test('a file in the pool has no epoch in its name, so that nothing has to be escaped', () => {
  expect(poolName(GIT)).toBe('git_2.39.5-0+deb12u3_amd64.deb');
  expect(poolName(CURL)).toBe('curl_7.88.1-10_amd64.deb');
});

test('the index has a stanza a package, in the order of their files, with an empty line between', () => {
  const entry = (control: string, sha256: string) => ({ control, filename: poolName(control), sizeBytes: 5, sha256 });
  const index = packagesIndex([entry(GIT, 'aa'), entry(CURL, 'bb')]);
  expect(index).toBe(
    `${CURL}Filename: curl_7.88.1-10_amd64.deb\nSize: 5\nSHA256: bb\n\n` +
      `${GIT}Filename: git_2.39.5-0+deb12u3_amd64.deb\nSize: 5\nSHA256: aa\n`,
  );
  expect(packagesIndex([entry(CURL, 'bb'), entry(GIT, 'aa')])).toBe(index);
});

test('Release vouches for the index and is dated as told', () => {
  const sha256 = createHash('sha256').update('x').digest('hex');
  const lines = releaseFile({ sha256, sizeBytes: 1 }, 1_792_854_182, 'amd64').split('\n');
  expect(lines).toContain('Date: Sat, 24 Oct 2026 15:03:02 GMT');
  expect(lines.slice(lines.indexOf('SHA256:'))).toEqual(['SHA256:', ` ${sha256} 1 Packages`, '']);
});

test('the date of a package is its first member’s', () => {
  const head = `!<arch>\n${'debian-binary'.padEnd(16)}${'1792854182'.padEnd(12)}0     0     100644  4         \`\n2.0\n`;
  expect(packageDateSec(Buffer.from(head))).toBe(1_792_854_182);
  expect(() => packageDateSec(Buffer.from(head.slice(0, 20)))).toThrow(NotAnArchiveError);
  expect(() => packageDateSec(Buffer.from('<html>'.padEnd(80)))).toThrow(NotAnArchiveError);
});

test('a container’s sources name the flat repository once, whatever slash its address ends with', () => {
  const line = 'deb [trusted=yes check-date=no] http://172.17.0.1:8080 ./\n';
  expect(sourcesList('http://172.17.0.1:8080')).toBe(line);
  expect(sourcesList('http://172.17.0.1:8080/')).toBe(line);
});
