/**
 * The fault lab's vocabulary: a fault is a row that says what a peer does wrong, how to start such a peer, and what certwatch
 * has to say about it. The tests, the demo and the page "What it survives" read the same rows.
 */
import type { FindingCode, Severity, Status } from '../../../src/model/finding.ts';
import type { FailureCode, Phase } from '../../../src/model/observation.ts';
import type { Authority, Issued } from '../pki/pki.ts';
import type { DnsTable } from '../servers/dns-server.ts';

export type Layer = 'dns' | 'tcp' | 'starttls' | 'tls' | 'certificates';

export interface Fault {
  /** Unique; a label of a DNS name: the peer is asked for as `ID.shop.example`. */
  readonly id: string;
  readonly layer: Layer;
  /** One sentence for people: what the peer does. */
  readonly story: string;
  /** Where the same fault exists in several protocols or versions: which one this is. */
  readonly variant?: string;
  readonly start: (lab: Lab) => Promise<Peer>;
  /** More options of its list line. */
  readonly options?: string;
  readonly expect: Expected;
}

/** What a fault may build on; one for all of them. */
export interface Lab {
  /** Milliseconds since the epoch: when all certificates are made, and judged. */
  readonly now: number;
  /** Trusted in the lab, and the intermediate under it. */
  readonly root: Authority;
  readonly issuing: Authority;
  /** A server that is well, for every name under `shop.example`; on `127.0.0.1`. */
  readonly alive: { readonly port: number };
  /** What the lab's name server answers. */
  addNames(table: DnsTable): void;
}

export interface Peer {
  /** 127.0.0.1 unless told otherwise; with `lookUp`, whatever address its name has. */
  readonly host?: string;
  readonly port: number;
  readonly lookUp?: true;
  /** How many connections stand. */
  readonly open?: number;
  close(): Promise<void>;
}

/** One finding as it has to be. */
export interface Said {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly phase?: Phase;
  readonly reason?: string;
}

export interface Expected {
  readonly status: Status;
  /** Every finding that is more than `info`, in any order. */
  readonly says: readonly Said[];
  /** Just as right, where it depends on who is faster. */
  readonly orElse?: Said;
}

/** Odd, but the chain is there, and right. */
export const HARMLESS: Expected = { status: 'ok', says: [] };

const unseen = (code: FailureCode, phase: Phase, reason: string): Said => ({
  code,
  severity: 'unknown',
  phase,
  reason,
});
const unknown = (said: Said, orElse?: Said): Expected => ({
  status: 'unknown',
  says: [said],
  ...(orElse ? { orElse } : {}),
});

export const timeoutIn = (phase: Phase): Expected => unknown(unseen('timeout', phase, 'deadline'));
export const noAddress = (reason: string, orElse?: Expected): Expected =>
  unknown(unseen('resolve-failed', 'resolve', reason), orElse?.says[0]);
export const noConnection = (reason: string): Expected => unknown(unseen('connect-failed', 'connect', reason));
export const noStartTls = (reason: string): Expected => unknown(unseen('starttls-failed', 'starttls', reason));
export const noHandshake = (reason: string, orElse?: Expected): Expected =>
  unknown(unseen('handshake-failed', 'handshake', reason), orElse?.says[0]);

const WARNINGS: readonly string[] = ['no-san', 'weak-key', 'chain-misordered'];

/** What is said of the chain, a code each or a code and its reason: `expired`, `chain-invalid signature`. */
export function critical(...words: readonly string[]): Expected {
  const says = words.map((word): Said => {
    const [code, reason] = word.split(' ') as [FindingCode, string | undefined];
    return { code, severity: WARNINGS.includes(code) ? 'warning' : 'critical', ...(reason ? { reason } : {}) };
  });
  return { status: 'critical', says };
}

/** Both: what was seen of the chain is judged, also where the handshake failed behind it. */
export const also = (one: Expected, other: Expected): Expected => ({ ...one, says: [...one.says, ...other.says] });

/** Only the deadline ends it: it gets little patience. All others get so much that a busy machine does not matter. */
export const isWaitedFor = ({ expect }: Fault): boolean => expect.says.some(({ code }) => code === 'timeout');

/** A leaf for the fault's own name, good in all. */
export const leafFor = ({ issuing }: Lab, id: string): Issued => issuing.issue({ sans: [`dns:${id}.shop.example`] });
