/**
 * The whole loop with real parts: the built program, pebble as the CA, nginx as the server, a real reload.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect } from 'vitest';
import { testWith } from '../support/acme/daemon.ts';
import { newPebble, oldPebble } from '../support/acme/pebble.ts';
import { buildIfStale } from '../support/build.ts';
import { nginxProgram } from '../support/renew/nginx.ts';
import { nginxScene, ordersIn } from '../support/renew/nginx-scene.ts';

const test = testWith({ ...oldPebble, nginx: nginxProgram });

beforeAll(buildIfStale, 60_000);

const noneOf = (reason: string) => expect.not.arrayContaining([expect.objectContaining({ reason })]);

describe('renew, with pebble and nginx', { timeout: 60_000 }, () => {
  test('due → ordered → installed → reloaded → served at both addresses', async () => {
    await using s = await nginxScene();
    const before = await s.results('--dry-run');
    expect(before).toMatchObject({ status: 0, results: [{ kind: 'planned', action: 'renew' }] });
    const { status, results } = await s.results();
    expect(results).toMatchObject([{ kind: 'renewed', served: [{ serves: 'new' }, { serves: 'new' }] }]);
    expect(status).toBe(0);
    expect((await s.results()).results).toMatchObject([{ kind: 'not-due' }]);
    expect(ordersIn(await s.journal())).toBe(1);
  });

  test('a reload that fails: the old one is back and served; mended, the next run installs without another order', async () => {
    await using s = await nginxScene({ reload: () => `{ shell: 'echo nginx is not amused; exit 1' }` });
    const failed = await s.results();
    expect(failed).toMatchObject({
      status: 2,
      results: [{ kind: 'rolled-back', step: 'reload', restored: true, problem: { output: 'nginx is not amused\n' } }],
    });
    expect(failed.results[0].served).toMatchObject([{ serves: 'old' }, { serves: 'old' }]);
    await s.configure({ reload: (pid) => `[ kill, -HUP, "${pid}" ]` });
    expect(await s.results()).toMatchObject({ status: 0, results: [{ kind: 'renewed' }] });
    expect(ordersIn(await s.journal())).toBe(1);
  });

  test('nginx refuses the new configuration: rolled back', async () => {
    // The reload "works", and nginx keeps what it has: what is served tells.
    await using s = await nginxScene({
      reload: (pid) => `{ shell: 'test -n "$CERTWATCH_PUT_BACK" || exit 0; kill -HUP ${pid}' }`,
      timeout: '8s',
    });
    const { status, results } = await s.results();
    expect(results).toMatchObject([{ kind: 'rolled-back', step: 'verify', restored: true }]);
    expect(status).toBe(2);
  });

  test('a reload that ends nginx, and starts it again on the way back: the old one is served', async () => {
    // As a service manager would: whoever wants nginx started leaves a word, and waits.
    await using s = await nginxScene({
      reload: (pid) =>
        `{ shell: 'test "$CERTWATCH_PUT_BACK" || { kill -QUIT ${pid}; exit 1; }; touch start; until test -e up; do sleep 0.1; done' }`,
      timeout: '15s',
    });
    const before = await s.facts();
    const running = s.results();
    while (!existsSync(s.here.folder.at('start'))) await pause(50);
    await s.nginx.start();
    await s.here.folder.write('up', '');
    expect(await running).toMatchObject({
      status: 2,
      results: [{ kind: 'rolled-back', step: 'reload', restored: true }],
    });
    expect(await s.facts()).toEqual(before);
  });

  test('a reload that ends nginx, and nobody starts it: said so; once it runs, the next run finishes the job', async () => {
    await using s = await nginxScene({ reload: (pid) => `{ shell: 'kill -QUIT ${pid} || true' }`, timeout: '8s' });
    const { disk } = await s.facts();
    const { status, results } = await s.results();
    expect(results).toMatchObject([{ kind: 'rolled-back', restored: false, servedAfter: [{ serves: 'unknown' }, {}] }]);
    expect(status).toBe(2);
    expect(await s.facts()).toEqual({ disk, served: [] });
    await s.nginx.start();
    await s.configure({ reload: (pid) => `[ kill, -HUP, "${pid}" ]` });
    expect(await s.results('--force')).toMatchObject({ status: 0, results: [{ kind: 'renewed' }] });
    expect(ordersIn(await s.journal())).toBe(1);
  });

  test('the first CA cannot be reached: after its failure the second one issues', async () => {
    await using s = await nginxScene({
      acme: (pebble) => `  directory: https://127.0.0.1:1/dir
  fallback: { directory: "${pebble.directory}", ca-file: ${pebble.caFile}, after: 1 }`,
    });
    expect(await s.results()).toMatchObject({
      status: 2,
      results: [{ kind: 'failed', step: 'order', problem: { reason: 'connect-failed' } }],
    });
    expect(await s.results('--force')).toMatchObject({ status: 0, results: [{ kind: 'renewed' }] });
  });

  const testNew = testWith({ ...newPebble, nginx: nginxProgram });

  testNew('the CA asks for a renewal (RFC 9773): due, with its reason; ordered as a replacement', async () => {
    await using s = await nginxScene({ programs: newPebble });
    await s.results();
    const certificate = await readFile(s.here.folder.at('live/cert.pem'), 'utf8');
    const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    const explanationURL = 'https://ca.example/revoked';
    const ariResponse = JSON.stringify({ suggestedWindow: { start: day(-2), end: day(-1) }, explanationURL });
    await s.pebble.manage('/set-renewal-info/', { certificate, ariResponse });
    expect(await s.results()).toMatchObject({
      status: 0,
      results: [{ kind: 'renewed', reasons: [{ code: 'ari', explanationURL }], warnings: noneOf('replaces-refused') }],
    });
    expect((await s.results()).results).toMatchObject([{ kind: 'not-due' }]);
  });

  testNew('advice that is kept until a time that nobody named is asked for anew: a clock was ahead', async () => {
    await using s = await nginxScene({ programs: newPebble });
    await s.results();
    expect((await s.results()).results).toMatchObject([{ kind: 'not-due' }]);
    const certificate = await readFile(s.here.folder.at('live/cert.pem'), 'utf8');
    const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    const ariResponse = JSON.stringify({ suggestedWindow: { start: day(-2), end: day(-1) } });
    await s.pebble.manage('/set-renewal-info/', { certificate, ariResponse });
    // It was asked a moment ago.
    expect((await s.results()).results).toMatchObject([{ kind: 'not-due' }]);
    const kept = 'state/renewals/www.ari.json';
    const advice = JSON.parse(await readFile(s.here.folder.at(kept), 'utf8'));
    await s.here.folder.write(kept, JSON.stringify({ ...advice, askAgainAt: Date.now() + 400 * 86_400_000 }));
    expect((await s.results()).results).toMatchObject([{ kind: 'renewed', reasons: [{ code: 'ari' }] }]);
  });
});
