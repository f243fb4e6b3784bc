/** Runs one command as a renewal does, until it is killed. Argument: the shell command. */
import { runCommand } from '../../src/renew/command.ts';
import { Deadline } from '../../src/time/deadline.ts';

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
