/**
 * The solver for a job's challenge, and taking back what one has done.
 */
import { alpnListener } from './challenges/alpn-listener.ts';
import { dns } from './challenges/dns.ts';
import { httpListener } from './challenges/http-listener.ts';
import type { Solver } from './challenges/solver.ts';
import { cleanUpAfter, type UndoRecord } from './challenges/undo.ts';
import { webroot } from './challenges/webroot.ts';
import type { ChallengeConfig } from './job.ts';
import type { Work } from './work.ts';

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
