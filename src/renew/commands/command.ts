/**
 * Runs a command of the config (a hook, a reload, an existing client): words without a shell, or a shell where one was
 * asked for; the folder of the config to run in; a documented environment; a process group of its own with a certain end
 * (`process-group.ts`); output captured and capped. A guardian ends the group also when this process is killed and can do
 * nothing any more.
 *
 * The environment, on top of certwatch's own and of the config's `environment`:
 *
 *     CERTWATCH_NAME      the certificate's name in the config
 *     CERTWATCH_STEP      pre-hook, order, deploy-hook, reload
 *     CERTWATCH_DOMAINS   its domains, with spaces between
 *     CERTWATCH_LIVE      the folder of privkey.pem, cert.pem, chain.pem and fullchain.pem; empty where there is none
 *     CERTWATCH_DEADLINE  seconds that are left, whole, rounded down; SIGTERM comes then, SIGKILL a second later
 *     CERTWATCH_PUT_BACK  1 where the old certificate is being put back, else empty
 *     CERTWATCH_REHEARSAL 1 in a rehearsal, where CERTWATCH_LIVE is a scratch folder, else empty
 *     CERTWATCH_MARK      tells what this command has started from everything else
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Command } from '../../config/schema-values.ts';
import type { RenewalProblem, RenewalStep } from '../../model/renewal.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Deadline } from '../../time/deadline.ts';
import { formatDuration } from '../../time/duration.ts';
import type { Renewal } from '../renewal.ts';
import type { Kill } from './kill.ts';
import { MARK } from './marked.ts';
import { type GroupEnd, runGroup } from './process-group.ts';

export interface CommandContext {
  readonly renewal: Pick<Renewal, 'name' | 'domains' | 'live' | 'environment' | 'folder'>;
  readonly step: RenewalStep;
  readonly deadline: Deadline;
  /** Inside the deadline. */
  readonly timeoutMs: number;
  /** certwatch's own environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly kill: Kill;
  readonly puttingBack?: boolean;
  /** Its process group, as soon as there is one. */
  readonly onStart?: (pgid: number) => void;
}

/** @returns what it printed; the error names the command, how it ended, and carries what it printed. */
export async function runCommand(command: Command, context: CommandContext): Promise<Result<string, RenewalProblem>> {
  const { deadline, timeoutMs, kill, onStart, renewal } = context;
  // Before the command: a hook that ends certwatch at once is watched already.
  const mark = randomUUID();
  const guardian = startGuardian(mark);
  const end = await runGroup(wordsOf(command), {
    deadline,
    timeoutMs,
    kill,
    ...(renewal.folder === undefined ? {} : { cwd: renewal.folder }),
    mark,
    env: environmentOf(context),
    onStart: (pgid) => {
      guardian.watch(pgid);
      onStart?.(pgid);
    },
    // At once: what it has left running is nobody's to end any more.
    onEnd: () => guardian.dismiss(),
  });
  guardian.dismiss();
  return end.kind === 'exited' && end.code === 0 ? ok(end.output) : err(problemOf(command, context.step, end));
}

/** As a person would type it, for messages. */
export function commandText({ words }: Command): string {
  const text = words.join(' ').replace(/\s+/g, ' ');
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN - 1)}…`;
}

/** The config has it whole. */
const LONGEST_SHOWN = 60;

export const wordsOf = ({ words, shell }: Command): [string, ...string[]] => {
  const [first = '', ...rest] = words;
  return shell ? ['/bin/sh', '-c', first] : [first, ...rest];
};

function environmentOf(context: Omit<CommandContext, 'kill'>): Record<string, string> {
  const { renewal, step, env, deadline, timeoutMs, puttingBack } = context;
  const inherited = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    ...Object.fromEntries(inherited),
    ...renewalVariables(renewal, step),
    CERTWATCH_DEADLINE: String(Math.floor(Math.min(deadline.remainingMs, timeoutMs) / 1_000)),
    CERTWATCH_PUT_BACK: puttingBack ? '1' : '',
  };
}

/** What every command of a renewal finds in its environment. */
export const renewalVariables = (
  { name, domains, live = '', environment }: CommandContext['renewal'],
  step: RenewalStep,
): Readonly<Record<string, string>> => ({
  CERTWATCH_REHEARSAL: '',
  ...environment,
  CERTWATCH_NAME: name,
  CERTWATCH_STEP: step,
  CERTWATCH_DOMAINS: domains.join(' '),
  CERTWATCH_LIVE: live,
});

function problemOf(command: Command, step: RenewalStep, end: GroupEnd): RenewalProblem {
  const output = end.output.trim() === '' ? {} : { output: end.output };
  const said = `\`${commandText(command)}\``;
  switch (end.kind) {
    case 'exited':
      return { reason: `${step}-failed`, detail: `${said} ended with exit status ${end.code}`, ...output };
    case 'signalled':
      return { reason: `${step}-failed`, detail: `${said} was ended by ${end.signal}`, ...output };
    case 'timeout':
      return {
        reason: `${step}-timeout`,
        detail: `${said} had not ended after ${formatDuration(end.afterMs)}, and was ended ${end.left ? 'by force; something that it had started is still running' : 'with all that was found of it'}`,
        ...output,
      };
    case 'not-started':
      return { reason: `${step}-not-started`, detail: `${said} cannot be started: ${end.reason}`, ...output };
  }
}

interface Guardian {
  watch(pgid: number): void;
  dismiss(): void;
}

/**
 * A shell that reads from a pipe which only this process holds: first the process group, then the end, which comes when
 * this process is gone, however it went. What runs then has two seconds to end by itself. A command that is quicker than
 * the word of its group, and what has left the group, is found by the mark in its environment, where there is a /proc.
 */
const GUARDIAN = [
  'while read -r line <&3; do pgid=$line; done',
  'end() {',
  // -s, since some shells take a dash behind -TERM for a number.
  '  [ -z "$pgid" ] || kill -s "$1" -- "-$pgid" || pgid=',
  '  for each in $(cd /proc && grep -lsaF "$mark" [0-9]*/environ | cut -d/ -f1); do kill -s "$1" "$each"; done',
  '}',
  'mark=$1',
  'exec 2>/dev/null',
  'end TERM; sleep 2; end KILL',
].join('\n');

function startGuardian(mark: string): Guardian {
  const child = spawn('/bin/sh', ['-c', GUARDIAN, 'certwatch-guardian', `${MARK}=${mark}`], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/bin:/bin' },
  });
  const pipe = child.stdio[3] as Socket;
  // Without one the command runs all the same: it has its own limit while this process lives.
  pipe.on('error', () => {});
  child.on('error', () => {});
  child.unref();
  pipe.unref();
  return {
    watch: (pgid) => void pipe.write(`${pgid}\n`),
    dismiss: () => {
      // First the guardian, then the pipe: the other way round it would see the end that it waits for.
      child.once('exit', () => pipe.destroy());
      child.kill('SIGKILL');
    },
  };
}
