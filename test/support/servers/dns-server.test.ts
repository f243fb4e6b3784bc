/**
 * The scripted name server, asked by c-ares.
 */
import { promises } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { dnsServer } from './dns-server.ts';

function resolverFor(address: string): promises.Resolver {
  const resolver = new promises.Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([address]);
  return resolver;
}

describe('dnsServer', () => {
  it('answers from its table, by type, along aliases, over TCP where UDP is too small', async () => {
    await using dns = await dnsServer({
      'www.shop.example': ['127.0.0.1', '127.0.0.2', '::1'],
      'alias.example': { cname: 'www.shop.example' },
      'large.example': { addresses: ['127.0.0.3'], truncated: true },
    });
    const resolver = resolverFor(dns.address);
    expect(await resolver.resolve4('www.shop.example')).toEqual(['127.0.0.1', '127.0.0.2']);
    expect(await resolver.resolve6('WWW.shop.example')).toEqual(['::1']);
    expect(await resolver.resolve4('alias.example')).toEqual(['127.0.0.1', '127.0.0.2']);
    expect(await resolver.resolve4('large.example')).toEqual(['127.0.0.3']);
    expect(dns.queries.at(-1)).toMatchObject({ name: 'large.example', transport: 'tcp' });
  });

  it.each([
    ['nothing.example', 'ENOTFOUND'],
    ['nx.example', 'ENOTFOUND'],
    ['sick.example', 'ESERVFAIL'],
    ['closed.example', 'EREFUSED'],
    ['silent.example', 'ETIMEOUT'],
    ['late.example', 'ETIMEOUT'],
    ['forged.example', 'ETIMEOUT'],
    ['short.example', 'EBADRESP'],
  ])('%s is %s', async (name, code) => {
    await using dns = await dnsServer({
      'nx.example': 'nxdomain',
      'sick.example': 'servfail',
      'closed.example': 'refused',
      'silent.example': 'silent',
      'late.example': { addresses: ['127.0.0.1'], delayMs: 600 },
      'forged.example': 'wrong-id',
      'short.example': 'short-record',
    });
    await expect(resolverFor(dns.address).resolve4(name)).rejects.toMatchObject({ code });
  });

  it('answers a loop of aliases as a loop, with no address', async () => {
    await using dns = await dnsServer({
      'loop-a.example': { cname: 'loop-b.example' },
      'loop-b.example': { cname: 'loop-a.example' },
    });
    expect(await resolverFor(dns.address).resolve4('loop-a.example')).toEqual([]);
  });

  it('keeps one family silent and answers for the other', async () => {
    await using dns = await dnsServer({
      'half.example': { addresses: ['127.0.0.1', '::1'], mood: 'silent', moodFor: 'AAAA' },
    });
    const resolver = resolverFor(dns.address);
    expect(await resolver.resolve4('half.example')).toEqual(['127.0.0.1']);
    await expect(resolver.resolve6('half.example')).rejects.toMatchObject({ code: 'ETIMEOUT' });
  });
});
