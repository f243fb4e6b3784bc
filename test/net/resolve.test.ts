/**
 * Name look-ups against a name server that answers, misbehaves or says nothing; under deadlines, side by side.
 */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createResolver,
  type ResolveOptions,
  type Resolver,
  type ResolverSettings,
  resolveHost,
} from '../../src/net/resolve.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { closedPort } from '../support/ports.ts';
import { REPOSITORY } from '../support/repository.ts';
import { type DnsServer, type DnsTable, dnsServer } from '../support/servers/dns-server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { slowRelay } from './slow-relay.ts';

const TABLE: DnsTable = {
  'four.example': ['192.0.2.1', '192.0.2.2'],
  'six.example': ['2001:db8::1'],
  'both.example': ['192.0.2.1', '2001:db8::1', '192.0.2.2', '2001:db8::2', '192.0.2.3'],
  'alias.example': { cname: 'both.example' },
  'dangling.example': { cname: 'gone.example' },
  'empty.example': [],
  'to-empty.example': { cname: 'empty.example' },
  'loop.example': { cname: 'loop2.example' },
  'loop2.example': { cname: 'loop.example' },
  'servfail.example': 'servfail',
  'refused.example': 'refused',
  'silent.example': 'silent',
  ...Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`silent-${i}.example`, 'silent' as const])),
  'forged.example': 'wrong-id',
  'garbage.example': 'garbage',
  'short.example': 'short-record',
  'pointer.example': 'pointer-loop',
  'large.example': { addresses: ['192.0.2.9'], truncated: true },
  'tcp-closes.example': 'tcp-closes',
  'no-aaaa.example': { addresses: ['192.0.2.4'], mood: 'silent', moodFor: 'AAAA' },
  'no-a.example': { addresses: ['2001:db8::4'], mood: 'silent', moodFor: 'A' },
  'broken-aaaa.example': { addresses: ['192.0.2.5'], mood: 'nxdomain', moodFor: 'AAAA' },
  'servfail-aaaa.example': { addresses: [], mood: 'servfail', moodFor: 'AAAA' },
  'late.example': { addresses: ['192.0.2.6'], delayMs: 150 },
  'www.corp.example': ['192.0.2.20'],
  'short.corp.example': ['192.0.2.21'],
  'bad.corp.example': 'servfail',
};

let dns: DnsServer;
let folder: TempFolder;
beforeAll(async () => {
  dns = await dnsServer(TABLE);
  folder = await tempFolder();
  await folder.write('hosts', '192.0.2.77 pinned.example\n192.0.2.78 four-only.example four.example\n');
  await folder.write('resolv.conf', 'search corp.example\n');
});
afterAll(async () => {
  await dns.close();
  await folder.remove();
});

const settings = (more: ResolverSettings = {}): ResolverSettings => ({
  servers: [dns.address],
  hostsFile: folder.at('hosts'),
  resolvConf: folder.at('resolv.conf'),
  ...more,
});

interface Ask extends Partial<Omit<ResolveOptions, 'deadline'>> {
  readonly ms?: number;
  readonly resolver?: Resolver;
}

async function ask(
  host: string,
  { ms = 10_000, family = 0, resolver = createResolver(settings()), ...more }: Ask = {},
) {
  const deadline = Deadline.after(ms);
  try {
    return await resolveHost(host, { family, deadline, resolver, ...more });
  } finally {
    deadline.release();
  }
}

const found = (...addresses: string[]) => ({ ok: true, value: addresses });

