/**
 * `--rehearse`: hooks, account, challenge, order and installation as they would be, but at the CA's directory for trials
 * and into a scratch folder. A hook runs where the config allows it, with CERTWATCH_REHEARSAL=1 and CERTWATCH_LIVE naming
 * the scratch folder; the commands of a DNS challenge always run, since the challenge is what is rehearsed. Reload and proof
 * are left out: nothing that real servers read has changed. An existing client is rehearsed by a command of its own.
 */
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeFolder } from '../files/make-folder.ts';
import type { Certificate } from '../model/certificate.ts';
import type { RenewalProblem, RenewalResult, RenewalStep } from '../model/renewal.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { Attempt } from './attempt.ts';
import { runCommand } from './commands/command.ts';
import { deploy, prepare } from './commands/reload.ts';
import { TOO_LATE } from './ending.ts';
import { type CertificateSet, checkSet, factsOf, readSet } from './install/certificate-set.ts';
import { prepareInstall } from './install/install.ts';
import { Journal } from './journal/journal.ts';
import { readDisk } from './look-around.ts';
import { obtain } from './obtain/obtain.ts';
import { forgetOrders } from './obtain/order-folder.ts';
import type { OnDisk } from './plan/plan.ts';
import type { Authority, ByAcme, ByCommand, Renewal } from './renewal.ts';
import type { Tools } from './tools.ts';
import type { Turn } from './turns.ts';

/** Can it be rehearsed at all? */
export const canRehearse = ({ by }: Pick<Renewal, 'by'>): boolean => by.kind === 'acme' || by.rehearsal !== undefined;

export async function rehearse(
  renewal: Renewal,
  tools: Tools,
  { deadline: given, turn }: { readonly deadline: Deadline; readonly turn?: Turn },
): Promise<RenewalResult> {
  const { name } = renewal;
  const by = playOf(renewal);
  if (!by.ok) return { name, warnings: [], kind: 'failed', step: 'plan', problem: by.error };
  const deadline = turn ? await turn.take() : given;
  if (!deadline) return { name, warnings: [], ...TOO_LATE };
  const state = join(tools.state, 'rehearsal');
  const journal = await Journal.open(state, name);
  if (!journal.ok) {
    const problem: RenewalProblem = { reason: 'journal', detail: journal.error, advice: 'fix-permissions' };
    return { name, warnings: [], kind: 'failed', step: 'plan', problem };
  }
  const scratch = join(state, 'live', name);
  const attempt = new Attempt(scene(renewal, by.value, scratch), { ...tools, state }, journal.value);
  tools.emit({ kind: 'begun', name, at: tools.now(), reasons: [{ code: 'forced' }] });
  // What a rehearsal that was killed has left would spare this one its order.
  await sweep(state, attempt.renewal);
  const before = await readDisk(renewal);
  const played = await play(attempt, deadline);
  const after = await readDisk(renewal);
  await sweep(state, attempt.renewal);
  const { warnings, step } = attempt;
  if (!played.ok) return { name, warnings, kind: 'failed', step, problem: inRehearsal(played.error) };
  if (whatLies(before) !== whatLies(after))
    return { name, warnings, kind: 'failed', step, problem: inEarnest(renewal) };
  const { leaf, ran } = played.value;
  const certificate = leaf ? { certificate: factsOf(leaf) } : {};
  return { name, warnings, kind: 'rehearsed', ...certificate, ran, leftOut: leftOut(renewal, ran) };
}

async function sweep(state: string, { name, live = '' }: Renewal): Promise<void> {
  await rm(live, { recursive: true, force: true });
  await forgetOrders(state, name);
}

const whatLies = (disk: OnDisk): string => (disk.kind === 'set' ? disk.leaf.sha256 : disk.kind);

/** The renewer, as it rehearses. */
function playOf({ by }: Renewal): Result<ByAcme | ByCommand, RenewalProblem> {
  if (by.kind === 'command') {
    return by.rehearsal ? ok({ kind: 'command', command: by.rehearsal }) : err(noDryRun(by));
  }
  return by.staging ? ok({ ...by, authority: by.staging, ari: false }) : err(noStaging(by.authority));
}

