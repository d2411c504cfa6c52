import path from 'node:path';
import { attributeInitcalls } from '../../bootlog/reading/initcalls.ts';
import { parseBootLog } from '../../bootlog/parse/parse.ts';
import type { Host } from '../../host/host.ts';
import { indexCode } from '../../kernel/code/code-index.ts';
import { mergeFragments, parseConfig } from '../../kernel/config/config.ts';
import type { Fragment } from '../../kernel/config/config.ts';
import { checkDockerConfig } from '../../kernel/config/docker-requirements.ts';
import { symbolRelations } from '../../kernel/config/relations.ts';
import type { BenchSession } from '../../model/bench.ts';
import type { NeedsPhase, NeedsReport } from '../../model/needs.ts';
import { evidenceOfFacts } from '../../needs/facts.ts';
import { functionEvidence } from '../../needs/functions.ts';
import { parseModinfo, parsePacketFilter } from '../../needs/guest-text.ts';
import { parseObserverLog } from '../../needs/observer-log.ts';
import { judgeModules } from '../../needs/modules.ts';
import { judgeSymbols, unaskedSymbols } from '../../needs/verdicts.ts';
import type { WantedSymbol } from '../../needs/verdicts.ts';
import { WATCH_FILES } from '../../measure/needs-watch.ts';
import type { Watched } from '../../measure/needs-watch.ts';

/** What an analysis reads, wherever it came from. */
interface Material {
  /** Folder of the watched session. */
  readonly directory: string;
  readonly treeDir: string;
  readonly stockConfig: string;
  readonly candidateConfig: string;
  readonly fragments: readonly Fragment[];
  readonly session: BenchSession;
  readonly watched: Watched;
  readonly kernelRelease: string;
  readonly signal: AbortSignal;
  readonly onProgress: (message: string, fraction?: number) => void;
}

type Analysis = Pick<
  NeedsReport,
  'phases' | 'tracing' | 'packetFilter' | 'seen' | 'symbols' | 'modules' | 'unasked' | 'functions' | 'warnings'
>;

/** Symbols that any fragment asks to have built in, each with every fragment that does. */
function wantedSymbols(fragments: readonly Fragment[]): readonly WantedSymbol[] {
  const fragmentsOf = new Map<string, string[]>();
  for (const fragment of fragments) {
    for (const { symbol, value } of mergeFragments([fragment]).asked) {
      if (value === 'y') fragmentsOf.set(symbol, [...(fragmentsOf.get(symbol) ?? []), fragment.name]);
    }
  }
  return [...fragmentsOf].map(([symbol, names]) => ({ symbol, fragments: names }));
}

function phasesOf(session: BenchSession, { restart, uptimeZeroMs }: Watched): readonly NeedsPhase[] {
  return [
    { name: 'dockerd restart', ...restart, status: 'done' },
    ...session.runs.flatMap(({ workload, startedAt, durationSec, status }): NeedsPhase[] => {
      if (startedAt === undefined) return [];
      const fromSec = (Date.parse(startedAt) - uptimeZeroMs) / 1000;
      return [{ name: workload, fromSec, toSec: fromSec + durationSec, status }];
    }),
  ];
}

const kernelVersion = (release: string): { readonly major: number; readonly minor: number } => {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  return { major, minor };
};

/** Holds what was watched against the source and the configurations. */
export async function analyseNeeds(host: Host, material: Material): Promise<Analysis> {
  const { directory, treeDir, session, watched, signal, onProgress } = material;
  const read = (file: string): Promise<string> => host.files.readText(path.join(directory, file));
  const log = parseObserverLog(watched.lines);
  const stock = parseConfig(material.stockConfig);
  const candidate = parseConfig(material.candidateConfig);
  const index = await indexCode(host, {
    treeDir,
    config: stock,
    wanted: new Set(log.modules.map(({ name }) => name)),
    signal,
    onProgress: (fraction) => {
      onProgress('reading the kernel source', fraction);
    },
  });
  onProgress('mapping what ran to symbols');
  const traceable = log.tracing.status === 'traced' ? (await read(WATCH_FILES.functions)).split('\n') : [];
  const functions = functionEvidence(
    index,
    traceable.filter((line) => line !== ''),
    log.functions,
  );
  const packetFilter = parsePacketFilter(
    await read(WATCH_FILES.version),
    await read(WATCH_FILES.ipv4),
    await read(WATCH_FILES.ipv6),
  );
  const { mounts, namespaces, controllers, delegated, knobs, seccomp, labels } = log;
  const seen = { mounts, namespaces, controllers, delegated, knobs, seccomp, labels };
  const boot = parseBootLog(await read(WATCH_FILES.dmesg)).boots.at(-1);
  const initcalls = boot === undefined ? undefined : attributeInitcalls(boot);
  const phases = phasesOf(session, watched);
  const verdicts = {
    index,
    log,
    functions,
    facts: evidenceOfFacts(seen, packetFilter),
    phases,
    initcalls: initcalls?.spans ?? [],
    stock,
    candidate,
    relations: await symbolRelations(host, treeDir),
    docker: new Map(
      checkDockerConfig(candidate, kernelVersion(material.kernelRelease)).map(({ symbol, section }) => [
        symbol,
        section,
      ]),
    ),
  };
  const atBoot = (await read(WATCH_FILES.modulesAtBoot)).split('\n').map((line) => line.split(' ')[0] ?? '');
  return {
    phases,
    tracing: log.tracing,
    packetFilter,
    seen,
    symbols: judgeSymbols(wantedSymbols(material.fragments), verdicts),
    modules: judgeModules(verdicts, parseModinfo(await read(WATCH_FILES.modinfo)), new Set(atBoot)),
    unasked: unaskedSymbols(verdicts),
    functions: { ambiguous: functions.ambiguous, unknown: functions.unknown },
    warnings: [
      ...(initcalls?.spans.length ? [] : ['the boot log holds no initcalls: boot costs are unknown']),
      ...session.runs
        .filter(({ status }) => status === 'failed')
        .map(({ workload, failure }) => `${workload} failed: ${failure?.headline ?? 'for no known reason'}`),
      ...(log.tracing.status === 'traced' && log.tracing.lost > 0
        ? [`${String(log.tracing.lost)} events were lost: a function that ran then and never again counts as idle`]
        : []),
      ...(log.unread === 0 ? [] : [`${String(log.unread)} lines of the observer could not be read`]),
    ],
  };
}
