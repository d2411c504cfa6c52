#!/usr/bin/env -S npx tsx
/**
 * Keeps a run as the repository's sample: copies its record, reports, journal and boot logs to results/sample/, and puts
 * its table into the README. A run with container work is kept beside it, in results/sample/containers/, without its boots.
 *
 *     npx tsx scripts/update-sample.ts results/20261123-153012-docker-min
 *     npx tsx scripts/update-sample.ts results/20261123-153012-docker-min --containers
 */
import { access, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { argv, chalk, glob } from 'zx';

const run = argv._[0];
const isFinished = await access(path.join(run ?? '', 'record.json')).then(
  () => true,
  () => false,
);
if (run === undefined || !isFinished) {
  console.error(chalk.red('Name the folder of a finished run, such as results/20261123-153012-docker-min.'));
  process.exit(2);
}

const CONTAINERS = 'results/sample/containers';
const ofContainers = argv.containers === true;
const sample = ofContainers ? CONTAINERS : 'results/sample';
const outdated = await glob([`${sample}/**`, ...(ofContainers ? [] : [`!${CONTAINERS}/**`])]);
for (const file of outdated) await rm(file);
await mkdir(sample, { recursive: true });
const REPORTS = ['record.json', 'report.{html,md}', 'junit.xml', 'journal.jsonl'];
const LOGS = ofContainers
  ? ['benches/*/*.log']
  : ['boots/*/*.{txt,log,stamps}', 'boots/*/timeline.json', 'logs/install-*/console.log'];
const kept = await glob([...REPORTS, ...LOGS], { cwd: run });
for (const file of kept) await cp(path.join(run, file), path.join(sample, file));

// The journal names where things lay on the machine that made it; the sample has no use for that.
const journal = path.join(sample, 'journal.jsonl');
const text = await readFile(journal, 'utf8');
const profile = /"profilePath":"([^"]+)"/.exec(text)?.[1] ?? '';
const checkout = path.dirname(path.dirname(profile));
await writeFile(journal, text.replaceAll(path.resolve(run), sample).replaceAll(`${checkout}/`, ''));

if (ofContainers) {
  console.log(chalk.green(`${kept.length} files kept in ${sample}`));
  process.exit(0);
}

// The table of scores alone: its end points and reasons are in the report.
const report = await readFile(path.join(sample, 'report.md'), 'utf8');
const scores = /^## .*\n\s*((?:^\|.*\n)+)/m.exec(report)?.[1];
if (scores === undefined) throw new Error('report.md holds no scores');
const readme = await readFile('README.md', 'utf8');
const marked = /(<!-- sample:begin -->\n)[\s\S]*?(<!-- sample:end -->)/;
if (!marked.test(readme)) throw new Error('README.md has no sample:begin … sample:end marks');
await writeFile(
  'README.md',
  readme.replace(marked, (_: string, begin: string, end: string) => `${begin}\n${scores.trim()}\n\n${end}`),
);
console.log(chalk.green(`${kept.length} files kept in ${sample}, the README's table renewed`));
