/**
 * The DER walker, the certificate parser and path validation, on chains that are bent here and there.
 */
import { isDeepStrictEqual } from 'node:util';
import { anchorsOf } from '../../../src/trust/anchors.ts';
import { validatePath } from '../../../src/trust/validate-path.ts';
import { readTlv } from '../../../src/x509/der.ts';
import { matchesHostname } from '../../../src/x509/hostname.ts';
import { formatGeneralName, formatName } from '../../../src/x509/name.ts';
import { parseCertificate } from '../../../src/x509/parse-certificate.ts';
import { createCa, type Issued } from '../../support/pki/pki.ts';
import { ensure, type Fuzzer, join, split } from '../fuzzer.ts';
import { bend } from '../random.ts';

const NOW = Date.UTC(2026, 10, 24);

function chains(): readonly (readonly Issued[])[] {
  return (['ec256', 'rsa2048', 'ed25519'] as const).map((key) => {
    const root = createCa({ now: NOW, subject: 'CN=Root,O=Example', key });
    const constraints = { permitted: ['dns:example', 'ip:192.0.2.0/24'], excluded: ['dns:evil.example'] };
    const ca = root.issueCa({ subject: 'CN=CA,C=DE', key, nameConstraints: constraints, pathLength: 0 });
    const leaf = ca.issue({
      sans: ['dns:a.example', 'dns:*.b.example', 'ip:192.0.2.7', 'email:a@example', 'uri:https://a.example/'],
      authorityInfo: { ocsp: ['http://ocsp.example/'], caIssuers: ['http://ca.example/ca.der'] },
      mustStaple: true,
      key,
    });
    return leaf.chainWithRoot;
  });
}

let samples: readonly (readonly Issued[])[] | undefined;

export const certificates: Fuzzer = {
  name: 'certificates',
  promise: 'bytes give a certificate or a reason, a chain a judgement; bent ones are not trusted',
  make(random) {
    samples ??= chains();
    const ders: Uint8Array[] = random.pick(samples).map(({ der }) => der);
    // The root is the anchor, the last piece; it stays as it is.
    const at = random.below(ders.length - 1);
    ders[at] = bend(ders[at]!, random);
    return join(ders);
  },
  run(input) {
    const ders = split(input);
    const parsed = ders.map((der) => {
      walk(der, 0, der.length, 0);
      return parseCertificate(der);
    });
    for (const each of parsed) if (!each.ok) ensure(/^[a-z-]+ at offset \d+$/.test(each.error), each.error);
    const root = parsed.at(-1);
    if (!root?.ok) return;
    const chain = parsed.slice(0, -1).flatMap((each) => (each.ok ? [each.value] : []));
    for (const certificate of chain) {
      for (const text of [
        formatName(certificate.subject),
        ...(certificate.subjectAltName ?? []).map(formatGeneralName),
      ])
        ensure(typeof text === 'string', 'a name is a text');
      matchesHostname(certificate, 'a.example');
      matchesHostname(certificate, '192.0.2.7');
    }
    const [leaf] = chain;
    if (!leaf) return;
    const options = {
      chain,
      anchors: anchorsOf([root.value]),
      at: NOW,
      purpose: 'serverAuth',
      strength: 'reject',
    } as const;
    const judged = validatePath(options);
    ensure(judged.trusted === (judged.problems.length === 0), 'trusted exactly where there is no problem');
    ensure(
      judged.problems.every(({ reason }) => /^[a-z0-9-]+$/.test(reason)),
      'a reason is a word',
    );
    ensure(isDeepStrictEqual(validatePath(options).problems, judged.problems), 'the same judgement twice');
    if (samples && judged.trusted) {
      const known = new Set(samples.flat().map(({ sha256 }) => sha256));
      ensure(
        judged.path.every(({ sha256 }) => known.has(sha256)),
        'trusted is only what was signed, byte for byte',
      );
    }
  },
};

/** Walks whatever reads as DER, as deep as it goes: no element reaches beyond the one that it lies in. */
function walk(bytes: Uint8Array, from: number, to: number, depth: number): void {
  for (let at = from; at < to && depth < 40; ) {
    const tlv = readTlv(bytes, at, to);
    if (!tlv) return;
    ensure(
      tlv.start === at && tlv.body > at && tlv.end >= tlv.body && tlv.end <= to,
      `an element leaves its place at ${at}`,
    );
    if (tlv.tag & 0x20) walk(bytes, tlv.body, tlv.end, depth + 1);
    at = tlv.end;
  }
}
