/**
 * Path building over trust graphs with many cross-signs (RFC 4158 figures 7 and 8 among them): for each way that links can
 * be broken, a chain is trusted exactly when a path of unbroken links is left.
 */
import { describe, expect, it } from 'vitest';
import { type Authority, type CertificateOptions, createCa } from '../support/pki/pki.ts';
import { DAY, type Minted, NOW, verdict } from './chains.ts';

type Edge = readonly [from: string, to: string];

const edges = (text: string): Edge[] =>
  text
    .trim()
    .split(/\s+/)
    .map((edge) => edge.split('>') as unknown as Edge);

const GRAPHS: Record<string, { readonly edges: readonly Edge[]; readonly anchor: string }> = {
  'a line': { anchor: 'R', edges: edges('R>A A>B B>EE') },
  'two roots': { anchor: 'R', edges: edges('R>A S>A A>EE') },
  'figure 7': { anchor: 'R', edges: edges('R>A R>C A>C C>A A>B C>B B>EE') },
  'a bridge': {
    anchor: 'W',
    edges: edges('W>Bridge Bridge>W X>Bridge Bridge>X Y>Bridge Bridge>Y X>L L>N N>EE Y>A Y>C A>C C>A X>J L>M'),
  },
};

const BROKEN: Record<string, CertificateOptions> = {
  expired: { remainingMs: -DAY },
  'no basic constraints': { basicConstraints: null },
  'not a CA': { ca: false, keyUsage: ['keyCertSign'] },
  'wrong usage': { extendedKeyUsage: ['emailProtection'] },
  'wrong names': { nameConstraints: { permitted: ['dns:bad.example.com'] } },
  'wrong signature': {
    raw: { signature: (good) => Buffer.from(good.map((o, i) => (i === good.length - 1 ? o ^ 1 : o))) },
  },
};

function reachable(graph: readonly Edge[], from: string, to: string, seen: readonly string[] = []): boolean {
  if (from === to) return true;
  return graph.some(([a, b]) => a === from && !seen.includes(b) && reachable(graph, b, to, [...seen, from]));
}

/** Certificates of a graph, each link once whole and once broken. */
function mintGraph(graph: readonly Edge[], broken: CertificateOptions) {
  const nodes = new Map<string, Authority>();
  for (const node of new Set(graph.flat())) {
    if (node !== 'EE') nodes.set(node, createCa({ now: NOW, subject: `CN=${node}` }));
  }
  const link = ([from, to]: Edge, options: CertificateOptions): Minted => {
    const issuer = nodes.get(from)!;
    return to === 'EE'
      ? issuer.issue({ sans: ['dns:localhost'] })
      : issuer.crossSign(nodes.get(to)!, { ...options, now: NOW });
  };
  const whole = graph.map((edge) => link(edge, {}));
  const bad = graph.map((edge) => link(edge, broken));
  return { nodes, whole, bad };
}

/** Every set of up to two broken links, but not the leaf's own. */
function* breakages(count: number, spared: (i: number) => boolean): Generator<ReadonlySet<number>> {
  yield new Set();
  for (let i = 0; i < count; i++) {
    if (spared(i)) continue;
    yield new Set([i]);
    for (let j = i + 1; j < count; j++) if (!spared(j)) yield new Set([i, j]);
  }
}

describe.each(Object.entries(GRAPHS))('%s', (_, { edges: graph, anchor }) => {
  it.each(Object.entries(BROKEN))('links broken: %s', (_, broken) => {
    const { nodes, whole, bad } = mintGraph(graph, broken);
    const spared = (i: number) => graph[i]![1] === 'EE';
    const leafAt = graph.findIndex(([, to]) => to === 'EE');
    let trusted = 0;
    let refused = 0;
    for (const breakage of breakages(graph.length, spared)) {
      const certificates = whole.map((certificate, i) => (breakage.has(i) ? bad[i]! : certificate));
      const chain = [certificates[leafAt]!, ...certificates.filter((_, i) => i !== leafAt)];
      const expected = reachable(
        graph.filter((_, i) => !breakage.has(i)),
        anchor,
        'EE',
      );
      expect(verdict(chain, [nodes.get(anchor)!])[0] === 'trusted', [...breakage].map((i) => graph[i]).join(' ')).toBe(
        expected,
      );
      if (expected) trusted++;
      else refused++;
    }
    expect(trusted).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });
});
