/**
 * The commander tree of `certwatch`: one file a command, loaded when it is asked for.
 */
import { Command } from 'commander';
import { didYouMean } from '../targets/nearest.ts';
import type { ExitCode, Finish, Io } from './io.ts';
import { configure, parseArguments } from './option-parser.ts';

type MakeCommand = (io: Io, finish: Finish) => Command;

const COMMANDS: Readonly<Record<string, () => Promise<MakeCommand>>> = {
  check: async () => (await import('./check.ts')).checkCommand,
  renew: async () => (await import('./renew.ts')).renewCommand,
  show: async () => (await import('./show.ts')).showCommand,
  status: async () => (await import('./status.ts')).statusCommand,
  config: async () => (await import('./config.ts')).configCommand,
};

const EXAMPLES = `
Examples:
  certwatch check example.org smtp://mail.example.org imaps://mail.example.org
  certwatch check -f hosts.txt --deadline 5m -q        nightly, silent while all is well
  certwatch check 'file:/etc/ssl/private/*.pem'        certificates on this machine
  certwatch show example.org                           one chain in full

Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (unreachable, bad usage, a bug).`;

export async function runProgram(io: Io): Promise<ExitCode> {
  const [first = ''] = io.argv;
  const names = Object.keys(COMMANDS);
  const known = Object.hasOwn(COMMANDS, first);
  if (first !== '' && first !== 'help' && !first.startsWith('-') && !known) {
    await io.stderr.write(unknownCommand(first, names));
    return 3;
  }
  let code: ExitCode = 3;
  const program = configure(new Command('certwatch'), io)
    .description('Watches TLS certificates: says which end soon, which are wrong, and what to do next.')
    .version(`certwatch ${io.version}`, '-V, --version', 'Show the version.')
    .helpOption('-h, --help', 'Show this help.')
    .addHelpText('after', EXAMPLES);
  for (const name of known ? [first] : names) {
    const make = await COMMANDS[name]?.();
    if (make) program.addCommand(make(io, (ended) => (code = ended)));
  }
  return (await parseArguments(program, io)) ?? code;
}

function unknownCommand(word: string, names: readonly string[]): string {
  const quoted = JSON.stringify(word);
  const hint = didYouMean(word, names) || `. To check a target: certwatch check ${quoted}`;
  return `certwatch: there is no command ${quoted}, expected one of ${names.join(', ')}${hint}\n`;
}
