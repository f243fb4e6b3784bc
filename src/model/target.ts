/**
 * Target: one thing to watch, an endpoint (host, port, protocol, server name) or a file.
 */

/** Kinds of keys that a server often has a certificate each for. */
export type KeyKind = 'rsa' | 'ec';

/** How bytes get to the TLS handshake: directly (`tls`), or by the STARTTLS dialogue of the named protocol. */
export type Protocol = 'tls' | StartTlsProtocol;

/** The rows of the STARTTLS table (`src/net/starttls/table.ts`); every one is spoken and tested. */
export type StartTlsProtocol =
  | 'smtp'
  | 'imap'
  | 'pop3'
  | 'lmtp'
  | 'ftp'
  | 'nntp'
  | 'sieve'
  | 'irc'
  | 'ldap'
  | 'postgres'
  | 'mysql'
  | 'xmpp'
  | 'xmpp-server';

/** Where trust anchors come from: Mozilla's roots as Node carries them, the system's bundle, or only `caFiles`. */
export type TrustSource = 'mozilla' | 'system' | 'none';

/** How revocation is asked about: not at all, by the OCSP answer that the server staples, or by the CA's lists as well. */
export type RevocationCheck = 'none' | 'stapled' | 'crl';

/** What an unreachable target means for the status. */
export type UnreachableAs = 'ok' | 'warning' | 'critical' | 'unknown';

/** A moment before notAfter: a fixed time, a share of the certificate's own lifetime, or the built-in rule. */
export type Threshold =
  | { readonly kind: 'auto' }
  | { readonly kind: 'duration'; readonly ms: number }
  | { readonly kind: 'share'; readonly fraction: number };

/** A host and, where given, a port to dial in place of the target's own. */
export interface DialOverride {
  readonly host: string;
  readonly port?: number;
}

/** What a target is expected to present; each that is given is a rule of its own. */
export interface Expectations {
  /** A text that the leaf's issuer (RFC 4514 form) must contain, case-insensitively. */
  readonly issuer?: string;
  /** SHA-256 of the leaf's DER, lower-case hex; any one of them will do. */
  readonly fingerprints?: readonly string[];
  /** SHA-256 of the leaf's SubjectPublicKeyInfo, lower-case hex; any one of them will do. */
  readonly spkiFingerprints?: readonly string[];
  /** A file whose first certificate (of a key store: the one for this name) is the one that should be served. */
  readonly file?: string;
}

/** Every per-target setting. All are resolved: line over config entry over command line over default. */
export interface TargetSettings {
  readonly warning: Threshold;
  readonly critical: Threshold;
  readonly graceMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  /** It is called down only after this many looks within the run, spread over its timeout; 1 for the first one. */
  readonly confirm: number;
  readonly allAddresses: boolean;
  readonly family: 0 | 4 | 6;
  readonly trust: TrustSource;
  readonly caFiles: readonly string[];
  readonly revocation: RevocationCheck;
  readonly unreachable: UnreachableAs;
  readonly connectTo?: DialOverride;
  readonly expect: Expectations;
  /** Where the password of key stores is; the password itself is nowhere but there. */
  readonly passwordFile?: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface TargetBase {
  /** The words that named it, as given (for `file:` globs: the pattern). */
  readonly input: string;
  /** What reports call it: `name=` where given, else made from the input. */
  readonly name: string;
  /** True where `name=` gave the name: it then belongs to the target's identity. */
  readonly named?: true;
  /** Where it came from, for messages: `command line`, `hosts.txt:12`, `certwatch.yaml:7:5`. */
  readonly origin: string;
  readonly settings: TargetSettings;
}

export interface EndpointTarget extends TargetBase {
  readonly kind: 'endpoint';
  /** A DNS name in its ASCII (A-label) form, lower case, or an IP address in canonical text without brackets. */
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** Offered by ALPN, first wish first; only where the scheme's own standard asks for it. */
  readonly alpn?: readonly string[];
  /** The name asked for by SNI and matched against the certificate; an IP address is matched but never sent as SNI. */
  readonly servername: string;
  /** Of a server that has several certificates, the one with such a key is asked for; absent: the one that it prefers. */
  readonly keyKind?: KeyKind;
}

export interface FileTarget extends TargetBase {
  readonly kind: 'file';
  readonly path: string;
  /** Matched against the certificate where the line gave one. */
  readonly servername?: string;
}

export type Target = EndpointTarget | FileTarget;

/**
 * What kept a run from doing all that it was asked to. A line, argument or config entry that is no target: one sentence
 * that says where, what was found and expected. Or, with a code, something about the run itself.
 */
export interface InputError {
  readonly origin: string;
  readonly message: string;
  readonly code?: RunProblem;
  /** What it makes of the run's status: UNKNOWN at best, unless it is worse, or only information. */
  readonly severity?: 'critical' | 'unknown' | 'info';
  /** The same as the sentence says, for programs. */
  readonly data?: Readonly<Record<string, string | number>>;
}

export type RunProblem =
  /** The deadline came before a list had been read to its end. */
  | 'list-cut-short'
  /** None of the targets falls into this part (`--shard`). */
  | 'empty-shard'
  | 'output-failed'
  | 'scanner-stuck'
  | 'scanner-ended'
  | 'previous-run-stuck'
  | 'previous-run-running'
  | 'state-unusable'
  /** The heartbeat could not be told: information. */
  | 'ping-failed';
