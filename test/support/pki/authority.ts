/**
 * A certification authority made for a test run: a parent that really signs.
 *
 *     const root = createCa({ now, subject: 'CN=Test Root' });
 *     const intermediate = root.issueCa({ subject: 'CN=Test Intermediate' });
 *     const leaf = intermediate.issue({ sans: ['dns:www.shop.example'], lifetimeMs: 90 * DAY });
 *     createServer({ cert: leaf.chainPem, key: leaf.keyPem })
 */
import { type KeyPair, keyIdentifier } from './keys.ts';
import { type CertificateOptions, type Issued, type IssuerIdentity, mint } from './mint.ts';

export interface Authority {
  readonly certificate: Issued;
  readonly key: KeyPair;
  /** Shorthands of `certificate`. */
  readonly der: Buffer;
  readonly pem: string;
  readonly identity: IssuerIdentity;
  /** `now` of its children, unless they bring their own. */
  readonly now: number | undefined;
  /** An end-entity certificate, or anything that the options say. */
  issue(options?: CertificateOptions): Issued;
  /** A CA below this one. */
  issueCa(options?: CertificateOptions): Authority;
  /** A second certificate for another CA's name and key, signed by this one: what it has issued chains up here too. */
  crossSign(other: Authority, options?: CertificateOptions): Authority;
  /** The same name and key under another certificate of its own: renewed, with other dates, serial or extensions. */
  reissue(options?: CertificateOptions): Authority;
}

/** A self-signed root. */
export function createCa(options: CertificateOptions = {}): Authority {
  const full = { subject: 'CN=Test Root,O=certwatch tests', ...options, ca: options.ca ?? true };
  return authorityOf(mint(full, undefined), full);
}

/** A certificate that signs itself, end entity by default. */
export function selfSigned(options: CertificateOptions = {}): Issued {
  return mint(options, undefined);
}

/** Makes a CA of any certificate, whether it may be one or not. */
export function authorityOf(certificate: Issued, options: CertificateOptions = {}, above?: Authority): Authority {
  const keyId =
    options.subjectKeyId === null ? undefined : (options.subjectKeyId ?? keyIdentifier(certificate.key.spki));
  const identity: IssuerIdentity = {
    name: certificate.subject,
    key: certificate.key,
    keyId: keyId && Buffer.from(keyId),
  };
  const now = options.now ?? above?.now;
  const parent = { identity, certificate };
  const inherit = (child: CertificateOptions) => (now === undefined ? child : { now, ...child });
  const self: Authority = {
    certificate,
    key: certificate.key,
    der: certificate.der,
    get pem() {
      return certificate.pem;
    },
    identity,
    now,
    issue: (child = {}) => mint(inherit(child), parent),
    issueCa(child = {}) {
      const full = { subject: 'CN=Test Intermediate,O=certwatch tests', ...inherit(child), ca: child.ca ?? true };
      return authorityOf(mint(full, parent), full, self);
    },
    crossSign: (other, child = {}) => self.issueCa({ ...child, subject: other.identity.name, key: other.key }),
    reissue(child = {}) {
      const full = { ...inherit(child), subject: identity.name, key: certificate.key, ca: child.ca ?? true };
      return authorityOf(
        mint(full, above && { identity: above.identity, certificate: above.certificate }),
        full,
        above,
      );
    },
  };
  return self;
}