describe('without a name server', () => {
  it.each<[string, 0 | 4 | 6, string[]]>([
    ['192.0.2.1', 0, ['192.0.2.1']],
    ['192.0.2.1', 4, ['192.0.2.1']],
    ['2001:db8::1', 0, ['2001:db8::1']],
    ['fe80::1%lo', 6, ['fe80::1%lo']],
    ['localhost', 0, ['::1', '127.0.0.1']],
    ['LOCALHOST.', 4, ['127.0.0.1']],
    ['app.localhost', 6, ['::1']],
    ['pinned.example', 0, ['192.0.2.77']],
    ['Pinned.Example.', 0, ['192.0.2.77']],
    // The hosts file comes before the name server, which knows this name too.
    ['four.example', 0, ['192.0.2.78']],
  ])('%s (family %i)', async (host, family, addresses) => {
    const asked = dns.queries.length;
    expect(await ask(host, { family })).toEqual(found(...addresses));
    expect(dns.queries.length).toBe(asked);
  });

  it.each([
    ['192.0.2.1', 6],
    ['2001:db8::1', 4],
  ] as const)('refuses %s where only IPv%i is wanted', async (host, family) => {
    expect(await ask(host, { family })).toMatchObject({
      ok: false,
      error: { code: 'resolve-failed', reason: 'wrong-family' },
    });
  });

  it('asks the name server where the hosts file has the other family only', async () => {
    expect(await ask('four-only.example', { family: 6 })).toMatchObject({ ok: false, error: { reason: 'nxdomain' } });
  });

  it('never loads node:dns for addresses and files of its own, and the process ends at once', async () => {
    const script = `
      import { resolveHost } from ${JSON.stringify(join(REPOSITORY, 'src/net/resolve.ts'))};
      import { Deadline } from ${JSON.stringify(join(REPOSITORY, 'src/time/deadline.ts'))};
      const deadline = Deadline.after(60_000);
      const seen = [await resolveHost('127.0.0.1', { family: 0, deadline }), await resolveHost('app.localhost', { family: 0, deadline })];
      deadline.release();
      const loaded = process.moduleLoadList.includes('NativeModule internal/dns/promises');
      console.log(JSON.stringify({ loaded, ok: seen.every((result) => result.ok) }));`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: REPOSITORY });
    expect(JSON.parse(stdout)).toEqual({ loaded: false, ok: true });
  });
});

describe('with a name server', () => {
  it.each<[string, 0 | 4 | 6, string[]]>([
    ['six.example', 0, ['2001:db8::1']],
    ['both.example', 4, ['192.0.2.1', '192.0.2.2', '192.0.2.3']],
    ['both.example', 6, ['2001:db8::1', '2001:db8::2']],
    ['both.example', 0, ['2001:db8::1', '192.0.2.1', '2001:db8::2', '192.0.2.2', '192.0.2.3']],
    ['alias.example', 4, ['192.0.2.1', '192.0.2.2', '192.0.2.3']],
    ['large.example', 4, ['192.0.2.9']],
    ['broken-aaaa.example', 0, ['192.0.2.5']],
    ['late.example', 0, ['192.0.2.6']],
    // By the search list: before the name where it has no dot, behind it where it has.
    ['www', 0, ['192.0.2.20']],
    ['short', 4, ['192.0.2.21']],
  ])('%s (family %i)', async (host, family, addresses) => {
    const result = await ask(host, { family });
    expect(result.ok && [...result.value].sort()).toEqual([...addresses].sort());
    if (family === 0) expect(result).toEqual(found(...addresses));
  });

  it.each<[string, 0 | 4 | 6, string, RegExp]>([
    ['nowhere.example', 0, 'nxdomain', /no name nowhere\.example \(NXDOMAIN\)/],
    ['www.', 0, 'nxdomain', /no name www /],
    ['dangling.example', 0, 'no-address', /alias of gone\.example/],
    ['six.example', 4, 'no-address', /does not have an IPv4 address/],
    ['empty.example', 0, 'no-address', /exists but does not have an address/],
    ['to-empty.example', 0, 'no-address', /alias of empty\.example, which does not/],
    ['loop.example', 0, 'cname-loop', /aliases of loop\.example go in a circle/],
    ['servfail.example', 0, 'servfail', /SERVFAIL/],
    ['servfail-aaaa.example', 0, 'servfail', /SERVFAIL/],
    ['bad', 0, 'servfail', /look up bad \(SERVFAIL\)/],
    ['refused.example', 0, 'refused', /REFUSED/],
    ['a..example', 0, 'bad-name', /"a\.\.example" cannot be a host name/],
    ['', 0, 'bad-name', /""/],
    ['.', 0, 'bad-name', /"\."/],
    [`${'a'.repeat(64)}.example`, 0, 'bad-name', /cannot be/],
    ['a.'.repeat(200), 0, 'bad-name', /cannot be/],
    ['nul\0.example', 0, 'nxdomain', /./],
  ])('%s (family %i): %s', async (host, family, reason, words) => {
    const result = await ask(host, { family });
    expect(result).toMatchObject({ ok: false, error: { code: 'resolve-failed', phase: 'resolve', reason } });
    expect(!result.ok && result.error.detail).toMatch(words);
  });

  it('says that no server could be reached, and which', async () => {
    const server = `127.0.0.1:${await closedPort()}`;
    const result = await ask('four.example', {
      resolver: createResolver(settings({ servers: [server], hostsFile: '' })),
    });
    expect(result).toMatchObject({ ok: false, error: { code: 'resolve-failed', reason: 'server-unreachable' } });
    expect(!result.ok && result.error.detail).toContain(server);
  });

  it('goes on to the second server where the first cannot be reached', async () => {
    const servers = [`127.0.0.1:${await closedPort()}`, dns.address];
    expect(await ask('six.example', { resolver: createResolver(settings({ servers })) })).toEqual(found('2001:db8::1'));
  });

  it.each(['garbage.example', 'short.example', 'pointer.example', 'tcp-closes.example', 'forged.example'])(
    'believes nothing that %s is answered with',
    async (host) => {
      const result = await ask(host, { ms: 300 });
      expect(result.ok).toBe(false);
      expect(!result.ok && ['resolve-failed', 'timeout']).toContain(!result.ok && result.error.code);
    },
  );
});

