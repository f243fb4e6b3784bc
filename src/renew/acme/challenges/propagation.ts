/**
 * Has a TXT record reached every authoritative server? The CA asks any one of them, so each address of each is asked,
 * again and again until it has the record or the limit is there.
 */
import { ok, type Result } from '../../../model/result.ts';
import { Deadline } from '../../../time/deadline.ts';
import { pause } from '../../../time/pause.ts';
import { Questions, serverAt } from '../dns-questions.ts';
import { fail, type Trouble } from '../failure.ts';
import type { AcmeWarning } from '../job.ts';

export interface ExpectedRecord {
  readonly name: string;
  readonly value: string;
}

export interface PropagationOptions {
  readonly deadline: Deadline;
  readonly timeoutMs: number;
  readonly nameServers?: readonly string[] | undefined;
  /** Where authoritative servers listen; 53 but in tests. */
  readonly port: number;
  /** Asked as well as, or where they cannot be found in place of, the zone's servers: `ADDRESS:PORT`. */
  readonly primary?: readonly string[];
  readonly warn: (warning: AcmeWarning) => void;
}

/** Enough for any zone; a hostile one must not make a scan of this. */
const MOST_SERVERS = 32;
const MOST_SILENT = 3;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** How long one server is waited for in one round. */
const ASK_MS = 5_000;

interface Watched {
  readonly server: string;
  readonly record: ExpectedRecord;
  state: 'missing' | 'seen' | 'silent';
  silences: number;
}

export async function waitForRecords(
  records: readonly ExpectedRecord[],
  options: PropagationOptions,
): Promise<Result<void, Trouble>> {
  const limit = Deadline.after(options.timeoutMs, options.deadline);
  try {
    const watched: Watched[] = [];
    for (const record of records) {
      const servers = await authoritativeServers(record.name, { ...options, deadline: limit });
      if (servers.length === 0) {
        const detail = `the authoritative servers of ${record.name} could not be found: whether the record stands there was not checked`;
        options.warn({ code: 'propagation-not-checked', detail });
      }
      watched.push(...servers.map((server) => ({ server, record, state: 'missing' as const, silences: 0 })));
    }
    return await watch(watched, limit, options);
  } finally {
    limit.release();
  }
}

async function watch(
  watched: readonly Watched[],
  limit: Deadline,
  options: PropagationOptions,
): Promise<Result<void, Trouble>> {
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
    const missing = watched.filter(({ state }) => state === 'missing');
    await Promise.all(missing.map((each) => look(each, limit)));
    const left = watched.filter(({ state }) => state === 'missing');
    if (left.length === 0) break;
    await pause(wait, limit);
    if (limit.expired) return notSeen(left, options.timeoutMs);
  }
  for (const record of new Set(watched.map((each) => each.record))) {
    const silent = watched.filter((each) => each.record === record && each.state === 'silent');
    const seen = watched.some((each) => each.record === record && each.state === 'seen');
    // One that answers nobody (mostly IPv6 from a machine without) does not stop what the others have proven.
    if (silent.length > 0 && !seen) return notSeen(silent, options.timeoutMs);
    for (const { server } of silent) {
      options.warn({ code: 'name-server-silent', detail: `${server} did not answer for ${record.name}` });
    }
  }
  return ok(undefined);
}

async function look(each: Watched, limit: Deadline): Promise<void> {
  const questions = new Questions({ deadline: limit, servers: [each.server], timeoutMs: ASK_MS });
  const found = await questions.txt(each.record.name);
  if (found.ok) {
    if (found.value.includes(each.record.value)) each.state = 'seen';
    each.silences = 0;
  } else if (found.error.kind === 'failed' && !limit.expired) {
    each.silences += 1;
    if (each.silences >= MOST_SILENT) each.state = 'silent';
  }
}

function notSeen(left: readonly Watched[], timeoutMs: number): Result<never, Trouble> {
  const where = left.map(({ server, record, silences }) => `${record.name} at ${server}${silences ? ' (silent)' : ''}`);
  const seconds = Math.round(timeoutMs / 1_000);
  return fail('not-propagated', `the TXT record is not seen within ${seconds} s: ${where.join(', ')}`);
}

async function authoritativeServers(name: string, options: PropagationOptions): Promise<readonly string[]> {
  const { deadline, nameServers, port, primary = [] } = options;
  const questions = new Questions({ deadline, servers: nameServers });
  const zone = await questions.zoneOf(name);
  if (!zone.ok) return primary;
  const names = await questions.ns(zone.value);
  if (!names.ok) return primary;
  const found = await Promise.all(names.value.map((server) => questions.addresses(server)));
  const addresses = found.flatMap((each) => (each.ok ? each.value : []));
  const all = new Set([...primary, ...addresses.map((address) => serverAt(address, port))]);
  return [...all].slice(0, MOST_SERVERS);
}
