import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndpointTarget, Target } from '../../src/model/target.ts';
import { fullIdentity } from '../../src/targets/identity.ts';
import { formatTarget, parseTarget, type TargetOptions } from '../../src/targets/parse-target.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';
import { endpointWord, options } from './arbitraries.ts';

const parse = (text: string, more: Partial<TargetOptions> = {}) =>
  parseTarget(text, { origin: 'command line', defaults: DEFAULT_SETTINGS, ...more });

function parsed(text: string, more: Partial<TargetOptions> = {}): Target {
  const result = parse(text, more);
  if (!result.ok) throw new Error(`${text}: ${result.error}`);
  return result.value;
}

function error(text: string, more: Partial<TargetOptions> = {}): string {
  const result = parse(text, more);
  if (result.ok) throw new Error(`${text} parsed as ${JSON.stringify(result.value)}`);
  return result.error;
}

describe('endpoints', () => {
  const spellings: [text: string, host: string, port: number, protocol: string, servername?: string][] = [
    ['example.org', 'example.org', 443, 'tls'],
    ['example.org:8443', 'example.org', 8443, 'tls'],
    ['EXAMPLE.Org', 'example.org', 443, 'tls'],
    ['example.org.', 'example.org', 443, 'tls'],
    ['example.org.:8443', 'example.org', 8443, 'tls'],
    ['localhost', 'localhost', 443, 'tls'],
    ['a_b.example', 'a_b.example', 443, 'tls'],
    ['192.0.2.1', '192.0.2.1', 443, 'tls'],
    ['192.0.2.1:25', '192.0.2.1', 25, 'tls'],
    ['2001:db8::1', '2001:db8::1', 443, 'tls'],
    ['[2001:db8::1]', '2001:db8::1', 443, 'tls'],
    ['[2001:DB8:0:0::1]:8443', '2001:db8::1', 8443, 'tls'],
    ['::1', '::1', 443, 'tls'],
    ['fe80::1%eth0', 'fe80::1%eth0', 443, 'tls', 'fe80::1'],
    ['[fe80::1%25eth0]:443', 'fe80::1%eth0', 443, 'tls', 'fe80::1'],
    ['https://example.org', 'example.org', 443, 'tls'],
    ['https://example.org/path?query#fragment', 'example.org', 443, 'tls'],
    ['HTTPS://example.org:8443/', 'example.org', 8443, 'tls'],
    ['https://[2001:db8::1]:8443/', '2001:db8::1', 8443, 'tls'],
    ['smtp://mx.example.org', 'mx.example.org', 25, 'smtp'],
    ['submission://mx.example.org', 'mx.example.org', 587, 'smtp'],
    ['smtp://mx.example.org:2525', 'mx.example.org', 2525, 'smtp'],
    ['smtps://mx.example.org', 'mx.example.org', 465, 'tls'],
    ['imap://x.example', 'x.example', 143, 'imap'],
    ['imaps://x.example', 'x.example', 993, 'tls'],
    ['pop3://x.example', 'x.example', 110, 'pop3'],
    ['pop3s://x.example', 'x.example', 995, 'tls'],
    ['lmtp://x.example', 'x.example', 24, 'lmtp'],
    ['ldap://x.example', 'x.example', 389, 'ldap'],
    ['ldaps://x.example', 'x.example', 636, 'tls'],
    ['mqtts://x.example', 'x.example', 8883, 'tls'],
    ['dot://9.9.9.9', '9.9.9.9', 853, 'tls'],
    ['x.example starttls=smtp', 'x.example', 25, 'smtp'],
    ['x.example starttls=submission', 'x.example', 587, 'smtp'],
    ['x.example:2525 starttls=smtp', 'x.example', 2525, 'smtp'],
    ['x.example port=8443', 'x.example', 8443, 'tls'],
    ['x.example:8443 port=8443', 'x.example', 8443, 'tls'],
    ['smtp://x.example starttls=smtp', 'x.example', 25, 'smtp'],
    ['x.example servername=Y.Example.', 'x.example', 443, 'tls', 'y.example'],
    ['192.0.2.1 servername=y.example', '192.0.2.1', 443, 'tls', 'y.example'],
    ['bücher.example', 'xn--bcher-kva.example', 443, 'tls'],
    ['BÜCHER.example', 'xn--bcher-kva.example', 443, 'tls'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example', 443, 'tls'],
    ['XN--BCHER-KVA.example:8443', 'xn--bcher-kva.example', 8443, 'tls'],
    ['例え。テスト', 'xn--r8jz45g.xn--zckzah', 443, 'tls'],
    ['ｅｘａｍｐｌｅ.org', 'example.org', 443, 'tls'],
  ];
  it.each(spellings)('%s', (text, host, port, protocol, servername = host) => {
    expect(parsed(text)).toMatchObject({ kind: 'endpoint', host, port, protocol, servername });
  });

  it('is named as written, without the path', () => {
    expect(parsed('Bücher.Example:8443').name).toBe('Bücher.Example:8443');
    expect(parsed('https://Example.org/a/b').name).toBe('https://Example.org');
    expect(parsed('x.example name="Mail server 1"')).toMatchObject({ name: 'Mail server 1', named: true });
  });

  it('keeps the whole line as its input', () => {
    expect(parsed('  x.example   warning=21d  # note').input).toBe('x.example   warning=21d');
  });

  it('offers ALPN only where the scheme asks for it', () => {
    expect(parsed('dot://9.9.9.9')).toMatchObject({ alpn: ['dot'] });
    expect(parsed('xmpps://x.example')).toMatchObject({ alpn: ['xmpp-client'] });
    expect(parsed('https://x.example')).not.toHaveProperty('alpn');
  });

  it('takes what makes an endpoint from the command line, where the word says nothing nearer', () => {
    const starttls = (parsed('smtp://x') as EndpointTarget).protocol;
    const endpoint = { servername: 'y.example', starttls: { name: 'smtp', port: 25, protocol: starttls } };
    expect(parsed('x', { endpoint })).toMatchObject({ port: 25, protocol: 'smtp', servername: 'y.example' });
    expect(parsed('https://x servername=z', { endpoint })).toMatchObject({
      port: 443,
      protocol: 'tls',
      servername: 'z',
    });
    expect(parsed('imap://x', { endpoint })).toMatchObject({ port: 143, protocol: 'imap' });
  });
});

describe('files', () => {
  it.each([
    ['file:/etc/ssl/*.pem', '/etc/ssl/*.pem'],
    ['file:a.pem', 'a.pem'],
    ['FILE:a.pem', 'a.pem'],
    ['file:///etc/a%20b.pem', '/etc/a b.pem'],
    ['file://localhost/a.pem', '/a.pem'],
    ['file:/My Certs/a.pem', '/My Certs/a.pem'],
    ['file:"/My Certs/a.pem"', '/My Certs/a.pem'],
    ['"file:/My Certs/a.pem"', '/My Certs/a.pem'],
  ])('%s', (text, path) => {
    expect(parsed(text)).toMatchObject({ kind: 'file', path, name: path });
  });

  it('are relative to the folder that is given', () => {
    expect(parsed('file:a.pem ca-file=b.pem', { folder: '/etc/certwatch' })).toMatchObject({
      path: '/etc/certwatch/a.pem',
      name: 'a.pem',
      settings: { caFiles: ['/etc/certwatch/b.pem'] },
    });
    expect(parsed('x expect-file=/b.pem', { folder: '/etc' }).settings.expect).toEqual({ file: '/b.pem' });
  });

  it('have a name to match where the line gives one', () => {
    expect(parsed('file:a.pem')).not.toHaveProperty('servername');
    expect(parsed('file:a.pem servername=x.example')).toMatchObject({ servername: 'x.example' });
  });
});

describe('what is refused, and the way out that the sentence names', () => {
  const refused: [text: string, sentence: RegExp][] = [
    ['x.example servername=x.example:443', /a host name or an address alone.*no port/],
    ['x.example servername=https://x.example', /a host name or an address alone.*no scheme/],
    ['[x.example]', /an IPv6 address/],
    ['2001:db8:::1', /an IPv6 address/],
    ['', /nothing/],
    ['# only a comment', /nothing/],
    ['smpt://mx', /"smpt" \(did you mean "smtp"\?\)/],
    ['htps://mx', /did you mean "https"/],
    ['http://x.example', /no TLS.*https/],
    ['user@x.example', /no user name or password.*"x\.example"/],
    ['https://x.example:443:443', /expected/],
    ['https://', /expected a host/],
    ['https:/x.example', /did you mean "https:\/\/x\.example"/],
    ['https:x.example', /did you mean "https:\/\/x\.example"/],
    ['x.example:https', /did you mean "https:\/\/x\.example"/],
    ['x.example:', /port from 1 to 65535.*""/],
    ['x.example:0', /port from 1 to 65535.*"0"/],
    ['x.example:65536', /port from 1 to 65535.*"65536"/],
    ['x.example:-1', /port from 1 to 65535/],
    ['[::1', /"\]"/],
    ['[::1]443', /":" and a port/],
    ['[192.0.2.1]', /IPv6/],
    ['1::2::3', /IPv6/],
    ['2001:db8::1%eth0', /link-local/],
    ['fe80::1%', /interface/],
    ['0x7f.1', /four decimal numbers/],
    ['127.1', /four decimal numbers/],
    ['010.0.0.1', /four decimal numbers/],
    ['192.0.2.256', /four decimal numbers/],
    ['2130706433', /four decimal numbers/],
    ['example.123', /four decimal numbers/],
    ['１２７.0.0.1', /four decimal numbers/],
    ['a..example', /empty labels/],
    ['.example', /empty labels|path/],
    [`${'a'.repeat(64)}.example`, /at most 63 characters, got 64/],
    [`${'a.'.repeat(127)}example`, /at most 253 characters/],
    ['*.example.org', /wildcard/],
    ['-x.example', /host/],
    ['ex%61mple.org', /letters, digits/],
    ['xn--a.example', /no valid/],
    ['xn--a-.example', /no valid/],
    ['a\u0000b', /control characters/],
    ['x.example/path', /https:\/\/x\.example\/path.*file:x\.example\/path/],
    ['./hosts.txt', /-f \.\/hosts\.txt.*file:\.\/hosts\.txt/],
    ['/etc/x.pem', /file:\/etc\/x\.pem/],
    ['~/x', /path/],
    ['file:', /path after file:/],
    ['file://host/x', /file:PATH/],
    ['file:///%zz', /escape/],
    ['file:a.pem retries=1', /retries makes no sense for a file/],
    ['x.example y.example', /one target a line/],
    ['file:/My Certs/a.pem warnin=1d', /quote a path|did you mean/],
    ['x.example warnin=1d', /"warnin=" \(did you mean "warning"\?\)/],
    ['x.example Warning=1d', /did you mean "warning"/],
    ['x.example all_addresses', /option/],
    ['x.example warning', /warning=VALUE/],
    ['x.example warning=', /warning: expected a duration/],
    ['x.example warning=1d warning=2d', /warning is given twice/],
    ['x.example starttls=smpt', /did you mean "smtp"/],
    ['x.example starttls=imaps', /imaps:\/\/HOST/],
    ['smtp://x.example starttls=imap', /contradicts/],
    ['https://x.example starttls=smtp', /contradicts/],
    ['x.example:8443 port=8444', /two ports/],
    ['x.example name="a', /not closed/],
    ['x.example name=', /name: expected a name/],
    [`x.example name=${'a'.repeat(129)}`, /at most 128/],
    ['x.example label=1=2', /label key/],
    ['x.example label=team', /team=mail/],
    [`${'a'.repeat(5_000)}`, /at most 4096 characters/],
  ];
  it.each(refused)('%s', (text, sentence) => {
    expect(error(text)).toMatch(sentence);
  });

  it('never repeats a password', () => {
    expect(error('https://user:secret@x.example/')).not.toContain('secret');
    expect(error('user:secret@x.example')).not.toContain('secret');
  });

  it('takes a bare word for a slip where a file of that name lies here', () => {
    const fileExists = (path: string) => ['hosts.txt', 'mail', 'example.org', 'a/b'].includes(path);
    expect(error('hosts.txt', { fileExists })).toMatch(/-f hosts\.txt.*file:hosts\.txt/);
    expect(error('mail', { fileExists })).toMatch(/file:mail.*https:\/\/mail/);
    expect(error('a/b', { fileExists })).toMatch(/-f a\/b/);
    expect(parsed('example.org', { fileExists })).toMatchObject({ host: 'example.org' });
    expect(parsed('mail:443', { fileExists })).toMatchObject({ host: 'mail' });
    expect(parsed('hosts.txt')).toMatchObject({ host: 'hosts.txt' });
  });
});

describe('properties', () => {
  it('reads back what it writes', () => {
    fc.assert(
      fc.property(endpointWord, options, (word, given) => {
        const target = parsed([word, ...given].join(' '));
        const again = parsed(formatTarget(target, DEFAULT_SETTINGS));
        expect(fullIdentity(again)).toBe(fullIdentity(target));
        const { input: _1, name: _2, ...rest } = target;
        const { input: _3, name: _4, ...restAgain } = again;
        expect(restAgain).toEqual(rest);
        if (target.named) expect(again.name).toBe(target.name);
      }),
    );
  });

  it('writes a host called file so that it is none', () => {
    const target = parsed('https://file');
    expect(target).toMatchObject({ kind: 'endpoint', host: 'file' });
    expect(parsed(formatTarget(target, DEFAULT_SETTINGS))).toMatchObject({ kind: 'endpoint', host: 'file', port: 443 });
  });

  it('reads back what it writes, for files', () => {
    const path = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !/[\u0000-\u001f\u007f\ud800-\udfff]/.test(text));
    fc.assert(
      fc.property(path, (text) => {
        const target = {
          kind: 'file',
          path: text,
          name: text,
          input: '',
          origin: '',
          settings: DEFAULT_SETTINGS,
        } as const;
        expect(parsed(formatTarget(target, DEFAULT_SETTINGS))).toMatchObject({ kind: 'file', path: text });
      }),
    );
  });

  it('gives a value for any text, never a throw, and no control characters in the sentence', () => {
    const noise = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'ab1.:/[]%@#="\'\\ -_*?xn{}\u00e9\u3002\u0000\t') }),
      fc.tuple(endpointWord, fc.string(), options).map(([word, text, given]) => `${word}${text} ${given.join(' ')}`),
    );
    fc.assert(
      fc.property(noise, (text) => {
        const result = parse(text, { fileExists: () => true });
        if (result.ok) return;
        expect(result.error).not.toBe('');
        expect(result.error).not.toMatch(/[\u0000-\u001f]/);
        expect(result.error.length).toBeLessThan(1_000);
      }),
      { numRuns: 1_000 },
    );
  });

  it('names an endpoint that is already in canonical form by itself', () => {
    fc.assert(
      fc.property(endpointWord, (word) => {
        const once = parsed(word) as EndpointTarget;
        const twice = parsed(once.host) as EndpointTarget;
        expect(twice.host).toBe(once.host);
      }),
    );
  });
});
