/**
 * Prose: every code has a sentence and an advice, on one line each; tests of wording are kept to what a reader needs.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/model/verdict.ts';
import { invalidity } from '../../src/report/messages/trust.ts';
import { advise, describe as describeFinding } from '../../src/report/messages.ts';
import { REPOSITORY } from '../support/repository.ts';
import { endpoint, file } from '../verdict/builders.ts';
import { CODES, findingOf, verdict } from './arbitrary.ts';
import { FLEET } from './fleet.ts';

test.each(CODES)('%s: a sentence and an advice, whatever the data', (code) => {
  fc.assert(
    fc.property(findingOf(code), verdict, (finding, about) => {
      const sentence = describeFinding(finding, about);
      expect(sentence).toMatch(/\.$/);
      expect(sentence).not.toContain('undefined');
      const advice = advise(finding, about);
      expect(advice.length).toBeGreaterThan(10);
      expect(advice).not.toContain('undefined');
    }),
    { numRuns: 40 },
  );
});

const firstOf = ({ findings, ...verdict }: Verdict) => ({
  sentence: describeFinding(findings[0]!, { findings, ...verdict }),
  advice: advise(findings[0]!, { findings, ...verdict }),
});

describe('what a reader on call needs', () => {
  test('how long ago, or how long yet, in days and hours, and the time', () => {
    expect(firstOf(FLEET.expired).sentence).toMatch(/ 3d 4h ago, on 2026-11-21 03:59 UTC/);
    expect(firstOf(FLEET.lastDay).sentence).toMatch(/ 5h 10m, on 2026-11-24 13:09 UTC/);
  });

  test('the command that looks again', () => {
    expect(firstOf(FLEET.expired).advice).toContain('`certwatch check expired.shop.example`');
  });

  test('how the files in a folder are named', () => {
    const finding = {
      code: 'read-failed',
      severity: 'unknown',
      data: { phase: 'read', reason: 'not-a-file' },
    } as const;
    const about = { ...FLEET.stuck, target: file('/etc/ssl/my certs/') };
    expect(advise(finding, about)).toContain("`'file:/etc/ssl/my certs/*'`");
  });

  test('where to get a missing intermediate', () => {
    expect(firstOf(FLEET.incomplete).advice).toContain('`curl -s http://ca.shop.example/issuing.der | openssl');
  });

  test('whether it was silent, or the run was over before it could answer', () => {
    const timeout = (phase: 'queue' | 'handshake', reason: 'deadline' | 'interrupted') => {
      const finding = { code: 'timeout', severity: 'unknown', data: { phase, reason } } as const;
      return describeFinding(finding, FLEET.stuck);
    };
    expect(timeout('handshake', 'deadline')).toMatch(/^No answer in time in the TLS handshake/);
    expect(timeout('handshake', 'interrupted')).toMatch(
      /^No answer yet in the TLS handshake .*: the run was interrupted/,
    );
    expect(timeout('queue', 'deadline')).toBe("Not looked at: the run's deadline came before its turn came.");
    expect(timeout('queue', 'interrupted')).toBe('Not looked at: the run was interrupted before its turn came.');
  });

  test('where it was really gone to', () => {
    const connectTo = { host: '2001:db8::7', port: 8443 };
    const target = endpoint('www.shop.example', { connectTo });
    const failed = (code: 'connect-failed' | 'handshake-failed', reason: string, about = target) => {
      const finding = { code, severity: 'unknown', data: { phase: 'connect', reason } } as const;
      return advise(finding, { ...FLEET.stuck, target: about });
    };
    expect(failed('connect-failed', 'refused')).toContain('Nothing listens on 2001:db8::7 port 8443');
    expect(failed('handshake-failed', 'alert')).toContain(
      '`openssl s_client -connect [2001:db8::7]:8443 -servername www.shop.example`',
    );
    expect(failed('handshake-failed', 'alert', endpoint('192.0.2.1'))).toContain(
      '-connect 192.0.2.1:443 -noservername',
    );
  });

  test('at which step it hung', () => {
    expect(firstOf(FLEET.stuck).sentence).toContain('TLS handshake');
  });
});

describe('commands are safe to paste', () => {
  const [finding] = FLEET.incomplete.findings;
  const urls = ['http://x/$(reboot)', "http://x/';reboot;'", 'http://x/`reboot`', 'file:///etc/passwd', 'http://x/a b'];
  test.each(urls)('an address from a certificate is only repeated where it is plain: %s', (url) => {
    const hostile = { ...finding, data: { issuer: 'CN=x', caIssuers: [url] } } as typeof finding;
    expect(advise(hostile!, FLEET.incomplete)).not.toContain(url);
  });

  test('words are quoted for the shell', () => {
    const target = file("/etc/tls/it's; reboot.pem");
    const advice = advise(FLEET.expired.findings[0]!, { ...FLEET.expired, target });
    expect(advice).toContain("'file:/etc/tls/it'\\''s; reboot.pem'");
    const other = endpoint('x.example', {}, { input: 'x.example name=a;reboot', name: 'a;reboot' });
    expect(advise(FLEET.expired.findings[0]!, { ...FLEET.expired, target: other })).toContain(
      "'x.example name=a;reboot'",
    );
  });
});

test('long names are cut', () => {
  const [finding] = FLEET.selfSigned.findings;
  const long = { ...finding, data: { subject: 'x'.repeat(10_000) } } as typeof finding;
  expect(describeFinding(long!, FLEET.selfSigned).length).toBeLessThan(300);
});

describe('every reason for which a path is refused has a sentence of its own', () => {
  const sources = ['trust', 'x509'].flatMap((room) =>
    readdirSync(join(REPOSITORY, 'src', room))
      .filter((name) => name.endsWith('.ts') && name !== 'ocsp-response.ts')
      .map((name) => readFileSync(join(REPOSITORY, 'src', room, name), 'utf8')),
  );
  const text = sources.join('\n');
  const words = [
    ...text.matchAll(/'(malformed-[a-z-]+)'/g),
    ...text.matchAll(/\binvalid\(\w+, '([a-z-]+)'/g),
    ...text.matchAll(/^ {2}\| '([a-z-]+)'/gm),
  ].map(([, word]) => word as string);
  const reasons = [...new Set(words)].filter(
    (word) => !/self-signed|untrusted-root|no-issuer|^invalid$|validity/.test(word),
  );

  test('they are found', () => {
    expect(reasons).toEqual(expect.arrayContaining(['malformed-san', 'policy', 'not-a-ca', 'too-many-names']));
    expect(reasons.length).toBeGreaterThan(30);
  });

  test.each(reasons)('%s', (reason) => {
    expect(invalidity(reason)).not.toBe(reason.replaceAll('-', ' '));
    expect(invalidity(reason)).toMatch(/^(it|its|the|a|there) .* .*/);
  });

  test('one that is not known is shown as it is', () => {
    expect(invalidity('brand-new')).toBe('brand new');
  });
});
