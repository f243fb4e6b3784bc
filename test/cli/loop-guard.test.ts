/**
 * A check without a supervisor whose event loop is blocked: it ends all the same, by itself, with a line and 3.
 */
import { beforeAll, expect, test } from 'vitest';
import { buildIfStale } from '../support/build.ts';
import { runCertwatch } from '../support/run-certwatch.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import { tempFolder } from '../support/temp-folder.ts';

beforeAll(buildIfStale, 60_000);

/** While it waits for its target, however long it took to get there. */
const BLOCKS = `{
  const { Socket } = require('node:net');
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function (...args) {
    setTimeout(() => { for (;;); }, 900);
    return connect.apply(this, args);
  };
}`;

test.each([
  {
    program: 'certwatch',
    args: ['check', '127.0.0.1:PORT', '-t', '2500ms'],
    says: /^certwatch was blocked .*UNKNOWN\.\n$/,
  },
  {
    program: 'check_certwatch',
    args: ['-H', '127.0.0.1', '-p', 'PORT', '-t', '3'],
    says: /^CERTWATCH UNKNOWN - .*blocked/,
  },
] as const)('$program', async ({ program, args, says }) => {
  await using server = await silentServer();
  await using folder = await tempFolder('guard');
  const preload = await folder.write('block.cjs', `if (require('node:worker_threads').isMainThread) ${BLOCKS}`);
  const run = await runCertwatch(
    args.map((arg) => arg.replace('PORT', String(server.port))),
    { program, env: { NODE_OPTIONS: `--require ${preload}` }, killAfterMs: 12_000 },
  );
  expect(run).toMatchObject({ status: 3, killed: false, stdout: expect.stringMatching(says) });
});
