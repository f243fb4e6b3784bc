/**
 * The demo of a renewal: it ends by itself, shows the loop and the way back, and finds that all came out as it should.
 */
import { spawn } from 'node:child_process';
import { expect } from 'vitest';
import { testWith } from '../support/acme/daemon.ts';
import { oldPebble } from '../support/acme/pebble.ts';
import { REPOSITORY } from '../support/repository.ts';
import { CLEAN_ENV } from '../support/run-certwatch.ts';

testWith({ ...oldPebble })('npm run demo -- --renew', { timeout: 60_000 }, async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/demo/demo.ts', '--renew'], {
    cwd: REPOSITORY,
    env: CLEAN_ENV,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 50_000);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  expect(output).toMatch(
    /DUE[\s\S]*RENEWED[\s\S]*served at 2 addresses[\s\S]*ROLLED BACK[\s\S]*in place and served again/,
  );
  expect(output).toContain('It all came out as it should.');
  expect(status).toBe(0);
});
