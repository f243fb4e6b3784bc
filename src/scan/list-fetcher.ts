/**
 * The revocation lists of one run: each is fetched once, however many targets ask for it, and only for certificates whose
 * path is trusted. Anybody can write any address into a certificate; a CA that is trusted answers for what it wrote.
 */
import { err, type Result } from '../model/result.ts';
import { byResolver } from '../net/http-exchange.ts';
import { httpGet } from '../net/http-get.ts';
import type { Resolver } from '../net/resolve.ts';
import { Deadline } from '../time/deadline.ts';
import type { FetchedLists, ListTrouble } from '../trust/revocation/revocation.ts';
import { decodePemBlocks } from '../x509/pem.ts';
import { parseRevocationList, type RevocationList } from '../x509/revocation-list.ts';

export interface ListFetcherOptions {
  readonly resolver: Resolver;
  /** Of the run: what targets share is fetched under it, so that a hasty target cannot spoil it for the others. */
  readonly runDeadline: Deadline;
}

type Fetched = Result<RevocationList, ListTrouble>;

/** The largest that public CAs keep are near 10 MB. */
const LARGEST_LIST = 32 * 1024 * 1024;
/** Of one run, together; the ones that came first are forgotten first, and fetched anew when they are asked for. */
const MOST_BYTES = 64 * 1024 * 1024;
const PATIENCE_MS = 10_000;
const MOST_LISTS_A_TARGET = 16;

export class ListFetcher {
  readonly #options: ListFetcherOptions;
  readonly #lists = new Map<string, { readonly fetched: Promise<Fetched>; bytes: number }>();
  #bytes = 0;

  constructor(options: ListFetcherOptions) {
    this.#options = options;
  }

  /** What could be had of these addresses by the target's own deadline. */
  async fetch(addresses: readonly string[], deadline: Deadline): Promise<FetchedLists> {
    const wanted = [...new Set(addresses)].slice(0, MOST_LISTS_A_TARGET);
    const late: Fetched = err({ reason: 'list-not-fetched', detail: 'no answer in time' });
    const fetched = await Promise.all(
      wanted.map(async (address) => [address, (await deadline.race(this.#list(address))) ?? late] as const),
    );
    return new Map(fetched);
  }

  #list(address: string): Promise<Fetched> {
    const known = this.#lists.get(address);
    if (known) return known.fetched;
    const entry = { fetched: this.#fetchOne(address, (bytes) => this.#count(entry, bytes)), bytes: 0 };
    this.#lists.set(address, entry);
    return entry.fetched;
  }

  async #fetchOne(address: string, count: (bytes: number) => void): Promise<Fetched> {
    const { resolver, runDeadline } = this.#options;
    const deadline = Deadline.after(PATIENCE_MS, runDeadline);
    const got = await httpGet(address, { deadline, mostBytes: LARGEST_LIST, resolve: byResolver(resolver) });
    deadline.release();
    if (!got.ok) return err({ reason: 'list-not-fetched', detail: `${address}: ${got.error}` });
    count(got.value.length);
    const parsed = parseRevocationList(derOf(got.value));
    return parsed.ok ? parsed : err({ reason: 'malformed-list', detail: address });
  }

  #count(entry: { bytes: number }, bytes: number): void {
    entry.bytes = bytes;
    this.#bytes += bytes;
    for (const [address, old] of this.#lists) {
      if (this.#bytes <= MOST_BYTES) return;
      if (old === entry || old.bytes === 0) continue;
      this.#lists.delete(address);
      this.#bytes -= old.bytes;
    }
  }
}

const PEM_LABEL = 'X509 CRL';
/** Text in front of a block is short; what is as long as a list is not made text of to find out that it is none. */
const HEAD_OCTETS = 128;

/** DER it must be (RFC 5280 4.2.1.13); private CAs are met that put PEM there. */
function derOf(bytes: Uint8Array): Uint8Array {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD_OCTETS)).toString('latin1');
  if (!head.includes(`-----BEGIN ${PEM_LABEL}-----`)) return bytes;
  const blocks = decodePemBlocks(bytes, new Set([PEM_LABEL]));
  return (blocks.ok && blocks.value.find(({ label }) => label === PEM_LABEL)?.bytes) || bytes;
}
