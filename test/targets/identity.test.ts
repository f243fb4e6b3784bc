import { describe, expect, it } from 'vitest';
import { HashSet } from '../../src/targets/dedupe.ts';
import { endpointIdentity, fullIdentity } from '../../src/targets/identity.ts';
import { parseTarget } from '../../src/targets/parse-target.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';
import { formatShard, isInShard, parseShard } from '../../src/targets/shard.ts';

function target(text: string) {
  const result = parseTarget(text, { origin: '', defaults: DEFAULT_SETTINGS });
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

describe('identity', () => {
  it.each([
    ['example.org', 'https://EXAMPLE.org/'],
    ['example.org', 'example.org.:443'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['smtp://x', 'x:25 starttls=smtp'],
    ['x warning=24h', 'x warning=1d'],
    ['x timeout=10s', 'x'],
    ['x label=a=1 label=b=2', 'x label=b=2 label=a=1'],
    ['x servername=x', 'x'],
    ['x name=n', 'X:443 name=n'],
  ])('%s is %s', (a, b) => {
    expect(fullIdentity(target(a))).toBe(fullIdentity(target(b)));
  });

  it.each([
    ['x', 'x:8443'],
    ['x', 'y'],
    ['x', 'x name=x'],
    ['x', 'x warning=1d'],
    ['x', 'x label=a=1'],
    ['x', 'x servername=y'],
    ['x', 'x connect-to=192.0.2.1'],
    ['x:853', 'dot://x'],
    ['x:25', 'smtp://x'],
    ['x', 'file:x'],
    ['file:a', 'file:a servername=x'],
    ['x name=a', 'x name=b'],
    ['x ca-file=a ca-file=b', 'x ca-file=b ca-file=a'],
  ])('%s is not %s', (a, b) => {
    expect(fullIdentity(target(a))).not.toBe(fullIdentity(target(b)));
  });

  it('is unmoved by thresholds, names and labels where only the endpoint counts', () => {
    expect(endpointIdentity(target('x warning=1d name=n label=a=1'))).toBe(endpointIdentity(target('x')));
  });
});

describe('HashSet', () => {
  it('knows what it has met, through every growth', () => {
    const set = new HashSet();
    const count = 20_000;
    for (let i = 0; i < count; i++) expect(set.add(`host-${i}.example`)).toBe(true);
    for (let i = 0; i < count; i++) expect(set.add(`host-${i}.example`)).toBe(false);
    expect(set.size).toBe(count);
  });

  it('holds 100,000 targets in under two megabytes', () => {
    const set = new HashSet();
    for (let i = 0; i < 100_000; i++) set.add(String(i));
    expect(set.bytes).toBeLessThan(2 * 1024 * 1024);
  });
});

describe('shards', () => {
  it.each(['1/1', '1/3', '3/3', '10000/10000'])('reads %s', (text) => {
    const shard = parseShard(text);
    expect(shard.ok && formatShard(shard.value)).toBe(text);
  });

  it.each(['', '0/3', '4/3', '1/0', '1', 'a/b', '1/3/5', '-1/3', '1/10001'])('refuses %j', (text) => {
    expect(parseShard(text)).toMatchObject({ ok: false, error: expect.stringContaining(JSON.stringify(text)) });
  });

  it('puts every target in just one of them, in fair shares', () => {
    const sizes = [0, 0, 0];
    for (let i = 0; i < 3_000; i++) {
      const host = target(`host-${i}.example`);
      const homes = [1, 2, 3].filter((index) => isInShard(host, { index, count: 3 }));
      expect(homes).toHaveLength(1);
      sizes[homes[0]! - 1]!++;
    }
    for (const size of sizes) expect(size).toBeGreaterThan(850);
  });

  it('never moves a target: these places are for ever', () => {
    const places = ['example.org', 'smtp://mx.example.org', '[2001:db8::1]:8443', 'file:/etc/ssl/a.pem'].map((text) =>
      [1, 2, 3, 4, 5].find((index) => isInShard(target(text), { index, count: 5 })),
    );
    expect(places).toMatchInlineSnapshot(`
      [
        3,
        5,
        5,
        3,
      ]
    `);
  });
});
