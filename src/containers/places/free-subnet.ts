/** An IPv4 network: its first address as a number, and how many leading bits it has in common. */
interface Network {
  readonly first: number;
  readonly bits: number;
}

/** `172.31.240.0/24`, or one address without a slash. `undefined` for what is no IPv4 network (`default`, IPv6). */
function readNetwork(text: string): Network | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const [a, b, c, d] = match.slice(1, 5).map(Number);
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
  return { first: ((a * 256 + b) * 256 + c) * 256 + d, bits: match[5] === undefined ? 32 : Number(match[5]) };
}

function overlap(one: Network, other: Network): boolean {
  const size = 2 ** (32 - Math.min(one.bits, other.bits));
  return Math.floor(one.first / size) === Math.floor(other.first / size);
}

/**
 * Private networks (RFC 1918) that are tried, in this order. Docker takes its own from 172.17 to 172.31 and 192.168 upwards
 * from the low end, and QEMU's user network is 10.0.2.0/24; these keep away from both.
 */
const CANDIDATES = [
  ...Array.from({ length: 16 }, (_, index) => `172.31.${255 - index}`),
  ...Array.from({ length: 16 }, (_, index) => `10.213.${index}`),
  ...Array.from({ length: 16 }, (_, index) => `192.168.${254 - index}`),
];

/**
 * The first address of a private /24 that overlaps nothing this machine has a route to.
 *
 * @param routes destinations as `ip route` prints them; `default` and the like are left out of account
 * @returns `172.31.255.1`, or `undefined` when all are taken
 */
export function freeBridgeAddress(routes: readonly string[]): string | undefined {
  const taken = routes.map(readNetwork).filter((one) => one !== undefined);
  const free = CANDIDATES.find((candidate) => {
    const network = readNetwork(`${candidate}.0/24`);
    return network !== undefined && !taken.some((one) => overlap(one, network));
  });
  return free === undefined ? undefined : `${free}.1`;
}
