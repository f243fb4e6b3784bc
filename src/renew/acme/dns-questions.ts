/**
 * Questions to name servers beyond addresses (SOA, NS, CNAME, TXT, CAA), each with a certain end. c-ares asks: it has
 * time-outs and can be cut off.
 */
import type { CaaRecord, SoaRecord } from 'node:dns';
import { isIP } from 'node:net';
import { err, ok, type Result } from '../../model/result.ts';
import { createResolver, type Resolver as HostResolver, resolveHost } from '../../net/resolve.ts';
import { Deadline } from '../../time/deadline.ts';

/** `none`: the name server says that there is no such record or name; else why nothing is known. */
export interface NoAnswer {
  readonly kind: 'none' | 'failed';
  /** c-ares's word: `ENOTFOUND`, `ESERVFAIL`, `ETIMEOUT`, … */
  readonly code: string;
}

export type Answers<T> = Result<readonly T[], NoAnswer>;

export interface QuestionsOptions {
  readonly deadline: Deadline;
  /** `ADDRESS[:PORT]`; the system's where left out. */
  readonly servers?: readonly string[] | undefined;
  /** One question, all tries together; 10 s unless told otherwise. */
  readonly timeoutMs?: number;
}

const TRY_MS = 2_000;
const TRIES = 3;
const QUESTION_MS = 10_000;

export class Questions {
  readonly #options: QuestionsOptions;
  #hosts: HostResolver | undefined;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  txt(name: string): Promise<Answers<string>> {
    return this.#ask(async (resolver) => (await resolver.resolveTxt(name)).map((parts) => parts.join('')));
  }
  cname(name: string): Promise<Answers<string>> {
    return this.#ask((resolver) => resolver.resolveCname(name));
  }
  ns(name: string): Promise<Answers<string>> {
    return this.#ask((resolver) => resolver.resolveNs(name));
  }
  soa(name: string): Promise<Answers<SoaRecord>> {
    return this.#ask(async (resolver) => [await resolver.resolveSoa(name)]);
  }
  caa(name: string): Promise<Answers<CaaRecord>> {
    return this.#ask((resolver) => resolver.resolveCaa(name));
  }

  /** Every address of both families as DNS has it for everybody: without the hosts file and search lists. */
  async addressesByDns(name: string): Promise<Answers<string>> {
    const [v4, v6] = await Promise.all([
      this.#ask((resolver) => resolver.resolve4(name)),
      this.#ask((resolver) => resolver.resolve6(name)),
    ]);
    const found = [...(v4.ok ? v4.value : []), ...(v6.ok ? v6.value : [])];
    if (found.length > 0) return ok(found);
    if (!v4.ok && v4.error.kind === 'failed') return v4;
    return v6.ok ? err({ kind: 'none', code: 'ENODATA' }) : v6;
  }

  /** Every address of both families, by the hosts file and the name servers. */
  async addresses(host: string): Promise<Answers<string>> {
    const { servers } = this.#options;
    if (servers) this.#hosts ??= createResolver({ servers });
    const deadline = Deadline.after(this.#options.timeoutMs ?? QUESTION_MS, this.#options.deadline);
    const found = await resolveHost(host, {
      family: 0,
      deadline,
      everyAddress: true,
      ...(this.#hosts ? { resolver: this.#hosts } : {}),
    });
    deadline.release();
    if (found.ok) return found;
    const none = ['nxdomain', 'no-address'].includes(found.error.reason);
    return err({ kind: none ? 'none' : 'failed', code: found.error.reason });
  }

  /** The zone that `name` lies in: the nearest name above it, or itself, that has an SOA record (RFC 1034 4.2). */
  async zoneOf(name: string): Promise<Result<string, NoAnswer>> {
    for (let at = name; at.includes('.'); at = at.slice(at.indexOf('.') + 1)) {
      const found = await this.soa(at);
      if (found.ok) return ok(at);
      if (found.error.kind === 'failed') return found;
    }
    return err({ kind: 'none', code: 'ENOTFOUND' });
  }

  async #ask<T>(question: (resolver: Asker) => Promise<T[]>): Promise<Answers<T>> {
    const { deadline, servers, timeoutMs } = this.#options;
    if (deadline.expired) return err({ kind: 'failed', code: 'ETIMEOUT' });
    const { Resolver } = (await import('node:dns')).promises;
    // One for each question: `cancel` ends all that a resolver has under way.
    const resolver = new Resolver({ timeout: TRY_MS, tries: TRIES });
    if (servers) resolver.setServers(servers);
    const limit = Deadline.after(timeoutMs ?? QUESTION_MS, deadline);
    limit.onExpire(() => resolver.cancel());
    try {
      return ok(await question(resolver));
    } catch (cause) {
      const { code = 'EUNKNOWN' } = cause as NodeJS.ErrnoException;
      return err({ kind: code === 'ENOTFOUND' || code === 'ENODATA' ? 'none' : 'failed', code });
    } finally {
      limit.release();
    }
  }
}

type Asker = import('node:dns').promises.Resolver;

/** `ADDRESS:PORT` as `setServers` takes it. */
export const serverAt = (address: string, port: number): string =>
  isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
