/**
 * vitest globalSetup: what crashes in a test, or is killed, leaves no core file in the folder that it ran in. The limit goes
 * down to every process that the tests start; where there is no prlimit (util-linux), things are left as they are.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export default async function setup(): Promise<void> {
  await promisify(execFile)('prlimit', ['--core=0', '--pid', String(process.pid)]).catch(() => {});
}
