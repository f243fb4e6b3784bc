/**
 * Proves control of every name of an order: answers put in place, waited for, shown to the CA, taken back.
 */
import type { RenewalAdvice } from '../../model/renewal.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { AcmeClient, Polled } from './ca/client.ts';
import type { Authorization, Challenge, Order } from './ca/objects.ts';
import { poll } from './ca/polling.ts';
import type { ChallengeAnswer } from './challenges/solver.ts';
import { solverFor, takeBack } from './challenges/solving.ts';
import { UndoRecord } from './challenges/undo.ts';
import { fail, problemTrouble, type Trouble, trouble } from './failure.ts';
import type { StepLog, Work } from './work.ts';

interface Pending {
  readonly authorization: Authorization;
  readonly challenge: Challenge;
  readonly answer: ChallengeAnswer;
}

/** @returns when the CA holds every authorization for valid. */
export async function authorize(
  client: AcmeClient,
  order: Order,
  { work, steps }: { readonly work: Work; readonly steps: StepLog },
): Promise<Result<void, Trouble>> {
  await steps.enter('authorize');
  const pending = await pendingOf(client, order, work);
  if (!pending.ok || pending.value.length === 0) return pending.ok ? ok(undefined) : pending;
  const undo = new UndoRecord(work.job.outDir);
  const solver = solverFor(work.job.challenge, work, undo);
  try {
    await steps.enter('present');
    const presented = await solver.present(pending.value.map(({ answer }) => answer));
    if (!presented.ok) return presented;
    if (solver.wait) {
      await steps.enter('propagate');
      const seen = await solver.wait();
      if (!seen.ok) return seen;
    }
    await steps.enter('validate');
    return await validate(client, pending.value, work);
  } finally {
    await takeBack(solver, work);
  }
}

async function pendingOf(client: AcmeClient, order: Order, work: Work): Promise<Result<Pending[], Trouble>> {
  const pending: Pending[] = [];
  for (const url of order.authorizations) {
    const got = await client.authorization(url);
    if (!got.ok) return got;
    const authorization = got.value.value;
    const { identifier, wildcard, status } = authorization;
    // Proven before, and still good at the CA.
    if (status === 'valid') continue;
    if (status !== 'pending')
      return fail('authorization-invalid', `the authorization of ${identifier.value} is ${status}`);
    const wanted = work.job.challenge.type;
    const challenge = authorization.challenges.find(({ type }) => type === wanted);
    if (!challenge) {
      const offered = authorization.challenges.map(({ type }) => type).join(', ') || 'none';
      return fail('no-such-challenge', `the CA offers no ${wanted} for ${identifier.value}, but ${offered}`);
    }
    const keyAuthorization = await client.keyAuthorization(challenge.token);
    pending.push({
      authorization,
      challenge,
      answer: { identifier, wildcard, token: challenge.token, keyAuthorization },
    });
  }
  return ok(pending);
}

async function validate(client: AcmeClient, pending: readonly Pending[], work: Work): Promise<Result<void, Trouble>> {
  for (const { challenge } of pending) {
    const told = await client.answer(challenge.url);
    if (!told.ok) return told;
  }
  for (const each of pending) {
    const { url } = each.authorization;
    const settled = await poll(work, {
      look: async () => {
        const seen = await client.authorization(url);
        return seen.ok ? answerAgain(client, each, seen.value) : seen;
      },
      isDone: ({ status }) => status !== 'pending',
      stuck: (seen) => stuck(each, seen),
    });
    if (!settled.ok) return settled;
    if (settled.value.status !== 'valid') return err(refusal(settled.value, each.challenge.type));
  }
  return ok(undefined);
}

/**
 * RFC 8555 8.2: a challenge that is still open and carries an error was looked at once and failed; a new POST asks for
 * another look. Some CAs look only when they are asked so, and leave it at that.
 */
async function answerAgain(
  client: AcmeClient,
  { challenge }: Pending,
  seen: Polled<Authorization>,
): Promise<Result<Polled<Authorization>, Trouble>> {
  const now = seen.value.challenges.find(({ url }) => url === challenge.url);
  if (seen.value.status !== 'pending' || now?.status !== 'pending' || !now.error) return ok(seen);
  const told = await client.answer(challenge.url);
  return told.ok ? ok(seen) : told;
}

function stuck({ authorization, challenge }: Pending, seen: Authorization | undefined): Trouble {
  const now = seen?.challenges.find(({ url }) => url === challenge.url);
  if (seen && now?.error) return refusal(seen, challenge.type);
  const name = authorization.identifier.value;
  const detail = `the CA has not judged ${name} in time (its challenge is ${now?.status ?? 'pending'})`;
  return trouble('authorization-stuck', detail);
}

/** The challenge says why (RFC 8555 8: "error"). */
function refusal({ identifier, status, challenges }: Authorization, type: string): Trouble {
  const what = `the CA did not accept ${type} for ${identifier.value}`;
  const { error } =
    challenges.find((each) => each.type === type && each.error) ?? challenges.find((each) => each.error) ?? {};
  if (!error) return trouble('challenge-failed', `${what}: the authorization is ${status}`);
  const named = problemTrouble(error, { context: what });
  const word = error.type.split(':').at(-1) ?? '';
  return { ...named, advice: CHALLENGE_ADVICE[type]?.[word] ?? named.advice };
}

/** Within a challenge the same problem type asks for something else than elsewhere. */
const CHALLENGE_ADVICE: Readonly<Record<string, Readonly<Record<string, RenewalAdvice>>>> = {
  'http-01': { unauthorized: 'fix-webserver', incorrectResponse: 'fix-webserver', malformed: 'fix-webserver' },
  'tls-alpn-01': { unauthorized: 'fix-firewall', incorrectResponse: 'fix-firewall', tls: 'fix-firewall' },
  'dns-01': { unauthorized: 'fix-dns', incorrectResponse: 'fix-dns', connection: 'fix-dns' },
};
