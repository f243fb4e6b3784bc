/**
 * From an order in whatever state to its chain: prove the names, finalize, wait, download (RFC 8555 7.4).
 */
import { err, type Result } from '../../model/result.ts';
import { authorize } from './authorize.ts';
import type { AcmeClient } from './ca/client.ts';
import type { Identifier, Order } from './ca/objects.ts';
import { poll } from './ca/polling.ts';
import { fail, problemTrouble, type Trouble, trouble } from './failure.ts';
import type { StepLog, Work } from './work.ts';

export interface Issuing {
  readonly work: Work;
  readonly steps: StepLog;
  readonly client: AcmeClient;
  readonly order: Order;
  readonly identifiers: readonly Identifier[];
  readonly keyPem: string;
}

/** From whatever state the order is in to the chain. */
export async function issue({
  work,
  steps,
  client,
  order,
  identifiers,
  keyPem,
}: Issuing): Promise<Result<string, Trouble>> {
  if (order.status === 'pending') {
    const proven = await authorize(client, order, { work, steps });
    if (!proven.ok) return proven;
  }
  await steps.enter('finalize');
  const until = (done: readonly Order['status'][], first?: { readonly value: Order }) =>
    poll(work, {
      look: () => client.order(order.url),
      isDone: ({ status }) => done.includes(status) || status === 'invalid',
      stuck: (seen) => trouble('order-stuck', `the order is still ${seen?.status ?? 'unknown'} at the deadline`),
      ...(first ? { first } : {}),
    });
  const ready = await until(
    ['ready', 'processing', 'valid'],
    order.status === 'pending' ? undefined : { value: order },
  );
  if (!ready.ok) return ready;
  let seen: { readonly value: Order } = { value: ready.value };
  if (ready.value.status === 'ready') {
    const finalized = await client.finalize(ready.value, await client.csr(identifiers, keyPem));
    if (finalized.ok) seen = finalized.value;
    // A first try whose answer was lost has finalized it already: the order says how it stands.
    else if (finalized.error.reason === 'acme-order-not-ready')
      seen = { value: { ...ready.value, status: 'processing' } };
    else return finalized;
  }
  await steps.enter('issue');
  const valid = await until(['valid'], seen);
  if (!valid.ok) return valid;
  const { status, error, certificate } = valid.value;
  if (status === 'invalid') {
    if (error) return err(problemTrouble(error, { context: 'the CA did not issue' }));
    return fail('order-invalid', 'the CA has put an end to the order without saying why');
  }
  if (!certificate) return fail('bad-answer', 'the order is valid but names no certificate');
  await steps.enter('download');
  return client.download(valid.value, work.job.preferredChain);
}
