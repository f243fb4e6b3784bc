/**
 * `--dry-run`: what would be done, from the disk alone. Nothing is asked, written or locked.
 */
import type { RenewalProblem, RenewalResult } from '../model/renewal.ts';
import { factsOf } from './install/certificate-set.ts';
import { historyOf } from './journal/history.ts';
import { Journal } from './journal/journal.ts';
import { notForUs, planFromDisk } from './look-around.ts';
import type { Renewal } from './renewal.ts';
import type { Tools } from './tools.ts';

export async function planOnly(
  renewal: Renewal,
  tools: Pick<Tools, 'now' | 'state'>,
  { force = false }: { readonly force?: boolean } = {},
): Promise<RenewalResult> {
  const warnings: RenewalProblem[] = [];
  const entries = await Journal.read(tools.state, renewal.name);
  if (!entries.ok) warnings.push({ reason: 'journal', detail: entries.error });
  const history = historyOf(entries.ok ? entries.value : []);
  const { planned, disk } = await planFromDisk(renewal, tools, { history, force });
  const about = { name: renewal.name, warnings };
  const certificate = disk.kind === 'set' ? { certificate: factsOf(disk.leaf) } : {};
  const inUse = disk.kind === 'set' ? { inUse: factsOf(disk.leaf) } : {};
  switch (planned.action) {
    case 'denied':
      return { ...about, kind: 'failed', step: 'plan', problem: notForUs(planned.detail) };
    case 'none':
      return { ...about, kind: 'not-due', renewAt: planned.renewAt, certificate: factsOf(planned.leaf) };
    case 'wait':
      return { ...about, ...inUse, kind: 'skipped-backoff', reasons: planned.reasons, ...planned.backoff };
    case 'renew':
    case 'reload':
    case 'verify':
      return { ...about, kind: 'planned', action: planned.action, reasons: planned.reasons, ...certificate };
  }
}
