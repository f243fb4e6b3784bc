import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Result } from '../../src/model/result.ts';
import type { InputError, Target } from '../../src/model/target.ts';
import { parseLine, quoteWord } from '../../src/targets/list-line.ts';
import { makeTarget } from '../../src/targets/parse-target.ts';
import { readList } from '../../src/targets/read-list.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';
import { endpointWord, options } from './arbitraries.ts';

async function* stream(chunks: Iterable<Uint8Array | string>) {
  yield* chunks;
}

async function read(...chunks: (Uint8Array | string)[]): Promise<Result<Target, InputError>[]> {
  const results: Result<Target, InputError>[] = [];
  for await (const result of readList(stream(chunks), { name: 'hosts.txt', defaults: DEFAULT_SETTINGS }))
    results.push(result);
  return results;
}

/** `host@line`, or `!line` for an error. */
async function outline(...chunks: (Uint8Array | string)[]): Promise<string[]> {
  const results = await read(...chunks);
  return results.map((result) => {
    const line = (result.ok ? result.value.origin : result.error.origin).replace('hosts.txt:', '');
    if (!result.ok) return `!${line}`;
    return `${result.value.kind === 'endpoint' ? result.value.host : result.value.path}@${line}`;
  });
}

describe('readList', () => {
  it('reads lines, comments, blank lines and options', async () => {
    const text =
      '# our hosts\n\na.example\n  b.example:8443  # note\nc.example#d starttls=smtp\n\t\nd.example name="D # 1" label=team=mail\n';
    expect(await outline(text)).toEqual(['a.example@3', 'b.example@4', '!5', 'd.example@7']);
    const last = (await read(text)).at(-1);
    expect(last).toMatchObject({ ok: true, value: { name: 'D # 1', settings: { labels: { team: 'mail' } } } });
  });

  it.each<[what: string, chunks: (string | Uint8Array)[], expected: string[]]>([
    ['nothing', [], []],
    ['an empty text', [''], []],
    ['only comments', ['# a\n#b'], []],
    ['no line end at the end', ['a.example\nb.example'], ['a.example@1', 'b.example@2']],
    ['CRLF', ['a.example\r\n\r\nb.example\r\n'], ['a.example@1', 'b.example@3']],
    ['a byte order mark', ['\ufeffa.example\n'], ['a.example@1']],
    ['a byte order mark before a comment', ['\ufeff# a\nb.example'], ['b.example@2']],
    ['a byte order mark in pieces', [Buffer.of(0xef), Buffer.of(0xbb, 0xbf), 'a.example'], ['a.example@1']],
    [
      'a byte order mark that is not at the start',
      ['a.example\n\ufeff# note\nb.example'],
      ['a.example@1', 'b.example@3'],
    ],
    ['a CRLF in pieces', ['a.example\r', '\nb.example'], ['a.example@1', 'b.example@2']],
    ['a surrogate pair in pieces', ['i\ud83d', '\ude00.example'], ['xn--i-jv3s.example@1']],
    ['half a surrogate pair at the end', ['a.example\nb\ud83d'], ['a.example@1', '!2']],
    ['a NUL', ['a.example\na\0b\nc.example'], ['a.example@1', '!2', 'c.example@3']],
    [
      'bytes that are not UTF-8',
      [Buffer.from('a.example\n\xff\xfe.example\nc.example', 'latin1')],
      ['a.example@1', '!2', 'c.example@3'],
    ],
    ['a lone CR inside', ['a.example\rb.example\nc.example'], ['!1', 'c.example@2']],
    ['a long comment', [`#${'x'.repeat(20_000)}\nb.example`], ['!1', 'b.example@2']],
    ['a very long line', ['x'.repeat(10_000), 'x'.repeat(10_000), '\nb.example'], ['!1', 'b.example@2']],
    ['a no-break space', ['a.example\u00a0warning=1d'], ['a.example@1']],
    ['UTF-16', [Buffer.from('\ufeffa.example\nb.example\n', 'utf16le')], ['!1']],
  ])('%s', async (_what, chunks, expected) => {
    expect(await outline(...chunks)).toEqual(expected);
  });

  it.each([
    ['a PEM file', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n', /file:PATH/],
    ['a PEM file with a byte order mark', '\ufeff-----BEGIN X-----\n', /file:PATH/],
    ['a config', '---\ntargets: []\n', /--config/],
    ['JSON', '[\n"a.example"\n]\n', /JSON/],
  ])('%s gets one sentence, not one a line', async (_what, text, sentence) => {
    const results = await read(text);
    expect(results).toEqual([
      { ok: false, error: { origin: 'hosts.txt:1', message: expect.stringMatching(sentence) } },
    ]);
  });

  it('says where, what was found and what was expected', async () => {
    expect(await read('a.example\nb.example warnin=1d\n')).toMatchObject([
      { ok: true },
      {
        ok: false,
        error: { origin: 'hosts.txt:2', message: 'there is no option "warnin=" (did you mean "warning"?)' },
      },
    ]);
  });

  it('may be given the same buffer for every chunk', async () => {
    async function* reused() {
      const buffer = Buffer.alloc(8);
      for (const piece of ['a.exam', 'ple\nb.e', 'xample\n']) yield buffer.subarray(0, buffer.write(piece));
    }
    const hosts: string[] = [];
    for await (const each of readList(reused(), { name: '', defaults: DEFAULT_SETTINGS })) {
      hosts.push(each.ok && each.value.kind === 'endpoint' ? each.value.host : 'error');
    }
    expect(hosts).toEqual(['a.example', 'b.example']);
  });

  it('shares one settings object among plain lines', async () => {
    const [a, b] = await read('a.example\nb.example name=b\n');
    expect(a?.ok && a.value.settings).toBe(DEFAULT_SETTINGS);
    expect(b?.ok && b.value.settings).toBe(DEFAULT_SETTINGS);
  });

  it('gives the first target before the list has ended', async () => {
    let asked = 0;
    async function* endless() {
      for (;;) {
        asked++;
        yield `host-${asked}.example\n`;
      }
    }
    for await (const first of readList(endless(), { name: '', defaults: DEFAULT_SETTINGS })) {
      expect(first).toMatchObject({ ok: true, value: { host: 'host-1.example' } });
      break;
    }
    expect(asked).toBe(1);
  });

  it('does not keep a line that never ends', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    async function* endless() {
      for (let i = 0; i < 4_000; i++) yield chunk;
    }
    const before = process.memoryUsage().rss;
    const results: Result<Target, InputError>[] = [];
    for await (const result of readList(endless(), { name: 'l', defaults: DEFAULT_SETTINGS })) results.push(result);
    expect(results).toMatchObject([
      { ok: false, error: { message: expect.stringContaining(String(4_000 * 64 * 1024)) } },
    ]);
    // Of a quarter of a gigabyte; what has not been collected yet differs from one Node to the next.
    expect(process.memoryUsage().rss - before).toBeLessThan(160 * 1024 * 1024);
  });
});

