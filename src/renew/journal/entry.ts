/**
 * What the journal holds: one line of JSON for each thing that is about to be done, was done, or failed. A line that was
 * cut off by a kill or a full disk is no line; everything before it stands.
 */
import type { RenewalKind, RenewalProblem, RenewalStep } from '../../model/renewal.ts';
import { RENEWAL_STEPS } from '../../model/renewal.ts';

interface About {
  /** Names the attempt; unique in the file. */
  readonly attempt: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export type JournalEntry = About &
  (
    | {
        readonly kind: 'begin';
        readonly by: 'acme' | 'command';
        /** Codes. */
        readonly reasons: readonly string[];
        readonly domains: readonly string[];
        /** URL of the CA's directory. */
        readonly authority?: string;
      }
    /** Before a step (`done: false`) and after it went well. */
    | { readonly kind: 'step'; readonly step: RenewalStep; readonly done: boolean }
    /** Inside `order`. */
    | { readonly kind: 'detail'; readonly text: string }
    /** About to make version `to` the current one in place of `from`. */
    | {
        readonly kind: 'switch';
        readonly from?: number;
        readonly to: number;
        readonly sha256: string;
        /** Of the one before. */
        readonly before?: string;
      }
    /** A command has changed the live folder by itself. */
    | { readonly kind: 'changed'; readonly sha256: string; readonly before?: string }
    | {
        readonly kind: 'end';
        readonly outcome: RenewalKind;
        readonly step?: RenewalStep;
        readonly problem?: RenewalProblem;
        /** Of what was rolled back: was the old one seen to be served everywhere again? */
        readonly restored?: boolean;
        /** Of what is in place, where it is not served everywhere yet. */
        readonly sha256?: string;
      }
  );

/** Longer texts are cut: what a hook printed is kept by its end. */
const LONGEST_TEXT = 4_000;

export function formatEntry(entry: JournalEntry): string {
  const text = JSON.stringify(entry, (_, value: unknown) =>
    typeof value === 'string' && value.length > LONGEST_TEXT ? `…${value.slice(-LONGEST_TEXT)}` : value,
  );
  return `${text}\n`;
}

/** Every whole line that is an entry; the others are passed over. */
export function parseEntries(text: string): JournalEntry[] {
  return text.split('\n').flatMap((line) => {
    const entry = parseLine(line);
    return entry ? [entry] : [];
  });
}

const KINDS: ReadonlySet<string> = new Set<JournalEntry['kind']>([
  'begin',
  'step',
  'detail',
  'switch',
  'changed',
  'end',
]);
const STEPS: ReadonlySet<unknown> = new Set(RENEWAL_STEPS);

function parseLine(line: string): JournalEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const entry = value as Record<string, unknown>;
  const sound =
    typeof entry.attempt === 'string' &&
    Number.isSafeInteger(entry.at) &&
    KINDS.has(String(entry.kind)) &&
    (entry.kind !== 'step' || (STEPS.has(entry.step) && typeof entry.done === 'boolean')) &&
    (entry.kind !== 'switch' || (Number.isSafeInteger(entry.to) && typeof entry.sha256 === 'string')) &&
    (entry.kind !== 'changed' || typeof entry.sha256 === 'string') &&
    (entry.kind !== 'end' || typeof entry.outcome === 'string') &&
    (entry.kind !== 'begin' || (Array.isArray(entry.domains) && Array.isArray(entry.reasons)));
  return sound ? (value as JournalEntry) : undefined;
}
