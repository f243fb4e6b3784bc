/**
 * The engine that runs any row of the STARTTLS table over a stream, and says in a person's words what went wrong.
 */
import type { Failure } from '../../model/observation.ts';
import type { PeerStream, StreamEnd } from './peer-stream.ts';
import { type DialogueContext, NONSENSE, type Reply, type Row, type Step } from './row.ts';
import { looksLikeAnother } from './wrong-protocol.ts';

/** The peer's own words in a detail. */
const MOST_QUOTED = 300;

/** @returns undefined once the peer waits for the ClientHello. */
export async function holdDialogue(
  row: Row,
  stream: PeerStream,
  context: DialogueContext,
): Promise<Failure | undefined> {
  for (const step of row.steps) {
    if (step.send !== undefined) {
      // What came before we asked belongs to no question: with it every later reply would be taken for the wrong one.
      if (stream.unread.length > 0 && !row.unsolicited) return outOfTurn(row, step, stream.unread);
      stream.write(typeof step.send === 'function' ? step.send(context) : step.send);
    }
    if (!step.read) continue;
    const reply = await step.read(stream);
    const failure = reply.ok
      ? judgeReply(row, step, reply.value)
      : streamFailure(row, step, reply.error, stream.unread);
    if (failure) return failure;
  }
  return undefined;
}

function judgeReply(row: Row, step: Step, { code, text }: Reply): Failure | undefined {
  if (code === NONSENSE) return nonsense(row, step, Buffer.from(text));
  if (!(step.accept ?? []).includes(code)) {
    if (step.optional) return undefined;
    const reason = row.refusals?.find(([pattern]) => pattern.test(code))?.[1] ?? 'refused';
    return failure(reason, `${row.label} server answered ${asked(step)} with: ${quoteLines(text)}`);
  }
  if (step.offer && !step.offer.test(text)) {
    return failure(
      'not-offered',
      `${row.label} server does not offer STARTTLS; it answered ${asked(step)} with: ${quoteLines(text)}`,
    );
  }
  return undefined;
}

function nonsense(row: Row, step: Step, bytes: Buffer): Failure {
  const other = looksLikeAnother(bytes, row.label);
  const words = quote(bytes.toString('utf8', 0, 4 * MOST_QUOTED));
  return other !== undefined
    ? failure('wrong-protocol', `expected ${row.label}, but this looks like ${other}: ${words}`)
    : failure('unexpected-answer', `expected the ${row.label} answer to ${asked(step)}, got: ${words}`);
}

function outOfTurn(row: Row, step: Step, bytes: Buffer): Failure {
  const words = quote(bytes.toString('utf8', 0, 4 * MOST_QUOTED));
  return failure('unexpected-answer', `${row.label} server spoke before it was asked (${step.name}): ${words}`);
}

/** The STARTTLS answer came with more behind it in plain text (CVE-2011-0411): nothing after it can be trusted. */
export function injectedData(row: Row, bytes: number): Failure {
  return failure(
    'injected-data',
    `${row.label} server, or someone between, sent ${bytes} bytes in plain text behind its answer to STARTTLS`,
  );
}

const ENDS: Readonly<Record<Exclude<StreamEnd, 'deadline'>, string>> = {
  closed: 'closed the connection',
  reset: 'reset the connection',
  'line-too-long': 'sent a line without an end',
  'too-many-lines': 'sent lines without an end',
  'too-much-data': 'sent data without an end',
};

function streamFailure(row: Row, step: Step, end: StreamEnd, unread: Buffer): Failure {
  if (end !== 'deadline' && looksLikeAnother(unread, row.label) !== undefined) return nonsense(row, step, unread);
  const got = unread.length > 0 ? `; so far it had sent: ${quote(unread.toString('utf8', 0, 4 * MOST_QUOTED))}` : '';
  const greeting = step.send === undefined;
  if (end !== 'deadline') {
    const before = greeting ? 'its greeting was complete' : `it had answered ${step.name}`;
    return failure(end, `${row.label} server ${ENDS[end]} before ${before}${got}`);
  }
  const missing = greeting ? 'greeting' : `answer to ${step.name}`;
  const hint =
    greeting && unread.length === 0 ? ' (a port that expects TLS from the first byte is silent like this)' : '';
  const detail = `no ${missing} from the ${row.label} server${hint}${got}`;
  return { code: 'timeout', phase: 'starttls', reason: 'deadline', detail };
}

function failure(reason: string, detail: string): Failure {
  return { code: 'starttls-failed', phase: 'starttls', reason, detail };
}

function asked(step: Step): string {
  return step.send === undefined ? 'our connection' : step.name;
}

function quote(text: string): string {
  return text.length > MOST_QUOTED ? `${text.slice(0, MOST_QUOTED)}…` : text;
}

/** A reply has several lines, and the one that decides (a tagged `NO`, a numeric behind notices) is the last of them. */
function quoteLines(text: string): string {
  return quote(text.trimEnd().replace(/\r?\n/g, ' / '));
}
