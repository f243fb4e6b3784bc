/**
 * What is pending of an order that has failed counts against the CA's limits until it expires, which takes days. It is given
 * back (RFC 8555 7.5.2), where there is time. Whatever comes of that, the order failed as it failed.
 */
import { Deadline } from '../../time/deadline.ts';
import type { AcmeClient } from './ca/client.ts';
import type { Order } from './ca/objects.ts';
import type { Work } from './work.ts';

const LONGEST_MS = 5_000;

/** Of the time that is left. */
const SHARE = 1 / 2;

export async function giveBack(client: AcmeClient, { authorizations }: Order, { deadline }: Work): Promise<void> {
  const limit = Deadline.after(Math.min(LONGEST_MS, deadline.remainingMs * SHARE), deadline);
  await client.under(limit, async () => {
    for (const url of authorizations) {
      if (limit.expired) return;
      const seen = await client.authorization(url);
      if (seen.ok && seen.value.value.status === 'pending') await client.deactivate(url);
    }
  });
  limit.release();
}
