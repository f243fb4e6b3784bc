/**
 * The STARTTLS responders, spoken to by `openssl s_client`, and by hand where they misbehave.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createCa } from '../pki/pki.ts';
import { type MailProtocol, type StartTlsMood, startTlsServer } from './starttls-server.ts';

const root = createCa({ now: Date.UTC(2031, 0, 1) });
const leaf = root.issueCa().issue({ sans: ['dns:mail.shop.example'] });

async function opensslClient(protocol: MailProtocol, port: number): Promise<string> {
  const args = ['s_client', '-starttls', protocol, '-connect', `127.0.0.1:${port}`, '-showcerts'];
  const child = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.end();
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(child, 'close');
  return Buffer.concat(chunks).toString();
}

/** Says each line when something has come, and @returns all that came until it is enough, or nothing more does for a moment. */
async function talk(port: number, lines: readonly string[], enough = 100_000): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  let text = '';
  const left = [...lines];
  await new Promise<void>((resolve) => {
    let quiet: NodeJS.Timeout | undefined;
    let came = 0;
    // In turns of the event loop, too: one that was late has not read what came meanwhile.
    const listen = (ms: number, turns = 5) => {
      const before = came;
      const turn = (left: number): void => {
        if (came !== before) return;
        if (left === 0) resolve();
        else setImmediate(turn, left - 1);
      };
      quiet = setTimeout(turn, ms, turns);
    };
    listen(150);
    setTimeout(resolve, 5_000).unref();
    socket.on('close', () => resolve());
    socket.on('data', (chunk) => {
      came += 1;
      text += chunk.toString('latin1');
      clearTimeout(quiet);
      listen(150);
      if (text.length > enough) resolve();
      else if (/(^|\n)(?!\d{3}-)[^\n]+\r\n$/.test(text) && left.length > 0) socket.write(`${left.shift()}\r\n`);
    });
  });
  socket.destroy();
  return text;
}

describe.concurrent.each<MailProtocol>(['smtp', 'lmtp', 'imap', 'pop3'])('%s', (protocol) => {
  it.each<StartTlsMood>(['proper', 'chatty'])('%s: openssl gets the chain', async (mood) => {
    await using server = await startTlsServer({ protocol, mood, leaf });
    const seen = await opensslClient(protocol, server.port);
    for (const each of leaf.chain) expect(seen).toContain(each.pem);
    expect(server.commands.length).toBeGreaterThan(0);
  });
});

describe('moods', () => {
  it.each<[StartTlsMood, RegExp]>([
    ['one-byte-segments', /ready to start TLS\r\n$/],
    ['no-banner', /^$/],
    ['turned-away', /^421 /],
    ['no-capability', /^220 [\s\S]*250 8BITMIME\r\n454 /],
    ['refuses', /250-STARTTLS[\s\S]*\r\n454 /],
    ['injects', /\r\n220 2\.0\.0 ready to start TLS\r\n./],
    ['garbage', /\r\n\x01\xfe/],
    ['silent-after-banner', /^220 [^\n]*\r\n$/],
    ['silent-after-starttls', /ready to start TLS\r\n$/],
    ['hangs-up', /8BITMIME\r\n$/],
    ['endless-line', /^(?:220 mail\.shop\.example ESMTP ready){20}/],
    ['endless-banner', /^(?:220-mail\.shop\.example ESMTP ready\r\n){20}/],
    ['dripping-banner', /^220?$|^220 [^\n]+$/],
  ])('%s', async (mood, expected) => {
    await using server = await startTlsServer({ protocol: 'smtp', mood, leaf });
    const enough = mood === 'dripping-banner' ? 5 : undefined;
    expect(await talk(server.port, ['EHLO me', 'STARTTLS'], enough)).toMatch(expected);
  });
});
