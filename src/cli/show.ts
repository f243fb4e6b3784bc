/**
 * `certwatch show TARGET`: one presented chain, certificate by certificate, for a person; `--pem` prints it as PEM.
 */
import type { Command } from 'commander';
import type { Verdict } from '../model/verdict.ts';
import { describe } from '../report/messages.ts';
import { renderPem, renderShow } from '../report/show.ts';
import { CONFIG_KEY, readSettings } from './check-settings.ts';
import { fileExists } from './file-exists.ts';
import { errorLine, refuse } from './input-errors.ts';
import type { ExitCode, Finish, Io } from './io.ts';
import { addFlag, addRunFlags, addSettingFlags, createCommand, type RawFlags } from './option-parser.ts';
import { runCheck } from './run/run-check.ts';
import { scanHere } from './run/scan-here.ts';

export function showCommand(io: Io, finish: Finish): Command {
  const raw: RawFlags = new Map();
  let pem = false;
  const command = createCommand('show', io)
    .description('Show the chain that one target presents, certificate by certificate.')
    .argument('<target>', 'host, host:port, SCHEME://host[:port] or file:PATH');
  addFlag(command, raw, { spec: '--config <file>', doc: 'Read this config file.', key: CONFIG_KEY });
  addSettingFlags(command, raw);
  addRunFlags(command, raw, new Set(['deadline', 'color', 'now', 'resolver', 'verbose']));
  command.option('--pem', 'Print the certificates as PEM, exactly as they were presented.');
  command.on('option:pem', () => {
    pem = true;
  });
  return command.action(async (word: string) => finish(await show(word, raw, pem, io)));
}

async function show(word: string, raw: RawFlags, pem: boolean, io: Io): Promise<ExitCode> {
  const settings = await readSettings(raw, io);
  if (!settings.ok) return refuse(settings.error, io);
  const { run, defaults, endpoint } = settings.value;
  const options = {
    verbose: true,
    quiet: false,
    color: run.color ?? io.stdout.colorLevel > 0,
    columns: io.stdout.columns || 100,
    now: run.now ?? io.now(),
  };
  const render = (verdict: Verdict): string => {
    if (!pem) return renderShow(verdict, options);
    const [finding] = verdict.findings;
    const text = renderPem(verdict);
    // No PEM is no answer: the reason is one.
    if (text === '' && finding)
      void io.stderr.write(errorLine({ origin: verdict.target.name, message: describe(finding, verdict) }));
    return text;
  };
  const { code } = await runCheck(
    {
      produce: scanHere(
        {
          run: { ...run, concurrency: 1 },
          sources: {
            words: [word],
            lists: [],
            made: [],
            stdin: () => io.stdin(),
            options: { defaults, endpoint, fileExists },
          },
        },
        io,
      ),
      deadlineMs: run.deadline,
      judgedAt: run.now,
      outputs: [{ streams: true, renderer: { begin: () => '', verdict: render, end: () => '' } }],
      progress: false,
      onInputError: (error) => void io.stderr.write(errorLine(error)),
    },
    io,
  );
  return code;
}
