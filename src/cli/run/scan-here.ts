/**
 * A producer that scans in this process.
 */
import type { RunSettings } from '../../config/resolve-run.ts';
import type { Target } from '../../model/target.ts';
import { createResolver } from '../../net/resolve.ts';
import { Looker } from '../../scan/look.ts';
import { scan } from '../../scan/scan.ts';
import { type TargetSources, targetsOf } from '../../scan/target-source.ts';
import { notLookedVerdicts } from '../../verdict/failed-verdicts.ts';
import { ChainReader } from '../../x509/chain-reader.ts';
import { doFilesAnswer } from '../files-answer.ts';
import { rootsFileOf } from '../installed-files.ts';
import type { Io } from '../io.ts';
import type { PairedLook } from './paired-look.ts';
import type { Produce } from './run-check.ts';

export interface ScanHereOptions {
  readonly sources: TargetSources;
  readonly run: Pick<RunSettings, 'concurrency' | 'resolver'>;
  /** The run has no deadline but that of its one target. */
  readonly oneTarget?: true;
  readonly onTarget?: (target: Target) => void;
  readonly onAllTaken?: () => void;
  /** What is known of targets that this installation renews the certificates of. */
  readonly pairedLook?: PairedLook | undefined;
}

export function scanHere(
  { sources, run, oneTarget, onTarget, onAllTaken, pairedLook }: ScanHereOptions,
  io: Io,
): Produce {
  return async ({ deadline, judgedAt, interrupted, onVerdict, onInputError }) => {
    const looker = new Looker({
      resolver: createResolver(run.resolver ? { servers: run.resolver } : {}),
      chainReader: new ChainReader(),
      judgedAt,
      runDeadline: deadline,
      interrupted,
      cutByRun: () => !oneTarget && deadline.expired,
      rootsFile: rootsFileOf(io.dist),
      rootsTag: io.nodeVersion,
      ...(io.env.SSL_CERT_FILE ? { systemBundle: io.env.SSL_CERT_FILE } : {}),
      ...(io.supervisor ? {} : { answers: (paths, within) => doFilesAnswer(paths, within, io) }),
    });
    await scan({
      targets: targetsOf(sources),
      concurrency: run.concurrency,
      deadline,
      look: (target, own) =>
        pairedLook ? pairedLook(target, (paired) => looker.look(paired, own)) : looker.look(target, own),
      notLooked: notLookedVerdicts(interrupted),
      onVerdict,
      onInputError,
      ...(onTarget ? { onTarget } : {}),
      ...(onAllTaken ? { onAllTaken } : {}),
    });
  };
}
