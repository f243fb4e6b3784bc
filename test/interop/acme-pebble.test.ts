/**
 * Whole orders by the child process against pebble.
 */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { buildAcmeChild, type ChildBundle } from '../support/acme/child-bundle.ts';
import { testWith } from '../support/acme/daemon.ts';
import { groupLives, orderWith } from '../support/acme/order-with.ts';
import { newPebble, oldPebble, type Pebble, startPebble } from '../support/acme/pebble.ts';
import { tempFolder } from '../support/temp-folder.ts';

let bundle: ChildBundle;
beforeAll(async () => {
  bundle = await buildAcmeChild();
});
afterAll(() => bundle[Symbol.asyncDispose]());

describe.each([
  ['pebble 2.4', oldPebble],
  ['pebble 2.10', newPebble],
] as const)('%s', (_name, programs) => {
  const test = testWith({ ...programs });
  let pebble: Pebble;
  beforeAll(async () => {
    if (programs.pebble) pebble = await startPebble({ programs });
  });
  afterAll(() => pebble?.[Symbol.asyncDispose]());

  test('http-01 by a listener of its own: an EC certificate and its chain', async () => {
    await using folder = await tempFolder('acme');
    const { result, events, pid } = await orderWith({
      bundle,
      folder,
      job: {
        directory: pebble.directory,
        caFile: pebble.caFile,
        identifiers: ['www.shop.example', 'shop.example'],
        challenge: { type: 'http-01', listen: `127.0.0.1:${pebble.httpPort}` },
      },
    });
    expect(result).toMatchObject({ ok: true });
    if (!result.ok) return;
    const leaf = new X509Certificate(await readFile(result.files.cert));
    expect(leaf.checkPrivateKey(createPrivateKey(await readFile(result.files.key)))).toBe(true);
    expect(leaf.subjectAltName?.split(', ').sort()).toEqual(['DNS:shop.example', 'DNS:www.shop.example']);
    const fullchain = await readFile(result.files.fullchain, 'utf8');
    expect(fullchain).toBe((await readFile(result.files.cert, 'utf8')) + (await readFile(result.files.chain, 'utf8')));
    expect((await stat(result.files.key)).mode & 0o777).toBe(0o600);
    expect((await stat(folder.at('out'))).mode & 0o777).toBe(0o700);
    expect(events.flatMap((event) => (event.kind === 'step' ? [event.step] : []))).toEqual([
      'key',
      'directory',
      'account',
      'preflight',
      'order',
      'authorize',
      'present',
      'validate',
      'finalize',
      'issue',
      'download',
      'check',
      'write',
    ]);
    expect(groupLives(pid)).toBe(false);
  });
});
