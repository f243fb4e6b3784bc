/**
 * The system's files that name look-ups depend on, as text: hosts(5), resolv.conf(5), and a name server as people write it.
 */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLocalhost, parseHosts } from '../../src/net/hosts-file.ts';
import { parseNameServer } from '../../src/net/name-server.ts';
import { candidateNames, DEFAULT_RESOLV_CONF, parseResolvConf } from '../../src/net/resolv-conf.ts';
import { readSystemFile } from '../../src/net/system-file.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('hosts(5)', () => {
  const hosts = parseHosts(
    [
      '# comment',
      '127.0.0.1\tlocalhost',
      '::1 localhost ip6-localhost # loopback',
      '  192.0.2.7   WWW.Shop.Example www   # trailing',
      '2001:db8::7 www.shop.example',
      '192.0.2.8 www.shop.example.',
      '192.0.2.8 www.shop.example',
      'fe80::1%eth0 scoped',
      'not-an-address bad',
      '192.0.2.9',
      '192.0.2.10 after-crlf\r',
    ].join('\n'),
  );

  it.each<[string, readonly string[] | undefined]>([
    ['localhost', ['127.0.0.1', '::1']],
    ['ip6-localhost', ['::1']],
    ['www.shop.example', ['192.0.2.7', '2001:db8::7', '192.0.2.8']],
    ['www', ['192.0.2.7']],
    ['scoped', ['fe80::1%eth0']],
    ['bad', undefined],
    ['after-crlf', ['192.0.2.10']],
    ['trailing', undefined],
  ])('%s', (name, addresses) => {
    expect(hosts.get(name)).toEqual(addresses);
  });

  it('takes any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseHosts(text)));
  });

  it.each([
    ['localhost', true],
    ['a.b.localhost', true],
    ['notlocalhost', false],
    ['localhost.example', false],
  ])('%s is loopback by definition: %s', (name, expected) => {
    expect(isLocalhost(name)).toBe(expected);
  });
});

describe('resolv.conf(5)', () => {
  it('says nothing where the file says nothing', () => {
    expect(parseResolvConf('')).toEqual(DEFAULT_RESOLV_CONF);
    expect(parseResolvConf('; nothing\n# options ndots:9\nsortlist 1.2.3.4\noptions rotate edns0\n')).toEqual(
      DEFAULT_RESOLV_CONF,
    );
  });

  it('reads servers, search list and options', () => {
    const text = [
      'domain old.example',
      'nameserver 192.0.2.53',
      'nameserver 2001:db8::53',
      'nameserver nonsense',
      'search Corp.Example. example . corp.example',
      'options ndots:2 timeout:3 attempts:4 rotate',
    ].join('\n');
    expect(parseResolvConf(text)).toEqual({
      nameservers: ['192.0.2.53', '2001:db8::53'],
      search: ['corp.example', 'example'],
      ndots: 2,
      timeoutMs: 3_000,
      attempts: 4,
    });
  });

  it('lets the last of search and domain win, and caps the options as the system does', () => {
    expect(parseResolvConf('search a.example b.example\ndomain c.example d.example')).toMatchObject({
      search: ['c.example'],
    });
    expect(parseResolvConf('options ndots:99 timeout:999 attempts:99')).toMatchObject({
      ndots: 15,
      timeoutMs: 30_000,
      attempts: 5,
    });
    expect(parseResolvConf('options timeout:0 attempts:0 ndots:0')).toMatchObject({
      ndots: 0,
      timeoutMs: 1_000,
      attempts: 1,
    });
    expect(parseResolvConf('options ndots:-1 timeout:x attempts:')).toEqual(DEFAULT_RESOLV_CONF);
  });

  it('takes any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseResolvConf(text)));
  });

  const search = ['corp.example', 'example'];
  /** 243 characters: only the shorter of the two domains fits behind it. */
  const long = Array(4).fill('a'.repeat(60)).join('.');
  it.each<[string, number, readonly string[]]>([
    ['www', 1, ['www.corp.example', 'www.example', 'www']],
    ['www.shop', 1, ['www.shop', 'www.shop.corp.example', 'www.shop.example']],
    ['www.shop', 2, ['www.shop.corp.example', 'www.shop.example', 'www.shop']],
    ['www', 0, ['www', 'www.corp.example', 'www.example']],
    ['www.', 1, ['www']],
    ['www.shop.', 5, ['www.shop']],
    [long, 1, [long, `${long}.example`]],
  ])('%s with ndots %i', (name, ndots, expected) => {
    expect(candidateNames(name, { search, ndots })).toEqual(expected);
  });
});

describe('a name server as people write it', () => {
  it.each([
    ['192.0.2.53', '192.0.2.53'],
    [' 192.0.2.53:5353 ', '192.0.2.53:5353'],
    ['2001:db8::53', '2001:db8::53'],
    ['[2001:db8::53]', '[2001:db8::53]:53'],
    ['[2001:db8::53]:5353', '[2001:db8::53]:5353'],
  ])('%s', (text, expected) => {
    expect(parseNameServer(text)).toEqual({ ok: true, value: expected });
  });

  it.each([
    '',
    'dns.example',
    '192.0.2.53:',
    '192.0.2.53:0',
    '192.0.2.53:65536',
    '[192.0.2.53]:53',
    '[::1',
    '192.0.2',
    '192.0.2.53:53:53',
  ])('refuses %j', (text) => {
    const result = parseNameServer(text);
    expect(result.ok).toBe(false);
    expect(!result.ok && result.error).toContain(JSON.stringify(text));
  });
});

describe('reading such a file', () => {
  it('gives its text up to a cap, and nothing for what is no file', async () => {
    await using folder = await tempFolder();
    const file = await folder.write('hosts', '127.0.0.1 here\n');
    expect(await readSystemFile(file)).toBe('127.0.0.1 here\n');
    expect(await readSystemFile(file, 9)).toBe('127.0.0.1');
    expect(await readSystemFile(folder.at('none'))).toBe('');
    expect(await readSystemFile(folder.path)).toBe('');
    execFileSync('mkfifo', [folder.at('fifo')]);
    expect(await readSystemFile(folder.at('fifo'))).toBe('');
  });
});
