import { SshFault } from '../../host/ssh/ssh-fault.ts';
import type { Guest } from './guest.ts';

/** A connection that breaks so often without anything having come through it is no connection. */
const MOST_BREAKS = 5;

/** A guest whose SSH connection is opened again when it breaks. Disposing of it closes the one there is. */
export interface ReconnectingLink extends AsyncDisposable {
  /**
   * Does `work` over the connection there is. When that breaks, `work` is begun again over a new one, so it must bear being
   * begun twice; it says `progressed` when something has come through.
   *
   * @throws Fault what `work` throws, or the last break when one follows the other
   */
  over<T>(work: (guest: Guest, progressed: () => void) => Promise<T>): Promise<T>;
  /** How often the connection has been opened again. */
  readonly breaks: number;
}

/** Keeps a link to a guest: `connect` makes it and waits until the guest answers again, or throws why it never will. */
export async function openReconnectingLink(
  connect: () => Promise<Guest>,
  onBreak: (why: string) => void = () => undefined,
): Promise<ReconnectingLink> {
  let guest = await connect();
  let breaks = 0;
  let closed = false;
  let renewing: Promise<void> | undefined;

  const renew = async (broken: Guest, why: string): Promise<void> => {
    onBreak(why);
    await broken[Symbol.asyncDispose]();
    const next = await connect();
    if (closed) await next[Symbol.asyncDispose]();
    guest = next;
    breaks += 1;
  };
  /** One new connection, however many works had the broken one. */
  const renewed = (broken: Guest, why: string): Promise<void> => {
    if (guest !== broken) return Promise.resolve();
    renewing ??= renew(broken, why).finally(() => {
      renewing = undefined;
    });
    return renewing;
  };

  return {
    get breaks() {
      return breaks;
    },
    async over(work) {
      let inVain = 0;
      const progressed = (): void => {
        inVain = 0;
      };
      for (;;) {
        const current = guest;
        try {
          return await work(current, progressed);
        } catch (error) {
          inVain += 1;
          const isLost = error instanceof SshFault && error.trouble === 'lost';
          if (!isLost || closed || inVain > MOST_BREAKS) throw error;
          await renewed(current, error.message);
        }
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await guest[Symbol.asyncDispose]();
    },
  };
}