/** The renewal with everything that is real taken out of it. */
function scene({ reload: _reload, pkcs12: _pkcs12, ...renewal }: Renewal, by: Renewal['by'], live: string): Renewal {
  const { preHook, deployHook, rehearse: allowed, ...rest } = renewal;
  return {
    ...rest,
    rehearse: allowed,
    by,
    live,
    environment: { ...renewal.environment, CERTWATCH_REHEARSAL: '1' },
    ...(preHook && allowed.includes('pre-hook') ? { preHook } : {}),
    ...(deployHook && allowed.includes('deploy-hook') ? { deployHook } : {}),
  };
}

interface Played {
  readonly leaf?: Certificate;
  readonly ran: readonly RenewalStep[];
}

async function play(attempt: Attempt, deadline: Deadline): Promise<Result<Played, RenewalProblem>> {
  const { preHook, deployHook, by, live = '' } = attempt.renewal;
  await makeFolder(live, 0o700);
  const prepared = await prepare(attempt, { deadline });
  if (!prepared.ok) return prepared;
  const ran: RenewalStep[] = preHook ? ['pre-hook'] : [];
  const ordered = await attempt.run('order', () => order(attempt, deadline));
  if (!ordered.ok) return ordered;
  const set = ordered.value;
  // Nothing to deploy then.
  if (!set) return ok({ ran });
  const [leaf] = set.chain;
  if (by.kind === 'acme') {
    const installed = await attempt.run('install', () => install(attempt, set));
    if (!installed.ok) return installed;
  }
  const deployed = await deploy(attempt, { deadline });
  if (!deployed.ok) return deployed;
  return ok({ leaf, ran: deployHook ? [...ran, 'deploy-hook'] : ran });
}

/** @returns undefined where an existing client has ended well and left nothing, as dry runs do. */
async function order(
  attempt: Attempt,
  deadline: Deadline,
): Promise<Result<CertificateSet | undefined, RenewalProblem>> {
  const { renewal, tools } = attempt;
  const { by, live = '', domains } = renewal;
  if (by.kind === 'acme') {
    const obtained = await obtain(attempt, { disk: { kind: 'none' }, deadline });
    if (!obtained.ok) return obtained;
    if (obtained.value.kind !== 'issued') throw new Error('the built-in client has installed by itself');
    return ok(obtained.value.set);
  }
  const { env, kill, now } = tools;
  const timeoutMs = deadline.remainingMs;
  const done = await runCommand(by.command, { renewal, step: 'order', deadline, timeoutMs, env, kill });
  if (!done.ok) return done;
  const set = await readSet(live);
  if (!set.ok || !set.value) return set;
  const checked = checkSet(set.value, { domains, now: now() });
  return checked.ok ? set : checked;
}

async function install({ renewal, tools }: Attempt, set: CertificateSet): Promise<Result<void, RenewalProblem>> {
  const { domains, live = '' } = renewal;
  const prepared = await prepareInstall(set, live, { domains, now: tools.now() });
  return prepared.ok ? prepared.value.live.switchTo(prepared.value.to) : prepared;
}

function leftOut({ preHook, deployHook, reload }: Renewal, ran: readonly RenewalStep[]): RenewalStep[] {
  const configured: readonly (readonly [RenewalStep, unknown])[] = [
    ['pre-hook', preHook],
    ['deploy-hook', deployHook],
    ['reload', reload],
    ['verify', true],
  ];
  return configured.flatMap(([step, there]) => (there && !ran.includes(step) ? [step] : []));
}

const noStaging = ({ name }: Authority): RenewalProblem => ({
  reason: 'no-staging',
  detail: `${name} has no directory for trials that is known here: give the URL of one as acme.staging, it may be another CA's`,
});

/** certbot's own word; others have others, or none. */
function noDryRun({ command: { words, shell } }: ByCommand): RenewalProblem {
  const example = !shell && basename(words[0] ?? '') === 'certbot' ? ` [ ${[...words, '--dry-run'].join(', ')} ]` : '';
  return {
    reason: 'cannot-rehearse',
    detail: `what a command does cannot be rehearsed from here: give its dry run as rehearse-command${example && `:${example}`}`,
    advice: 'fix-config',
  };
}

const inEarnest = ({ live = '' }: Renewal): RenewalProblem => ({
  reason: 'not-a-rehearsal',
  detail: `the certificate in ${live} is another one than before: a command has not kept to the scratch folder`,
  advice: 'fix-config',
});

/** A binding belongs to one directory; the one of the real account is not shown to another. */
const inRehearsal = (problem: RenewalProblem): RenewalProblem =>
  problem.reason === 'eab-required'
    ? { ...problem, detail: `${problem.detail}; for a rehearsal, under acme.staging.account` }
    : problem;
