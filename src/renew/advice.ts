/**
 * The CA's advice on when to renew (RFC 9773), as the plan takes it: one moment, drawn once from the CA's window, and kept
 * until the CA wants to be asked again.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../files/atomic-file.ts';
import type { RenewalProblem } from '../model/renewal.ts';
import { err, ok, type Result } from '../model/result.ts';
import { certIdOf, fetchRenewalInfo, pickRenewalTime, RETRY_MS } from './acme/ari.ts';
import { journalFolder } from './journal/journal.ts';
import type { Advice } from './plan/plan.ts';
import type { AdviceQuestion } from './tools.ts';

interface Kept extends Advice {
  readonly certId: string;
  readonly directory: string;
  /** Milliseconds since the epoch. */
  readonly askAgainAt: number;
}

export interface AdviserOptions {
  readonly state: string;
  /** What tells this installation from others. */
  readonly seed: string;
  readonly now: () => number;
  /** As in an ACME job. */
  readonly nameServers?: readonly string[];
}

export function createAdviser(options: AdviserOptions) {
  return async (question: AdviceQuestion): Promise<Result<Advice | undefined, RenewalProblem>> => {
    const { authority, certificate } = question;
    const certId = certIdOf(certificate);
    if (certId === undefined) return ok(undefined);
    const path = pathFor(options.state, question.name);
    const kept = await readKept(path);
    const fits = kept?.certId === certId && kept.directory === authority.url;
    const leftMs = kept === undefined ? 0 : kept.askAgainAt - options.now();
    // Longer than ever agreed upon: it was written down by a clock that was ahead.
    if (fits && leftMs > 0 && leftMs <= RETRY_MS.most) return ok(adviceOf(kept));
    const { caFile, url, requestTimeoutMs } = authority;
    const asked = await fetchRenewalInfo({
      directory: url,
      certificate,
      deadline: question.deadline,
      now: options.now,
      requestTimeoutMs,
      ...(caFile === undefined ? {} : { caFile }),
      ...(options.nameServers ? { nameServers: options.nameServers } : {}),
    });
    if (!asked.ok) {
      if (asked.error.kind === 'none') return ok(undefined);
      const { reason, detail } = asked.error.trouble;
      // What it said last time still holds.
      return fits
        ? ok(adviceOf(kept))
        : err({ reason: 'no-advice', detail: `the CA could not be asked when to renew: ${reason}: ${detail}` });
    }
    const { suggestedWindow, explanationURL, retryAfterMs } = asked.value;
    const advice: Kept = {
      certId,
      directory: url,
      renewAt: pickRenewalTime(suggestedWindow, certId, options.seed),
      askAgainAt: options.now() + retryAfterMs,
      ...(explanationURL === undefined ? {} : { explanationURL }),
    };
    // Where it cannot be kept the CA is asked again, and the moment is the same.
    await writeFileAtomically(path, `${JSON.stringify(advice)}\n`, { mode: 0o600 });
    return ok(adviceOf(advice));
  };
}

/** What the CA has said of this certificate before, however long ago; nobody is asked. */
export async function keptAdvice(
  state: string,
  { name, authority, certificate }: Omit<AdviceQuestion, 'deadline'>,
): Promise<Advice | undefined> {
  const kept = await readKept(pathFor(state, name));
  const fits = kept?.directory === authority.url && kept.certId === certIdOf(certificate);
  return kept && fits ? adviceOf(kept) : undefined;
}

const pathFor = (state: string, name: string): string => join(journalFolder(state), `${name}.ari.json`);

const adviceOf = ({ renewAt, explanationURL }: Kept): Advice => ({
  renewAt,
  ...(explanationURL === undefined ? {} : { explanationURL }),
});

async function readKept(path: string): Promise<Kept | undefined> {
  try {
    const kept: unknown = JSON.parse(await readFile(path, 'utf8'));
    const { certId, directory, renewAt, askAgainAt } = kept as Partial<Kept>;
    const sound =
      typeof certId === 'string' &&
      typeof directory === 'string' &&
      Number.isSafeInteger(renewAt) &&
      Number.isSafeInteger(askAgainAt);
    return sound ? (kept as Kept) : undefined;
  } catch {
    return undefined;
  }
}
