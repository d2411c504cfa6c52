import { REQUIREMENT_SECTIONS } from '../../model/record.ts';
import type { ArmRecord, RequirementRow, RunRecord } from '../../model/record.ts';
import { formatBytes } from '../text/format.ts';
import { markup, type Markup } from '../text/markup.ts';
import { configProof, dockerProof, rebootProof, type ProofState } from '../rows/proofs.ts';
import { armsBaselineFirst } from '../rows/score-rows.ts';

const valueWords: Readonly<Record<RequirementRow['value'], string>> = {
  enabled: 'built in',
  module: 'module',
  missing: 'missing',
};

/** The container's own words on each arm's kernel. */
export function dockerSection(record: RunRecord): Markup {
  return markup`<div class="pair">${armsBaselineFirst(record).map(dockerOf)}</div>`;
}

function dockerOf(arm: ArmRecord): Markup {
  const { docker } = arm;
  return markup`<div><h3>${arm.name}</h3>${proofLine(dockerProof(arm))}${
    docker === undefined
      ? undefined
      : markup`<p class="dim">Docker ${docker.serverVersion}, ${docker.storageDriver}, cgroup v${docker.cgroupVersion}</p>
<pre><span class="dim">$ ${docker.command.join(' ')}</span>
${docker.stdout.trimEnd() === '' ? '(no output)' : docker.stdout.trimEnd()}</pre>`
  }</div>`;
}

/** What check-config.sh calls necessary, symbol by symbol and arm by arm; the rest is counted. */
export function configSection(record: RunRecord): Markup {
  const arms = armsBaselineFirst(record);
  const checked = arms.filter((arm) => arm.configCheck !== undefined);
  const proofs = arms.map((arm) => {
    const { state, words } = configProof(arm);
    return markup`<li>${arm.name}: <span class="${stateClass(state)}">${words}</span> ${optionalWords(arm)}</li>`;
  });
  const symbols = [...new Set(checked.flatMap((arm) => necessaryRows(arm).map((row) => row.symbol)))];
  return markup`<ul>${proofs}</ul>
<div class="thirds">${inThree(symbols).map((chunk) => symbolTable(chunk, checked))}</div>`;
}

function symbolTable(symbols: readonly string[], arms: readonly ArmRecord[]): Markup {
  const values = arms.map((arm) => new Map(necessaryRows(arm).map((row) => [row.symbol, row.value])));
  const rows = symbols.map((symbol) => {
    const cells = values.map((byOf) => {
      const value = byOf.get(symbol);
      if (value === undefined) return markup`<td class="dim">not asked</td>`;
      return value === 'missing' ? markup`<td class="missing">missing</td>` : markup`<td>${valueWords[value]}</td>`;
    });
    return markup`<tr><th scope="row" class="mono">${symbol}</th>${cells}</tr>`;
  });
  return markup`<table><thead><tr><th scope="col">Necessary symbol</th>${arms.map(
    (arm) => markup`<th scope="col">${arm.name}</th>`,
  )}</tr></thead><tbody>${rows}</tbody></table>`;
}

/** What each arm booted, down to the digest. */
export function armsSection(record: RunRecord): Markup {
  const arms = armsBaselineFirst(record);
  const row = (name: string, cell: (arm: ArmRecord) => Markup | string): Markup =>
    markup`<tr><th scope="row">${name}</th>${arms.map((arm) => markup`<td>${cell(arm)}</td>`)}</tr>`;
  const code = (text: string): Markup => markup`<code>${text}</code>`;
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Arms"><table class="arms">
<thead><tr><th scope="col">Arm</th>${arms.map((arm) => markup`<th scope="col">${arm.name} (${arm.role})</th>`)}</tr></thead>
<tbody>
${row('Kernel', (arm) => code(arm.kernelRelease))}
${row('Origin', (arm) => arm.kernelOrigin)}
${row('Symbols', (arm) => symbolWords(arm))}
${row('bzImage', (arm) => markup`${formatBytes(arm.kernelSizeBytes)} <span class="dim">(${arm.kernelSizeBytes} bytes)</span>`)}
${row('Initrd', (arm) =>
  arm.initrd === 'none'
    ? 'none'
    : markup`${arm.initrd}, ${formatBytes(arm.initrdSizeBytes)} <span class="dim">(${arm.initrdSizeBytes} bytes)</span>`,
)}
${row('Command line', (arm) => code(arm.cmdline))}
${row('bzImage sha256', (arm) => code(arm.kernelSha256))}
${row('Reboot', (arm) => proofLine(rebootProof(arm)))}
</tbody></table></div>`;
}

function proofLine({ state, words }: ProofState): Markup {
  return markup`<p class="${stateClass(state)}">${words}</p>`;
}

function stateClass(state: ProofState['state']): string {
  return { holds: '', fails: 'worse', absent: 'dim' }[state];
}

function symbolWords({ configSymbols }: ArmRecord): string {
  return configSymbols === undefined
    ? 'not counted'
    : `${configSymbols.builtIn} built in, ${configSymbols.modules} modules`;
}

function necessaryRows(arm: ArmRecord): readonly RequirementRow[] {
  return arm.configCheck?.rows.filter((row) => row.section === 'necessary') ?? [];
}

function optionalWords(arm: ArmRecord): string {
  const others = REQUIREMENT_SECTIONS.filter((section) => section !== 'necessary').flatMap((section) => {
    const rows = arm.configCheck?.rows.filter((row) => row.section === section) ?? [];
    const present = rows.filter((row) => row.value !== 'missing').length;
    return rows.length === 0 ? [] : [`${section} ${present} of ${rows.length}`];
  });
  return others.length === 0 ? '' : `Not necessary but present: ${others.join(', ')}.`;
}

function inThree(items: readonly string[]): readonly (readonly string[])[] {
  const size = Math.max(1, Math.ceil(items.length / 3));
  return [0, 1, 2].map((part) => items.slice(part * size, (part + 1) * size)).filter((part) => part.length > 0);
}
