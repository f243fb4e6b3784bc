/**
 * What is checked before an order is spent.
 */
import { ok, type Result } from '../../../model/result.ts';
import type { Trouble } from '../failure.ts';
import type { Directory, Identifier } from '../objects.ts';
import type { Work } from '../work.ts';

export async function preflight(
  _identifiers: readonly Identifier[],
  _directory: Directory,
  _work: Work,
): Promise<Result<void, Trouble>> {
  return ok(undefined);
}
