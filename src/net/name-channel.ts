/**
 * Channels to the name servers. Each look-up has a c-ares channel of its own while it runs: `cancel()` ends every query of
 * a channel, so a shared one could not end one look-up without ending its neighbours. Opening one costs some 20 µs; idle
 * ones are used again, since a channel remembers which server did not answer.
 */
import type { promises } from 'node:dns';

type CaresResolver = InstanceType<typeof promises.Resolver>;

export type Family = 4 | 6;

/** Why a name server gave no address. */
export type NoAnswerReason =
  | 'nxdomain'
  | 'no-address'
  | 'servfail'
  | 'refused'
  | 'no-answer'
  | 'server-unreachable'
  | 'bad-answer'
  | 'bad-name'
  | 'cname-loop'
  | 'too-many-open-files'
  | 'cancelled';

export type Answer =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'none'; readonly reason: NoAnswerReason; readonly errno?: string };

const REASONS: Readonly<Record<string, NoAnswerReason>> = {
  ENOTFOUND: 'nxdomain',
  ENONAME: 'nxdomain',
  ENODATA: 'no-address',
  ESERVFAIL: 'servfail',
  EREFUSED: 'refused',
  ENOTIMP: 'refused',
  ETIMEOUT: 'no-answer',
  ECONNREFUSED: 'server-unreachable',
  EBADRESP: 'bad-answer',
  EFORMERR: 'bad-answer',
  EBADNAME: 'bad-name',
  EBADSTR: 'bad-name',
  ERR_INVALID_ARG_VALUE: 'bad-name',
  EMFILE: 'too-many-open-files',
  ECANCELLED: 'cancelled',
};

/** A name with more addresses than this is a mistake or a trap; the rest are dropped. */
const MOST_ADDRESSES = 256;

export class NameChannel {
  readonly #cares: CaresResolver;

  constructor(cares: CaresResolver) {
    this.#cares = cares;
  }

  /** The servers that are asked, for messages. */
  get servers(): readonly string[] {
    return this.#cares.getServers();
  }

  /** Asks for A or AAAA records; never rejects. @param name without a trailing dot; taken as absolute. */
  async addresses(name: string, family: Family): Promise<Answer> {
    try {
      const found = family === 4 ? await this.#cares.resolve4(name) : await this.#cares.resolve6(name);
      // An alias that leads nowhere comes as an empty success.
      if (found.length === 0) return { kind: 'none', reason: 'no-address' };
      return { kind: 'addresses', addresses: found.slice(0, MOST_ADDRESSES) };
    } catch (cause) {
      return none(cause);
    }
  }

  /** @returns what `name` is an alias of, where it is one and that can be learned; never rejects. */
  async aliasOf(name: string): Promise<string | undefined> {
    try {
      return (await this.#cares.resolveCname(name))[0]?.toLowerCase();
    } catch {
      return undefined;
    }
  }

  /** Ends every query under way: they settle as `cancelled`. */
  cancel(): void {
    this.#cares.cancel();
  }
}

function none(cause: unknown): Answer {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  return { kind: 'none', reason: REASONS[code] ?? 'bad-answer', errno: code };
}

export interface ChannelSettings {
  readonly servers?: readonly string[];
  readonly timeoutMs: number;
  readonly attempts: number;
}

/** Idle channels kept; more than the usual number of look-ups at once would only hold memory. */
const MOST_IDLE = 64;

/** Lends channels; whoever takes one gives it back once nothing is under way on it. */
export class ChannelPool {
  readonly #settings: ChannelSettings;
  readonly #idle: NameChannel[] = [];

  constructor(settings: ChannelSettings) {
    this.#settings = settings;
  }

  /** The servers that channels ask, for messages. */
  async servers(): Promise<readonly string[]> {
    const channel = await this.take();
    this.giveBack(channel);
    return channel.servers;
  }

  /** `node:dns` is loaded by the first name that needs it: a run over addresses and files never pays for it. */
  async take(): Promise<NameChannel> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    const { promises } = await import('node:dns');
    const cares = new promises.Resolver({ timeout: this.#settings.timeoutMs, tries: this.#settings.attempts });
    if (this.#settings.servers) cares.setServers(this.#settings.servers);
    return new NameChannel(cares);
  }

  giveBack(channel: NameChannel): void {
    if (this.#idle.length < MOST_IDLE) this.#idle.push(channel);
  }
}
