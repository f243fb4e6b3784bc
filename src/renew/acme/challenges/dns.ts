/**
 * dns-01 (RFC 8555 8.4): a TXT record for each name, written by a hook or by dynamic update, where the CNAMEs lead, and
 * waited for at the authoritative servers.
 */
import { createHash } from 'node:crypto';
import { ok, type Result } from '../../../model/result.ts';
import { Questions, serverAt } from '../dns-questions.ts';
import { fail, type Trouble } from '../failure.ts';
import type { ChallengeConfig } from '../job.ts';
import type { Work } from '../work.ts';
import { challengeName, followCnames } from './delegation.ts';
import { HOOK_TIMEOUT_MS, runHook } from './dns-hook-run.ts';
import { type ExpectedRecord, waitForRecords } from './propagation.ts';
import { addRecord, serverAddresses, zoneAtServer } from './rfc2136.ts';
import type { ChallengeAnswer, Solver } from './solver.ts';
import type { UndoRecord } from './undo.ts';

type Config = Extract<ChallengeConfig, { type: 'dns-01' }>;

const PROPAGATION_MS = 120_000;
const DNS_PORT = 53;

export function dns(config: Config, work: Work, undo: UndoRecord): Solver {
  const records: ExpectedRecord[] = [];
  const { nameServers } = work.job;
  return {
    async present(answers) {
      const questions = new Questions({ deadline: work.deadline, servers: nameServers });
      for (const answer of answers) {
        const domain = answer.identifier.value;
        const start = challengeName(domain);
        const place = config.followCname === false ? ok({ name: start }) : await followCnames(start, questions);
        if (!place.ok) return place;
        const record = { name: place.value.name, value: txtValue(answer) };
        const put = await putRecord({ config, work, undo, domain, record });
        if (!put.ok) return put;
        records.push(record);
      }
      return ok(undefined);
    },
    async wait() {
      if (config.propagation?.check === false) return ok(undefined);
      const primary = 'rfc2136' in config ? await primaryServers(config.rfc2136.server, work) : [];
      return waitForRecords(records, {
        deadline: work.deadline,
        timeoutMs: config.propagation?.timeoutMs ?? PROPAGATION_MS,
        port: work.job.authorityPort ?? DNS_PORT,
        primary,
        warn: work.warn,
        nameServers,
      });
    },
    close: async () => {},
  };
}

/** RFC 8555 8.4: base64url of the SHA-256 of the key authorization. */
const txtValue = ({ keyAuthorization }: Pick<ChallengeAnswer, 'keyAuthorization'>): string =>
  createHash('sha256').update(keyAuthorization).digest('base64url');

async function primaryServers(server: string, work: Work): Promise<readonly string[]> {
  const { deadline, job } = work;
  const found = await serverAddresses(server, { deadline, nameServers: job.nameServers });
  return found.ok ? found.value.addresses.map((address) => serverAt(address, found.value.port)) : [];
}

interface Putting {
  readonly config: Config;
  readonly work: Work;
  readonly undo: UndoRecord;
  readonly domain: string;
  readonly record: ExpectedRecord;
}

async function putRecord({ config, work, undo, domain, record }: Putting): Promise<Result<void, Trouble>> {
  if ('hook' in config) {
    const { present, cleanup, timeoutMs = HOOK_TIMEOUT_MS, cwd } = config.hook;
    const run = { domain, record: record.name, value: record.value, timeoutMs, ...(cwd ? { cwd } : {}) };
    if (cleanup) {
      const noted = await undo.add({ kind: 'hook', action: 'cleanup', argv: cleanup, ...run });
      if (!noted.ok) return fail('cannot-write', noted.error);
    }
    return runHook({ action: 'present', argv: present, ...run }, work);
  }
  const place = { rfc2136: config.rfc2136, nameServers: work.job.nameServers };
  const zone = await zoneAtServer(record.name, place, work.deadline);
  if (!zone.ok) return zone;
  const whole = { ...place, zone: zone.value, ...record };
  const noted = await undo.add({ kind: 'record', ...whole });
  if (!noted.ok) return fail('cannot-write', noted.error);
  return addRecord(whole, work);
}
