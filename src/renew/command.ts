/**
 * Runs a command of the config (a hook, a reload, an existing client): words without a shell, or a shell where one was
 * asked for; a documented environment; a process group of its own with a certain end (`acme/process-group.ts`); output
 * captured and capped. A guardian ends the group also when this process is killed and can do nothing any more.
 *
 * The environment, on top of certwatch's own and of the config's `environment`:
 *
 *     CERTWATCH_NAME      the certificate's name in the config
 *     CERTWATCH_STEP      pre-hook, order, deploy-hook, reload
 *     CERTWATCH_DOMAINS   its domains, with spaces between
 *     CERTWATCH_LIVE      the folder of privkey.pem, cert.pem, chain.pem and fullchain.pem; empty where there is none
 *     CERTWATCH_DEADLINE  seconds that are left, whole, rounded down; SIGTERM comes then, SIGKILL a second later
 *     CERTWATCH_PUT_BACK  1 where the old certificate is being put back, else empty
 */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Command } from '../config/schema-values.ts';
import type { RenewalProblem, RenewalStep } from '../model/renewal.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { formatDuration } from '../time/duration.ts';
import { type GroupEnd, runGroup } from './acme/process-group.ts';
import type { Kill } from './acme/work.ts';
import type { Renewal } from './renewal.ts';

export interface CommandContext {
  readonly renewal: Pick<Renewal, 'name' | 'domains' | 'live' | 'environment'>;
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
  const { deadline, timeoutMs, kill, onStart } = context;
  let guardian: Guardian | undefined;
  const end = await runGroup(wordsOf(command), {
    deadline,
    timeoutMs,
    kill,
    env: environmentOf(context),
    onStart: (pgid) => {
      guardian = guard(pgid);
      onStart?.(pgid);
    },
  });
  guardian?.dismiss();
  return end.kind === 'exited' && end.code === 0 ? ok(end.output) : err(problemOf(command, context.step, end));
}

/** As a person would type it, for messages. */
export const commandText = ({ words }: Command): string => words.join(' ');

export const wordsOf = ({ words, shell }: Command): [string, ...string[]] => {
  const [first = '', ...rest] = words;
  return shell ? ['/bin/sh', '-c', first] : [first, ...rest];
};

export function environmentOf(context: Omit<CommandContext, 'kill'>): Record<string, string> {
  const { renewal, step, env, deadline, timeoutMs, puttingBack } = context;
  const inherited = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    ...Object.fromEntries(inherited),
    ...renewal.environment,
    CERTWATCH_NAME: renewal.name,
    CERTWATCH_STEP: step,
    CERTWATCH_DOMAINS: renewal.domains.join(' '),
    CERTWATCH_LIVE: renewal.live ?? '',
    CERTWATCH_DEADLINE: String(Math.floor(Math.min(deadline.remainingMs, timeoutMs) / 1_000)),
    CERTWATCH_PUT_BACK: puttingBack ? '1' : '',
  };
}

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
        detail: `${said} had not ended after ${formatDuration(end.afterMs)}, and was ended with all that it had started`,
        ...output,
      };
    case 'not-started':
      return { reason: `${step}-not-started`, detail: `${said} cannot be started: ${end.reason}`, ...output };
  }
}

interface Guardian {
  dismiss(): void;
}

/**
 * A shell that waits for the end of a pipe which only this process holds: it comes when this process is gone, however it
 * went. A command that is being waited for then has two seconds to end by itself.
 */
const GUARDIAN = [
  'read -r _ <&3',
  // -s, since some shells take a dash behind -TERM for a number.
  'kill -s TERM -- "-$1" 2>/dev/null || exit 0',
  'sleep 2',
  'kill -s KILL -- "-$1" 2>/dev/null',
].join('\n');

function guard(pgid: number): Guardian {
  const child = spawn('/bin/sh', ['-c', GUARDIAN, 'certwatch-guardian', String(pgid)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/bin:/bin' },
  });
  const pipe = child.stdio[3] as Socket;
  pipe.on('error', () => {});
  // Without one the command runs all the same: it has its own limit while this process lives.
  child.on('error', () => {});
  child.unref();
  pipe.unref();
  return {
    dismiss: () => {
      // First the guardian, then the pipe: the other way round it would see the end that it waits for.
      child.kill('SIGKILL');
      child.once('exit', () => pipe.destroy());
    },
  };
}
