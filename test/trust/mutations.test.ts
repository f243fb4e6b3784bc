/** Whatever a peer sends, path validation gives a judgement: it never throws, and never trusts what was changed. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anchorsOf } from '../../src/trust/anchors.ts';
import { validatePath } from '../../src/trust/validate-path.ts';
import { parseCertificate } from '../../src/x509/parse-certificate.ts';
import { createCa } from '../support/pki/pki.ts';
import { certificateOf, NOW } from './chains.ts';

const KINDS = ['ec256', 'rsa2048', 'ed25519'] as const;

it.each(KINDS)('mutated chains with %s keys', (key) => {
  const root = createCa({ now: NOW, subject: 'CN=Root', key });
  const ca = root.issueCa({
    subject: 'CN=CA',
    key,
    pss: key === 'rsa2048',
    nameConstraints: { permitted: ['dns:example'] },
  });
  const leaf = ca.issue({ sans: ['dns:a.example'], key });
  const anchors = anchorsOf([certificateOf(root)]);
  const octet = fc.record({ second: fc.boolean(), at: fc.nat(4000), to: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(octet, { minLength: 1, maxLength: 4 }), (changes) => {
      const ders = [Buffer.from(leaf.der), Buffer.from(ca.der)] as const;
      for (const { second, at, to } of changes) {
        const bytes = ders[second ? 1 : 0];
        bytes[at % bytes.length] = to;
      }
      const chain = ders.flatMap((bytes) => {
        const parsed = parseCertificate(bytes);
        return parsed.ok ? [parsed.value] : [];
      });
      if (chain.length === 0) return;
      const judged = validatePath({ chain, anchors, at: NOW, purpose: 'serverAuth', strength: 'reject' });
      expect(judged.problems.length > 0).toBe(!judged.trusted);
      const used = judged.trusted ? judged.path : [];
      // Trusted is only what still is, byte for byte, what was signed.
      for (const certificate of used) expect([leaf.sha256, ca.certificate.sha256]).toContain(certificate.sha256);
    }),
    { numRuns: 400 },
  );
});
