/**
 * `--rehearse`: account, challenge, order and installation as they would be, but at the CA's staging directory and into a
 * scratch folder. Hooks and reload are left out, since they would hand a certificate that nobody trusts to real servers; the
 * commands of a DNS challenge run, since the challenge is what is rehearsed.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ACME_DIRECTORIES } from '../config/acme-directories.ts';
import type { RenewalProblem, RenewalResult, RenewalStep } from '../model/renewal.ts';
import type { Deadline } from '../time/deadline.ts';
import { STAGING } from './acme/directories.ts';
import { Attempt } from './attempt.ts';
import { factsOf } from './install/certificate-set.ts';
import { prepareInstall } from './install/install.ts';
import { Journal } from './journal/journal.ts';
import { obtain } from './obtain.ts';
import type { Authority, ByAcme, Renewal } from './renewal.ts';
import type { Tools } from './tools.ts';

export async function rehearse(
  renewal: Renewal,
  tools: Tools,
  { deadline }: { readonly deadline: Deadline },
): Promise<RenewalResult> {
  const about = { name: renewal.name, warnings: [] as RenewalProblem[] };
  const { by } = renewal;
  if (by.kind === 'command') return { ...about, kind: 'failed', step: 'plan', problem: COMMAND };
  const authority = stagingOf(by.authority);
  if (!authority) return { ...about, kind: 'failed', step: 'plan', problem: noStaging(by.authority) };
  const state = join(tools.state, 'rehearsal');
  const scratch = join(state, 'live', renewal.name);
  const journal = await Journal.open(state, renewal.name);
  if (!journal.ok)
    return { ...about, kind: 'failed', step: 'plan', problem: { reason: 'journal', detail: journal.error } };
  const play: Renewal = { ...renewal, live: scratch, by: { ...by, authority, ari: false } };
  const attempt = new Attempt(play, { ...tools, state }, journal.value);
  tools.emit({ kind: 'begun', name: renewal.name, at: tools.now(), reasons: [{ code: 'forced' }] });
  await rm(scratch, { recursive: true, force: true });
  const done = await perform(attempt, authority, deadline);
  await rm(scratch, { recursive: true, force: true });
  await rm(join(state, 'orders', renewal.name), { recursive: true, force: true });
  const { warnings, step } = attempt;
  return 'problem' in done
    ? { name: renewal.name, warnings, kind: 'failed', step, problem: done.problem }
    : { name: renewal.name, warnings, kind: 'rehearsed', certificate: done, leftOut: leftOut(renewal) };
}

async function perform(attempt: Attempt, authority: Authority, deadline: Deadline) {
  const { renewal, tools } = attempt;
  const obtained = await attempt.run('order', () => obtain(attempt, { disk: { kind: 'none' }, authority, deadline }));
  if (!obtained.ok) return { problem: obtained.error };
  if (obtained.value.kind !== 'issued') throw new Error('the built-in client has installed by itself');
  const { set } = obtained.value;
  const installed = await attempt.run('install', async () => {
    const expected = { domains: renewal.domains, now: tools.now() };
    const prepared = await prepareInstall(set, renewal.live ?? '', expected);
    return prepared.ok ? prepared.value.live.switchTo(prepared.value.to) : prepared;
  });
  return installed.ok ? factsOf(set.chain[0]) : { problem: installed.error };
}

/** Each CA's own; a staging directory is its own rehearsal. */
function stagingOf(authority: ByAcme['authority']): Authority | undefined {
  const name = Object.keys(ACME_DIRECTORIES).find((each) => ACME_DIRECTORIES[each] === authority.url);
  const url = name === undefined ? undefined : name.endsWith('-staging') ? authority.url : STAGING[name];
  return url === undefined ? undefined : { ...authority, name: `${name} (staging)`, url };
}

const noStaging = ({ name }: Authority): RenewalProblem => ({
  reason: 'no-staging',
  detail: `${name} has no staging directory to rehearse at`,
  advice: 'fix-config',
});

const COMMAND: RenewalProblem = {
  reason: 'cannot-rehearse',
  detail: 'what a command does cannot be rehearsed from here; most clients have a dry run of their own',
};

function leftOut({ preHook, deployHook, reload }: Renewal): RenewalStep[] {
  return [
    ...(preHook ? (['pre-hook'] as const) : []),
    ...(deployHook ? (['deploy-hook'] as const) : []),
    ...(reload ? (['reload'] as const) : []),
    'verify',
  ];
}
