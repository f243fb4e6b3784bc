/**
 * Chains that well-known servers really sent, judged one second after their notBefore against their own roots: no rule may
 * find fault with the big ones.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodePem } from '../../src/x509/pem.ts';
import { anchors, endpoint, judged, parsed, presented } from './builders.ts';

const FOLDER = join(import.meta.dirname, '../../../shared/corpora/real-chains');
const chains = existsSync(FOLDER)
  ? readdirSync(FOLDER).filter((file) => file.endsWith('.pem') && !file.endsWith('.root.pem'))
  : [];

function readPem(file: string): readonly Uint8Array[] {
  const ders = decodePem(readFileSync(join(FOLDER, file)));
  if (!ders.ok) throw new Error(ders.error);
  return ders.value;
}

const hostOf = (file: string): string =>
  file.startsWith('cryptographydotio') ? 'cryptography.io' : file.replace(/\.pem$/, '');

describe.skipIf(chains.length === 0)('real chains', () => {
  test.each(chains)('%s', (file) => {
    const chain = readPem(file);
    const roots = readPem(file.replace('.pem', '.root.pem'));
    const now = parsed(chain[0]!).notBefore + 1_000;
    const verdict = judged(presented(chain), {
      target: endpoint(hostOf(file)),
      anchors: anchors(roots, { publicOnes: true }),
      now,
    });
    const told = verdict.findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code);
    expect(told).toEqual(file.includes('missing-intermediate') ? ['chain-incomplete'] : []);
    expect(verdict.trust?.trusted).toBe(!file.includes('missing-intermediate'));
  });
});
