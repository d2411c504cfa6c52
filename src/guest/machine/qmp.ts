import pRetry from 'p-retry';
import { Fault } from '../../host/fault.ts';
import type { Clock, Host, LineSocket } from '../../host/host.ts';
import { jsonText } from '../../json/text.ts';
import type { Json } from '../../model/json.ts';

/** An asynchronous event of QEMU (docs/interop/qmp-spec.txt, "Asynchronous events"). */
export interface QmpEvent {
  readonly event: string;
  /**
   * Host monotonic seconds: QEMU's own wall-clock stamp, mapped when the event was read; without one, that reading. Never
   * before the event that came before it.
   */
  readonly atSec: number;
  readonly data: Readonly<Record<string, Json>>;
}

/** A connected QMP session: one QEMU monitor, commands answered by id, events as they come. */
export interface Qmp extends AsyncDisposable {
  /** QEMU's own version, e.g. `7.2.22`. */
  readonly version: string;
  /** Sends a command and gives its `return` value; throws a `Fault` when QEMU says error or hangs up. */
  execute(command: string, commandArguments?: Readonly<Record<string, Json>>): Promise<Json>;
  /** A line of the human monitor, for the few facts QMP does not have (`info usernet`). */
  humanCommand(commandLine: string): Promise<string>;
  /** Every event so far, in the order in which QEMU sent them. */
  readonly events: readonly QmpEvent[];
  /** Settles when QEMU has closed the socket, as it does when it ends. */
  readonly closed: Promise<void>;
}

type JsonObject = Readonly<Record<string, Json>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseMessage(line: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A field of a JSON object, or `undefined` where the value is no object or has no such field. */
export function field(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) ? value[name] : undefined;
}

function qmpFault(what: string, cause?: unknown): Fault {
  return new Fault(
    {
      kind: 'qemu-died',
      headline: `QEMU's monitor ${what}`,
      hint: 'QEMU has ended, or its version answers in another form. Its own messages are in the console directory.',
    },
    { cause },
  );
}

function wordOf(value: Json | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
}

function versionOf(greeting: JsonObject): string {
  const qemu = field(field(greeting.QMP, 'version'), 'qemu');
  return ['major', 'minor', 'micro'].map((part) => wordOf(field(qemu, part))).join('.');
}

interface Waiting {
  readonly resolve: (value: Json) => void;
  readonly reject: (fault: Fault) => void;
}

/** QEMU stamps events with the host's wall clock (qmp-spec.txt, "timestamp": seconds, microseconds; -1 when it failed). */
function eventTime(message: JsonObject, clock: Clock): number {
  const seconds = field(message.timestamp, 'seconds');
  const microseconds = field(message.timestamp, 'microseconds');
  const nowSec = clock.monotonicSec();
  if (typeof seconds !== 'number' || typeof microseconds !== 'number' || seconds < 0) return nowSec;
  // Not later than now: the wall clock is read in whole milliseconds, which makes an event up to one too late.
  return nowSec - Math.max(0, clock.nowMs() / 1000 - (seconds + microseconds / 1e6));
}

/**
 * Speaks QMP on a connected socket: reads the greeting and leaves capabilities negotiation.
 *
 * @throws Fault `qemu-died` when the peer hangs up before or does not greet as QMP does
 */
export async function startQmp(socket: LineSocket, clock: Clock): Promise<Qmp> {
  const waiting = new Map<number, Waiting>();
  const events: QmpEvent[] = [];
  let nextId = 1;
  let isClosed = false;
  let greeted: Waiting | undefined;
  const greeting = new Promise<Json>((resolve, reject) => {
    greeted = { resolve, reject };
  });

  const receive = (message: JsonObject): void => {
    if ('QMP' in message) {
      greeted?.resolve(message);
      return;
    }
    if (typeof message.event === 'string') {
      const data = isObject(message.data) ? message.data : {};
      // Two stamps are mapped with up to a millisecond of error each; the order of arrival has none.
      const atSec = Math.max(eventTime(message, clock), events.at(-1)?.atSec ?? Number.NEGATIVE_INFINITY);
      events.push({ event: message.event, atSec, data });
      return;
    }
    if (typeof message.id !== 'number') return;
    const waiter = waiting.get(message.id);
    waiting.delete(message.id);
    if ('error' in message) waiter?.reject(qmpFault(`refused a command: ${wordOf(field(message.error, 'desc'))}`));
    else waiter?.resolve(message.return ?? null);
  };

  const pump = async (): Promise<void> => {
    for await (const line of socket.lines()) {
      const message = parseMessage(line);
      if (message !== undefined) receive(message);
    }
    isClosed = true;
    const fault = qmpFault('closed the connection');
    greeted?.reject(fault);
    for (const waiter of waiting.values()) waiter.reject(fault);
    waiting.clear();
  };
  const closed = pump();

  const execute = (command: string, commandArguments: JsonObject = {}): Promise<Json> => {
    if (isClosed) return Promise.reject(qmpFault('closed the connection'));
    const id = nextId++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      socket.send(jsonText({ execute: command, arguments: commandArguments, id }));
    });
  };

  const hello = await greeting;
  await execute('qmp_capabilities');
  return {
    version: isObject(hello) ? versionOf(hello) : '?',
    execute,
    humanCommand: async (commandLine) => {
      const answer = await execute('human-monitor-command', { 'command-line': commandLine });
      return typeof answer === 'string' ? answer : '';
    },
    events,
    closed,
    async [Symbol.asyncDispose]() {
      await socket[Symbol.asyncDispose]();
      await closed;
    },
  };
}

/** The guest waits for this connection, so pauses that grow would end up in what is measured; an attempt costs next to nothing. */
const ATTEMPT_EVERY_MS = 10;
/** A minute: a QEMU that cannot make its socket ends by itself, and that ends the attempts. */
const MAX_ATTEMPTS = 6000;

/**
 * Connects to the QMP socket of a QEMU that was just started; the socket appears a moment after the process.
 *
 * @param signal aborts the attempts, e.g. because QEMU has already ended
 */
export async function connectQmp(host: Host, path: string, signal: AbortSignal): Promise<Qmp> {
  const socket = await pRetry(() => host.sockets.connectUnix(path, signal), {
    retries: MAX_ATTEMPTS,
    minTimeout: ATTEMPT_EVERY_MS,
    factor: 1,
    signal,
  });
  try {
    return await startQmp(socket, host.clock);
  } catch (error) {
    await socket[Symbol.asyncDispose]();
    throw error;
  }
}
