/**
 * STARTTLS up to a real TLS handshake on the connection that was handed over, against mail servers in every mood.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { dial } from '../../../src/net/dial.ts';
import { negotiateStartTls } from '../../../src/net/starttls/negotiate.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { createCa } from '../../support/pki/pki.ts';
import { type MailProtocol, type StartTlsMood, startTlsServer } from '../../support/servers/starttls-server.ts';

const leaf = createCa({ now: Date.now() }).issue({ sans: ['dns:mail.shop.example'] });
const PROTOCOLS: readonly MailProtocol[] = ['smtp', 'lmtp', 'imap', 'pop3'];

async function attempt(protocol: MailProtocol, mood: StartTlsMood, ms = 10_000) {
  await using server = await startTlsServer({ protocol, mood, leaf });
  const deadline = Deadline.after(ms);
  try {
    const dialed = await dial([server.host], server.port, { deadline });
    if (!dialed.ok) throw new Error(dialed.error.detail);
    const { socket } = dialed.value;
    const result = await negotiateStartTls(socket, protocol, { servername: 'mail.shop.example', deadline });
    const served = result.ok && mood !== 'silent-after-starttls' ? await servedBy(socket) : undefined;
    if (result.ok) socket.destroy();
    else if (!socket.closed) await once(socket, 'close');
    return { result, served };
  } finally {
    deadline.release();
  }
}

async function servedBy(socket: Socket): Promise<string> {
  const secure = connectTls({ socket, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  const subject = secure.getPeerX509Certificate()?.subjectAltName ?? '';
  secure.destroy();
  return subject;
}

describe.each(PROTOCOLS)('%s', (protocol) => {
  it.each<StartTlsMood>(['proper', 'chatty', 'one-byte-segments'])('reaches TLS with a %s server', async (mood) => {
    expect(await attempt(protocol, mood)).toEqual({
      result: { ok: true, value: undefined },
      served: 'DNS:mail.shop.example',
    });
  });

  it('leaves silence after STARTTLS to the handshake', async () => {
    expect((await attempt(protocol, 'silent-after-starttls')).result.ok).toBe(true);
  });

  it.each<[StartTlsMood, string]>([
    ['endless-line', 'line-too-long'],
    ['no-capability', 'not-offered'],
    ['injects', 'injected-data'],
    ['garbage', 'unexpected-answer'],
    ['hangs-up', 'closed'],
  ])('says of a server that is %s: %s', async (mood, reason) => {
    const { result } = await attempt(protocol, mood);
    expect(result).toMatchObject({ ok: false, error: { code: 'starttls-failed', phase: 'starttls', reason } });
  });

  it.each<StartTlsMood>(['no-banner', 'dripping-banner', 'silent-after-banner'])('cuts off %s', async (mood) => {
    const { result } = await attempt(protocol, mood, 120);
    expect(result).toMatchObject({ ok: false, error: { code: 'timeout', phase: 'starttls', reason: 'deadline' } });
  });

  it('ends a banner without end, or takes its second line for words out of turn', async () => {
    const { result } = await attempt(protocol, 'endless-banner');
    expect(result).toMatchObject({ ok: false, error: { code: 'starttls-failed' } });
  });

  it.each<StartTlsMood>(['turned-away', 'refuses'])('says that a server %s', async (mood) => {
    const { result } = await attempt(protocol, mood);
    const reason = protocol === 'smtp' || protocol === 'lmtp' ? 'try-later' : 'refused';
    expect(result).toMatchObject({ ok: false, error: { code: 'starttls-failed', phase: 'starttls', reason } });
  });
});
