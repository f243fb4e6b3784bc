/** Runs one command as a renewal does. Arguments: the shell command; `stay`: it says so when that has ended, and lives on. */
import { runCommand } from '../../../src/renew/commands/command.ts';
import { Deadline } from '../../../src/time/deadline.ts';

await runCommand(
  { words: [process.argv[2] ?? ''], shell: true },
  {
    renewal: { name: 'www', domains: [], environment: {} },
    step: 'reload',
    deadline: Deadline.after(60_000),
    timeoutMs: 60_000,
    env: process.env,
    kill: (pid, signal) => process.kill(pid, signal),
  },
);

if (process.argv[3] === 'stay') {
  process.stdout.write('ended\n');
  setInterval(() => {}, 60_000);
} else process.exit();
