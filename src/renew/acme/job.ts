/**
 * What a renewal by ACME (RFC 8555) is asked to do and what it hands back: the messages between certwatch and the child
 * process that runs one order. A job holds secrets (an EAB key), so it travels over the IPC channel only, never in
 * arguments or the environment.
 */
import type { KeyType } from '../../config/acme-schema.ts';
import type { RenewalAdvice } from '../../model/renewal.ts';

export interface AcmeJob {
  /** A name that is known (`config/acme-directories.ts`) or the directory's https URL. */
  readonly directory: string;
  /** PEM file of roots trusted for the directory's own HTTPS, on top of Mozilla's. */
  readonly caFile?: string;
  readonly account: AcmeAccountSettings;
  /** DNS names in A-label form (`*.` allowed in front) and IP addresses; at least one, none twice. */
  readonly identifiers: readonly string[];
  readonly key: KeyWish;
  readonly challenge: ChallengeConfig;
  /** For hooks, on top of the child's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** RFC-to-be acme-profiles: a profile that the directory names, such as `shortlived`. */
  readonly profile?: string;
  /** RFC 9773 5: certID of the certificate that this order replaces. Left out again where the CA does not know it. */
  readonly replaces?: string;
  /** Common name of an issuer: of several chains offered, the one that has it. */
  readonly preferredChain?: string;
  /** Made with mode 0700 where it is not there. What an earlier, killed run left in it is taken up. */
  readonly outDir: string;
  /** Checks made before an order is spent; all by default. */
  readonly preflight?: {
    readonly skip?: boolean;
    /** Where http-01 looks; 80 but in tests. */
    readonly httpPort?: number;
  };
  /** Name servers in place of the system's, `ADDRESS[:PORT]`, IPv6 in brackets with a port. */
  readonly nameServers?: readonly string[];
  /** Where authoritative servers listen; 53 but in tests. */
  readonly authorityPort?: number;
  /** One HTTP exchange with the CA may take this long; 30 s unless told otherwise. Always inside the deadline. */
  readonly requestTimeoutMs?: number;
  /** For tests that kill at a step: the child reports `paused` there and goes no further. */
  readonly pauseAt?: { readonly step: AcmeStep; readonly how: 'wait' | 'block' };
}

export interface AcmeAccountSettings {
  /** Folder of all accounts; there is one per directory and binding. */
  readonly folder: string;
  /** E-mail addresses, with or without `mailto:`. */
  readonly contact: readonly string[];
  /** Must be true where the CA has terms of service: agreed by the person, never assumed. */
  readonly agreeTos: boolean;
  /** An account key of one's own (PEM) in place of one that is made and kept in `folder`. */
  readonly keyFile?: string;
  /** RFC 8555 7.3.4. The HMAC key in base64url, as CAs hand it out. */
  readonly eab?: { readonly kid: string; readonly hmacKey: string };
}

export type KeyWish =
  | { readonly kind: 'new'; readonly type: KeyType }
  /** Certify the key of this PEM file again. */
  | { readonly kind: 'reuse'; readonly file: string };

/** Where the answer to a challenge is put. */
export type ChallengeConfig =
  | { readonly type: 'http-01'; readonly webroot: string }
  /** Listens itself, at `ADDRESS:PORT` or `[ADDRESS]:PORT`. */
  | { readonly type: 'http-01'; readonly listen: string }
  | { readonly type: 'tls-alpn-01'; readonly listen: string }
  | ({ readonly type: 'dns-01'; readonly hook: DnsHook } & DnsChallengeSettings)
  | ({ readonly type: 'dns-01'; readonly rfc2136: Rfc2136 } & DnsChallengeSettings);

export interface DnsChallengeSettings {
  readonly propagation?: {
    /** How long the authoritative servers are asked again; 2 minutes unless told otherwise, inside the deadline. */
    readonly timeoutMs?: number;
    /** Do not look: `false` goes straight to the CA. */
    readonly check?: boolean;
  };
  /** Follow a CNAME at `_acme-challenge.NAME` to where the record has to be written; true unless told otherwise. */
  readonly followCname?: boolean;
}

/** Commands as argv arrays, run without a shell. The environment is documented in `challenges/dns-hook-run.ts`. */
export interface DnsHook {
  readonly present: readonly [string, ...string[]];
  readonly cleanup?: readonly [string, ...string[]];
  /** Each run may take this long; 2 minutes unless told otherwise, inside the deadline. */
  readonly timeoutMs?: number;
  readonly cwd?: string;
}

