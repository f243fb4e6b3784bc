/**
 * `certwatch check`: scan, report, exit with the status.
 */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { ok } from '../model/result.ts';
import { type Asked, type CheckSettings, CONFIG_KEY, LIST_KEY, RENEW_KEY, readSettings } from './check-settings.ts';
import { fileExists } from './file-exists.ts';
import { inputErrorTeller, refuse } from './input-errors.ts';
import type { ExitCode, Finish, Io } from './io.ts';
import { addFlag, addRunFlags, addSettingFlags, createCommand, type RawFlags } from './option-parser.ts';
import { stdoutSpecs } from './run/output-specs.ts';
import { runCheck } from './run/run-check.ts';
import { diskPatience } from './run/run-times.ts';
import { scanHere } from './run/scan-here.ts';
import { isWorthSupervising } from './supervised/worth-supervising.ts';

export function checkCommand(io: Io, finish: Finish): Command {
  const raw: RawFlags = new Map();
  const command = createCommand('check', io)
    .description('Look at targets, report, and exit with the status.')
    .argument('[target...]', 'host, host:port, SCHEME://host[:port] or file:PATH');
  addFlag(command, raw, {
    spec: '-f, --file <list>',
    doc: 'Read targets from this list, one a line, "-" for the standard input; repeatable.',
    key: LIST_KEY,
  });
  addFlag(command, raw, { spec: '--config <file>', doc: 'Read this config file.', key: CONFIG_KEY });
  addSettingFlags(command, raw);
  addRunFlags(command, raw);
  addFlag(command, raw, {
    spec: '--renew',
    doc: "Afterwards, renew those of the config's certificates that were found due.",
    key: RENEW_KEY,
  });
  return command.action(async (words: string[]) => finish(await check({ words, raw }, io)));
}

async function check(asked: Asked, io: Io): Promise<ExitCode> {
  if (!io.supervisor && isWorthSupervising(asked, io)) {
    const { superviseCheck } = await import('./supervised/supervise-check.ts');
    return superviseCheck(asked, io);
  }
  const settings = await readSettings(asked.raw, io);
  if (!settings.ok) return refuse(settings.error, io);
  const lacking = whatIsLacking(asked, settings.value, io);
  if (lacking !== undefined) return refuse([{ origin: 'command line', message: lacking }], io);
  const { run } = settings.value;
  const sources = await sourcesOf(asked, settings.value, io);
  if (sources.words.length + sources.lists.length + sources.made.length === 0) {
    await io.stderr.write(settings.value.config ? NOTHING_IN_CONFIG : NOTHING_TO_CHECK);
    return 3;
  }
  const total = sources.lists.length === 0 ? sources.words.length + sources.made.length : undefined;
  if (io.supervisor?.kind === 'of-reader') {
    const { readAgain } = await import('./supervised/read-again.ts');
    const told = { run, startedAt: io.now(), runId: randomUUID(), total };
    await readAgain({ run: told, sources, told: io.supervisor.told, pipe: io.supervisor.pipe });
    return 0;
  }
  if (io.supervisor?.kind === 'of-scanner') {
    const { runScanner } = await import('./supervised/scanner.ts');
    return runScanner({ settings: settings.value, sources, total, supervisor: io.supervisor }, io);
  }
  const { code } = await runCheck(
    {
      produce: scanHere({ run, sources }, io),
      deadlineMs: run.deadline,
      judgedAt: run.now,
      outputs: await stdoutSpecs(run, io),
      guard: {
        overMs: settings.value.defaults.timeoutMs,
        lastWords: 'certwatch was blocked past its time and was ended. Exit status 3: UNKNOWN.\n',
      },
      progress: !run.quiet,
      total,
      onInputError: inputErrorTeller(run, io),
    },
    io,
  );
  return code;
}

/** Options that make no sense by themselves. @returns a sentence. */
function whatIsLacking({ raw }: Asked, { run }: CheckSettings, io: Io): string | undefined {
  if (run.lock && run.state === undefined) return '--lock needs a folder to put the lock in: --state FOLDER';
  // With a config it is supervised.
  if (raw.has(RENEW_KEY) && !io.supervisor)
    return '--renew needs a config file with certificates: in it (--config FILE)';
  return undefined;
}

const NOTHING_TO_CHECK =
  'certwatch: nothing to check: name a target (certwatch check example.org), a list (-f hosts.txt) or a config file (--config)\n';

const NOTHING_IN_CONFIG =
  'certwatch: nothing to check: the config names no targets, no lists, and no certificates that are served anywhere\n';

/**
 * Whoever names something wants to know about that; the config's own targets are for when nothing is named. One that has
 * only certificates is asked about them: where they have to be served.
 */
async function sourcesOf({ words, raw }: Asked, settings: CheckSettings, io: Io) {
  const { config, targets, run, defaults, endpoint } = settings;
  const given = raw.get(LIST_KEY) ?? [];
  const named = words.length + given.length > 0;
  const certificatesOnly = !named && (config?.lists ?? []).length === 0 && targets.every(({ ok: isGood }) => !isGood);
  const made = certificatesOnly ? [...targets, ...(await certificatePlaces(settings))] : targets;
  return {
    words,
    lists: named ? given : (config?.lists ?? []),
    made: named ? [] : made,
    stdin: () => io.stdin(),
    withinMs: diskPatience(run.deadline),
    options: { defaults, endpoint, fileExists },
    ...(run.shard ? { shard: run.shard } : {}),
  };
}

/** Nothing of renewals is loaded where there are none. */
async function certificatePlaces(settings: CheckSettings): Promise<CheckSettings['targets']> {
  if (!settings.config || settings.config.certificates.length === 0) return [];
  const { placesToCheck } = await import('./run/paired-look.ts');
  return placesToCheck(settings).map(ok);
}