describe('properties', () => {
  const line = fc.oneof(
    fc.tuple(endpointWord, options).map(([word, given]) => [word, ...given].join(' ')),
    fc.constantFrom('', '# comment', '  x.example # é', 'bad warnin=1', 'bücher.example', 'a\0b', '😀.example', '"'),
    fc.string().map((text) => text.replace(/[\r\n]/g, '')),
  );

  it('reads the same at any chunking as line by line', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 12 }),
        fc.constantFrom('\n', '\r\n'),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        fc.boolean(),
        async (lines, lineEnd, sizes, asText) => {
          // Line 1 could begin with what is no list at all; that is another test's.
          const text = ['# first', ...lines].join(lineEnd);
          const whole = asText ? text : Buffer.from(text);
          const chunks: (string | Uint8Array)[] = [];
          for (let at = 0; at < whole.length; ) {
            const size = sizes.next().value ?? 1;
            chunks.push(whole.slice(at, at + size));
            at += size;
          }
          expect(await read(...chunks)).toEqual(lines.flatMap((given, i) => expectedOf(given, i + 2)));
        },
      ),
    );
  });

  function expectedOf(text: string, number: number): Result<Target, InputError>[] {
    const origin = `hosts.txt:${number}`;
    const parsed = parseLine(text);
    if (!parsed.ok) return [{ ok: false, error: { origin, message: parsed.error } }];
    if (parsed.value === undefined) return [];
    const target = makeTarget(parsed.value, { origin, defaults: DEFAULT_SETTINGS });
    return [target.ok ? target : { ok: false, error: { origin, message: target.error } }];
  }

  it('takes any word back from its quotes', () => {
    const word = fc.string({ unit: 'grapheme' }).filter((text) => !/[\u0000-\u0008\u000e-\u001f\n\r]/.test(text));
    fc.assert(
      fc.property(word, (text) => {
        const parsed = parseLine(quoteWord(text));
        expect(parsed.ok && parsed.value?.word).toBe(text);
      }),
    );
  });
});
