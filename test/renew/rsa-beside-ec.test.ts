/**
 * A server that has an RSA and an EC certificate for one name, as nginx, haproxy and postfix are often set up: each is a
 * renewal of its own, and each is seen to be served though a client that takes both is shown only one of them.
 */
import { expect, test } from 'vitest';
import type { Renewal } from '../../src/renew/renewal.ts';
import { createCa, type Issued, type KeyKind } from '../support/pki/pki.ts';
import { renewHere } from '../support/renew/due-scene.ts';
import { BY_ACME, NAME, orders, stage, startServer } from '../support/renew/stage.ts';

const DAY = 86_400_000;
const ca = createCa({ now: Date.now() });

function issue(key: KeyKind, ageDays: number): Issued {
  const notBefore = Date.now() - ageDays * DAY - 60_000;
  return ca.issue({ sans: [`dns:${NAME}`], key, notBefore, notAfter: notBefore + 90 * DAY });
}

test.each(['rsa2048', 'ec256'] as const)(
  'the %s certificate is renewed, and seen beside the other one',
  async (key) => {
    await using s = await stage();
    // For a place to look at; it is served by another server than this one.
    await s.writeSet(s.live, issue('ec256', 0));
    const first = await s.serve(['127.0.0.1']);
    await first.stop();
    const folders = { rsa2048: s.folder.at('rsa'), ec256: s.folder.at('ec') };
    await s.writeSet(folders.rsa2048, issue('rsa2048', 70));
    await s.writeSet(folders.ec256, issue('ec256', 70));
    const server = await startServer(Object.values(folders).join(), [`127.0.0.1:${s.ports[0]}`]);
    try {
      const by: Renewal['by'] = { ...BY_ACME, keyType: key, keyTypeGiven: true };
      const renewal = s.renewal({ by, live: folders[key], reload: server.reload });
      const fresh = issue(key, 0);
      const { jobs, order } = orders(() => fresh);
      const tools = { ...s.tools, order };
      const result = await renewHere(renewal, tools);
      expect(result).toMatchObject({ kind: 'renewed', served: [{ serves: 'new', sha256: fresh.sha256 }] });
      // What is served by preference is not taken for a renewal that was never reloaded.
      expect(await renewHere(renewal, tools)).toMatchObject({ kind: 'not-due' });
      expect(jobs).toHaveLength(1);
    } finally {
      await server.stop();
    }
  },
);

test('another kind of key than before: the old certificate is called that until the server takes up the new one', async () => {
  await using s = await stage();
  const old = issue('rsa2048', 10);
  await s.writeSet(s.live, old);
  await s.serve(['127.0.0.1']);
  const by: Renewal['by'] = { ...BY_ACME, keyType: 'ec256', keyTypeGiven: true };
  const { order } = orders(() => issue('ec256', 0));
  const result = await renewHere(s.renewal({ by, timeoutMs: 5_000 }), { ...s.tools, order }, 5_000);
  expect(result).toMatchObject({ kind: 'rolled-back', served: [{ serves: 'old' }], restored: true });
});