describe('both families at once', () => {
  it('goes on without an AAAA answer that is late', async () => {
    expect(await ask('no-aaaa.example')).toEqual(found('192.0.2.4'));
  });

  it('goes on without an A answer that is late', async () => {
    expect(await ask('no-a.example')).toEqual(found('2001:db8::4'));
  });

  it('waits longer for the slower one where every address is wanted, and does not mix up the two', async () => {
    await using slow = await slowRelay(dns.port, 200);
    const resolver = createResolver(settings({ servers: [slow.address] }));
    const four = found('192.0.2.1', '192.0.2.2', '192.0.2.3');
    expect(await ask('both.example', { resolver })).toEqual(four);
    const every = await ask('both.example', { resolver, everyAddress: true });
    expect(every.ok && every.value.length).toBe(5);
    expect(await ask('both.example', { resolver })).toEqual(four);
  });

  it('waits for every address only as long as the deadline', async () => {
    expect(await ask('no-aaaa.example', { everyAddress: true, ms: 200 })).toMatchObject({
      ok: false,
      error: { code: 'timeout', phase: 'resolve' },
    });
  });
});

describe('deadlines', () => {
  it('holds against a server that never answers, and names it', async () => {
    expect(await ask('silent.example', { ms: 80 })).toEqual({
      ok: false,
      error: {
        code: 'timeout',
        phase: 'resolve',
        reason: 'deadline',
        detail: `no answer for silent.example from name server ${dns.address}`,
      },
    });
  });

  it('ends the queries of a look-up that nobody waits for any more', async () => {
    const conf = await folder.write('retry.conf', 'options timeout:1 attempts:5\n');
    const before = dns.queries.length;
    const deadline = Deadline.none();
    const resolver = createResolver(settings({ resolvConf: conf }));
    const asked = resolveHost('silent.example', { family: 4, deadline, resolver });
    while (dns.queries.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
    deadline.expire();
    expect(await asked).toMatchObject({ ok: false, error: { code: 'timeout' } });
    // Long enough for a second query, had the first not been cancelled.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(dns.queries.length - before).toBe(1);
  });

  it('has passed before anything is asked', async () => {
    const asked = dns.queries.length;
    const deadline = Deadline.none();
    deadline.expire();
    const resolver = createResolver(settings());
    expect(await resolveHost('six.example', { family: 0, deadline, resolver })).toMatchObject({
      ok: false,
      error: { code: 'timeout', phase: 'resolve' },
    });
    expect(dns.queries.length).toBe(asked);
  });

  it('lets a process end while a look-up is stuck: nothing of it is waited for', async () => {
    const script = `
      import { createResolver, resolveHost } from ${JSON.stringify(join(REPOSITORY, 'src/net/resolve.ts'))};
      import { Deadline } from ${JSON.stringify(join(REPOSITORY, 'src/time/deadline.ts'))};
      const resolver = createResolver({ servers: [${JSON.stringify(dns.address)}], hostsFile: '', resolvConf: '' });
      const deadline = Deadline.after(100);
      const results = await Promise.all(['a', 'b', 'c', 'd', 'e', 'silent'].map((name) => resolveHost(name + '.silent.example', { family: 0, deadline, resolver })
        .then(() => resolveHost('silent.example', { family: 0, deadline, resolver }))));
      process.on('exit', () => console.log(results.every((result) => result.error.code === 'timeout')));`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    // Ends by itself, long before the 2 s that a query would be waited for first.
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: REPOSITORY, timeout: 15_000 });
    expect(stdout.trim()).toBe('true');
  });
});

