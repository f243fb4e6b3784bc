/**
 * One run of a dns-01 hook: `present` or `cleanup`, an argv array without a shell, in a process group of its own and in the
 * folder of the config. Behind its words come two more: the name of the record and its value.
 *
 * Its environment is that of other commands of the config (`renew/commands/command.ts`, where the step is `order`), and:
 *
 * | variable              | holds                                                                       |
 * | --------------------- | --------------------------------------------------------------------------- |
 * | CERTWATCH_ACTION      | `present` or `cleanup`                                                      |
 * | CERTWATCH_DOMAIN      | the name that is proven, without `*.`                                       |
 * | CERTWATCH_RECORD      | where the TXT record goes: `_acme-challenge.NAME`, or what a CNAME leads to |
 * | CERTWATCH_VALUE       | the TXT record's value                                                      |
 * | CERTWATCH_DEADLINE    | seconds that are left to it                                                 |
 *
 * Several values may have to stand at one record at once (a name and its wildcard): `present` adds, it does not replace.
 */
import { randomUUID } from 'node:crypto';
import { err, ok, type Result } from '../../../model/result.ts';
import type { Deadline } from '../../../time/deadline.ts';
import { runGroup } from '../../commands/process-group.ts';
import { type Trouble, trouble } from '../failure.ts';
import type { Surroundings } from '../work.ts';

export interface HookRun {
  readonly action: 'present' | 'cleanup';
  readonly argv: readonly [string, ...string[]];
  readonly domain: string;
  readonly record: string;
  readonly value: string;
  readonly timeoutMs: number;
  readonly cwd?: string;
}

export const HOOK_TIMEOUT_MS = 120_000;

export async function runHook(
  hook: HookRun,
  { deadline, ...around }: Surroundings & { readonly deadline: Deadline },
): Promise<Result<void, Trouble>> {
  const mark = randomUUID();
  const tell = (kind: 'group-started' | 'group-ended') => (pgid: number) =>
    around.emit({ kind, pgid, mark, at: around.now() });
  const { record, value } = hook;
  const end = await runGroup([...hook.argv, record, value], {
    deadline,
    timeoutMs: hook.timeoutMs,
    kill: around.kill,
    mark,
    env: {
      ...around.env,
      CERTWATCH_ACTION: hook.action,
      CERTWATCH_DOMAIN: hook.domain,
      CERTWATCH_RECORD: record,
      CERTWATCH_VALUE: value,
      CERTWATCH_DEADLINE: String(Math.floor(Math.min(deadline.remainingMs, hook.timeoutMs) / 1_000)),
    },
    ...(hook.cwd ? { cwd: hook.cwd } : {}),
    onStart: tell('group-started'),
    onEnd: tell('group-ended'),
  });
  const what = `the ${hook.action} hook ${JSON.stringify(hook.argv)} for ${hook.record}`;
  const more = { output: end.output };
  const left = 'left' in end && end.left ? '; something that it had started is still running' : '';
  switch (end.kind) {
    case 'exited':
      if (end.code === 0) return ok(undefined);
      return err(trouble('hook-failed', `${what} ended with status ${end.code}`, more));
    case 'signalled':
      return err(trouble('hook-failed', `${what} was ended by ${end.signal}`, more));
    case 'timeout':
      return err(trouble('hook-timeout', `${what} had not ended after ${end.afterMs} ms and was killed${left}`, more));
    case 'not-started':
      return err(trouble('hook-not-started', `${what} could not be started: ${end.reason}`, more));
  }
}
