/**
 * The runner of the built program, and the folder that goes with a test.
 */

import { access } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { buildIfStale } from './build.ts';
import { closedPort } from './ports.ts';
import { runCertwatch } from './run-certwatch.ts';
import { silentServer } from './servers/misbehaving.ts';
import { tempFolder } from './temp-folder.ts';

describe('runCertwatch', () => {
  it('gives both outputs and the exit status', { timeout: 60_000 }, async () => {
    await buildIfStale();
    const run = await runCertwatch(['--version']);
    expect(run).toMatchObject({ status: 0, signal: null, killed: false, stderr: '' });
    expect(run.stdout).toMatch(/\d+\.\d+\.\d+/);
    expect(await runCertwatch(['--no-such-option'])).toMatchObject({ status: 3, stdout: '' });
  });

  it('runs on a terminal too, where colour is', async () => {
    const args = ['check', `127.0.0.1:${await closedPort()}`];
    expect((await runCertwatch(args)).stdout).not.toContain('\x1b[');
    const run = await runCertwatch(args, { terminal: { columns: 100 } });
    expect(run.stdout).toContain('\x1b[');
    expect(run.status).toBe(3);
  });

  it('ends what does not end by itself', async () => {
    await using server = await silentServer();
    const args = ['check', `127.0.0.1:${server.port}`, '--timeout', '1m', '--deadline', '1m'];
    expect(await runCertwatch(args, { killAfterMs: 700 })).toMatchObject({
      status: null,
      signal: 'SIGKILL',
      killed: true,
    });
  });
});

describe('tempFolder', () => {
  it('is gone behind its block', async () => {
    let path = '';
    {
      await using folder = await tempFolder();
      path = await folder.write('deep/inside/key.pem', 'secret');
      await access(path);
    }
    await expect(access(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