export interface Rfc2136 {
  /** The primary server, `HOST[:PORT]`. */
  readonly server: string;
  /** BIND's form: `key "name" { algorithm hmac-sha256; secret "…"; };`. Without one the update is not signed. */
  readonly keyFile?: string;
  /** The zone to update; found by its SOA record unless told. */
  readonly zone?: string;
  /** Seconds; 60 unless told otherwise. */
  readonly ttl?: number;
}

export const ACME_STEPS = [
  'prepare',
  'key',
  'directory',
  'account',
  'preflight',
  'order',
  'authorize',
  'present',
  'propagate',
  'validate',
  'finalize',
  'issue',
  'download',
  'check',
  'write',
] as const;
export type AcmeStep = (typeof ACME_STEPS)[number];

/** RFC 7807 as RFC 8555 6.7 uses it. Untrusted text, capped in length. */
export interface AcmeProblem {
  /** `urn:ietf:params:acme:error:…` */
  readonly type: string;
  readonly detail: string;
  /** HTTP status of the answer that carried it; 0 where it came inside an object (a challenge, an order). */
  readonly status: number;
  readonly subproblems: readonly AcmeSubproblem[];
  /** A page for a person (RFC 8555 7.3.3). */
  readonly instance?: string;
}

export interface AcmeSubproblem {
  readonly type: string;
  readonly detail: string;
  readonly identifier?: string;
}

export interface AcmeFailure {
  readonly step: AcmeStep;
  /** A stable word in kebab case; see `failure.ts`. */
  readonly reason: string;
  /** One sentence for a person. May hold the CA's, a server's or a hook's own words: untrusted text. */
  readonly detail: string;
  /** What to do next; see `failure.ts`. */
  readonly advice: RenewalAdvice;
  readonly problem?: AcmeProblem;
  /** What the CA said by Retry-After, in milliseconds from when it said it. */
  readonly retryAfterMs?: number;
  /** The same as a moment, milliseconds since the epoch: no new try before it. */
  readonly notBefore?: number;
  /** The order that was under way. */
  readonly orderUrl?: string;
  /** What a hook printed, both streams, the end of it. */
  readonly output?: string;
}

/** A doubt that stops nothing: preflight could not judge, a wish was not met. */
export interface AcmeWarning {
  readonly code: string;
  readonly detail: string;
}

export interface AcmeFiles {
  readonly key: string;
  readonly cert: string;
  readonly chain: string;
  readonly fullchain: string;
}

export interface AcmeIssued {
  readonly ok: true;
  readonly files: AcmeFiles;
  readonly orderUrl: string;
  /** Lower-case hex of SHA-256 over the leaf's DER. */
  readonly sha256: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly warnings: readonly AcmeWarning[];
}

export interface AcmeFailed extends AcmeFailure {
  readonly ok: false;
  readonly warnings: readonly AcmeWarning[];
}

export type AcmeResult = AcmeIssued | AcmeFailed;

/** What the child tells while it works. `at` is milliseconds since the epoch. */
export type AcmeEvent =
  | { readonly kind: 'step'; readonly step: AcmeStep; readonly at: number }
  /** It stands still for a test. */
  | { readonly kind: 'paused'; readonly step: AcmeStep; readonly at: number }
  | { readonly kind: 'order'; readonly orderUrl: string; readonly at: number }
  | { readonly kind: 'warning'; readonly warning: AcmeWarning; readonly at: number }
  /** A hook runs in a process group of its own, with this mark, and has ended: whoever outlives the child ends it. */
  | {
      readonly kind: 'group-started' | 'group-ended';
      readonly pgid: number;
      readonly mark: string;
      readonly at: number;
    };

/** Child → parent. */
export type FromChild =
  | { readonly kind: 'ready' }
  | { readonly kind: 'event'; readonly event: AcmeEvent }
  | { readonly kind: 'result'; readonly result: AcmeResult };

/** Parent → child, once, in answer to `ready`. */
export interface ToChild {
  readonly kind: 'job';
  readonly job: AcmeJob;
  /** How long the child may work and, in all, how long it may live; milliseconds from now. */
  readonly workMs: number;
  readonly lifeMs: number;
  /** The wall clock now, milliseconds since the epoch. */
  readonly now: number;
}
