/**
 * The solver for a job's challenge, and taking back what one has done.
 */

import type { ChallengeConfig } from '../job.ts';
import type { Work } from '../work.ts';
import { alpnListener } from './alpn-listener.ts';
import { dns } from './dns.ts';
import { httpListener } from './http-listener.ts';
import type { Solver } from './solver.ts';
import { cleanUpAfter, type UndoRecord } from './undo.ts';
import { webroot } from './webroot.ts';

export function solverFor(config: ChallengeConfig, work: Work, undo: UndoRecord): Solver {
  if (config.type === 'dns-01') return dns(config, work, undo);
  if (config.type === 'tls-alpn-01') return alpnListener(config, work);
  return 'webroot' in config ? webroot(config, work, undo) : httpListener(config, work);
}

/** Also after a failure, and within the time that is kept for it. */
export async function takeBack(solver: Solver, work: Work): Promise<void> {
  await solver.close();
  const cleaned = await cleanUpAfter(work.job.outDir, { ...work, deadline: work.life });
  if (!cleaned.ok) work.warn({ code: 'clean-up-failed', detail: cleaned.error });
}