describe('side by side', () => {
  it('is not held up by names that are stuck', async () => {
    const resolver = createResolver(settings());
    const stuck = Array.from({ length: 40 }, () => ask('silent.example', { ms: 600, resolver, family: 4 }));
    const apart = Array.from({ length: 40 }, (_, i) =>
      ask('silent.example', { ms: 600, resolver, family: i % 2 ? 6 : 0 }),
    );
    expect(await ask('six.example', { resolver })).toEqual(found('2001:db8::1'));
    for (const result of await Promise.all([...stuck, ...apart])) {
      expect(result).toMatchObject({ ok: false, error: { code: 'timeout' } });
    }
  });

  it('is not held up by more stuck names than are asked for at once', async () => {
    const resolver = createResolver(settings());
    const stuck = Array.from({ length: 70 }, (_, i) => ask(`silent-${i}.example`, { ms: 4_000, resolver }));
    expect(await ask('six.example', { resolver, ms: 3_500 })).toEqual(found('2001:db8::1'));
    await Promise.all(stuck);
  });

  it('asks once for a name that many want at the same time, and not again soon after', async () => {
    const resolver = createResolver(settings());
    const before = dns.queries.length;
    const results = await Promise.all(Array.from({ length: 20 }, () => ask('late.example', { resolver })));
    for (const result of results) expect(result).toEqual(found('192.0.2.6'));
    expect(await ask('late.example', { resolver })).toEqual(found('192.0.2.6'));
    expect(dns.queries.slice(before).filter(({ name }) => name === 'late.example').length).toBe(2);
  });

  it('asks again for what was not found', async () => {
    const resolver = createResolver(settings());
    const before = dns.queries.length;
    await ask('servfail.example', { resolver, family: 4 });
    const once = dns.queries.length - before;
    await ask('servfail.example', { resolver, family: 4 });
    expect(dns.queries.length - before).toBe(2 * once);
  });

  it('lets one who waits leave without ending the look-up of the others', async () => {
    const resolver = createResolver(settings());
    const patient = ask('late.example', { resolver });
    expect(await ask('late.example', { resolver, ms: 30 })).toMatchObject({ ok: false, error: { code: 'timeout' } });
    expect(await patient).toEqual(found('192.0.2.6'));
  });

  it('starts anew for who comes after all have left', async () => {
    const resolver = createResolver(settings());
    expect(await ask('late.example', { resolver, ms: 30 })).toMatchObject({ ok: false, error: { code: 'timeout' } });
    expect(await ask('late.example', { resolver })).toEqual(found('192.0.2.6'));
  });
});

describe('the configuration of the system', () => {
  it('takes the name servers of another resolv.conf', async () => {
    const conf = await folder.write('servers.conf', 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
    const result = await ask('six.example', {
      resolver: createResolver({ hostsFile: '', resolvConf: conf }),
      ms: 3_000,
    });
    // Nobody listens on port 53 of loopback, or somebody does who knows nothing of .example.
    expect(result.ok).toBe(false);
    expect(!result.ok && result.error.detail).toMatch(/127\.0\.0\.1|six\.example/);
  });

  it('obeys timeout and attempts', async () => {
    const conf = await folder.write('quick.conf', 'options timeout:1 attempts:1\n');
    const before = dns.queries.length;
    const result = await ask('silent.example', { resolver: createResolver(settings({ resolvConf: conf })), family: 4 });
    expect(result).toMatchObject({ ok: false, error: { code: 'resolve-failed', reason: 'no-answer' } });
    expect(dns.queries.length - before).toBe(1);
  });
});
