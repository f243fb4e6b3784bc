/** Chains that well-known sites really served, judged one second after their leaf became valid. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../src/model/certificate.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { type AnchorStore, anchorsOf, loadAnchors } from '../../src/trust/anchors.ts';
import { validatePath } from '../../src/trust/validate-path.ts';
import { ChainReader } from '../../src/x509/chain-reader.ts';
import { matchesHostname } from '../../src/x509/hostname.ts';
import { decodePem, encodePem } from '../../src/x509/pem.ts';

const FOLDER = join(import.meta.dirname, '../../../shared/corpora/real-chains');
const names = existsSync(FOLDER)
  ? readdirSync(FOLDER)
      .filter((name) => name.endsWith('.pem') && !name.endsWith('.root.pem'))
      .map((name) => name.slice(0, -'.pem'.length))
  : [];
/** Kept to see it fail: the intermediate is missing. */
const isIncomplete = (name: string) => name.endsWith('missing-intermediate');

function read(file: string): Certificate[] {
  const text = readFileSync(join(FOLDER, file), 'utf8');
  const ders = decodePem(text);
  if (!ders.ok) throw new Error(ders.error);
  return new ChainReader().read(ders.value).map((element, i) => {
    if (element.kind === 'malformed') throw new Error(`${file} ${i}: ${element.reason}`);
    // Byte for byte what the file holds.
    expect(text.replace(/\r/g, '')).toContain(encodePem(element.certificate.der).trim());
    return element.certificate;
  });
}

const judge = (chain: readonly Certificate[], anchors: AnchorStore) =>
  validatePath({ chain, anchors, at: chain[0]!.notBefore + 1000, purpose: 'serverAuth', strength: 'reject' });

describe.skipIf(names.length === 0)(`real chains (${FOLDER})`, () => {
  it.each(names.filter((name) => !isIncomplete(name)))('%s is trusted by its root, and by Mozilla’s', async (name) => {
    const chain = read(`${name}.pem`);
    const judged = judge(chain, anchorsOf(read(`${name}.root.pem`)));
    expect(judged).toMatchObject({ trusted: true, problems: [] });
    expect(judged.path).toEqual(chain);
    const loaded = await loadAnchors({ source: 'mozilla', caFiles: [], deadline: Deadline.none() });
    if (!loaded.ok) throw new Error(loaded.error);
    const publicly = judge(chain, loaded.value);
    // Roots come and go with Node's versions; one that is there must do.
    if (publicly.trusted) expect(loaded.value.isPublic(publicly.anchor!)).toBe(true);
    else expect(publicly.problems[0]!.kind).toBe('untrusted-root');
  });

  it.each(names.filter(isIncomplete))('%s is not: its issuer is missing', (name) => {
    const { trusted, problems } = judge(read(`${name}.pem`), anchorsOf(read(`${name}.root.pem`)));
    expect(trusted).toBe(false);
    expect(problems).toMatchObject([{ kind: 'no-issuer', reason: 'issuer-not-presented' }]);
  });

  it.each(names)('%s has what is asked of every leaf', (name) => {
    const [leaf] = read(`${name}.pem`);
    expect(leaf!.irregularities).toEqual([]);
    const host = name.startsWith('cryptographydotio') ? 'cryptography.io' : name;
    expect(matchesHostname(leaf!, host)).toBe(true);
    expect(matchesHostname(leaf!, 'certwatch.example')).toBe(false);
  });
});
