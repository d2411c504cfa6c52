import { isIP, isIPv6 } from 'node:net';
import { Fault } from '../fault.ts';

/** Where a Datadog Agent listens for DogStatsD, by UDP. */
export interface StatsdTarget {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** The Agent's own default (`dogstatsd_port`). */
const DEFAULT_PORT = 8125;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/i;

/**
 * Reads `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`; default: port 8125.
 *
 * @throws Fault `usage`
 */
export function parseStatsdTarget(text: string): StatsdTarget {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  const isHost =
    bracketed === undefined ? isIP(host) === 4 || (HOST_NAME.test(host) && !/^[\d.]+$/.test(host)) : isIPv6(host);
  if (isHost && port >= 1 && port <= 65_535) return { host, port };
  const bare = isIPv6(text) ? ` An IPv6 address stands in brackets: [${text}].` : '';
  throw new Fault({
    kind: 'usage',
    headline: `--datadog ${text} names no place where a Datadog Agent could listen`,
    hint: `Expected HOST, HOST:PORT or [IPV6]:PORT with a port from 1 to 65535, such as 127.0.0.1:8125.${bare}`,
  });
}
