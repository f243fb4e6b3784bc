/**
 * Chains that are built to keep a path search busy for ever, or to talk it into trust.
 */
import { createHash } from 'node:crypto';
import {
  type Authority,
  authorityOf,
  createCa,
  der,
  explicitP256Spki,
  makeKey,
  modulusOfBits,
  rsaSpki,
  selfSigned,
} from '../pki/pki.ts';
import type { Shown } from './certificates.ts';
import { critical, type Expected, HARMLESS, type Lab } from './fault.ts';

interface Row {
  readonly story: string;
  readonly make: (lab: Lab, id: string) => Shown;
  readonly expect: Expected;
}

/** So many CAs, each of which has signed each other: there are more paths than anybody can try. */
function mesh(size: number, now: number): { readonly cas: Authority[]; readonly crossSigned: Buffer[] } {
  const cas = Array.from({ length: size }, (_, i) => createCa({ now, subject: `CN=Mesh ${i},O=Example` }));
  const pairs = cas.flatMap((signer) =>
    cas.filter((other) => other !== signer).map((other) => signer.crossSign(other)),
  );
  return { cas, crossSigned: pairs.map((each) => each.der) };
}

/**
 * Under an RSA key with exponent 1 a signature is its own padded digest (RFC 8017 8.2.2, 9.2): anybody can make one.
 */
function forgedSignature(tbs: Uint8Array, size: number): Buffer {
  const algorithm = der.sequence(der.oid('2.16.840.1.101.3.4.2.1'), der.nullValue());
  const info = der.sequence(algorithm, der.octetString(createHash('sha256').update(tbs).digest()));
  return Buffer.concat([Buffer.of(0, 1), Buffer.alloc(size - info.length - 3, 0xff), Buffer.of(0), info]);
}

/** A leaf under an intermediate whose RSA key is given; its signature is made of what that key would have to verify. */
function underRsa({ root }: Lab, id: string, bits: number, exponent: number): Shown {
  const spki = rsaSpki(modulusOfBits(bits), exponent);
  const crooked = root.issue({ ca: true, subject: 'CN=Crooked CA', raw: { spki } });
  const algorithm = der.sequence(der.oid('1.2.840.113549.1.1.11'), der.nullValue());
  let tbs: Uint8Array = Buffer.alloc(0);
  const issued = authorityOf(crooked, { now: root.now! }).issue({
    sans: [`dns:${id}.shop.example`],
    raw: {
      innerAlgorithm: algorithm,
      outerAlgorithm: algorithm,
      tbs: (whole) => {
        tbs = whole;
        return whole;
      },
      signature: () => forgedSignature(tbs, bits / 8),
    },
  });
  return { ders: [issued.der, crooked.der], key: issued.key };
}

export const CHAINS: Readonly<Record<string, Row>> = {
  loop: {
    story: 'Two CAs that vouch for each other, and nobody else for them.',
    make({ now }, id) {
      const a = createCa({ now, subject: 'CN=Loop A' });
      const b = createCa({ now, subject: 'CN=Loop B' });
      const issued = a.issue({ sans: [`dns:${id}.shop.example`] });
      return { ders: [issued.der, b.crossSign(a).der, a.crossSign(b).der], key: issued.key };
    },
    expect: critical('untrusted-root'),
  },
  mesh: {
    story: 'Thirty CAs that all vouch for one another, and nobody else for them: 870 certificates.',
    make({ now }, id) {
      const { cas, crossSigned } = mesh(30, now);
      const issued = cas[0]!.issue({ sans: [`dns:${id}.shop.example`] });
      return { ders: [issued.der, ...crossSigned], key: issued.key };
    },
    expect: critical('chain-invalid search-limit', 'untrusted-root', 'chain-misordered'),
  },
  'mesh-with-a-way-out': {
    story: 'Six CAs that all vouch for one another, one of them under a trusted root.',
    make({ now, root }, id) {
      const { cas, crossSigned } = mesh(6, now);
      const issued = cas[0]!.issue({ sans: [`dns:${id}.shop.example`] });
      return { ders: [issued.der, ...crossSigned, root.crossSign(cas.at(-1)!).der], key: issued.key };
    },
    expect: HARMLESS,
  },
  'exponent-one-ca': {
    story: 'A CA with RSA exponent 1, under which anybody can forge.',
    make: (lab, id) => underRsa(lab, id, 2048, 1),
    expect: critical('chain-invalid unsupported-key', 'weak-key'),
  },
  'modulus-huge-ca': {
    story: 'A CA with an RSA key of 100,000 bits, to keep whoever verifies busy.',
    make: (lab, id) => underRsa(lab, id, 100_000, 65_537),
    expect: critical('chain-invalid signature'),
  },
  'explicit-curve': {
    story: 'A CA with a curve of its own making (CVE-2020-0601).',
    make({ root, now }, id) {
      const key = makeKey('ec256');
      const raw = { spki: explicitP256Spki(Buffer.from(key.spki.subarray(-65))) };
      const crooked = root.issue({ ca: true, subject: 'CN=Crooked CA', key, raw });
      const issued = authorityOf(crooked, { now }).issue({ sans: [`dns:${id}.shop.example`] });
      return { ders: [issued.der, crooked.der], key: issued.key };
    },
    expect: critical('chain-invalid unsupported-key'),
  },
  'same-name': {
    story: 'A self-signed certificate under the very name of the trusted root.',
    make({ root, now }, id) {
      const issued = selfSigned({ now, subject: root.identity.name, sans: [`dns:${id}.shop.example`] });
      return { ders: [issued.der], key: issued.key };
    },
    expect: critical('self-signed'),
  },
};
