/**
 * `certwatch status`: is certwatch itself healthy? Answers as a plugin does.
 */
import type { Command } from 'commander';
import { locateConfig } from '../config/locate.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { InputError } from '../model/target.ts';
import { escapeNagios } from '../report/escape.ts';
import { Deadline } from '../time/deadline.ts';
import { parseDuration, SECOND } from '../time/duration.ts';
import { CONFIG_KEY, readSettings } from './check-settings.ts';
import { doFilesAnswer } from './files-answer.ts';
import type { ExitCode, Finish, Io } from './io.ts';
import { addFlag, addRunFlags, createCommand, type RawFlags } from './option-parser.ts';

interface StatusFlags {
  readonly maxAge?: string;
  readonly command?: string;
}

/** Reading a few small files, the config among them; a dead disk under them is an answer, too. */
const READ_MS = 5 * SECOND;

export function statusCommand(io: Io, finish: Finish): Command {
  const raw: RawFlags = new Map();
  const command = createCommand('status', io).description(
    'Is certwatch itself healthy: did the last run finish, how old is it, is one stuck? Answers as a plugin does.',
  );
  addFlag(command, raw, { spec: '--config <file>', doc: 'Read this config file.', key: CONFIG_KEY });
  addRunFlags(command, raw, new Set(['state']));
  return command
    .option('--max-age <duration>', 'Critical when the last complete run is older (default 26h).')
    .option('--command <name>', 'Of this command only: check or renew.')
    .action(async (flags: StatusFlags) => finish(await status(raw, flags, io)));
}

async function status(raw: RawFlags, flags: StatusFlags, io: Io): Promise<ExitCode> {
  const asked = await readAsked(raw, flags, io);
  if (!asked.ok) {
    await io.stdout.write(`CERTWATCH UNKNOWN - ${escapeNagios(asked.error)}\n`);
    return 3;
  }
  const [{ readHealth, traces }, { formatHealth }] = await Promise.all([
    import('../health/read-health.ts'),
    import('../health/status-text.ts'),
  ]);
  const { dir, maxAgeMs } = asked.value;
  const deadline = Deadline.after(Math.max(0, READ_MS - io.sinceStart()));
  const read = () =>
    readHealth({
      dir,
      now: () => io.now(),
      maxAgeMs,
      processes: io.processes,
      ...(flags.command === undefined ? {} : { command: flags.command }),
    });
  const answered = await doFilesAnswer(traces(dir), deadline, io);
  const health = answered ? await deadline.race(read()) : undefined;
  deadline.release();
  if (!health) {
    await io.stdout.write(`CERTWATCH UNKNOWN - ${escapeNagios(dir)} could not be read within 5s\n`);
    return 3;
  }
  const { text, exitCode } = formatHealth(health, io.now());
  await io.stdout.write(text);
  return exitCode;
}

interface Asked {
  readonly dir: string;
  readonly maxAgeMs: number;
}

async function readAsked(raw: RawFlags, { maxAge, command }: StatusFlags, io: Io): Promise<Result<Asked, string>> {
  const { DEFAULT_MAX_AGE_MS } = await import('../health/status.ts');
  const age = maxAge === undefined ? ok(DEFAULT_MAX_AGE_MS) : parseDuration(maxAge);
  if (!age.ok) return err(`--max-age: ${age.error}`);
  if (command !== undefined && command !== 'check' && command !== 'renew') {
    return err(`--command: expected check or renew, got ${JSON.stringify(command)}`);
  }
  const settings = await readSettings(raw, io, READ_MS);
  if (!settings.ok) return err(sentenceOf(settings.error));
  const dir = settings.value.run.state;
  if (dir !== undefined) return ok({ dir, maxAgeMs: age.value });
  const config = locateConfig({ env: io.env, folder: io.cwd });
  return err(
    config === undefined
      ? 'which state folder? Name it with --state, or in the config'
      : `${config} names no state folder: name it with --state, or as "state:" there`,
  );
}

function sentenceOf(errors: readonly InputError[]): string {
  return errors.map(({ origin, message }) => `${origin}: ${message}`).join('; ');
}
