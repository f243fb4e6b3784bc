/**
 * The commander tree of `certwatch`: one file a command.
 */
import { Command } from 'commander';
import { didYouMean } from '../targets/nearest.ts';
import { checkCommand } from './check.ts';
import { configCommand } from './config.ts';
import type { ExitCode, Io } from './io.ts';
import { configure, parseArguments } from './option-parser.ts';
import { renewCommand } from './renew.ts';
import { showCommand } from './show.ts';
import { statusCommand } from './status.ts';

/** A command tells here what the process should exit with. */
export type Finish = (code: ExitCode) => void;

const COMMANDS = [checkCommand, renewCommand, showCommand, statusCommand, configCommand];

const EXAMPLES = `
Examples:
  certwatch check example.org mail.example.org:25 imaps://mail.example.org
  certwatch check -f hosts.txt --deadline 5m -q        nightly, silent while all is well
  certwatch check 'file:/etc/ssl/private/*.pem'        certificates on this machine
  certwatch show example.org                           one chain in full

Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (unreachable, bad usage, a bug).`;

export async function runProgram(io: Io): Promise<ExitCode> {
  const [first] = io.argv;
  if (io.argv.length === 1 && (first === '--version' || first === '-V')) {
    await io.stdout.write(`certwatch ${io.version}\n`);
    return 0;
  }
  let code: ExitCode = 3;
  const program = configure(new Command('certwatch'), io)
    .description('Watches TLS certificates: says which end soon, which are wrong, and what to do next.')
    .version(`certwatch ${io.version}`, '-V, --version', 'Show the version.')
    .helpOption('-h, --help', 'Show this help.')
    .addHelpText('after', EXAMPLES);
  const commands = COMMANDS.map((make) => make(io, (ended) => (code = ended)));
  for (const command of commands) program.addCommand(command);
  const names = commands.map((command) => command.name());
  if (first !== undefined && !first.startsWith('-') && ![...names, 'help'].includes(first)) {
    await io.stderr.write(unknownCommand(first, names));
    return 3;
  }
  return (await parseArguments(program, io)) ?? code;
}

function unknownCommand(word: string, names: readonly string[]): string {
  const quoted = JSON.stringify(word);
  const hint = didYouMean(word, names) || `. To check a target: certwatch check ${quoted}`;
  return `certwatch: there is no command ${quoted}, expected one of ${names.join(', ')}${hint}\n`;
}
