/**
 * What people write: lists of targets, and config files.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join as path } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { configTargets } from '../../../src/config/config.ts';
import { readConfig } from '../../../src/config/load-config.ts';
import { resolveRun } from '../../../src/config/resolve-run.ts';
import { showConfig } from '../../../src/config/show-config.ts';
import type { Target } from '../../../src/model/target.ts';
import { formatTarget, parseTarget } from '../../../src/targets/parse-target.ts';
import { readList } from '../../../src/targets/read-list.ts';
import { DEFAULT_SETTINGS } from '../../../src/targets/settings.ts';
import { REPOSITORY } from '../../support/repository.ts';
import { ensure, type Fuzzer } from '../fuzzer.ts';
import { bend, type Random } from '../random.ts';

const folder = path(REPOSITORY, 'fixtures');
const filesWith = (ending: string): Buffer[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(path(folder, name)));

const WORDS = [
  '#', '"', "'", '\\', '=', ':', '://', '[', ']', ',', '{', '}', '*', '&a ', '*a', '!file ', '\t', '\r\n', '\n', '%', '@',
  'warning=21d', 'name=x', 'servername=', 'connect-to=[::1]:8443', 'starttls=smtp', 'file:*.pem', 'xn--', 'münchen.example',
  '::ffff:192.0.2.1', '٣', '\u202e', '\u0000', '\ufeff', 'smtp://', 'https://a.example/path?x#y', 'user@', '10s', '33%',
].map((word) => Buffer.from(word)); // biome-ignore format: one a line is no list to read

/** A text with a few bytes bent, and now and then a telling word put in. */
function bendText(text: Buffer, random: Random): Buffer {
  const lines = text.toString('latin1').split('\n');
  // Long files hide the one line that was bent.
  const from = random.below(lines.length);
  const some = Buffer.from(lines.slice(from, from + 1 + random.below(12)).join('\n'), 'latin1');
  const at = random.below(some.length + 1);
  const put = random.below(2) ? random.pick(WORDS) : Buffer.alloc(0);
  const mixed = Buffer.concat([some.subarray(0, at), put, some.subarray(at)]);
  return random.below(4) === 0 ? mixed : bend(mixed, random);
}

/** A sentence for one line of a terminal: it may quote anything, and brings no line end of its own. */
const isSentence = (text: string): boolean => text.length > 0 && text.length < 2_000 && !/[\n\r]/.test(text);

async function listOf(chunks: readonly Uint8Array[]) {
  const all = [];
  const source = (async function* () {
    yield* chunks;
  })();
  for await (const item of readList(source, { name: 'hosts.txt', defaults: DEFAULT_SETTINGS })) all.push(item);
  return all;
}

let lists: readonly Buffer[] | undefined;
export const targetLists: Fuzzer = {
  name: 'target-lists',
  promise: 'each line gives a target or a sentence; a target written down again is the same target',
  make(random) {
    lists ??= filesWith('.txt').filter((text) => text.length > 0);
    return bendText(random.pick(lists), random);
  },
  async run(input) {
    const bytes = Buffer.from(input);
    const whole = await listOf([bytes]);
    const cut = await listOf(Array.from(bytes, (byte) => Uint8Array.of(byte)));
    ensure(isDeepStrictEqual(cut, whole), 'the list reads otherwise byte by byte');
    for (const item of whole) {
      if (!item.ok) {
        ensure(/^hosts\.txt:\d+$/.test(item.error.origin) && isSentence(item.error.message), item.error.message);
      } else sameAgain(item.value);
    }
  },
};

function sameAgain(target: Target): void {
  if (target.kind === 'endpoint') {
    ensure(
      /^[\x21-\x7e]+$/.test(target.host) && target.port > 0 && target.port < 65_536,
      `no endpoint: ${target.host}`,
    );
  }
  const line = formatTarget(target, DEFAULT_SETTINGS);
  const again = parseTarget(line, { origin: target.origin, defaults: DEFAULT_SETTINGS });
  ensure(again.ok, `written down as ${JSON.stringify(line)} it is refused`);
  // Its spelling, and a name made from it, may be others.
  const plain = (each: Target) => ({ ...each, input: '', name: each.named ? each.name : '' });
  ensure(isDeepStrictEqual(plain(again.value), plain(target)), `it comes back otherwise: ${line}`);
}

let configs: readonly Buffer[] | undefined;
export const configFiles: Fuzzer = {
  name: 'config-files',
  promise: 'a text gives a config or errors with their places; a config can be shown',
  make(random) {
    configs ??= filesWith('.yaml');
    return bendText(random.pick(configs), random);
  },
  async run(input) {
    const read = await readConfig(Buffer.from(input).toString(), { name: 'c.yaml', folder: '/nowhere' });
    const errors = read.ok ? read.value.targetErrors : read.error;
    ensure(read.ok || errors.length > 0, 'refused without a reason');
    for (const { origin, message } of errors) {
      ensure(/^c\.yaml(:\d+:\d+)?$/.test(origin), `no place: ${origin}`);
      ensure(isSentence(message), message);
    }
    if (!read.ok) return;
    configTargets(read.value, resolveRun({ config: read.value.layer }));
    const shown = showConfig({ config: read.value });
    ensure(!read.value.certificates.length || !/hmac-key: (?!.*hidden)/.test(shown), 'a secret is shown');
  },
};
